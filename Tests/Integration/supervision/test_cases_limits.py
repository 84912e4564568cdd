"""Something has run out: processes, descriptors, the disk."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon import Daemon, Refused, eventually
from workers import (
    command,
    control_s,
    descriptors,
    good,
    latencies,
    memory_bytes,
    restart,
    said,
    state,
    timed,
    worker,
    zombies,
)

# Nobody's: the limit on processes counts all of a user's, and root is not held to it.
USER = 61_999


def test_a_thousand_restarts_leave_nothing_behind() -> None:
    """Case 21: no descriptor, memory or zombie is left."""
    extra = restart(policy="always", first="1ms", last="5ms", bursts=10_000)
    names = [f"crash-{number}" for number in range(10)]
    with Daemon(
        {name: worker(name, "hello", "ready", "exit:1", extra=extra) for name in names}
    ) as daemon:

        def restarts() -> int:
            return sum(item["restarts"] for item in daemon.status()["strategies"])

        # What is allocated once has been by then.
        eventually("it is warm", lambda: restarts() > 300, 60)
        assert daemon.process
        pid = daemon.process.pid
        command(daemon, "stop", *names)
        before = (descriptors(pid), memory_bytes(pid))
        command(daemon, "start", *names)
        eventually("a thousand restarts", lambda: restarts() > 1000, 90)
        command(daemon, "stop", *names)
        eventually("no zombie", lambda: not zombies(pid), 5)
        eventually("no descriptor more", lambda: descriptors(pid) <= before[0], 5)
        assert memory_bytes(pid) < before[1] + (24 << 20), "not 20 KiB for each of them"
        assert daemon.family() == daemon.family("gateway")


@contextlib.contextmanager
def no_processes(pid: int) -> Iterator[None]:
    """As long as it lasts, the process cannot fork: EAGAIN."""
    # Who sets it must have the very same user and group.
    same = f"setpriv --reuid={USER} --regid={USER} --clear-groups " if os.getuid() == 0 else ""

    def limit(soft: str) -> None:
        subprocess.run(f"{same}prlimit --pid={pid} --nproc={soft}:".split(), check=True)

    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    before = next(line for line in lines if line.startswith("Max processes")).split()[2]
    limit("0")
    try:
        yield
    finally:
        limit(before)


def plain(daemon: Daemon) -> Daemon:
    """Lets rbotd run as a plain user, where we are root."""
    if os.getuid() == 0:
        daemon.folder.chmod(0o755)
        daemon.home.mkdir()
        os.chown(daemon.home, USER, USER)
        daemon.popen = {"user": USER, "group": USER, "extra_groups": []}
        runs = subprocess.run(
            [
                "setpriv",
                f"--reuid={USER}",
                f"--regid={USER}",
                "--clear-groups",
                "test",
                "-x",
                "/proc/self/cwd",
            ]
        )
        if runs.returncode != 0:
            pytest.skip("the programs lie where a plain user may not go")
    return daemon


def test_a_fork_that_fails_is_tried_again_later_and_leaks_nothing() -> None:
    """Case 21: EAGAIN."""
    extra = restart(first="100ms", last="300ms")
    with plain(Daemon({"one": good("one", extra), "other": good("other")})) as daemon:
        state(daemon, "one", "ready")
        state(daemon, "other", "ready")
        command(daemon, "stop", "one")
        assert daemon.process
        pid = daemon.process.pid
        before = descriptors(pid)
        with no_processes(pid), latencies(daemon) as waits:
            result = command(daemon, "start", "one")[0]
            if result["ok"]:
                # The launcher that stood by has become it, and there is no other.
                command(daemon, "stop", "one")
                result = command(daemon, "start", "one")[0]
            assert (result["ok"], result["reason"]) == (False, "failed")
            assert "temporarily unavailable" in result["message"], result
            # Long enough for libdispatch to give up the idle threads that it had, were it asked for any.
            eventually("it is tried again", lambda: daemon.strategy("one")["restarts"] >= 25, 30)
            assert timed(lambda: daemon.logs("other")) < control_s()
            assert timed(lambda: daemon.call("runs", {"name": "other"})) < control_s()
            assert timed(lambda: daemon.call("reload")) < control_s()
            assert daemon.strategy("other")["state"] == "ready"
            # A handful for the spawn and the request that are on their way just now.
            assert descriptors(pid) < before + 10
        assert max(waits) < control_s(), f"the slowest answer took {max(waits):.2f} s"
        state(daemon, "one", "ready")
        command(daemon, "stop", "one")
        eventually("no descriptor more", lambda: descriptors(pid) <= before, 5)
        assert not zombies(pid)


# What else is open just then differs from run to run, so one number alone may happen to leave enough.
@pytest.mark.parametrize("limit", [96, 101, 106, 111, 116, 121])
def test_control_survives_when_descriptors_run_out(limit: int) -> None:
    """Case 22."""

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    extra = restart(first="300ms", last="1s")
    names = [f"w-{number}" for number in range(30)]
    with Daemon({name: good(name, extra) for name in names}, popen={"preexec_fn": few}) as daemon:

        def states(*wanted: str) -> list[str]:
            found = daemon.status()["strategies"]
            return [item["name"] for item in found if item["state"] in wanted]

        eventually("some run and some cannot", lambda: states("ready") and states("backoff"))
        for _ in range(10):
            assert timed(daemon.status) < control_s(), "a new connection is answered"

        def reasons() -> list[str]:
            found = daemon.status()["strategies"]
            return [item["reason"] for item in found if item["state"] == "backoff"]

        reason = eventually("one waits to be tried again", reasons)[0]
        assert "descriptors" in reason or "open files" in reason, reason
        running = states("ready")
        assert all(result["ok"] for result in command(daemon, "stop", *running))
        others = [name for name in names if name not in running]
        eventually("the others take their places", lambda: set(states("ready")) & set(others))
        assert daemon.process and daemon.process.poll() is None
        assert "it has ended already" not in daemon.said(), "who asks was looked at"


def test_who_finds_no_descriptor_for_himself_is_told_so() -> None:
    """Case 22: control clients may not take what rbotd itself needs."""

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))

    with Daemon({"one": good("one")}, popen={"preexec_fn": few}) as daemon:
        state(daemon, "one", "ready", "backoff")
        first = daemon.control()
        clients = [first]
        with contextlib.ExitStack() as stack:
            stack.callback(lambda: [client.close() for client in clients])
            with pytest.raises(Refused) as refusal:
                for _ in range(64):
                    clients.append(daemon.control())
            assert refusal.value.reason == "out_of_descriptors", refusal.value
            assert timed(lambda: first.call("status")) < control_s(), "the others are served"
            clients.pop().close()
        eventually("there is room again", lambda: daemon.status())


def test_a_worker_that_takes_all_its_descriptors_harms_only_itself() -> None:
    greedy = worker(
        "greedy", "hello", "ready", "descriptors", "serve", extra="[limits]\nfiles = 64\n"
    )
    with Daemon({"greedy": greedy, "other": good("other")}) as daemon:
        state(daemon, "other", "ready")
        line = said(daemon, "greedy", "took ")["message"]
        assert int(line.split()[1]) < 64 and "Too many open files" in line
        assert state(daemon, "greedy", "ready")["restarts"] == 0
        assert timed(lambda: command(daemon, "stop", "greedy")) < 8


def test_a_full_disk_blocks_nobody_and_its_losses_are_counted(small_disk: Path) -> None:
    """Case 23."""
    # More than the 16 MB that may wait for the disk.
    limit = '[limits]\noutput = "50MB/s"\n'
    chatty = worker("chatty", "hello", "ready", "await:gate", "flood:40", "serve", extra=limit)
    daemon = Daemon({"chatty": chatty, "other": good("other")})
    daemon.home = small_disk / "home"
    with daemon:
        pid = state(daemon, "chatty", "ready")["pid"]
        state(daemon, "other", "ready")
        filler = small_disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        (daemon.strategies / "chatty" / "gate").touch()

        def lost() -> int:
            return int(daemon.status()["supervisor"]["records"]["lost"])

        with latencies(daemon) as waits:
            eventually("the loss is counted", lambda: lost() > 0, 60)
            # It goes on, restarts and stops, although none of it can be recorded.
            assert timed(lambda: command(daemon, "restart", "other")) < 8
        assert max(waits) < control_s(), f"the slowest answer took {max(waits):.2f} s"
        said(daemon, "chatty", "flooded in", 60)
        assert daemon.strategy("chatty")["pid"] == pid, "it was never blocked for long"
        assert "full" in daemon.said() or "No space" in daemon.said(), daemon.said()
        written = daemon.status()["supervisor"]["records"]["written"]
        filler.unlink()

        def recovered() -> bool:
            command(daemon, "restart", "other")
            return bool(daemon.status()["supervisor"]["records"]["written"] > written)

        eventually("records are written again", recovered, 40)
        generation = daemon.strategy("other")["generation"]

        def is_recorded() -> bool:
            # While rbotd carries its log over into the file, a reader may have to wait.
            with contextlib.suppress(sqlite3.OperationalError):
                return any(run["generation"] >= generation for run in daemon.runs("other"))
            return False

        eventually("so is the state", is_recorded, 30)
        eventually(
            "the gateway is back", lambda: daemon.status()["gateway"]["state"] == "ready", 30
        )
        with contextlib.closing(sqlite3.connect(daemon.home / "supervisor.sqlite")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    shutil.rmtree(daemon.home, ignore_errors=True)
