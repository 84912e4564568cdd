"""Clocks that jump, and a core that hangs."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon import Daemon, eventually
from workers import built, good, limits, restart, state, worker


@pytest.mark.parametrize("hours", [1, -1])
def test_a_jump_of_the_wall_clock_changes_no_timeout(hours: int, tmp_path: Path) -> None:
    """Case 26."""
    shift = tmp_path / "shift"
    shift.write_text("0\n")
    shim = built("clock", "-shared", "-fPIC")
    crash = worker("crash", "exit:5", extra=restart(first="1500ms", bursts=50))
    late = worker("late", "hang", extra=limits(start_timeout="1500ms") + restart(first="60s"))
    steady = good("steady", '[health]\nheartbeat = "400ms"\n')
    environment = {"LD_PRELOAD": str(shim), "CLOCK_SHIFT_FILE": str(shift)}
    with Daemon({"crash": crash, "steady": steady}, environment=environment) as daemon:
        before = state(daemon, "steady", "ready")
        generation = state(daemon, "crash", "backoff")["generation"]
        daemon.add("late", late)
        began = time.monotonic()
        daemon.call("reload")
        shift.write_text(f"{hours * 3600}\n")
        state(daemon, "late", "backoff")
        took = time.monotonic() - began
        assert 1.3 < took < 30, "neither at once nor an hour later"
        eventually("the next try", lambda: daemon.strategy("crash")["generation"] > generation, 6)
        again = daemon.strategy("crash")
        assert again["generation"] <= generation + 2, (
            "the backoff did not end at once, over and over"
        )
        after = daemon.strategy("steady")
        assert (after["pid"], after["restarts"]) == (before["pid"], 0)
        # The jump was real: the records bear the new time.
        last = eventually(
            "its end", lambda: [r["ended_ns"] for r in daemon.runs("late") if r["ended_ns"]]
        )[0]
        assert abs(last / 1e9 - time.time() - hours * 3600) < 60


def notifications(channel: socket.socket) -> list[str]:
    """What has arrived until now."""
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(channel.recv(4096).decode())
    return found


@contextlib.contextmanager
def hung(pid: int, thread: str) -> Iterator[None]:
    """Stops one thread of a process and leaves the others alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    attach, detach, any_thread = 16, 17, 0x40000000
    found = [
        int(task.name)
        for task in Path(f"/proc/{pid}/task").iterdir()
        if (task / "comm").read_text().startswith(thread)
    ]
    assert found, [(t / "comm").read_text() for t in Path(f"/proc/{pid}/task").iterdir()]
    for tid in found:
        if libc.ptrace(attach, tid, None, None) != 0:
            pytest.skip(f"no ptrace here: {os.strerror(ctypes.get_errno())}")
        os.waitpid(tid, any_thread)
    try:
        yield
    finally:
        for tid in found:
            libc.ptrace(detach, tid, None, None)


def test_a_core_that_hangs_sends_no_watchdog_pings() -> None:
    """Case 32."""
    path = f"@rbot-test-{os.getpid()}-{time.monotonic_ns()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind("\0" + path[1:])
        channel.setblocking(False)
        environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "600000"}
        with Daemon({"one": good("one")}, environment=environment) as daemon:
            state(daemon, "one", "ready")
            assert daemon.process
            pid = daemon.process.pid

            def pinged() -> bool:
                return any("WATCHDOG=1" in text for text in notifications(channel))

            for _ in range(3):
                eventually("a ping", pinged, 3)
            with hung(pid, "NIO"):
                notifications(channel)
                # Nothing tells of what does not come: three intervals of silence.
                time.sleep(2)
                assert not pinged(), "a hung core must not look alive"
            eventually("pings again", pinged, 3)
            os.kill(pid, signal.SIGSTOP)
            notifications(channel)
            time.sleep(1)
            assert not pinged()
            os.kill(pid, signal.SIGCONT)
            eventually("pings again", pinged, 3)
            assert daemon.strategy("one")["state"] == "ready"
