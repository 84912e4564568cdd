"""Strategies that misbehave on command, and what a test wants to know of them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from daemon import Control, Daemon, alive, eventually

PROGRAMS = Path(__file__).parent / "programs"


def control_s() -> float:
    """How long an answer of the control socket may take: a second, and more where others have the processors."""
    return max(2.0, 2 * os.getloadavg()[0] / (os.cpu_count() or 1))


@cache
def built(name: str, *options: str) -> Path:
    """A program of the folder, compiled once per run of the tests."""
    folder = Path(tempfile.mkdtemp(prefix="rbot-programs-"))
    sources = sorted(PROGRAMS.glob("*.c")) if name == "worker" else [PROGRAMS / name / f"{name}.c"]
    command = ["cc", "-O1", "-Wall", "-Wextra", "-o", folder / name, *options, *sources]
    subprocess.run([str(word) for word in command], check=True)
    return folder / name


def worker(name: str, *steps: str, extra: str = "", after: str = "[]") -> dict[str, str | Path]:
    """A strategy that does these steps of programs/worker.c."""
    words = ["./worker", *steps]
    command = ", ".join("'" + word + "'" for word in words)
    text = f'name = "{name}"\ncommand = [{command}]\nafter = {after}\n{extra}\n'
    return {"strategy.toml": text, "worker": built("worker")}


def good(name: str, extra: str = "") -> dict[str, str | Path]:
    """One that does all that it should."""
    return worker(name, "hello", "ready", "serve", extra=extra)


def limits(**seconds: str) -> str:
    """A `[health]` table."""
    return "[health]\n" + "".join(f'{key} = "{value}"\n' for key, value in seconds.items())


def restart(
    policy: str = "on-failure", first: str = "200ms", last: str = "60s", bursts: int = 1000
) -> str:
    """A `[restart]` table without jitter."""
    return (
        f'[restart]\npolicy = "{policy}"\nlimit = {{ bursts = {bursts}, within = "5m" }}\n'
        f'backoff = {{ initial = "{first}", max = "{last}", factor = 2, jitter = 0 }}\n'
    )


def recorded(daemon: Daemon, name: str) -> dict[str, list[int]]:
    """Whom a worker says that it has started, by role."""
    found: dict[str, list[int]] = {}
    with contextlib.suppress(FileNotFoundError):
        for line in (daemon.home / "state" / name / "pids").read_text().splitlines():
            role, pid = line.split()
            found.setdefault(role, []).append(int(pid))
    return found


def started(daemon: Daemon, name: str, role: str, count: int = 1) -> list[int]:
    """Waits until that many of a role have been started and gives them."""
    pids: list[int] = eventually(
        f"{count} {role} of {name}",
        lambda: found if len(found := recorded(daemon, name).get(role, [])) >= count else None,
    )
    return pids


def state(daemon: Daemon, name: str, *wanted: str, seconds: float = 20) -> dict[str, Any]:
    """Waits until a strategy is in one of the states and gives its status."""

    def look() -> dict[str, Any] | None:
        # A moment after the control socket is there, it may not be admitted yet.
        found = [item for item in daemon.status()["strategies"] if item["name"] == name]
        return next((item for item in found if item["state"] in wanted), None)

    found: dict[str, Any] = eventually(f"{name} is {' or '.join(wanted)}", look, seconds)
    return found


def command(daemon: Daemon, verb: str, *names: str, wait: bool = True) -> list[dict[str, Any]]:
    """The results of a command about strategies."""
    results: list[dict[str, Any]] = daemon.call(
        f"strategy.{verb}", {"names": list(names), "wait": wait}
    )["results"]
    return results


def said(
    daemon: Daemon, name: str, text: str, seconds: float = 20, lines: int = 10_000
) -> dict[str, Any]:
    """Waits until one of the last lines of a strategy's log holds a text and gives the line."""

    def look() -> dict[str, Any] | None:
        found = daemon.logs(name, lines=lines)
        return next((item for item in found if text in item["message"]), None)

    found: dict[str, Any] = eventually(f"{name} says {text!r}", look, seconds)
    return found


def gone(*pids: int) -> bool:
    """Whether none of them lives."""
    return not any(alive(pid) for pid in pids)


def timed(action: Callable[[], Any]) -> float:
    """How many seconds it takes."""
    began = time.monotonic()
    action()
    return time.monotonic() - began


@contextlib.contextmanager
def latencies(daemon: Daemon) -> Iterator[list[float]]:
    """Asks for the status all the while, on one connection, and collects how long each answer took.

    An answer that never comes is an endless latency.
    """
    found: list[float] = []
    ended = threading.Event()

    def ask(control: Control) -> None:
        try:
            while not ended.is_set():
                found.append(timed(lambda: control.call("status")))
                ended.wait(0.02)
        except OSError:
            found.append(float("inf"))

    control = daemon.control(timeout=15)
    thread = threading.Thread(target=ask, args=(control,))
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
        control.close()


def descriptors(pid: int) -> int:
    """How many descriptors a process has."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_bytes(pid: int) -> int:
    """The resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def zombies(parent: int) -> set[int]:
    """The children of a process that have ended and wait to be reaped."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                if int(fields[1]) == parent and fields[0] == "Z":
                    found.add(int(entry.name))
    return found


@dataclass
class HeldDisk:
    """A disk on which whoever writes can be held, so that not even SIGKILL ends him."""

    folder: Path

    def hold(self, held: bool) -> None:
        """Holds all who write from now on, or lets them go on."""
        subprocess.run(["fsfreeze", "-f" if held else "-u", str(self.folder)], check=True)
