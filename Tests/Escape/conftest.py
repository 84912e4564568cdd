"""rbotd in each setting with the intruder, once for all tests of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from arena import Arena, Findings, Places, matrix, run, write_strategies  # noqa: E402
from daemon import BIN, STRATEGIES, Daemon  # noqa: E402

# A user that is nobody else's.
PLAIN = 60790
SECRET = "ESCAPE-SECRET"
SETTINGS = ("plain user", "root", "root without users")
PROGRAMS = ("rbotd", "rbotctl", "rbot-gateway", "rbot-exec")
CONFIG = '[supervisor]\npython = "/usr/bin/python3"\n'

found_so_far: list[Findings] = []


@pytest.fixture(scope="session")
def reachable() -> Iterator[Path]:
    """The programs where every user may run them."""
    missing = [name for name in PROGRAMS if not (BIN / name).exists()]
    if missing:
        pytest.fail(f"{', '.join(missing)} not in {BIN}: run `swift build` or `make test` first")
    folder = Path(tempfile.mkdtemp(prefix="rbot-escape-"))
    folder.chmod(0o755)
    try:
        for name in PROGRAMS:
            shutil.copy(BIN / name, folder)
        yield folder
    finally:
        shutil.rmtree(folder)


def daemon_for(setting: str, programs: Path) -> Daemon:
    root = os.geteuid() == 0
    if setting != "plain user" and not root:
        pytest.skip("needs root")
    user = PLAIN if root and setting == "plain user" else None
    if user is not None:
        tried = subprocess.run(
            [str(programs / "rbotd"), "--version"], user=user, group=user, extra_groups=[],
            capture_output=True, text=True,
        )  # fmt: skip
        if tried.returncode != 0:
            pytest.skip(f"another user cannot run the programs here: {tried.stderr.strip()}")
    config = CONFIG + ("[sandbox]\nusers = false\n" if setting == "root without users" else "")
    environment = {"SECRET_X": SECRET, "HOME": "/"}
    popen = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    daemon = Daemon(config=config, popen=popen, programs=programs, environment=environment)
    daemon.folder.chmod(0o755)
    (daemon.strategies / "rbot").unlink()
    shutil.copytree(
        STRATEGIES / "rbot",
        daemon.strategies / "rbot",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    write_strategies(daemon.strategies)
    if user is not None:
        for path in (daemon.folder, *daemon.folder.rglob("*")):
            os.chown(path, user, user)
    return daemon


@pytest.fixture(scope="session", params=SETTINGS)
def arena(request: pytest.FixtureRequest, reachable: Path) -> Iterator[Arena]:
    """The findings of one setting, whose rbotd still runs."""
    daemon = daemon_for(request.param, reachable)
    with daemon:
        daemon.wait_ready("intruder", "victim")
        places = Places(
            state=daemon.home,
            runtime=daemon.home / "run",
            settings=daemon.folder / "rbotd.toml",
            strategies=daemon.strategies,
            elsewhere=daemon.folder / "elsewhere",
        )
        found = run(request.param, places, daemon.call, daemon.logs)
        found_so_far.append(found)
        yield Arena(request.param, daemon, found)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The matrix of all tries, with `pytest -s`."""
    if found_so_far and terminalreporter.config.getoption("capture") == "no":
        terminalreporter.section("what came of each try (* the log tells)")
        terminalreporter.write_line(matrix(found_so_far))
