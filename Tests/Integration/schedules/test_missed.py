"""What becomes of slots while rbotd was not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from rehearsals import Rehearsal, armed, evidence, history, job, outcomes, settled

RATE = 1_200
HOURS = [f"2026-06-01T{hour:02}:00:00Z" for hour in range(1, 13)]


def hourly(name: str, missed: str, grace: str = "5m") -> dict[str, str | Path]:
    return job(name, f'cron = "0 * * * *"\nmissed = "{missed}"\ngrace = "{grace}"')


@pytest.mark.parametrize("way", ["killed", "stopped"])
def test_each_policy_after_five_missed_slots(way: str) -> None:
    jobs = {word: hourly(word, word) for word in ("skip", "once", "all")}
    with Rehearsal(jobs, "2026-06-01T01:10:00Z", RATE) as daemon:
        armed(daemon)
        if way == "killed":
            daemon.kill()
        else:
            daemon.stop()
        # 02:00 to 06:00 pass without it.
        daemon.begin("2026-06-01T06:20:00Z", 1)
        daemon.start()
        gone = HOURS[1:6]
        skip = settled(daemon, "skip", 5)
        assert outcomes(skip) == [(slot, "missed") for slot in gone]
        assert {row["reason"] for row in skip} == {"rbotd was not running"}
        assert evidence(daemon, "skip") == []

        once = settled(daemon, "once", 5)
        assert outcomes(once) == [(slot, "missed") for slot in gone[:4]] + [(gone[4], "done")]
        assert once[4]["reason"].startswith("caught up")
        assert evidence(daemon, "once") == [gone[4]]

        every = settled(daemon, "all", 5)
        assert outcomes(every) == [(slot, "done") for slot in gone]
        assert evidence(daemon, "all") == gone, "oldest first"

        alerts = [line for line in daemon.logs("skip") if line["level"] == "critical"]
        assert len(alerts) == 5, "each missed slot raises an alert"
        listed = armed(daemon)
        assert listed["skip"]["missed_24h"] == 5
        assert listed["all"]["missed_24h"] == 0
        assert listed["skip"]["next"]["utc"] == HOURS[6]


def test_late_within_the_grace_fires_the_newest_alone() -> None:
    with Rehearsal({"job": hourly("job", "skip", "3h")}, "2026-06-01T01:10:00Z", RATE) as daemon:
        armed(daemon)
        daemon.kill()
        daemon.begin("2026-06-01T06:20:00Z", 1)
        daemon.start()
        rows = settled(daemon, "job", 5)
        expected = [(slot, "missed") for slot in HOURS[1:5]] + [(HOURS[5], "done")]
        assert outcomes(rows) == expected
        assert [row["reason"] for row in rows[2:4]] == ["coalesced"] * 2
        assert rows[4]["lateness_ms"] >= 20 * 60_000
        assert evidence(daemon, "job") == [HOURS[5]]


def test_a_clock_that_went_back_fires_nothing_again() -> None:
    with Rehearsal({"job": hourly("job", "all", "30m")}, "2026-06-01T01:50:00Z", RATE) as daemon:
        daemon.reach("2026-06-01T04:30:00Z")
        before = settled(daemon, "job", 3)
        last = before[-1]["slot"]
        daemon.kill()
        ran = evidence(daemon, "job")
        daemon.begin("2026-06-01T01:50:00Z", RATE)
        daemon.start()
        daemon.reach(last)
        assert history(daemon, "job")[: len(before)] == before
        after = settled(daemon, "job", len(before) + 1)
        assert after[len(before)]["slot"] > last
        assert evidence(daemon, "job")[: len(ran)] == ran
        assert len(set(evidence(daemon, "job"))) == len(evidence(daemon, "job"))


def test_a_schedule_that_is_new_owes_nothing_for_the_past() -> None:
    with Rehearsal({"old": hourly("old", "all")}, "2026-06-01T01:10:00Z", RATE) as daemon:
        armed(daemon)
        daemon.kill()
        daemon.add("new", hourly("new", "all"))
        daemon.begin("2026-06-01T06:20:00Z", 1)
        daemon.start()
        settled(daemon, "old", 5)
        assert history(daemon, "new") == []
