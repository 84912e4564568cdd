"""How fast schedules are worked out, beside cronsim in the same run, and how late rbotd starts what is due."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from daemon import BIN, Daemon, eventually
from measure import Figures, percentile

HERE = Path(__file__).resolve().parent
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Tokyo", "Australia/Lord_Howe")
# What people write, and some that are far between.
EXPRESSIONS = (
    "30 9 * * MON-FRI", "*/5 * * * *", "0 0 1 * *", "0 16 * * FRI", "15,45 8-17 * * 1-5", "0 9 L * *",
    "0 12 * * 5#3", "30 2 * * SUN", "0 0 29 2 *", "5 4 * * *", "0 */4 * * *", "0 22 LW * *",
)  # fmt: skip


def questions(count: int) -> list[tuple[str, str, int]]:
    chance = random.Random(1)
    return [
        (
            chance.choice(EXPRESSIONS),
            chance.choice(ZONES),
            chance.randrange(1_600_000_000, 1_900_000_000),
        )
        for _ in range(count)
    ]


def speed(scale: int) -> Figures:
    """Parsing an expression and finding its next three firings; arming 10,000 schedules.

    In time of the processor, so that others on the machine count for neither.
    """
    firings, asked = 3, questions(30_000 // scale)
    lines = "".join(f"{text}\t{zone}\t{start}\n" for text, zone, start in asked)
    done = subprocess.run(
        [BIN / "bench-schedules", str(firings), "10000"],
        input=lines, capture_output=True, text=True, check=True,
    )  # fmt: skip
    words = [line.split() for line in done.stdout.splitlines()]
    found, checksum, took = int(words[0][1]), int(words[0][3]), int(words[0][5])
    figures = {
        "schedules_parse_next_us": took / 1e3 / len(asked),
        "schedules_armed_10000_ms": int(words[1][5]) / 1e6,
    }
    try:
        from cronsim import CronSim
    except ImportError:
        print("  cronsim is not installed: pip install -r requirements-dev.txt")
        return figures
    some = asked[: max(1, len(asked) // 10)]
    zones = {name: ZoneInfo(name) for name in ZONES}
    total, begin = 0, time.process_time()
    for text, zone, start in some:
        cron = CronSim(text, datetime.fromtimestamp(start, UTC).astimezone(zones[zone]))
        for _ in range(firings):
            total += int(next(cron).timestamp())
    theirs = (time.process_time() - begin) * 1e6 / len(some)
    assert found == len(asked) * firings, f"{found} firings (sum {checksum}), {total} of theirs"
    figures["schedules_parse_next_cronsim_us"] = theirs
    figures["schedules_cronsim_to_ours"] = theirs / figures["schedules_parse_next_us"]
    return figures


def built(name: str, folder: Path) -> Path:
    target = folder / name
    subprocess.run(["cc", "-O2", "-o", target, HERE / f"{name}.c"], check=True)
    return target


def shares(name: str, nanoseconds: list[float]) -> Figures:
    late = [value / 1e6 for value in nanoseconds]
    return {
        f"{name}_p50_ms": percentile(late, 0.5),
        f"{name}_p99_ms": percentile(late, 0.99),
        f"{name}_max_ms": max(late),
    }


def lateness(seconds: int) -> Figures:
    """A job each second: when rbotd decided, when that was on the disk, and when the job itself ran.

    Meanwhile a bare timer in C wakes each second too, half a second apart from the jobs.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        timer = built("timer", folder)
        manifest = (
            'name = "tick"\ncommand = ["./tick"]\n'
            '[schedule]\ncron = "* * * * * *"\nseconds = true\n'
        )
        files: dict[str, str | Path] = {"strategy.toml": manifest, "tick": built("tick", folder)}
        with Daemon({"tick": files}) as daemon:
            ticks = daemon.home / "state" / "tick" / "ticks"
            eventually(
                "the first tick", lambda: ticks.exists() and ticks.read_text().count("\n") > 2
            )
            skipped = ticks.read_text().count("\n")
            floor = subprocess.Popen(
                [timer, str(seconds), "1000", "500"], stdout=subprocess.PIPE, text=True
            )
            told, _ = floor.communicate()
            lines = [line.split() for line in ticks.read_text().splitlines()[skipped:]]
            daemon.stop()
            with closing(sqlite3.connect(daemon.home / "supervisor.sqlite")) as database:
                rows = database.execute(
                    "SELECT decided_ns - due_ns, started_ns - due_ns FROM slots"
                    " WHERE outcome = 'done' ORDER BY id"
                ).fetchall()[skipped:]
        ran = [int(at) - datetime.fromisoformat(slot).timestamp() * 1e9 for slot, at in lines]
    return (
        shares("schedules_late_bare_timer", [float(line) for line in told.split()])
        | shares("schedules_late_decided", [row[0] for row in rows])
        | shares("schedules_late_on_disk", [row[1] for row in rows])
        | shares("schedules_late_running", ran)
        | {"schedules_late_slots": len(rows)}
    )


def schedules(scale: int) -> Figures:
    return speed(scale) | lateness(max(10, 120 // scale))
