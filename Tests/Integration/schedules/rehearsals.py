"""A rbotd whose schedules see another clock, jobs that leave evidence, and what both ought to be."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim
from daemon import Daemon, eventually

# What a job says of itself, in its state folder: `begin SLOT`, and `end SLOT` where it comes to that.
BEGIN = 'echo "begin $RBOT_SLOT $(date +%s%N)" >> "$RBOT_STATE_DIR/slots"'
END = 'echo "end $RBOT_SLOT $(date +%s%N)" >> "$RBOT_STATE_DIR/slots"'
QUICK = f"{BEGIN}\n{END}\n"


def moment(text: str) -> datetime:
    """`2026-03-08T07:00:00Z`, or with a fraction."""
    return datetime.fromisoformat(text)


def text(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(
    name: str, schedule: str, script: str = QUICK, more: str = "", top: str = ""
) -> dict[str, str | Path]:
    """A one-shot: a shell script that runs when it is due."""
    manifest = (
        f'name = "{name}"\ncommand = ["/bin/sh", "job.sh"]\n{top}\n{more}\n[schedule]\n{schedule}\n'
    )
    return {"strategy.toml": manifest, "job.sh": script}


class Rehearsal(Daemon):
    """A daemon whose schedules begin at a moment and run so many times as fast."""

    def __init__(self, strategies: dict[str, Any], begin: str, rate: int, **options: Any) -> None:
        super().__init__(strategies, **options)
        self.begin(begin, rate)

    def begin(self, begin: str, rate: int) -> None:
        """For the next start."""
        self.rate = rate
        self.arguments = ["--rehearse", f"{begin},x{rate}"]

    def now(self) -> datetime:
        return moment(self.status()["supervisor"]["rehearsal"]["now"])

    def reach(self, when: str, seconds: float = 60) -> None:
        """Waits until schedules see that moment."""
        eventually(f"the rehearsal is at {when}", lambda: self.now() >= moment(when), seconds)


def armed(daemon: Daemon) -> dict[str, dict[str, Any]]:
    """Waits until the gateway is ready and every strategy has its next slot; gives them by name."""

    def look() -> dict[str, dict[str, Any]] | None:
        if daemon.status()["gateway"]["state"] != "ready":
            return None
        found = {item["name"]: item for item in daemon.call("schedule.list")["schedules"]}
        there = {path.parent.name for path in daemon.strategies.glob("*/strategy.toml")}
        return found if there <= set(found) else None

    found: dict[str, dict[str, Any]] = eventually("all armed", look)
    return found


def history(daemon: Daemon, name: str) -> list[dict[str, Any]]:
    """All rows of a strategy, oldest first."""
    rows: list[dict[str, Any]] = []
    before = None
    while True:
        params = {"name": name, "limit": 1000, "before": before}
        page = daemon.call("schedule.history", params)
        rows += page["slots"]
        if not page["more"]:
            return rows[::-1]
        before = rows[-1]["id"]


def settled(daemon: Daemon, name: str, count: int, seconds: float = 60) -> list[dict[str, Any]]:
    """Waits for that many rows of which none is open."""

    def look() -> list[dict[str, Any]] | None:
        rows = history(daemon, name)
        is_open = any(row["outcome"] in ("running", "queued") for row in rows)
        return None if is_open or len(rows) < count else rows

    rows: list[dict[str, Any]] = eventually(f"{count} slots of {name} decided", look, seconds)
    return rows


def outcomes(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Slot and outcome; of a skipped one with the first word of the reason."""
    return [
        (
            row["slot"],
            row["outcome"]
            + (f" {row['reason'].split(':')[0]}" if row["outcome"] == "skipped" else ""),
        )
        for row in rows
    ]


def evidence(daemon: Daemon, name: str, word: str = "begin") -> list[str]:
    """The slots that a job says it has begun, or ended, in order."""
    file = daemon.home / "state" / name / "slots"
    with contextlib.suppress(FileNotFoundError):
        lines = [line.split() for line in file.read_text().splitlines()]
        return [line[1] for line in lines if line[0] == word]
    return []


def due(expression: str, zone: str, begin: str, end: str) -> list[str]:
    """When a schedule is due after `begin` and up to `end`, by another program."""
    cron = CronSim(expression, moment(begin).astimezone(ZoneInfo(zone)))
    found = []
    while (firing := next(cron).astimezone(UTC)) <= moment(end):
        found.append(text(firing))
    return found


# Thanksgiving of 2026, and the short day after it: by hand, from the exchange's own list.
NYSE_CLOSED = {date(2026, 11, 26)}
NYSE_EARLY = {date(2026, 11, 27): 13}


def on_nyse(slot: str) -> str:
    """What becomes of a slot of the exchange's week around Thanksgiving of 2026."""
    local = moment(slot).astimezone(ZoneInfo("America/New_York"))
    if local.date() in NYSE_CLOSED:
        return "skipped holiday"
    close = NYSE_EARLY.get(local.date(), 24)
    return "skipped early_close" if local.hour >= close else "done"


def later(slot: str, **span: float) -> str:
    return text(moment(slot) + timedelta(**span))
