"""The clock of the day is set, and the machine sleeps, while rbotd runs."""

from __future__ import annotations

from typing import Any

from daemon import eventually
from preloaded import SetClock
from rehearsals import evidence, history, job, outcomes, settled

DAILY = 'cron = "30 9 * * *"\ngrace = "1h"'
SLOTS = [f"2026-03-{day:02}T09:30:00Z" for day in range(1, 15)]


def waits(daemon: SetClock, slot: str) -> dict[str, Any]:
    """Until that is the next slot."""

    def look() -> dict[str, Any] | None:
        item = daemon.call("schedule.list")["schedules"][0]
        return item if item["next"]["utc"] == slot else None

    found: dict[str, Any] = eventually(f"{slot} is next", look)
    return found


def test_a_jump_forward_runs_the_newest_alone() -> None:
    with SetClock({"job": job("job", DAILY)}, "2026-03-06T09:00:00Z") as daemon:
        waits(daemon, SLOTS[5])
        daemon.set("2026-03-08T09:40:00Z")
        rows = settled(daemon, "job", 3)
        assert outcomes(rows) == [
            (SLOTS[5], "missed"),
            (SLOTS[6], "missed"),
            (SLOTS[7], "done"),
        ]
        assert rows[0]["reason"] == "the clock jumped forward"
        assert evidence(daemon, "job") == [SLOTS[7]]


def test_a_jump_forward_beyond_the_grace_runs_none() -> None:
    with SetClock({"job": job("job", DAILY)}, "2026-03-06T09:00:00Z") as daemon:
        waits(daemon, SLOTS[5])
        daemon.set("2026-03-06T15:00:00Z")
        rows = settled(daemon, "job", 1)
        assert outcomes(rows) == [(SLOTS[5], "missed")]
        assert rows[0]["reason"] == "the clock jumped forward"
        # It is awake, and what comes next comes.
        daemon.set("2026-03-07T09:29:59Z")
        assert outcomes(settled(daemon, "job", 2))[1] == (SLOTS[6], "done")
        assert evidence(daemon, "job") == [SLOTS[6]]


def test_a_jump_back_never_fires_a_slot_again() -> None:
    with SetClock({"job": job("job", DAILY)}, "2026-03-06T09:29:59Z") as daemon:
        assert outcomes(settled(daemon, "job", 1)) == [(SLOTS[5], "done")]
        before = history(daemon, "job")
        daemon.set("2026-03-06T09:29:59Z")
        eventually("it is 09:30 again", lambda: daemon.now().isoformat() > "2026-03-06T09:30:01")
        waits(daemon, SLOTS[6])
        daemon.set("2026-03-03T12:00:00Z")
        waits(daemon, SLOTS[6])
        assert history(daemon, "job") == before
        daemon.set("2026-03-07T09:29:59Z")
        assert outcomes(settled(daemon, "job", 2)) == [(SLOTS[5], "done"), (SLOTS[6], "done")]
        assert evidence(daemon, "job") == [SLOTS[5], SLOTS[6]]


def test_a_machine_that_slept_over_a_slot_says_so() -> None:
    with SetClock({"job": job("job", DAILY)}, "2026-03-06T09:00:00Z") as daemon:
        waits(daemon, SLOTS[5])
        daemon.sleep(6 * 3600)
        rows = settled(daemon, "job", 1)
        assert outcomes(rows) == [(SLOTS[5], "missed")]
        assert rows[0]["reason"] == "the machine was suspended"
        assert evidence(daemon, "job") == []
