"""What a strategy holds of memory and disk beside what a single process or a folder shows."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from daemon import Daemon, eventually
from workers import control_s, good, latencies, restart, state, worker

ONCE = '[restart]\npolicy = "never"\n'


@pytest.mark.parametrize("steps", [["share:160"], ["holder:60", "holder:60"]])
def test_memory_counts_for_all_processes_together_and_what_they_share(steps: list[str]) -> None:
    extra = ONCE + '[limits]\nmemory = "100MB"\n'
    greedy = worker("greedy", "hello", "ready", *steps, "serve", extra=extra)
    with Daemon({"greedy": greedy, "other": good("other", extra)}) as daemon:
        reason = state(daemon, "greedy", "failed")["reason"]
        assert "of memory, its limit is 100 MB (limits.memory)" in reason, reason
        assert not daemon.family("greedy"), "its children are gone as well"
        other = state(daemon, "other", "ready")
        assert other["restarts"] == 0


def test_files_that_are_deleted_and_open_count_against_the_disk() -> None:
    extra = ONCE + '[limits]\ndisk = "4MB"\n'
    steps = ["deleted:3", "deleted:3", "serve"]
    greedy = worker("greedy", "hello", "ready", *steps, extra=extra)
    with Daemon({"greedy": greedy}) as daemon:
        reason = state(daemon, "greedy", "failed", seconds=30)["reason"]
        assert "limits.disk allows 4 MB" in reason, reason


def test_who_holds_too_much_of_the_disk_is_not_started_until_there_is_less() -> None:
    extra = restart(first="100ms", last="1s") + '[limits]\ndisk = "4MB"\n'
    greedy = worker("greedy", "hello", "ready", "fill:1", "serve", extra=extra)
    with Daemon({"greedy": greedy}) as daemon:
        folder = daemon.home / "state" / "greedy"
        state(daemon, "greedy", "ready")
        (folder / "other").write_bytes(bytes(4 << 20))
        eventually("it is ended", lambda: not daemon.family("greedy"), 30)
        eventually("it is not started", lambda: daemon.strategy("greedy")["restarts"] >= 3)
        item = state(daemon, "greedy", "backoff")
        assert "limits.disk allows 4 MB" in item["reason"], item
        assert not daemon.family("greedy"), "nothing of it has run meanwhile"
        (folder / "other").unlink()
        state(daemon, "greedy", "ready")


def test_a_disk_that_is_nearly_full_is_told_before_it_is(small_disk: Path) -> None:
    """Case 23: with the strategy that holds most, and once more when there is room again."""
    daemon = Daemon({"one": good("one"), "big": worker("big", "hello", "ready", "fill:1", "serve")})
    daemon.home = small_disk / "home"
    with daemon:
        state(daemon, "one", "ready")
        state(daemon, "big", "ready")

        def warnings() -> list[str]:
            return [item["message"] for item in daemon.status()["warnings"]]

        assert not any("are free on the disk" in text for text in warnings())
        filler = small_disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(65_536))
        with filler.open("r+b") as file:
            file.truncate(filler.stat().st_size - (2 << 20))
        with latencies(daemon) as waits:
            eventually("it is told", lambda: any("are free" in text for text in warnings()), 30)
        assert max(waits) < control_s()
        told = next(text for text in warnings() if "are free" in text)
        assert "of the strategies big holds most" in told, told
        assert any("are free" in item["message"] for item in daemon.logs("rbotd"))
        filler.unlink()
        eventually("it is over", lambda: not any("are free" in text for text in warnings()), 30)
