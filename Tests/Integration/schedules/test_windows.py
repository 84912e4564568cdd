"""A continuous strategy that runs inside its window only, with and without positions at its close."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from daemon import Daemon, Refused, eventually
from rehearsals import Rehearsal, evidence, history, moment, outcomes, settled
from samples import python
from workers import worker

# Buys once and keeps it.
HOLDER = """
import os, pathlib
from rbot import Strategy, OrderRefused

class Holder(Strategy):
    instruments = ["EUR_USD"]
    held = False

    def on_quote(self, quote):
        if self.held:
            return
        try:
            self.buy("EUR_USD", 1000, stop_loss=0.5, take_profit=2)
            self.held = True
        except OrderRefused as refusal:
            pathlib.Path(os.environ["RBOT_STATE_DIR"], "slots").open("a").write(f"refused {refusal.reason}\\n")
"""


def window(rules: str, more: str = "") -> str:
    return f"[schedule]\nwindow = {{ {rules} }}\n{more}\n"


def serving(name: str, rules: str, more: str = "") -> dict[str, str | Path]:
    return worker(name, "hello", "ready", "serve", extra=window(rules, more))


def positions(daemon: Daemon) -> list[Any] | None:
    """None while the gateway is away."""
    with contextlib.suppress(Refused):
        found: list[Any] = daemon.call("positions", {"strategy": None})["positions"]
        return found
    return None


def test_opened_at_its_open_and_stopped_at_its_close_on_the_days_of_the_exchange() -> None:
    rules = 'open = "09:30", close = "16:00", days = "MON-FRI"'
    jobs = {"desk": serving("desk", rules, 'calendar = "nyse"')}
    with Rehearsal(jobs, "2026-11-25T13:00:00Z", 6_000) as daemon:
        daemon.reach("2026-11-27T19:30:00Z", 120)
        rows = settled(daemon, "desk", 3)
        assert outcomes(rows) == [
            ("2026-11-25T14:30:00Z", "done"),
            ("2026-11-26T14:30:00Z", "skipped holiday"),
            ("2026-11-27T14:30:00Z", "done"),
        ]
        for row, close in ((rows[0], "2026-11-25T21:00:00Z"), (rows[2], "2026-11-27T18:00:00Z")):
            assert moment(row["started"]) >= moment(row["slot"])
            assert moment(row["ended"]) >= moment(close)
            assert (moment(row["ended"]) - moment(close)).total_seconds() < 6_000 * 3
        assert len(daemon.runs("desk")) == 2
        assert daemon.family("desk") == set()


def test_reopened_after_a_kill_inside_of_the_window() -> None:
    jobs = {"desk": serving("desk", 'open = "09:00", close = "17:00"')}
    with Rehearsal(jobs, "2026-06-01T08:59:30Z", 60) as daemon:
        daemon.wait_ready("desk")
        opened = history(daemon, "desk")
        assert outcomes(opened) == [("2026-06-01T09:00:00Z", "running")]
        daemon.kill()
        daemon.begin("2026-06-01T12:00:00Z", 60)
        daemon.start()
        daemon.wait_ready("desk")
        again = history(daemon, "desk")
        assert [row["id"] for row in again] == [opened[0]["id"]], "the same slot"
        assert again[0]["outcome"] == "running"
        assert again[0]["count"] == 2

        daemon.kill()
        daemon.begin("2026-06-01T18:00:00Z", 60)
        daemon.start()
        over = settled(daemon, "desk", 1)
        assert outcomes(over) == [("2026-06-01T09:00:00Z", "interrupted")]
        assert daemon.strategy("desk")["pid"] is None


def test_squared_off_at_its_close() -> None:
    rules = 'open = "09:00", close = "17:00", square_off = true'
    holder = python("holder", HOLDER, extra=window(rules))

    with Rehearsal({"holder": holder}, "2026-06-01T08:50:00Z", 1_200) as daemon:
        eventually("a position", lambda: positions(daemon))
        daemon.reach("2026-06-01T17:00:00Z")
        row = settled(daemon, "holder", 1)[0]
        assert row["outcome"] == "done"
        eventually("flat", lambda: positions(daemon) == [])
        row = eventually(
            "the history says so",
            lambda: found if "squared off" in (found := history(daemon, "holder")[0])["reason"] else None,
        )  # fmt: skip
        assert "1 closed" in row["reason"]
        assert daemon.family("holder") == set()
        with contextlib.closing(sqlite3.connect(daemon.home / "trading.sqlite")) as database:
            closed = database.execute(
                "SELECT reduce_only, reason, state FROM orders WHERE role = 'close'"
            ).fetchall()
        assert closed == [(1, "square_off", "filled")]


def test_what_a_killed_rbotd_had_open_is_squared_off_by_the_next_one() -> None:
    rules = 'open = "09:00", close = "17:00", square_off = true'
    with Rehearsal({"holder": python("holder", HOLDER, extra=window(rules))}, "2026-06-01T08:59:00Z", 60) as daemon:  # fmt: skip
        eventually("a position", lambda: positions(daemon))
        daemon.kill()
        daemon.begin("2026-06-01T17:00:10Z", 1)
        daemon.start()
        eventually("it answers", lambda: daemon.status()["gateway"]["state"] == "ready")
        eventually("flat", lambda: positions(daemon) == [])
        assert evidence(daemon, "holder", "refused") == []
