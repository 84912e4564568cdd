"""One-shots on a schedule: each slot once, at its time, and each decision in the history."""

from __future__ import annotations

from typing import Any

import pytest
from daemon import Daemon, eventually
from rehearsals import (
    BEGIN,
    END,
    Rehearsal,
    due,
    evidence,
    history,
    job,
    later,
    moment,
    on_nyse,
    outcomes,
    settled,
)

NEW_YORK = 'timezone = "America/New_York"\ngrace = "12h"'


@pytest.mark.parametrize(
    ("begin", "end"),
    [("2026-03-06T00:00:00Z", "2026-03-10T12:00:00Z"), ("2026-10-30T00:00:00Z", "2026-11-03T12:00:00Z")],
    ids=["to summer time", "to winter time"],
)  # fmt: skip
def test_clocks_change(begin: str, end: str) -> None:
    expressions = {"gap": "30 2 * * *", "fold": "30 1 * * *", "noon": "0 12 * * *"}
    jobs = {name: job(name, f'cron = "{cron}"\n{NEW_YORK}') for name, cron in expressions.items()}
    with Rehearsal(jobs, begin, 20_000) as daemon:
        daemon.reach(end)
        for name, cron in expressions.items():
            expected = due(cron, "America/New_York", begin, end)
            assert len(expected) == 4 or len(expected) == 5
            rows = settled(daemon, name, len(expected))[: len(expected)]
            assert outcomes(rows) == [(slot, "done") for slot in expected]
            assert evidence(daemon, name)[: len(expected)] == expected


def test_a_week_with_a_holiday_and_a_short_day() -> None:
    begin, end = "2026-11-22T12:00:00Z", "2026-12-01T00:00:00Z"
    expressions = {"morning": "30 9 * * MON-FRI", "afternoon": "0 15 * * MON-FRI"}
    rules = 'calendar = "nyse"\ngrace = "12h"'
    jobs = {name: job(name, f'cron = "{cron}"\n{rules}') for name, cron in expressions.items()}
    with Rehearsal(jobs, begin, 25_000) as daemon:
        daemon.reach(end)
        for name, cron in expressions.items():
            expected = [(slot, on_nyse(slot)) for slot in due(cron, "America/New_York", begin, end)]
            assert len(expected) == 6
            rows = settled(daemon, name, len(expected))[: len(expected)]
            assert outcomes(rows) == expected
            ran = [slot for slot, outcome in expected if outcome == "done"]
            assert evidence(daemon, name)[: len(ran)] == ran
        holiday = next(row for row in history(daemon, "morning") if row["outcome"] == "skipped")
        assert "Thanksgiving" in holiday["reason"]
        assert holiday["run"] is None


# Hourly slots, of which one lasts three seconds.
BEGIN_AT = "2026-06-01T00:50:00Z"
HOURLY = 'cron = "0 * * * *"\ngrace = "30m"\n'
RATE = 1_200
BACKOFF = 'backoff = { initial = "50ms", max = "50ms", factor = 2, jitter = 0 }\n'


def test_a_failure_is_tried_again_within_the_slot_and_given_up_for_that_slot_alone() -> None:
    twice = f"{BEGIN}\n[ $(grep -c $RBOT_SLOT $RBOT_STATE_DIR/slots) -ge 3 ]\n"
    limit = '[restart]\npolicy = "on-failure"\nlimit = { bursts = 3, within = "1m" }\n' + BACKOFF
    jobs = {
        "third": job("third", HOURLY, twice, limit.replace("bursts = 3", "bursts = 5")),
        "never": job("never", HOURLY, f"{BEGIN}\nexit 3\n", limit),
        "once": job("once", HOURLY, f"{BEGIN}\nexit 3\n", '[restart]\npolicy = "never"\n'),
    }
    first, second = "2026-06-01T01:00:00Z", "2026-06-01T02:00:00Z"
    with Rehearsal(jobs, BEGIN_AT, RATE) as daemon:
        daemon.reach("2026-06-01T02:40:00Z")
        rows = {name: settled(daemon, name, 2)[:2] for name in jobs}
        assert outcomes(rows["third"]) == [(first, "done"), (second, "done")]
        assert evidence(daemon, "third")[:6] == [first] * 3 + [second] * 3
        for name in ("never", "once"):
            assert outcomes(rows[name]) == [(first, "failed"), (second, "failed")]
            assert "3" in str(rows[name][0]["exit"]), rows[name][0]
        assert evidence(daemon, "once")[:2] == [first, second]
        tried = evidence(daemon, "never")
        assert tried.count(first) == tried.count(second) >= 2
        alerts = [line for line in daemon.logs("never") if line["level"] == "critical"]
        assert alerts, "a slot that failed raises an alert"


def test_what_runs_too_long_is_ended() -> None:
    schedule = HOURLY + 'max_runtime = "1s"'
    with Rehearsal({"long": job("long", schedule, f"{BEGIN}\nsleep 60\n{END}\n")}, BEGIN_AT, RATE) as daemon:  # fmt: skip
        row = settled(daemon, "long", 1)[0]
        assert row["outcome"] == "failed"
        assert "max_runtime" in row["reason"]
        assert evidence(daemon, "long", "end") == []


def test_overlaps() -> None:
    # Each lasts longer than an hour and shorter than two.
    script = f"{BEGIN}\nsleep 4\n{END}\n"
    kinds = ("forbid", "queue", "replace")
    jobs = {kind: job(kind, f'{HOURLY}overlap = "{kind}"', script) for kind in kinds}
    slots = [f"2026-06-01T0{hour}:00:00Z" for hour in range(1, 6)]
    with Rehearsal(jobs, BEGIN_AT, RATE) as daemon:
        daemon.reach("2026-06-01T05:40:00Z")
        forbid = outcomes(history(daemon, "forbid"))[:4]
        assert forbid == [
            (slot, "done" if index % 2 == 0 else "skipped overlap")
            for index, slot in enumerate(slots[:4])
        ]
        replace = outcomes(history(daemon, "replace"))[:4]
        assert replace == [(slot, "replaced") for slot in slots[:4]]
        assert evidence(daemon, "replace")[:4] == slots[:4]
        assert evidence(daemon, "replace", "end") == []

        def queued() -> list[str] | None:
            ended = evidence(daemon, "queue", "end")
            return ended if len(ended) >= 3 else None

        assert eventually("three of the queue", queued)[:3] == slots[:3]
        lines = (daemon.home / "state" / "queue" / "slots").read_text().split("\n")[:6]
        assert [line.split()[0] for line in lines] == ["begin", "end"] * 3, "never two at once"
        assert history(daemon, "queue")[4]["outcome"] == "queued"


def test_jitter_is_the_same_for_a_slot_whoever_asks() -> None:
    schedule = 'cron = "0 0 * * *"\ngrace = "12h"\njitter = "6h"'
    found: list[dict[str, Any]] = []
    for _ in range(2):
        with Rehearsal({"late": job("late", schedule)}, "2026-06-01T04:00:00Z", 20_000) as daemon:
            found.append(settled(daemon, "late", 1)[0])
            assert found[-1]["outcome"] == "done"
    first, second = found
    assert first["slot"] == second["slot"] == "2026-06-02T00:00:00Z"
    assert first["due"] == second["due"]
    put_off = (moment(first["due"]) - moment(first["slot"])).total_seconds()
    assert 0 < put_off < 6 * 3600
    assert moment(first["started"]) >= moment(first["due"])


def test_what_is_paused_stopped_or_disabled_is_skipped_and_says_so() -> None:
    names = ("paused", "stopped", "disabled", "free")
    jobs = {name: job(name, HOURLY) for name in names}
    jobs["disabled"] = job("disabled", HOURLY, top="enabled = false")
    with Rehearsal(jobs, BEGIN_AT, RATE) as daemon:
        eventually("it answers", daemon.status)
        daemon.call("strategy.pause", {"names": ["paused"], "wait": True})
        daemon.call("strategy.stop", {"names": ["stopped"], "wait": True})
        daemon.reach("2026-06-01T02:30:00Z")
        for name in names[:3]:
            rows = settled(daemon, name, 2)[:2]
            assert [row["outcome"] for row in rows] == ["skipped", "skipped"]
            assert [row["reason"] for row in rows] == [name, name]
            assert evidence(daemon, name) == []
        daemon.call("strategy.resume", {"names": ["paused"], "wait": True})
        daemon.call("strategy.start", {"names": ["stopped"], "wait": True})
        for name in ("paused", "stopped"):
            eventually(f"{name} runs", lambda name=name: evidence(daemon, name))
        assert len(evidence(daemon, "free")) >= 2


def test_a_run_file_on_a_schedule() -> None:
    code = (
        "import os, pathlib\n\n\ndef run():\n"
        '    path = pathlib.Path(os.environ["RBOT_STATE_DIR"], "slots")\n'
        '    with path.open("a") as file:\n'
        "        file.write(f\"begin {os.environ['RBOT_SLOT']}\\n\")\n"
    )
    manifest = 'name = "file"\nrun = "job.py"\n[schedule]\ncron = "0 0 * * *"\ngrace = "12h"\n'
    files = {"strategy.toml": manifest, "job.py": code}
    with Rehearsal({"file": files}, "2026-06-01T12:00:00Z", 15_000) as daemon:
        rows = settled(daemon, "file", 3)[:3]
        slots = [f"2026-06-0{day}T00:00:00Z" for day in (2, 3, 4)]
        assert outcomes(rows) == [(slot, "done") for slot in slots]
        assert evidence(daemon, "file")[:3] == slots


def test_at_each_start_and_once_per_boot() -> None:
    jobs = {name: job(name, f'cron = "@{name}"') for name in ("start", "reboot")}
    with Daemon(jobs) as daemon:
        for name in jobs:
            assert settled(daemon, name, 1)[0]["outcome"] == "done"
        daemon.call("reload", {"dry_run": False})
        daemon.kill()
        daemon.start()
        rows = settled(daemon, "start", 2)
        assert [(row["trigger"], row["outcome"]) for row in rows] == [("start", "done")] * 2
        assert len(history(daemon, "reboot")) == 1
        assert len(evidence(daemon, "start")) == 2
        assert len(evidence(daemon, "reboot")) == 1


def test_the_clock_of_the_day_to_the_second() -> None:
    """The one test that waits for real slots: ten of them, a second apart."""
    schedule = 'cron = "* * * * * *"\nseconds = true\ngrace = "1m"'
    with Daemon({"tick": job("tick", schedule)}) as daemon:
        decided = settled(daemon, "tick", 14)
        first = decided[0]["slot"]
        assert [row["slot"] for row in decided] == [
            later(first, seconds=index) for index in range(len(decided))
        ]
        # A start that is slow still runs when the next slot is due.
        rows = [row for row in decided if "overlap" not in (row["reason"] or "")]
        assert len(rows) >= 8
        slots = [row["slot"] for row in rows]
        for row in rows:
            assert row["outcome"] == "done", row
            late = moment(row["started"]) - moment(row["slot"])
            assert 0 <= late.total_seconds() < 60
            assert row["lateness_ms"] >= 0
        lines = (daemon.home / "state" / "tick" / "slots").read_text().splitlines()
        begun = [line.split() for line in lines if line.startswith("begin")]
        for _, slot, nanoseconds in begun:
            assert int(nanoseconds) / 1e9 >= moment(slot).timestamp(), "never before its time"
        ran = [slot for _, slot, _ in begun]
        assert len(ran) == len(set(ran)), "each once"
        assert set(slots) <= set(ran)
