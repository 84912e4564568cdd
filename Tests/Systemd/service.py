"""The installed service, as an administrator sees it: systemctl, journalctl, rbotctl."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ("momentum-sniper", "grid-bot", "ema-cross")
POLL_S = 0.2

Value = TypeVar("Value")


def run(*words: str, check: bool = True, timeout_s: float = 120) -> str:
    """Run a command and return what it printed; a failure shows both of its streams."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout_s, cwd=ROOT)
    if check and done.returncode != 0:
        raise AssertionError(
            f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}\n{journal(60)}"
        )
    return done.stdout


def rbotctl(*words: str) -> subprocess.CompletedProcess[str]:
    """Run rbotctl where no developer's home is near, so that it speaks to the service."""
    command = ["rbotctl", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")


def eventually(what: str, look: Callable[[], Value | None], within_s: float) -> Value:
    """Look until there is something, and return it."""
    end = time.monotonic() + within_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {within_s} s: {what}\n{last_status()}\n{journal(60)}")
        time.sleep(POLL_S)


def journal(lines: int) -> str:
    """Return the end of the service's journal."""
    words = ["journalctl", "-u", "rbotd", "--no-pager", "-o", "cat", "-n", str(lines)]
    return subprocess.run(words, capture_output=True, text=True).stdout


def unit(name: str) -> str:
    """Return one of the unit's properties."""
    return run("systemctl", "show", "rbotd", "--property", name, "--value").strip()


def main_pid() -> int:
    """Return the pid of rbotd, 0 where there is none."""
    return int(unit("MainPID"))


def last_status() -> str:
    """Return what systemd and rbotctl say of the service, for a failure's message."""
    unit = subprocess.run(
        ["systemctl", "status", "rbotd", "--no-pager", "-l"], capture_output=True, text=True
    )
    return "\n".join(done.stdout + done.stderr for done in (unit, rbotctl("status")))


def status() -> dict[str, Any] | None:
    """Return ``rbotctl status --json``, None while rbotd does not answer."""
    done = rbotctl("status", "--json")
    if done.returncode != 0:
        return None
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def strategies() -> dict[str, dict[str, Any]]:
    """Return the strategies of the status, by name; none while rbotd does not answer."""
    return {item["name"]: item for item in (status() or {"strategies": []})["strategies"]}


def ready(states: tuple[str, ...] = ("ready",)) -> dict[str, dict[str, Any]] | None:
    """Return the strategies once the gateway is ready and the examples are in one of the states."""
    now = status()
    if now is None or now["gateway"]["state"] != "ready":
        return None
    found = {item["name"]: item for item in now["strategies"]}
    if all(found.get(name, {}).get("state") in states for name in EXAMPLES):
        return found
    return None


def traders() -> set[str]:
    """Return the strategies that have fills."""
    done = rbotctl("fills", "--json", "-n", "1000")
    if done.returncode != 0:
        return set()
    answer = json.loads(done.stdout)
    return {fill["strategy"] for fill in (answer["fills"] if isinstance(answer, dict) else answer)}


def processes() -> list[str]:
    """List the processes whose program is one of ours or that run a strategy of ours."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        names = {Path(word.decode(errors="replace")).name for word in words[:2]}
        is_worker = b"-m" in words and b"rbot" in words
        if is_worker or names & {
            "rbotd",
            "rbot-gateway",
            "rbot-exec",
            "ema-cross",
            "channel-breakout",
        }:
            found.append(f"{folder.name}: {b' '.join(words).decode(errors='replace')}")
    return found
