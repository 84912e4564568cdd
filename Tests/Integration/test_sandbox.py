"""What people see of a strategy's sandbox: layers, refusals, limits, and what a manifest may ask for."""

from __future__ import annotations

import os
import subprocess
import venv
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from daemon import Daemon, alive, eventually
from samples import IDLE, command, python

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="users of their own take root")
SYSTEM_PYTHON = '[supervisor]\npython = "/usr/bin/python3"\n'

# Each try ends in a line "NAME ok" or "NAME ERROR".
TRIES = """
import os, socket, subprocess, tempfile
from rbot import Strategy

def attempt(name, body):
    try:
        body()
        print(name, "ok", flush=True)
    except OSError as error:
        print(name, type(error).__name__, flush=True)

class Tries(Strategy):
    instruments = ["EUR_USD"]

    def on_start(self):
        state = os.environ["RBOT_STATE_DIR"]
        for name, path in %r.items():
            attempt(name, lambda: os.listdir(path) if os.path.isdir(path) else open(path).read(1))
        attempt("state", lambda: open(state + "/note", "w").write("x"))
        attempt("temporary", lambda: tempfile.TemporaryFile().write(b"x"))
        attempt("own-folder", lambda: open("strategy.py").read())
        attempt("own-manifest", lambda: open("strategy.toml", "a"))
        attempt("network", lambda: socket.socket(socket.AF_INET).close())
        attempt("self", lambda: open("/proc/self/status").read())
        attempt("processors", lambda: open("/proc/cpuinfo").read())
        attempt("program", lambda: subprocess.run(["/bin/true"], check=True))
        print("done", flush=True)
"""


def opened(daemon: Daemon) -> Daemon:
    """Let other users pass the temporary folder, as they may pass /srv."""
    daemon.folder.chmod(0o755)
    return daemon


def tries(daemon: Daemon, name: str) -> dict[str, str]:
    """What became of each try."""

    def said() -> list[str] | None:
        lines = [line["message"] for line in daemon.logs(name) if line["stream"] == "stdout"]
        return lines if "done" in lines else None

    lines: list[str] = eventually("it has tried everything", said, 60)
    return dict(line.split(" ", 1) for line in lines if " " in line)


def layers(item: dict[str, Any]) -> dict[str, bool]:
    return {layer["layer"]: layer["in_force"] for layer in item["sandbox"]}


def messages(daemon: Daemon, name: str) -> list[str]:
    return [line["message"] for line in daemon.logs(name)]


def test_a_strategy_reaches_what_it_needs_and_nothing_else() -> None:
    daemon = opened(Daemon(config=SYSTEM_PYTHON))
    paths = {
        "databases": str(daemon.home / "supervisor.sqlite"),
        "home": str(daemon.home),
        "settings": str(daemon.folder / "rbotd.toml"),
        "strategies": str(daemon.strategies),
        "other": str(daemon.strategies / "other" / "strategy.py"),
        "etc": "/etc",
        "init": "/proc/1/status",
        "certificates": "/etc/ssl",
        "allowed": str(daemon.folder / "quotes"),
    }
    (daemon.folder / "quotes").mkdir()
    extra = '[sandbox]\nread = ["../../quotes"]'
    daemon.add("tries", python("tries", TRIES % paths, extra=extra))
    daemon.add("other", python("other", IDLE))
    with daemon:
        item = next(i for i in daemon.wait_ready()["strategies"] if i["name"] == "tries")
        found = tries(daemon, "tries")
        allowed = {name for name, result in found.items() if result == "ok"}
        assert allowed == {
            "certificates",
            "allowed",
            "state",
            "temporary",
            "own-folder",
            "self",
            "processors",
            "program",
        }, found
        assert all(layers(item)[name] for name in ("privileges", "files", "calls", "reports"))
        # The network was refused, and that is told.
        eventually("it is counted", lambda: daemon.strategy("tries")["refused"] >= 1)
        assert any(line.startswith("refused: socket") for line in messages(daemon, "tries"))


@AS_ROOT
def test_each_strategy_is_a_user_of_its_own_and_stays_it() -> None:
    daemon = opened(Daemon(config=SYSTEM_PYTHON))
    for name in ("one", "two"):
        daemon.add(name, python(name, IDLE))
    with daemon:
        status = daemon.wait_ready()
        users = {
            item["name"]: Path(f"/proc/{item['pid']}").stat().st_uid
            for item in status["strategies"]
        }
        assert len(set(users.values())) == 2
        assert all(60600 <= user <= 61183 for user in users.values()), users
        for item in status["strategies"]:
            assert item["sandbox_warnings"] == 0, item["sandbox"]
            state = (daemon.home / "state" / item["name"]).stat()
            assert state.st_uid == users[item["name"]] and state.st_mode & 0o777 == 0o700
        assert Path(f"/proc/{status['gateway']['pid']}").stat().st_uid == os.geteuid()
        for database in daemon.home.glob("*.sqlite*"):
            assert database.stat().st_mode & 0o077 == 0, database
        daemon.stop()
        daemon.start()
        again = daemon.wait_ready()
        assert users == {
            item["name"]: Path(f"/proc/{item['pid']}").stat().st_uid for item in again["strategies"]
        }


@AS_ROOT
def test_a_user_that_another_process_runs_as_is_given_up() -> None:
    daemon = opened(Daemon({"one": python("one", IDLE)}, config=SYSTEM_PYTHON))
    with daemon, ExitStack() as others:
        user = Path(f"/proc/{daemon.wait_ready()['strategies'][0]['pid']}").stat().st_uid
        daemon.stop()
        stranger = subprocess.Popen(["sleep", "600"], user=user, group=user, extra_groups=[])
        others.callback(stranger.wait)
        others.callback(stranger.kill)
        daemon.start()
        item = daemon.wait_ready()["strategies"][0]
        assert Path(f"/proc/{item['pid']}").stat().st_uid != user
        state = (daemon.home / "state" / "one").stat()
        assert state.st_uid == Path(f"/proc/{item['pid']}").stat().st_uid
        said = [line for line in messages(daemon, "rbotd") if "another user id" in line]
        assert len(said) == 1 and str(stranger.pid) in said[0] and "sandbox.uids" in said[0]


@AS_ROOT
@pytest.mark.parametrize("named", [False, True])
def test_an_interpreter_that_its_user_can_run_goes_before_the_first_one(named: bool) -> None:
    daemon = opened(Daemon({"one": python("one", IDLE)}))
    closed = daemon.folder / "closed"
    venv.create(closed, symlinks=False)
    closed.chmod(0o700)
    first = closed / "bin" / "python3"
    daemon.environment = {"PATH": f"{closed}/bin:/usr/bin:/bin"}
    if named:
        daemon.config = f'[supervisor]\npython = "{first}"\n'
    with daemon:
        item = daemon.wait_ready("one")["strategies"][0]
        user = next(layer for layer in item["sandbox"] if layer["layer"] == "user")
        said = [line for line in messages(daemon, "one") if str(first) in line]
        assert len(said) == 1
        if named:
            assert not user["in_force"] and "supervisor.python" in said[0]
            assert item["sandbox_warnings"] == 1
        else:
            assert user["in_force"] and item["sandbox_warnings"] == 0
            assert "it runs with /usr/bin/python3" in said[0] and said[0] in user["detail"]
            assert Path(f"/proc/{item['pid']}").stat().st_uid >= daemon.first_user


@AS_ROOT
@pytest.mark.parametrize("required", [False, True])
def test_a_folder_that_its_user_cannot_reach_is_a_warning_or_a_refusal(required: bool) -> None:
    extra = "[sandbox]\nrequired = true" if required else ""
    daemon = Daemon({"shut": python("shut", IDLE, extra=extra)}, config=SYSTEM_PYTHON)
    assert daemon.folder.stat().st_mode & 0o077 == 0
    with daemon:
        if required:
            item = eventually(
                "it does not run",
                lambda: next(
                    (
                        i
                        for i in daemon.status()["strategies"]
                        if i["state"] in ("backoff", "failed")
                    ),
                    None,
                ),
            )
            assert item["reason"].startswith("sandbox.required: "), item
            assert "cannot be reached by uid 60" in item["reason"]
            return
        item = daemon.wait_ready("shut")["strategies"][0]
        assert item["sandbox_warnings"] == 1 and not layers(item)["user"]
        os.kill(item["pid"], 9)
        eventually("it is back", lambda: daemon.strategy("shut")["state"] == "ready")
        warnings = [line for line in messages(daemon, "shut") if "cannot be reached by uid" in line]
        assert len(warnings) == 1, "said once, not at every restart"
        assert str(daemon.folder) in warnings[0] and "open the folder" in warnings[0]


def test_a_manifest_that_asks_for_too_much_is_an_error_with_its_line() -> None:
    extra = '[sandbox]\nread = ["../../home"]'
    daemon = Daemon({"greedy": python("greedy", IDLE, extra=extra), "calm": python("calm", IDLE)})
    with daemon:
        status = daemon.wait_ready("calm")
        (error,) = status["errors"]
        assert error["path"].endswith("greedy/strategy.toml") and error["line"] == 4
        assert error["message"].startswith("sandbox.read: ../../home would open the supervisor's")


def test_an_interpreter_that_gives_no_answer_fails_its_strategies_alone() -> None:
    daemon = Daemon({"snake": python("snake", IDLE)})
    shim = daemon.folder / "python3"
    shim.write_text("#!/bin/sh\necho 'version 9 is not installed' >&2\nexit 1\n")
    shim.chmod(0o755)
    daemon.config = f'[supervisor]\npython = "{shim}"\n'
    daemon.add("plain", command("plain", ["channel-breakout"]))
    with daemon:
        daemon.wait_ready("plain")
        item = eventually(
            "it has failed",
            lambda: next(
                (i for i in daemon.status()["strategies"] if i["name"] == "snake" and i["reason"]),
                None,
            ),
        )
        assert item["reason"].startswith(f"{shim} cannot be asked where it lives: version 9 is not")


def test_a_full_state_folder_ends_the_strategy_and_says_so() -> None:
    code = """
import os
import subprocess
import venv
from contextlib import ExitStack
from rbot import Strategy

class Hoarder(Strategy):
    instruments = ["EUR_USD"]

    def on_start(self):
        for number in range(30):
            with open(f"{os.environ['RBOT_STATE_DIR']}/{number}", "wb") as file:
                file.write(bytes(100_000))
"""
    extra = '[restart]\npolicy = "never"\n[limits]\ndisk = "1MB"'
    with Daemon({"hoarder": python("hoarder", code, extra=extra)}) as daemon:
        pid = daemon.wait_ready("hoarder")["strategies"][0]["pid"]
        item = eventually(
            "it was ended",
            lambda: next(
                (i for i in daemon.status()["strategies"] if i["state"] == "failed"), None
            ),
            30,
        )
        assert "its state folder holds" in item["reason"] and "limits.disk" in item["reason"]
        assert not alive(pid)


PACKAGE = """
import sys
import only_here

from rbot import Strategy


class Packed(Strategy):
    instruments = ["EUR_USD"]

    def on_start(self):
        print(only_here.WORD, sys.prefix, flush=True)
"""


def test_a_virtual_environment_in_the_strategys_folder_brings_its_packages() -> None:
    text = 'name = "packed"\ncommand = [".venv/bin/python", "-m", "rbot", "strategy.py"]\n'
    daemon = opened(Daemon({"packed": {"strategy.toml": text, "strategy.py": PACKAGE}}))
    place = daemon.strategies / "packed" / ".venv"
    venv.create(place, symlinks=True)
    packages = next(place.glob("lib/python*/site-packages"))
    (packages / "only_here.py").write_text('WORD = "packed"\n')
    with daemon:
        daemon.wait_ready("packed")
        said = [line["message"] for line in daemon.logs("packed") if line["stream"] == "stdout"]
        assert said == [f"packed {place}"]
