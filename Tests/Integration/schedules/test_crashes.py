"""`kill -9` of rbotd at every step around a slot: no slot runs twice, and each is accounted for once.

What ran is told by the jobs themselves, which write down each slot that they begin; what was decided by the history.
The steps of a slot: it is due, its row is written, on the disk, its process is made, runs, ends, and that is recorded.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from typing import Any

import pytest
from daemon import Daemon, eventually
from preloaded import SlowDisk
from rehearsals import BEGIN, END, QUICK, armed, evidence, history, job, later, moment

ROUNDS = int(os.environ.get("RBOT_CRASHES", "14"))
EACH_SECOND = 'cron = "* * * * * *"\nseconds = true\n'


def accounted(rows: list[dict[str, Any]]) -> Counter[str]:
    """How often each second is decided about."""
    found: Counter[str] = Counter()
    for row in rows:
        last = row["until"] or row["slot"]
        seconds = int((moment(last) - moment(row["slot"])).total_seconds())
        assert row["count"] == seconds + 1, "every second is due"
        found.update(later(row["slot"], seconds=step) for step in range(seconds + 1))
    return found


def check(daemon: Daemon, name: str) -> tuple[int, int]:
    """What must hold whenever rbotd was killed; how many slots ran, and how many are accounted for."""
    rows = history(daemon, name)
    ran = evidence(daemon, name)
    assert len(ran) == len(set(ran)), f"{name}: twice: {Counter(ran).most_common(3)}"
    decided = accounted(rows)
    assert set(decided.values()) <= {1}, f"{name}: {decided.most_common(3)}"
    seconds = sorted(decided)
    span = int((moment(seconds[-1]) - moment(seconds[0])).total_seconds()) + 1
    assert span == len(seconds), f"{name}: {span - len(seconds)} slots without a row"
    by_slot = {row["slot"]: row for row in rows if row["count"] == 1}
    for slot in ran:
        outcome = by_slot[slot]["outcome"]
        assert outcome in ("done", "failed", "interrupted", "stopped"), f"{name} {slot}: {outcome}"
    for slot, row in by_slot.items():
        if row["outcome"] == "done":
            assert slot in ran, f"{name} {slot}: recorded as done, and never begun"
    return len(ran), len(seconds)


def test_killed_at_any_moment() -> None:
    seed = int(os.environ.get("RBOT_SEED", random.randrange(1 << 32)))
    print(f"seed {seed}: RBOT_SEED={seed} repeats the moments of this run")
    chance = random.Random(seed)
    rules = {
        "skip": 'missed = "skip"\ngrace = "1s"',
        "once": 'missed = "once"\ngrace = "0s"',
        "all": 'missed = "all"\ngrace = "1s"',
        "queue": 'missed = "all"\noverlap = "queue"\ngrace = "2s"',
    }
    slow = f"{BEGIN}\nsleep 0.3\n{END}\n"
    jobs = {
        name: job(name, EACH_SECOND + rule, slow if name == "queue" else QUICK)
        for name, rule in rules.items()
    }
    with Daemon(jobs) as daemon:
        for _ in range(ROUNDS):
            eventually("it answers", daemon.status)
            if chance.random() < 0.7:
                # What happens of a slot happens within some milliseconds after its second.
                target = int(time.time()) + 1 + chance.uniform(-0.01, 0.15)
            else:
                target = time.time() + chance.uniform(0, 1.5)
            time.sleep(max(0, target - time.time()))
            daemon.kill()
            if chance.random() < 0.3:
                time.sleep(chance.uniform(0, 2))
            daemon.start()
        eventually("it answers", daemon.status)
        eventually(
            "each runs", lambda: all(len(evidence(daemon, name)) >= ROUNDS // 4 for name in jobs)
        )
        for name in jobs:
            daemon.call("strategy.stop", {"names": [name], "wait": True})
        for name in jobs:
            ran, decided = check(daemon, name)
            print(f"{name}: {decided} slots, {ran} ran")


def rows_of(daemon: Daemon, slot: str) -> list[dict[str, Any]]:
    return [row for row in history(daemon, "job") if row["slot"] == slot]


def next_slot(daemon: Daemon) -> str:
    """The next slot of the job."""
    slot: str = armed(daemon)["job"]["next"]["utc"]
    return slot


EACH_TEN = 'cron = "*/10 * * * * *"\nseconds = true\ngrace = "2s"'


def passed(slot: str, seconds: float = 0.5) -> None:
    """Waits until the clock of the day is that much behind a slot."""
    target = moment(slot).timestamp() + seconds
    eventually(f"{slot} is over", lambda: time.time() >= target)


def test_killed_before_its_row_is_on_the_disk_it_does_not_run() -> None:
    with SlowDisk({"job": job("job", EACH_TEN)}) as daemon:
        armed(daemon)
        slot = next_slot(daemon)
        daemon.hold()
        passed(slot)
        assert slot not in evidence(daemon, "job"), "nothing is started before its row is safe"
        daemon.kill()
        daemon.release()
        daemon.start()
        # A slot before it may have run already; times of one form are in order as texts.
        eventually("a later slot runs", lambda: any(ran > slot for ran in evidence(daemon, "job")))
        eventually("it answers", daemon.status)
        assert slot not in evidence(daemon, "job")
        rows = rows_of(daemon, slot)
        assert [row["outcome"] for row in rows] in (["interrupted"], ["missed"])


def test_a_disk_that_takes_nothing_for_long_is_a_missed_slot_and_not_a_late_start() -> None:
    with SlowDisk({"job": job("job", EACH_TEN)}) as daemon:
        armed(daemon)
        slot = next_slot(daemon)
        daemon.hold()
        passed(slot, 12)
        daemon.release()
        row = eventually("it is recorded", lambda: rows_of(daemon, slot))[0]
        row = eventually(
            "it is decided",
            lambda: found[0] if (found := rows_of(daemon, slot))[0]["outcome"] != "running" else None,
        )  # fmt: skip
        assert row["outcome"] == "missed"
        assert "not recorded in time" in row["reason"]
        # A slot before it may have run already; times of one form are in order as texts.
        eventually("a later slot runs", lambda: any(ran > slot for ran in evidence(daemon, "job")))
        eventually("it answers", daemon.status)
        assert slot not in evidence(daemon, "job")
        assert [line for line in daemon.logs("job") if line["level"] == "critical"]


WAITS = f"{BEGIN}\nwhile [ ! -e $RBOT_STATE_DIR/go ]; do sleep 0.02; done\n{END}\n"


def test_killed_while_it_runs_it_is_interrupted_and_not_run_again() -> None:
    with Daemon({"job": job("job", EACH_TEN, WAITS)}) as daemon:
        slot = eventually("it runs", lambda: evidence(daemon, "job"))[0]
        daemon.kill()
        eventually("its process is gone with rbotd", lambda: not daemon.family("job"))
        (daemon.home / "state" / "job" / "go").touch()
        daemon.start()
        eventually("a later slot ends", lambda: evidence(daemon, "job", "end"))
        assert evidence(daemon, "job").count(slot) == 1
        assert slot not in evidence(daemon, "job", "end")
        assert [row["outcome"] for row in rows_of(daemon, slot)] == ["interrupted"]
        assert "not run again" in rows_of(daemon, slot)[0]["reason"]


@pytest.mark.parametrize("way", ["held", "at once"])
def test_killed_before_its_end_is_recorded(way: str) -> None:
    with SlowDisk({"job": job("job", EACH_TEN, WAITS)}) as daemon:
        slot = eventually("it runs", lambda: evidence(daemon, "job"))[0]
        if way == "held":
            daemon.hold()
        (daemon.home / "state" / "job" / "go").touch()
        eventually("it has ended", lambda: evidence(daemon, "job", "end"))
        daemon.kill()
        daemon.release()
        daemon.start()
        eventually("a later slot ends", lambda: len(evidence(daemon, "job", "end")) >= 2)
        assert evidence(daemon, "job").count(slot) == 1
        assert [row["outcome"] for row in rows_of(daemon, slot)] in (["interrupted"], ["done"])
