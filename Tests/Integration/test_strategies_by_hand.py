"""Making, trying, adding, changing and removing strategies by hand, with rbotctl alone."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon import BIN, Daemon, alive, eventually, session_of
from samples import IDLE, TRADER, python


def rbotctl(
    *words: str | Path, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """One command, without a terminal."""
    return subprocess.run(
        [str(BIN / "rbotctl"), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


def folders(temporary: Path) -> list[str]:
    return sorted(one.name for one in temporary.iterdir())


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where `rbotctl run` makes its folder; short, for there is a socket in it."""
    folder = Path("/tmp") / f"rbt{os.getpid()}"
    folder.mkdir(mode=0o755, exist_ok=True)
    yield folder
    for left in folder.iterdir():
        raise AssertionError(f"left behind: {left}")
    folder.rmdir()


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that a user of a worker's own can get to."""
    folder = Path("/tmp") / f"rbo{os.getpid()}-{time.monotonic_ns()}"
    folder.mkdir(mode=0o755)
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.mark.parametrize("form", [["--python"], ["--python", "--function"]], ids=" ".join)
def test_from_new_to_remove(form: list[str], outside: Path) -> None:
    with Daemon() as daemon:
        daemon.wait_ready()
        made = rbotctl("new", "my-bot", *form, cwd=outside)
        assert made.returncode == 0, made.stderr
        assert rbotctl("check", "my-bot/", cwd=outside).returncode == 0
        added = daemon.ctl("add", str(outside / "my-bot"))
        assert added.returncode == 0, added.stderr
        daemon.wait_ready("my-bot")
        assert daemon.ctl("check").returncode == 0
        assert "my-bot" in daemon.ctl("status").stdout
        eventually("it trades", lambda: daemon.strategy("my-bot")["orders"] > 0, 60)

        manifest = daemon.strategies / "my-bot" / "strategy.toml"
        before = manifest.read_text()
        disabled = daemon.ctl("disable", "my-bot")
        assert disabled.returncode == 0, disabled.stderr
        eventually("it stopped", lambda: daemon.strategy("my-bot")["state"] == "stopped")
        assert manifest.read_text() == before.replace("enabled = true ", "enabled = false ")
        assert daemon.ctl("enable", "my-bot").returncode == 0
        daemon.wait_ready("my-bot")
        assert manifest.read_text() == before

        refused = daemon.ctl("remove", "my-bot")
        assert refused.returncode == 1
        assert "my-bot holds EUR_USD" in refused.stderr or "working order" in refused.stderr
        assert daemon.strategy("my-bot")["state"] == "ready"
        removed = daemon.ctl("remove", "my-bot", "--force", "--yes")
        assert removed.returncode == 0, removed.stderr
        assert not manifest.exists()
        assert [one.name[:7] for one in (daemon.strategies / ".removed").iterdir()] == ["my-bot-"]
        assert daemon.ctl("status", "my-bot").returncode == 1


def test_a_broken_file_is_refused_with_its_line_and_nothing_is_left(outside: Path) -> None:
    file = outside / "bad.py"
    file.write_text("from rbot import get_broker\n\ndef run(:\n    pass\n")
    with Daemon({"idle": python("idle", IDLE)}) as daemon:
        daemon.wait_ready("idle")
        before = folders(daemon.strategies)
        done = daemon.ctl("add", str(file))
        assert done.returncode == 1
        assert "bad.py:3: error: invalid syntax" in done.stderr
        assert folders(daemon.strategies) == before
        assert rbotctl("check", file).returncode == 1

        file.write_text("def run():\n    pass\n")
        assert daemon.ctl("add", str(file), "--name", "idle").returncode == 1
        assert folders(daemon.strategies) == before
        added = daemon.ctl("add", str(file), "--name", "good")
        assert added.returncode == 0, added.stderr
        daemon.wait_ready("good")


def test_check_knows_the_instruments_of_a_gateway_that_answers() -> None:
    wrong = python("idle", IDLE, trading='instruments = ["EUR_UDS"]')
    with Daemon({"idle": wrong}) as daemon:
        daemon.wait_ready("idle")
        done = daemon.ctl("check")
        assert done.returncode == 0, "a warning"
        assert "has no EUR_UDS, did you mean EUR_USD?" in done.stdout


def test_check_says_what_the_daemon_would_refuse(outside: Path) -> None:
    folder = outside / "bot"
    folder.mkdir()
    (folder / "strategy.toml").write_text(
        'name = "bot"\ncommand = ["no-such-program"]\nrequires = ["nobody"]\n'
        '[sandbox]\nread = ["/etc/shadow"]\n'
    )
    with Daemon({"idle": python("idle", IDLE)}) as daemon:
        daemon.wait_ready("idle")
        before = folders(daemon.strategies)
        for verb in ("check", "add"):
            done = daemon.ctl(verb, str(folder))
            said = done.stdout + done.stderr
            assert done.returncode == 1, said
            assert "strategy.toml:2: error: command: there is no program no-such-program" in said
            assert 'strategy.toml:3: error: requires: there is no strategy "nobody"' in said
            assert "strategy.toml:5: error: sandbox.read: /etc/shadow would open keys" in said
        assert folders(daemon.strategies) == before
        assert daemon.strategy("idle")["state"] == "ready"


def test_a_link_runs_what_is_in_the_folder_itself(outside: Path) -> None:
    assert rbotctl("new", "linked", "--python", cwd=outside).returncode == 0
    with Daemon() as daemon:
        daemon.wait_ready()
        added = daemon.ctl("add", str(outside / "linked"), "--link")
        assert added.returncode == 0, added.stderr
        daemon.wait_ready("linked")
        assert (daemon.strategies / "linked").is_symlink()
        assert daemon.ctl("disable", "linked").returncode == 0
        assert "enabled = false" in (outside / "linked" / "strategy.toml").read_text()
        assert daemon.ctl("remove", "linked", "--force").returncode == 0
        assert (outside / "linked" / "strategy.py").exists()


def editor(folder: Path, name: str, script: str) -> str:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def test_edit_takes_what_is_right_and_discards_what_is_not(tmp_path: Path) -> None:
    with Daemon({"idle": python("idle", IDLE, extra="[limits]\nmemory = '400MB'")}) as daemon:
        daemon.wait_ready("idle")
        manifest = daemon.strategies / "idle" / "strategy.toml"
        before = manifest.read_text()
        pid = daemon.strategy("idle")["pid"]
        bad = editor(tmp_path, "bad", 'sed -i s/memory/memroy/ "$1"')
        done = rbotctl("--home", daemon.home, "edit", "idle", EDITOR=bad)
        assert done.returncode == 1
        assert 'did you mean "memory"?' in done.stderr
        assert manifest.read_text() == before
        good = editor(tmp_path, "good", 'sed -i s/400MB/500MB/ "$1"')
        done = rbotctl("--home", daemon.home, "edit", "idle", EDITOR=good)
        assert done.returncode == 0, done.stderr
        assert "would be restarted" in done.stdout and "limits" in done.stdout
        assert manifest.read_text() == before.replace("400MB", "500MB")
        daemon.wait_ready("idle")
        assert daemon.strategy("idle")["pid"] != pid


def test_run_shows_what_it_says_and_what_it_traded(outside: Path, temporary: Path) -> None:
    assert rbotctl("new", "my-bot", "--python", cwd=outside).returncode == 0
    done = rbotctl(
        *("run", outside / "my-bot", "--for", "15s", "--param", "period=3"), TMPDIR=str(temporary)
    )
    assert done.returncode == 0, done.stderr
    assert "watching instrument=EUR_USD" in done.stdout
    assert "entry" in done.stdout
    assert "stopped: its time was up after 15s: 3 orders" in done.stdout


def test_run_of_one_that_fails_shows_where_and_ends_with_1(outside: Path, temporary: Path) -> None:
    file = outside / "fails.py"
    file.write_text("def run():\n    raise ValueError('no luck')\n")
    done = rbotctl("run", file, TMPDIR=str(temporary))
    assert done.returncode == 1
    assert "no luck" in done.stdout and "fails.py" in done.stdout
    assert "fails failed" in done.stderr
    file.write_text("def run(:\n")
    done = rbotctl("run", file, TMPDIR=str(temporary))
    assert done.returncode == 1
    assert "fails.py:1" in done.stderr
    done = rbotctl("run", outside / "nothing.py", TMPDIR=str(temporary))
    assert done.returncode == 1


def started(outside: Path, temporary: Path) -> subprocess.Popen[str]:
    (outside / "trader.py").write_text(TRADER)
    process = subprocess.Popen(
        [str(BIN / "rbotctl"), "run", str(outside / "trader.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert process.stdout
    for line in process.stdout:
        if "starting → ready" in line:
            return process
    raise AssertionError("it did not become ready")


def descendants(pid: int) -> set[int]:
    """Everything below a process, whatever session it is in."""
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for task in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                waiting += [int(word) for word in task.read_text().split()]
                found |= set(waiting)
    return found


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGKILL, -9)],
)
def test_however_run_ends_nothing_is_left(
    number: signal.Signals, code: int, outside: Path, temporary: Path
) -> None:
    process = started(outside, temporary)
    below = descendants(process.pid)
    assert len(below) >= 4, "the shell, rbotd, the gateway and the strategy"
    assert len(folders(temporary)) == 1
    process.send_signal(number)
    assert process.wait(30) == code
    assert process.stdout
    process.stdout.close()
    eventually("nothing runs", lambda: not any(alive(pid) for pid in below), 20)
    eventually("no folder is left", lambda: not folders(temporary), 20)
    assert not session_of(process.pid)


def test_the_socket_of_a_killed_daemon_does_not_hide_one_that_lives() -> None:
    here = Path("/tmp") / f"rbh{os.getpid()}"
    stale = here / ".rbot" / "run"
    stale.mkdir(parents=True)
    try:
        code = "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])"
        subprocess.run(["python3", "-c", code, str(stale / "control.sock")], check=True)
        with Daemon({"idle": python("idle", IDLE)}) as daemon:
            daemon.wait_ready("idle")
            # As under a service manager: that is where rbotctl looks next, whoever runs it.
            run = str(daemon.home / "run")
            told = rbotctl("status", cwd=here, RUNTIME_DIRECTORY=run)
            assert told.returncode == 0, told.stderr
            assert "idle" in told.stdout
            assert ".rbot/run/control.sock any more; this is the daemon at" in told.stderr
        # Where nobody lives, what was there is named.
        alone = rbotctl("status", cwd=here, RUNTIME_DIRECTORY=run)
        assert alone.returncode == 4 and ".rbot/run/control.sock" in alone.stderr
    finally:
        subprocess.run(["rm", "-rf", here], check=True)
