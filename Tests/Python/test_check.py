"""``python3 -m rbot check``: what keeps a file from running, found without running it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

STRATEGIES = Path(__file__).resolve().parents[2] / "strategies"


def check(path: Path, *flags: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "rbot", "check", "--json", *flags, str(path)],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=STRATEGIES,
    )
    report: dict[str, Any] = json.loads(done.stdout)[0]
    return done.returncode, report


def written(folder: Path, text: str) -> Path:
    file = folder / "strategy.py"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("x = 1\n", 1, "has neither a run() function nor a Strategy class"),
        ("def run(:\n    pass\n", 1, "invalid syntax"),
        ("def run(broker):\n    pass\n", 1, "called without arguments"),
        ("import rbot\nasync def run():\n    pass\n", 2, "must not be async"),
        (
            "from rbot import Strategy\nclass A(Strategy): ...\nclass B(Strategy): ...\n",
            3,
            "several Strategy classes (A, B)",
        ),
        (
            "import rbot as r\nclass A(r.Strategy):\n    async def on_quote(self, q): ...\n",
            3,
            "on_quote() must not be async",
        ),
        ("name = 'caf\xe9'\n", 1, "UTF-8"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, text: str, line: int, sentence: str
) -> None:
    file = tmp_path / "strategy.py"
    file.write_bytes(text.encode("latin-1"))
    code, report = check(file)
    assert code == 1
    assert report["errors"][0]["line"] == line
    assert sentence in report["errors"][0]["message"]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("def run():\n    pass\n", "function", None),
        ("try:\n    pass\nfinally:\n    def run(every=1): ...\n", "function", None),
        ("from rbot import Strategy as S\nclass Mine(S): ...\n", "class", "Mine"),
        (
            "from rbot import Strategy\nclass Base(Strategy): ...\nclass Leaf(Base): ...\n",
            "class",
            "Leaf",
        ),
        ("from elsewhere import Base\nclass Mine(Base): ...\n", "class", None),
        ("from elsewhere import run\n", "function", None),
    ],
)
def test_what_can_run_passes(tmp_path: Path, text: str, kind: str, name: str | None) -> None:
    code, report = check(written(tmp_path, text))
    assert (code, report["errors"]) == (0, [])
    assert (report["kind"], report["name"]) == (kind, name)


def test_the_file_is_never_run(tmp_path: Path) -> None:
    code, _ = check(written(tmp_path, "open('ran', 'w').close()\ndef run(): ...\n"))
    assert code == 0
    assert not (tmp_path / "ran").exists() and not (STRATEGIES / "ran").exists()


def test_a_callback_that_nobody_calls_is_a_warning(tmp_path: Path) -> None:
    text = "from rbot import Strategy\nclass A(Strategy):\n    def on_qoute(self, quote): ...\n"
    code, report = check(written(tmp_path, text))
    assert code == 0
    assert "did you mean on_quote()?" in report["warnings"][0]["message"]


def test_modules_beside_it_and_modules_that_are_nowhere_are_told(tmp_path: Path) -> None:
    (tmp_path / "signals.py").write_text("")
    text = "import signals, json\nimport no_such_module\ndef run(): ...\n"
    code, report = check(written(tmp_path, text))
    assert (code, report["local"]) == (0, ["signals"])
    assert [one["line"] for one in report["warnings"]] == [2]
    assert "no_such_module" in report["warnings"][0]["message"]


def test_a_program_of_its_own_needs_no_run(tmp_path: Path) -> None:
    assert check(written(tmp_path, "print(1)\n"), "--program")[0] == 0


@pytest.mark.parametrize(
    "folder", ["grid_bot", "momentum_sniper", "pipeline_demo"], ids=lambda name: name
)
def test_the_examples_pass_without_a_warning(folder: str) -> None:
    code, report = check(STRATEGIES / folder / "strategy.py")
    assert (code, report["errors"], report["warnings"]) == (0, [], [])


def test_a_wrong_command_line_ends_with_2() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rbot", "check"], capture_output=True, cwd=STRATEGIES, timeout=30
    )
    assert done.returncode == 2 and b"usage" in done.stderr
