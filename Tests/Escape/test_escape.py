"""A strategy that wants to get out, under a real rbotd: as a plain user, and as root with and without users."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from arena import FILES, PROCESSES, Arena, each, gone, own_user
from daemon import eventually, session_of
from tries import Try

CASES = list(each())


@pytest.mark.parametrize(("one", "by"), CASES, ids=[f"{one.title}-{by}" for one, by in CASES])
def test_no_try_gets_out(arena: Arena, one: Try, by: str) -> None:
    outcome = arena.found.outcomes.get((one.title, by))
    if outcome is None:
        pytest.skip("this architecture has no such call")
    assert outcome in one.expected(arena.setting)


@pytest.mark.parametrize(
    "one", [one for one, by in CASES if one.told and by == "c"], ids=lambda one: one.title
)
def test_what_rbotd_refuses_is_told_in_the_log(arena: Arena, one: Try) -> None:
    assert arena.found.tells(one), [line for line in arena.found.log if one.name in line]


def test_every_refusal_counts(arena: Arena) -> None:
    told = [one for one, _ in CASES if one.told]
    assert arena.found.after["intruder"]["refused"] >= len(told)
    assert arena.found.after["victim"]["refused"] == 0


@pytest.mark.parametrize(
    ("deed", "outcome"),
    [
        ("write more than it may", "EFBIG"),
        ("signal its own child", "done"),
        ("signal rbotd by a descriptor", "EPERM"),
        ("let go of every lock", "done"),
        ("gain by set-user-id programs", "none"),
        ("run code from memory", "EACCES"),
        ("run code from its state", "EACCES"),
        ("find secrets in its environment", "clean"),
    ],
)
def test_deeds_of_more_than_one_call(arena: Arena, deed: str, outcome: str) -> None:
    assert arena.found.outcomes[deed, "python"] == outcome


def test_memory_tasks_and_descriptors_end_at_their_limits(arena: Arena) -> None:
    outcomes = arena.found.outcomes
    assert outcomes["take more private memory than it may", "python"] in ("MemoryError", "signal 9")
    reason, count = outcomes["open more descriptors than it may", "python"]
    assert reason == "EMFILE" and count < FILES
    for deed in ("fork without end", "start threads without end"):
        outcome = outcomes[deed, "python"]
        assert isinstance(outcome, list), (deed, outcome)
        reason, count = outcome
        if arena.found.layer("processes")["in_force"]:
            assert reason == "EAGAIN" and 0 < count < PROCESSES, (deed, reason, count)


def test_the_layers_in_force_are_those_that_held(arena: Arena) -> None:
    found = arena.found
    held = {
        "privileges": found.outcomes["become root in all ways", "c"] == "EPERM"
        or arena.setting == "root without users",
        "files": found.outcomes["read another strategy's code", "c"] == "EACCES",
        "calls": found.outcomes["mount", "c"] == "EPERM",
        "reports": any(line.startswith("refused: mount") for line in found.log),
        "signals": found.outcomes["signal rbotd", "c"] == "EPERM",
        "session": found.after["intruder"]["pid"] in session_of(found.after["intruder"]["pid"]),
        "environment": found.outcomes["find secrets in its environment", "python"] == "clean",
        "disk": found.outcomes["write more than it may", "python"] == "EFBIG",
        "user": own_user(found.after["intruder"]["pid"])
        not in (own_user(found.after["victim"]["pid"]), own_user(int(found.names["rbotd"]))),
    }
    for name, holds in held.items():
        assert found.layer(name)["in_force"] == holds, (name, found.layer(name))


def test_nobody_else_was_harmed(arena: Arena) -> None:
    """The disk watch has followed no link to a large folder either, or the intruder had been ended."""
    before, after = arena.found.before, arena.found.after
    for name in ("intruder", "victim"):
        assert after[name]["pid"] == before[name]["pid"] and after[name]["state"] == "ready"
    state = Path(arena.found.names["victim_state"])
    assert (state / "secret").read_text() == "it is mine"
    assert os.getpriority(os.PRIO_PROCESS, int(arena.found.names["rbotd"])) < 19


def test_a_second_rbotd_is_refused_after_every_lock_was_let_go(arena: Arena) -> None:
    daemon = arena.daemon
    command = [daemon.programs / "rbotd", "--home", daemon.home]
    command += ["--config", daemon.folder / "rbotd.toml", "--strategies", daemon.strategies]
    second = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        timeout=30,
        **daemon.popen,
    )
    assert second.returncode != 0 and "another rbotd" in second.stdout + second.stderr


def test_a_detached_child_without_a_trace_does_not_outlive_a_stop(arena: Arena) -> None:
    pid = int((Path(arena.found.names["own_state"]) / "detached").read_text())
    assert not gone(pid)
    arena.daemon.call("strategy.stop", {"names": ["intruder"], "wait": True})
    eventually("it is gone", lambda: gone(pid), 15)
