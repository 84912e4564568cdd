"""Stopped means that nothing is left, whatever the strategy does about it."""

from __future__ import annotations

from pathlib import Path

from daemon import Daemon, alive, eventually, slowness
from workers import (
    HeldDisk,
    command,
    control_s,
    gone,
    good,
    latencies,
    limits,
    restart,
    said,
    started,
    state,
    timed,
    worker,
)

ONE_SECOND = limits(stop_timeout="1s")


def test_a_worker_that_ignores_sigterm_is_killed_at_the_deadline() -> None:
    """Case 1."""
    deaf = worker("deaf", "ignore-term", "hello", "ready", "deaf", extra=ONE_SECOND)
    with Daemon({"deaf": deaf}) as daemon:
        pid = state(daemon, "deaf", "ready")["pid"]
        took = timed(lambda: command(daemon, "stop", "deaf"))
        assert gone(pid)
        assert 0.9 <= took < 8, "neither before the deadline nor as late as by default"
        after = daemon.strategy("deaf")
        assert (after["state"], after["last_exit"]["signal"]) == ("stopped", 9)
        assert "killed at the deadline of 1 s" in after["last_exit"]["reason"]
        run = eventually(
            "the record", lambda: daemon.runs("deaf")[0]["ended_ns"] and daemon.runs("deaf")
        )[0]
        assert (run["signal"], run["exit_code"]) == (9, None)


def test_a_child_of_the_group_does_not_survive_its_leader() -> None:
    """Case 2."""
    steps = ("child", "hello", "ready", "serve")
    with Daemon({"parent": worker("parent", *steps)}) as daemon:
        state(daemon, "parent", "ready")
        child = started(daemon, "parent", "child")[0]
        assert alive(child)
        took = timed(lambda: command(daemon, "stop", "parent"))
        assert gone(child), "it was gone by the time that the stop was answered"
        assert took < 8, "the leader went at once, so nobody waits for the deadline of 10 s"
        assert daemon.family("parent") == set()


def test_whom_the_kernel_does_not_end_is_told_and_nobody_is_started_in_his_place(
    held_disk: HeldDisk,
) -> None:
    """One that waits for a disk that does not answer: not even SIGKILL reaches it."""
    file = held_disk.folder / "file"
    extra = ONE_SECOND + f'[sandbox]\nwrite = ["{held_disk.folder}"]\n'
    steps = ("hello", "ready", f"append:{file}")
    writer = worker("writer", *steps, extra=extra)
    with Daemon({"writer": writer, "other": worker("other", "hello", "ready", "serve")}) as daemon:
        state(daemon, "other", "ready")
        pid = state(daemon, "writer", "ready")["pid"]
        eventually("it has written", file.exists)
        held_disk.hold(True)
        try:
            waits = Path(f"/proc/{pid}/stat")
            eventually("it is held", lambda: waits.read_text().rsplit(")", 1)[1].split()[0] == "D")
            command(daemon, "restart", "writer", wait=False)
            said(daemon, "writer", f"the kernel does not end its processes {pid}", 60)
            with latencies(daemon) as answers:
                assert command(daemon, "restart", "other")[0]["ok"]
            assert max(answers) < control_s()
            assert state(daemon, "writer", "stopping")["pid"] == pid
            assert daemon.family("writer") == {pid}, "none has been started in its place"
        finally:
            held_disk.hold(False)
        eventually("it is gone", lambda: gone(pid))
        assert state(daemon, "writer", "ready", seconds=60)["pid"] != pid


def test_a_double_fork_and_a_session_of_its_own_do_not_hide_anyone() -> None:
    """Case 3."""
    steps = ("detach", "bare-detach", "detach", "hello", "ready", "serve")
    with Daemon({"hider": worker("hider", *steps)}) as daemon:
        state(daemon, "hider", "ready")
        hidden = started(daemon, "hider", "detached", 2) + started(daemon, "hider", "bare")
        assert all(alive(pid) for pid in hidden)
        command(daemon, "stop", "hider")
        assert gone(*hidden)
        assert daemon.family("hider") == set()


def test_those_who_hide_do_not_survive_a_crash_either() -> None:
    """Case 3: also where the leader ends by itself."""
    steps = ("fail-once:7", "detach", "bare-detach", "hello", "ready", "serve:300", "exit:7")
    crasher = worker("crasher", *steps, extra=restart(policy="never"))
    with Daemon({"crasher": crasher}) as daemon:
        state(daemon, "crasher", "failed")
        command(daemon, "start", "crasher")
        hidden = started(daemon, "crasher", "detached") + started(daemon, "crasher", "bare")
        state(daemon, "crasher", "failed")
        assert gone(*hidden)


def test_a_detached_grandchild_that_holds_stdout_does_not_delay_a_stop() -> None:
    """Case 4."""
    steps = ("detach", "hello", "ready", "print:here", "serve")
    with Daemon({"holder": worker("holder", *steps, extra=limits(stop_timeout="30s"))}) as daemon:
        state(daemon, "holder", "ready")
        held = started(daemon, "holder", "detached")[0]
        said(daemon, "holder", "here")
        assert timed(lambda: command(daemon, "stop", "holder")) < 15
        assert gone(held)
        assert daemon.strategy("holder")["state"] == "stopped"


def test_control_answers_while_a_fork_bomb_runs() -> None:
    """Case 5."""
    extra = ONE_SECOND + "[limits]\nprocesses = 150\n"
    bomb = worker("bomb", "hello", "ready", "bomb:100", "serve", extra=extra)
    with Daemon({"bomb": bomb, "other": worker("other", "hello", "ready", "serve")}) as daemon:
        state(daemon, "other", "ready")
        eventually("a crowd", lambda: len(daemon.family("bomb")) > 50)
        with latencies(daemon) as waits:
            for _ in range(3):
                assert timed(lambda: command(daemon, "restart", "other")) < 8 * slowness()
            assert len(daemon.family("bomb")) > 20, "it still went off meanwhile"
            result = command(daemon, "stop", "bomb")[0]
            assert result["ok"], result
            assert daemon.family("bomb") == set(), "not one of the crowd is left"
        assert max(waits) < control_s(), f"the slowest answer took {max(waits):.2f} s"
        assert daemon.strategy("other")["state"] == "ready"


def test_ready_after_a_stop_was_asked_for_changes_nothing() -> None:
    """Case 8."""
    ready = 'deaf:{"jsonrpc":"2.0","method":"ready","params":{}}'
    late = worker(
        "late", "ignore-term", "hello", "print:it has said hello", ready, extra=ONE_SECOND
    )
    with Daemon({"late": late}) as daemon:
        state(daemon, "late", "starting")
        said(daemon, "late", "it has said hello")
        result = command(daemon, "stop", "late")[0]
        assert (result["ok"], result["state"]) == (True, "stopped")
        steps = [item["message"] for item in daemon.logs("late") if "→" in item["message"]]
        assert not [step for step in steps if step.endswith(("→ ready", "→ paused"))], steps
        assert daemon.strategy("late")["state"] == "stopped"


def test_a_stop_during_the_backoff_leaves_it_stopped() -> None:
    """Case 10."""
    extra = restart(first="700ms", last="700ms")
    names = ["crash", "witness"]
    with Daemon({name: worker(name, "exit:3", extra=extra) for name in names}) as daemon:
        before = state(daemon, "crash", "backoff")
        assert command(daemon, "stop", "crash")[0]["ok"]
        # One with the same backoff that nobody stops tells when it would have come, twice over.
        passed = daemon.strategy("witness")["restarts"] + 3
        eventually("time passes", lambda: daemon.strategy("witness")["restarts"] >= passed)
        after = daemon.strategy("crash")
        assert (after["state"], after["generation"]) == ("stopped", before["generation"])
        assert daemon.family("crash") == set()


def test_a_stop_wins_over_a_restart_on_its_way() -> None:
    """Case 12."""
    slow = worker("slow", "ignore-term", "hello", "ready", "deaf", extra=ONE_SECOND)
    with Daemon({"slow": slow, "witness": good("witness")}) as daemon:
        before = state(daemon, "slow", "ready")
        state(daemon, "witness", "ready")
        first, second = daemon.control(), daemon.control()
        restarting = first.send("strategy.restart", {"names": ["slow"], "wait": True})
        eventually("it is being stopped", lambda: daemon.strategy("slow")["state"] == "stopping")
        assert second.call("strategy.stop", {"names": ["slow"]})["results"][0]["ok"]
        answer = first.read()
        assert answer["id"] == restarting
        result = answer["result"]["results"][0]
        assert (result["ok"], result["reason"]) == (False, "superseded")
        # A restart that was not given up would come at once, and before a whole other one.
        assert command(daemon, "restart", "witness")[0]["ok"]
        after = daemon.strategy("slow")
        assert (after["state"], after["generation"]) == ("stopped", before["generation"])
        assert daemon.family("slow") == set()
        for control in (first, second):
            control.close()
