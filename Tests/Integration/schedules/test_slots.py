"""Slots of real schedules in real time: cron every second, a window, `@start`, and what people do about them."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from daemon import ROOT, Daemon, Refused, eventually
from samples import IDLE, command, python

MESSAGES = ROOT / "Tests" / "Fixtures" / "wire" / "control.jsonl"
GOLDEN = [json.loads(line) for line in MESSAGES.read_text().splitlines()]
EVERY_SECOND = '[schedule]\ncron = "* * * * * *"\nseconds = true\n'


def shell(name: str, script: str, extra: str) -> dict[str, str]:
    """A strategy that is a shell script: one that does not speak the protocol."""
    return command(name, ["/bin/sh", "run.sh"], extra, {"run.sh": script})


def history(daemon: Daemon, name: str | None = None, **more: Any) -> list[dict[str, Any]]:
    """The rows, oldest first."""
    found: list[dict[str, Any]] = daemon.call(
        "schedule.history", {"name": name, "limit": 1000, **more}
    )["slots"]
    return found[::-1]


def done(daemon: Daemon, name: str, count: int) -> list[dict[str, Any]]:
    """That many rows that are done."""

    def look() -> list[dict[str, Any]] | None:
        rows = [row for row in history(daemon, name) if row["outcome"] == "done"]
        return rows if len(rows) >= count else None

    found: list[dict[str, Any]] = eventually(f"{count} slots of {name} are done", look, 60)
    return found


def around_now(seconds: int) -> str:
    """The time of day so many seconds from now, in UTC, with minutes as a window wants them."""
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%H:%M")


def test_a_cron_schedule_runs_a_program_once_for_each_slot() -> None:
    job = shell("job", 'echo "slot $RBOT_SLOT"\n', EVERY_SECOND)
    with Daemon({"job": job}) as daemon:
        rows = done(daemon, "job", 4)
        slots = [row["slot"] for row in rows]
        assert len(set(slots)) == len(slots), "no slot runs twice"
        for row in rows:
            assert row["trigger"] == "cron"
            assert row["exit"] == "exited with code 0"
            assert 0 <= row["lateness_ms"] < 5000
        said = [item["message"] for item in daemon.logs("job") if item["stream"] == "stdout"]
        assert f"slot {slots[0]}" in said, "the process knows its slot"
        runs = {run["id"] for run in daemon.runs("job")}
        assert {row["run"] for row in rows} <= runs
        status = daemon.strategy("job")["schedule"]
        assert status["text"] == "* * * * * *"
        assert status["timezone"] == "UTC"
        assert status["next"]["utc"].endswith("Z")
        listed = daemon.call("schedule.list")["schedules"]
        assert [item["name"] for item in listed] == ["job"]
        golden = {
            row["about"]: row["message"]["result"] for row in GOLDEN if "result" in row["message"]
        }
        (item,) = golden["the schedules, by next time"]["schedules"]
        assert (set(listed[0]), set(listed[0]["next"])) == (set(item), set(item["next"]))
        (slot,) = golden["the slots, newest first"]["slots"]
        assert set(rows[0]) == set(listed[0]["last"]) == set(slot)
        metrics = {
            item["name"]: item["value"]
            for item in daemon.call("metrics", {"name": "job"})["metrics"]
        }
        assert metrics["schedule_fired_total"] >= 4
        assert "schedule_lateness_ms" in metrics

        def events() -> set[str]:
            control = daemon.control()
            try:
                return {item["type"] for item in control.stream("events", {"limit": 1000})}
            finally:
                control.close()

        eventually("its events", lambda: {"schedule_fired", "schedule_ended"} <= events())


def test_a_plain_program_may_take_longer_than_a_start() -> None:
    extra = '[health]\nstart_timeout = "500ms"\n[schedule]\ncron = "0 0 1 1 *"\n'
    with Daemon({"job": shell("job", "sleep 3; echo finished\n", extra)}) as daemon:
        eventually("it waits", lambda: daemon.strategy("job")["state"] == "scheduled")
        daemon.call("schedule.run", {"name": "job"})
        (row,) = done(daemon, "job", 1)
        assert row["trigger"] == "manual" and row["exit"] == "exited with code 0"
        assert "finished" in [item["message"] for item in daemon.logs("job")]


def test_a_slot_that_fails_is_tried_by_its_policy_and_the_next_one_afresh() -> None:
    failing = shell(
        "failing",
        "exit 3\n",
        '[restart]\npolicy = "never"\n' + EVERY_SECOND,
    )
    with Daemon({"failing": failing}) as daemon:
        eventually(
            "two failed slots",
            lambda: len([row for row in history(daemon) if row["outcome"] == "failed"]) >= 2,
        )
        rows = [row for row in history(daemon) if row["outcome"] == "failed"]
        assert rows[0]["exit"] == "exited with code 3"
        found = daemon.strategy("failing")
        assert found["state"] in {"scheduled", "starting", "stopping"}
        alerts = [item for item in daemon.logs("failing") if item["level"] == "critical"]
        assert any("its slot failed" in item["message"] for item in alerts)


def test_a_function_is_run_on_a_schedule() -> None:
    files = python("once", "def run(context=None):\n    print('did it')\n", EVERY_SECOND)
    with Daemon({"once": files}) as daemon:
        done(daemon, "once", 2)
        assert any(item["message"] == "did it" for item in daemon.logs("once"))


def test_overlaps_are_skipped_and_a_persons_run_is_refused_meanwhile() -> None:
    slow = shell("slow", "sleep 3600\n", EVERY_SECOND)
    with Daemon({"slow": slow}) as daemon:
        eventually(
            "an overlap",
            lambda: any(
                row["outcome"] == "skipped" and row["reason"].startswith("overlap")
                for row in history(daemon, "slow")
            ),
        )
        assert len([row for row in history(daemon, "slow") if row["outcome"] == "running"]) == 1
        answer = daemon.call("schedule.run", {"name": "slow"})["results"][0]
        assert (answer["ok"], answer["reason"]) == (False, "overlap")
        stopped = daemon.call("strategy.stop", {"names": ["slow"]})["results"][0]
        assert (stopped["ok"], stopped["state"]) == (True, "stopped")
        eventually(
            "slots are skipped while it is stopped",
            lambda: any(row["reason"] == "stopped" for row in history(daemon, "slow")),
        )
        rows = history(daemon, "slow")
        assert rows[0]["outcome"] == "stopped"


def test_a_run_that_lasts_too_long_is_ended_and_has_failed() -> None:
    slow = shell("slow", "sleep 3600\n", EVERY_SECOND + 'max_runtime = "1s"\n')
    with Daemon({"slow": slow}) as daemon:

        def failed() -> list[dict[str, Any]]:
            return [row for row in history(daemon, "slow") if row["outcome"] == "failed"]

        eventually("a slot has failed", failed)
        assert "longer than its max_runtime of 1 s" in failed()[0]["reason"]


def test_what_is_due_while_rbotd_is_away_is_missed_and_nothing_runs_twice() -> None:
    job = shell("job", 'echo "slot $RBOT_SLOT"\n', EVERY_SECOND + 'grace = "1s"\n')
    with Daemon({"job": job}) as daemon:
        done(daemon, "job", 2)
        daemon.kill()
        last = datetime.datetime.now(datetime.UTC)
        eventually(
            "five seconds go by",
            lambda: (datetime.datetime.now(datetime.UTC) - last).total_seconds() > 5,
        )
        daemon.start()
        done(daemon, "job", 4)
        rows = history(daemon, "job")
        assert any(row["reason"] == "rbotd was not running" for row in rows)
        slots = [row["slot"] for row in rows]
        assert len(slots) == len(set(slots)), "each slot has one row"
        said = [item["message"] for item in daemon.logs("job") if item["stream"] == "stdout"]
        assert len(said) == len(set(said)), "no slot ran twice"


def test_a_window_opens_closes_and_keeps_the_strategy_out_of_the_rest_of_the_day() -> None:
    inside = (
        f'[schedule]\nwindow = {{ open = "{around_now(-120)}", close = "{around_now(3600)}" }}\n'
    )
    outside = (
        f'[schedule]\nwindow = {{ open = "{around_now(3600)}", close = "{around_now(7200)}" }}\n'
    )
    strategies = {
        "inside": python("inside", IDLE, inside),
        "outside": python("outside", IDLE, outside),
    }
    with Daemon(strategies) as daemon:
        daemon.wait_ready("inside")
        assert daemon.strategy("outside")["state"] == "scheduled"
        assert daemon.strategy("inside")["schedule"]["closes"]
        # What is left of the window belongs to whoever starts it again.
        daemon.call("strategy.stop", {"names": ["inside"]})
        assert daemon.strategy("inside")["state"] == "stopped"
        daemon.call("strategy.start", {"names": ["inside"]})
        daemon.wait_ready("inside")
        assert daemon.stop() == 0
        daemon.start()
        daemon.wait_ready("inside")
        rows = history(daemon, "inside")
        assert len(rows) == 1
        assert (rows[0]["outcome"], rows[0]["count"], rows[0]["reason"]) == (
            "running",
            3,
            "reopened",
        )


def test_at_start_runs_each_time_rbotd_starts_and_not_at_a_reload() -> None:
    job = shell("job", "true\n", '[schedule]\ncron = "@start"\n')
    with Daemon({"job": job}) as daemon:
        done(daemon, "job", 1)
        daemon.add("later", shell("later", "true\n", '[schedule]\ncron = "@start"\n'))
        daemon.call("reload")
        assert daemon.strategy("later")["state"] == "scheduled"
        assert daemon.stop() == 0
        daemon.start()
        done(daemon, "job", 2)
        done(daemon, "later", 1)
        assert len(history(daemon, "job")) == 2


def test_a_schedule_that_a_reload_brings_changes_and_takes_away() -> None:
    with Daemon({"job": python("job", IDLE)}) as daemon:
        daemon.wait_ready("job")
        daemon.add("job", shell("job", "true\n", EVERY_SECOND))
        daemon.call("reload")
        done(daemon, "job", 1)
        daemon.add("job", shell("job", "true\n", '[schedule]\ncron = "0 0 1 1 *"\n'))
        daemon.call("reload")
        assert daemon.strategy("job")["schedule"]["text"] == "0 0 1 1 *"
        eventually("it waits", lambda: daemon.strategy("job")["state"] == "scheduled")
        answer = daemon.call("schedule.run", {"name": "job"})["results"][0]
        assert answer["ok"], answer
        assert history(daemon, "job")[-1]["trigger"] == "manual"
        daemon.add("job", python("job", IDLE))
        daemon.call("reload")
        daemon.wait_ready("job")
        assert daemon.strategy("job")["schedule"] is None


def test_questions_that_make_no_sense_are_refused() -> None:
    with Daemon({"idle": python("idle", IDLE)}) as daemon:
        daemon.wait_ready("idle")
        with pytest.raises(Refused):
            daemon.call("schedule.history", {"outcome": "perhaps"})
        answer = daemon.call("schedule.run", {"name": "idle"})["results"][0]
        assert (answer["ok"], answer["reason"]) == (False, "not_scheduled")
        assert daemon.call("schedule.list")["schedules"] == []
