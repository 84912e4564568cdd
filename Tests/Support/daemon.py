"""A real rbotd in a folder of its own, driven over its control socket, for tests and benchmarks."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("RBOT_BIN", ROOT / ".build" / "debug"))
DATA = Path(os.environ.get("RBOT_DATA", ROOT.parent / "shared" / "data"))
STRATEGIES = ROOT / "strategies"


class Refused(Exception):
    """An error reply of the daemon."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]
        self.reason = (error.get("data") or {}).get("reason")


class Control:
    """One connection to a control socket; requests one at a time."""

    def __init__(self, path: Path, timeout: float = 30) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")
        self.next = 0
        self.call("hello", {"protocol": [1, 1], "client": "tests"})

    def send(self, method: str, params: dict[str, Any]) -> int:
        self.next += 1
        message = {"jsonrpc": "2.0", "id": self.next, "method": method, "params": params}
        self.socket.sendall(json.dumps(message).encode() + b"\n")
        return self.next

    def read(self) -> dict[str, Any]:
        line = self.lines.readline()
        if not line:
            raise ConnectionError("the daemon closed the control connection")
        message: dict[str, Any] = json.loads(line)
        return message

    def call(self, method: str, params: dict[str, Any] | None = None) -> Any:
        """The result of a request; stream items that come before it are passed over."""
        request = self.send(method, params or {})
        while True:
            message = self.read()
            if message.get("id") == request:
                if "error" in message:
                    raise Refused(message["error"])
                return message["result"]

    def stream(self, method: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The items of a streaming request; that the reader is behind is passed over, a loss is not."""
        request = self.send(method, params)
        while True:
            message = self.read()
            if message.get("id") == request:
                if "error" in message:
                    raise Refused(message["error"])
                return
            if message.get("method") == "stream" and "behind" not in message["params"]:
                assert "dropped" not in message["params"], message
                yield message["params"]["item"]

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


def slowness() -> float:
    """How many times longer than on a quick and quiet machine anything may take here and now."""
    return min(6.0, max(3.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


def eventually(what: str, check: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true value of `check`; fails after `seconds` of a quick machine, saying what was waited for."""
    began = time.monotonic()
    while True:
        try:
            value = check()
        except (ConnectionError, FileNotFoundError, socket.timeout) as problem:
            value = None
            last: object = problem
        else:
            last = value
        if value:
            return value
        waited = time.monotonic() - began
        # Only who waits in vain pays for the patience.
        if waited > seconds * slowness():
            raise AssertionError(f"waited {waited:.0f} s in vain for: {what} (last: {last!r})")
        time.sleep(0.02)


def session_of(pid: int) -> set[int]:
    """The live processes of a session, zombies left out."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                if int(fields[3]) == pid and fields[0] != "Z":
                    found.add(int(entry.name))
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def marked(mark: str) -> set[int]:
    """The live processes whose environment says that they were spawned under that mark."""
    found = set()
    wanted = f"RBOT_SPAWN_ID={mark}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                variables = (entry / "environ").read_bytes().split(b"\0")
                if any(item.startswith(wanted) for item in variables) and alive(int(entry.name)):
                    found.add(int(entry.name))
    return found


class Daemon:
    """rbotd with its home and strategies in a temporary folder.

    Options: `feed`, `config` (more of rbotd.toml), `environment` (more of it), `wrapper` (words
    before the command line), `arguments` (words after it), `popen` (more arguments of
    `subprocess.Popen`), `programs` (the folder of rbotd and what it runs).
    """

    def __init__(
        self, strategies: dict[str, Path | dict[str, str | Path]] | None = None, **options: Any
    ):
        self.folder = Path(tempfile.mkdtemp(prefix="rbot-test-"))
        self.home = self.folder / "home"
        self.strategies = self.folder / "strategies"
        self.strategies.mkdir()
        (self.strategies / "rbot").symlink_to(STRATEGIES / "rbot")
        for name, source in (strategies or {}).items():
            self.add(name, source)
        self.feed = options.pop("feed", "synthetic:1")
        self.config = options.pop("config", "")
        self.environment = options.pop("environment", {})
        self.wrapper: list[str] = options.pop("wrapper", [])
        self.arguments: list[str] = options.pop("arguments", [])
        self.popen: dict[str, Any] = options.pop("popen", {})
        self.programs: Path = options.pop("programs", BIN)
        # Others may run as root beside this one, and whose user id is in use has to take another.
        self.first_user = random.randint(60600, 60850)
        self.listen = 'listen = "127.0.0.1:0"\n'
        self.process: subprocess.Popen[str] | None = None
        self.output = self.folder / "output"
        self.pids: set[int] = set()

    def add(self, name: str, source: Path | dict[str, str | Path]) -> None:
        """A strategy from a folder, or from texts and files to copy by file name."""
        target = self.strategies / name
        if isinstance(source, Path):
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            return
        target.mkdir(exist_ok=True)
        for file, text in source.items():
            if isinstance(text, Path):
                shutil.copy(text, target / file)
            else:
                (target / file).write_text(text)

    def start(self) -> Daemon:
        config = self.folder / "rbotd.toml"
        users = f"\n[sandbox]\nuids = [{self.first_user}, 61183]\n"
        more = "" if "[sandbox]" in self.config else users
        if "[http]" not in self.config:
            more += "\n[http]\norders_per_second = 0\nreads_per_second = 0\n"
        config.write_text(f"[gateway]\n{self.listen}{self.config}{more}")
        command = [*self.wrapper, self.programs / "rbotd", "--home", self.home, "--config", config]
        command += ["--strategies", self.strategies, "--feed", self.feed, *self.arguments]
        with self.output.open("a") as output:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment},
                text=True,
                start_new_session=True,
                **self.popen,
            )
        return self

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    @property
    def socket(self) -> Path:
        return self.home / "run" / "control.sock"

    def control(self, timeout: float = 60) -> Control:
        return Control(self.socket, timeout)

    def call(self, method: str, params: dict[str, Any] | None = None) -> Any:
        control = self.control()
        try:
            return control.call(method, params)
        finally:
            control.close()

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.call("status")
        self.pids |= {item["pid"] for item in status["strategies"] if item.get("pid")}
        if status["gateway"].get("pid"):
            self.pids.add(status["gateway"]["pid"])
        return status

    def strategy(self, name: str) -> dict[str, Any]:
        for item in self.status()["strategies"]:
            if item["name"] == name:
                found: dict[str, Any] = item
                return found
        raise AssertionError(f"status knows no strategy {name}")

    def wait_ready(self, *names: str, seconds: float = 60) -> dict[str, Any]:
        def check() -> dict[str, Any] | None:
            if self.process and self.process.poll() is not None:
                raise AssertionError(f"rbotd ended with {self.process.returncode}: {self.said()}")
            status = self.status()
            states = {item["name"]: item["state"] for item in status["strategies"]}
            wanted = names or tuple(states)
            if status["gateway"]["state"] != "ready":
                return None
            return status if all(states.get(name) == "ready" for name in wanted) else None

        ready: dict[str, Any] = eventually(f"{names or 'all'} ready", check, seconds)
        return ready

    def ctl(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "rbotctl"), "--home", str(self.home), *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def logs(self, *names: str, lines: int = 10_000) -> list[dict[str, Any]]:
        control = self.control()
        try:
            params = {"names": list(names) or None, "follow": False, "lines": lines}
            return list(control.stream("logs", params))
        finally:
            control.close()

    def stop(self, seconds: float = 90) -> int:
        """Ends rbotd as Ctrl-C does and returns its exit code."""
        assert self.process
        if self.process.poll() is None:
            with contextlib.suppress(Exception):
                self.status()
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    @property
    def mark(self) -> str:
        """What every process of this home has in its environment begins so."""
        home = self.home.stat()
        place = f"{home.st_dev}:{home.st_ino}"
        return f"rbot-{hashlib.sha256(place.encode()).hexdigest()[:16]}/"

    def family(self, name: str = "") -> set[int]:
        """The live processes of a strategy, or of all of them and the gateway."""
        return marked(self.mark + (f"{name}/" if name else ""))

    def runs(self, name: str) -> list[dict[str, Any]]:
        """The runs that are in the database, oldest first."""
        with contextlib.closing(sqlite3.connect(self.home / "supervisor.sqlite")) as database:
            database.row_factory = sqlite3.Row
            rows = database.execute("SELECT * FROM runs WHERE source = ? ORDER BY id", (name,))
            return [dict(row) for row in rows]

    def leftovers(self) -> set[int]:
        """What still runs of all that was ever seen, and of all that has this home's mark."""
        seen = {pid for seen in self.pids for pid in session_of(seen) | {seen} if alive(pid)}
        return seen | self.family()

    def __enter__(self) -> Daemon:
        return self.start()

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if self.process and self.process.poll() is None:
                try:
                    self.stop()
                except subprocess.TimeoutExpired:
                    self.kill()
                    raise AssertionError(f"rbotd did not stop: {self.said()[-2000:]}") from None
            if kind is None:
                eventually("no process left", lambda: not self.leftovers(), 5)
        finally:
            if kind is not None:
                print(self.said()[-4000:])
            shutil.rmtree(self.folder, ignore_errors=True)
