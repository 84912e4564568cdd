"""rbotd is killed: nothing outlives it for long, and the next one brings back exactly what ran."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3

from daemon import Daemon, alive, eventually
from workers import command, gone, good, recorded, started, state, worker


def test_a_killed_supervisor_takes_its_workers_along_and_brings_each_back_once() -> None:
    """Case 16."""
    deaf = worker("deaf", "ignore-term", "hello", "ready", "deaf")
    strategies = {name: good(name) for name in ("one", "two", "resting", "over")}
    with Daemon({**strategies, "deaf": deaf}) as daemon:
        before = daemon.wait_ready("one", "two", "resting", "over", "deaf")
        command(daemon, "pause", "resting")
        command(daemon, "stop", "over")
        pids = [item["pid"] for item in before["strategies"]] + [before["gateway"]["pid"]]
        # At once: an answer means that it is on the disk.
        daemon.kill()
        eventually("everyone is gone", lambda: gone(*pids) and not daemon.family(), 2)
        daemon.start()
        daemon.wait_ready("one", "two", "deaf")
        state(daemon, "resting", "paused")
        assert state(daemon, "over", "stopped")["pid"] is None
        for name in ("one", "two", "resting", "deaf"):
            now = daemon.strategy(name)
            assert daemon.family(name) == {now["pid"]}
            # None that the killed one gave out may come again.
            assert now["generation"] > 2


def test_who_was_spawned_and_never_recorded_is_swept_at_the_next_start() -> None:
    """Case 17: the commit is held back by a lock on the database, and rbotd dies before it."""
    stray = worker("stray", "detach", "hello", "ready", "serve")
    manifest = str(stray["strategy.toml"]).replace("after", "enabled = false\nafter")
    with Daemon({"stray": {**stray, "strategy.toml": manifest}}) as daemon:
        state(daemon, "stray", "stopped")
        with contextlib.closing(
            sqlite3.connect(daemon.home / "supervisor.sqlite", isolation_level=None)
        ) as lock:
            lock.execute("BEGIN IMMEDIATE")
            command(daemon, "start", "stray")
            left = started(daemon, "stray", "detached")[0]
            leader = daemon.strategy("stray")["pid"]
            daemon.kill()
            eventually("the leader is gone with rbotd", lambda: gone(leader), 2)
            lock.execute("ROLLBACK")
            assert daemon.runs("stray") == [], "the commit never came"
        assert alive(left), "it left the session, and its parent had ended"
        daemon.start()
        state(daemon, "stray", "stopped", "ready")
        assert gone(left), "swept before anything was started"
        command(daemon, "start", "stray")
        now = state(daemon, "stray", "ready")
        assert {now["pid"]} <= daemon.family("stray")
        assert daemon.family("stray") == {now["pid"], recorded(daemon, "stray")["detached"][-1]}


def test_a_second_rbotd_is_refused_with_the_holders_pid() -> None:
    """Case 18."""
    with Daemon({"one": good("one")}) as daemon:
        before = state(daemon, "one", "ready")
        holder = daemon.process
        assert holder
        second = Daemon()
        shutil.rmtree(second.folder)
        second.folder, second.home, second.strategies = (
            daemon.folder,
            daemon.home,
            daemon.strategies,
        )
        second.output = daemon.folder / "second"
        second.start()
        assert second.process
        assert second.process.wait(20) == 1
        said = second.said()
        assert f"another rbotd (pid {holder.pid}) holds" in said and "rbotd.lock" in said, said
        after = daemon.strategy("one")
        assert (after["state"], after["pid"]) == ("ready", before["pid"])


def test_a_stopped_rbotd_goes_on_where_it_was() -> None:
    """The workers beat on meanwhile, and what they said waits in their channels."""
    extra = '[health]\nheartbeat = "1s"\n'
    with Daemon({"one": good("one", extra), "two": good("two", extra)}) as daemon:
        before = daemon.wait_ready("one", "two")
        pids = [item["pid"] for item in before["strategies"]] + [before["gateway"]["pid"]]
        assert daemon.process
        os.kill(daemon.process.pid, signal.SIGSTOP)
        try:
            # Longer than a beat, shorter than the three that a worker may miss.
            eventually("time has passed", after(1.5), 5)
            assert all(alive(pid) for pid in pids)
        finally:
            os.kill(daemon.process.pid, signal.SIGCONT)
        daemon.wait_ready("one", "two")
        now = daemon.status()
        assert [item["restarts"] for item in now["strategies"]] == [0, 0]
        assert [item["pid"] for item in now["strategies"]] == pids[:2]


def after(seconds: float):  # type: ignore[no-untyped-def]
    """A condition that comes true once that much time has passed."""
    import time

    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end
