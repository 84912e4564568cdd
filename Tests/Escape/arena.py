"""An rbotd with a strategy that tries to get out and one that is its victim, and what came of each try."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[0] / "Support"), str(HERE.parents[0] / "Worker"), str(HERE)]

from daemon import Daemon, alive, eventually  # noqa: E402
from kernel import compile_c, numbers  # noqa: E402
from tries import NEWER, TRIES, Try  # noqa: E402

PROCESSES, FILES, MEMORY_MB = 48, 96, 192

# No beat is missed while a child of it forks without end.
MANIFEST = f"""
name = "intruder"
run = "strategy.py"
[health]
heartbeat = "60s"
stop_timeout = "2s"
[limits]
processes = {PROCESSES}
files = {FILES}
memory = "{MEMORY_MB}MB"
disk = "12MB"
[trading]
mode = "paper"
brokers = ["paper"]
"""

VICTIM = """
import os, socket
from rbot import Strategy

class Victim(Strategy):
    instruments = ["EUR_USD"]

    def on_start(self):
        state = os.environ["RBOT_STATE_DIR"]
        with open(state + "/secret", "w") as file:
            file.write("it is mine")
        self.sockets = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        with open(state + "/listen.sock", "w"):
            pass
        os.unlink(state + "/listen.sock")
        for one, name in zip(self.sockets, (state + "/listen.sock", f"\\0rbot-escape-{os.getpid()}")):
            one.bind(name)
            one.listen()
"""


def write_strategies(folder: Path) -> None:
    """The intruder, its program, and the victim, into the folder of strategies."""
    intruder, victim = folder / "intruder", folder / "victim"
    for one in (intruder, victim):
        one.mkdir()
        one.chmod(0o755)
    shutil.copy(HERE / "intruder.py", intruder / "strategy.py")
    (intruder / "strategy.toml").write_text(MANIFEST)
    compile_c(intruder / "probe", [HERE.parent / "Worker" / "probe.c"], "-static")
    (victim / "strategy.py").write_text(VICTIM)
    (victim / "strategy.toml").write_text(
        'name = "victim"\nrun = "strategy.py"\n[trading]\nmode = "paper"\nbrokers = ["paper"]\n'
    )
    for path in (*intruder.iterdir(), *victim.iterdir()):
        path.chmod(0o755)


@dataclass
class Places:
    """Where one rbotd has its things."""

    state: Path
    runtime: Path
    settings: Path
    strategies: Path
    elsewhere: Path

    def names(self) -> dict[str, str]:
        states = self.state / "state"
        return {
            "home": str(self.state),
            "runtime": str(self.runtime),
            "control": str(self.runtime / "control.sock"),
            "settings": str(self.settings),
            "strategies": str(self.strategies),
            "states": str(states),
            "own": str(self.strategies / "intruder"),
            "own_state": str(states / "intruder"),
            "victim_state": str(states / "victim"),
            "elsewhere": str(self.elsewhere),
        }


@dataclass
class Findings:
    """What one setting showed."""

    setting: str
    names: dict[str, str]
    outcomes: dict[tuple[str, str], Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    def layer(self, name: str) -> dict[str, Any]:
        found = [one for one in self.after["intruder"]["sandbox"] if one["layer"] == name]
        return found[0] if found else {"in_force": False, "detail": "not told"}

    def tells(self, one: Try) -> bool:
        """Whether the log says that it was refused."""
        start = f"refused: {one.told}".format_map(self.names)
        return any(line.startswith(start) for line in self.log)


@dataclass
class Arena:
    """One setting."""

    setting: str
    daemon: Daemon
    found: Findings


def words_of(one: Try, names: dict[str, str]) -> list[str]:
    words = []
    for word in one.words:
        text = str(word).format_map(names)
        words.append(str(int(text) & (2**64 - 1)) if text.startswith("-") else text)
    return words


def plan(names: dict[str, str]) -> dict[str, Any]:
    """What the intruder is given, through its own state folder."""
    calls = {**numbers(os.uname().machine), **NEWER}
    tries = [
        {"title": one.title, "number": calls[one.name], "words": words_of(one, names)}
        for one in TRIES
        if one.name in calls
    ]
    links = {
        "to-database": names["home"] + "/supervisor.sqlite",
        "to-victim": names["victim_state"],
        "to-everything": "/usr",
    }
    return {"tries": tries, "calls": calls, "links": links}


Ask = Callable[[str, "dict[str, Any] | None"], Any]
Logs = Callable[[str], "list[dict[str, Any]]"]


def run(setting: str, places: Places, call: Ask, logs: Logs) -> Findings:
    """Lets the intruder try everything, once both are ready."""

    def items() -> dict[str, Any]:
        return {one["name"]: one for one in call("status", None)["strategies"]}

    status = call("status", None)
    before = {one["name"]: one for one in status["strategies"]}
    pids = {
        "rbotd": status["supervisor"]["pid"],
        "gateway": status["gateway"]["pid"],
        "victim": before["victim"]["pid"],
    }
    names = {**places.names(), **{name: str(pid) for name, pid in pids.items()}}
    found = Findings(setting, names, before=before)
    target = Path(names["own_state"]) / "plan.json"
    fresh = target.with_suffix(".new")
    fresh.write_text(json.dumps(plan(names)))
    fresh.chmod(0o644)
    fresh.rename(target)

    def said() -> list[str] | None:
        lines = [line["message"] for line in logs("intruder") if line["stream"] == "stdout"]
        return lines if "finished" in lines else None

    for line in eventually("it has tried everything", said, 180):
        if line.startswith("{"):
            one = json.loads(line)
            found.outcomes[one["try"], one["by"]] = one["outcome"]
    # Those alike are told a second apart, with their number.
    expected = sum(2 for one in TRIES if one.told)
    with suppress(AssertionError):
        eventually("all are told", lambda: items()["intruder"]["refused"] >= expected, 5)
    found.after = items()
    found.log = [line["message"] for line in logs("intruder")]
    return found


def matrix(all_found: list[Findings]) -> str:
    """Try by setting: what came of it in Python and in C, and an asterisk where the log tells."""
    titles = [one.title for one in TRIES]
    extra = {title for found in all_found for title, _ in found.outcomes} - set(titles)
    rows = [["", *(found.setting for found in all_found)]]
    told = {one.title: one for one in TRIES}
    for title in [*titles, *sorted(extra)]:
        row = [title]
        for found in all_found:
            seen = {
                str(found.outcomes[title, by])
                for by in ("python", "c")
                if (title, by) in found.outcomes
            }
            one = told.get(title)
            mark = "*" if one and one.told and found.tells(one) else ""
            row.append("/".join(sorted(seen)) + mark)
        rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows
    )


def own_user(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def gone(pid: int) -> bool:
    return not alive(pid)


def each() -> Iterator[tuple[Try, str]]:
    for one in TRIES:
        for by in ("python", "c"):
            yield one, by
