"""What strategies print: all of it is taken, none of it harms."""

from __future__ import annotations

import time

from daemon import Daemon, eventually
from workers import control_s, good, latencies, memory_bytes, said, state, worker


def test_a_flood_of_output_is_bounded_and_delays_nobody() -> None:
    """Case 24."""
    flood = worker(
        "flood", "hello", "ready", "flood:400", "serve", extra='[limits]\noutput = "1MB/s"\n'
    )
    steady = good("steady", '[health]\nheartbeat = "500ms"\n')
    with Daemon({"flood": flood, "steady": steady}) as daemon:
        before = state(daemon, "steady", "ready")
        pid = state(daemon, "flood", "ready")["pid"]
        assert daemon.process
        most = 0
        with latencies(daemon) as waits:

            def ended() -> object:
                nonlocal most
                # Looking takes time from what is measured, so not all the while.
                time.sleep(1)
                assert daemon.process
                most = max(most, memory_bytes(daemon.process.pid))
                return [i for i in daemon.logs("flood", lines=200) if "flooded in" in i["message"]]

            line = eventually("400 MB are out", ended, 90)[0]["message"]
        print(f"{line}, at most {most >> 20} MB, slowest status {max(waits):.3f} s")
        assert most < 200 << 20
        assert max(waits) < control_s(), f"the slowest answer took {max(waits):.2f} s"
        flood_now, steady_now = daemon.strategy("flood"), daemon.strategy("steady")
        assert flood_now["pid"] == pid and flood_now["dropped_logs"] > 3_000_000
        assert (steady_now["pid"], steady_now["restarts"]) == (before["pid"], 0)
        said(daemon, "flood", "lines dropped")


def test_what_is_no_text_is_split_and_escaped() -> None:
    """Case 25."""
    odd = worker(
        "odd", "hello", "ready", "odd-lines:10", "serve", extra='[limits]\noutput = "100MB/s"\n'
    )
    with Daemon({"odd": odd}) as daemon:
        state(daemon, "odd", "ready")
        # The lines before it are 10 MB: asking for them again and again takes longer than storing them.
        said(daemon, "odd", "over end", 60, lines=20)
        daemon.call("strategy.stop", {"names": ["odd"]})
        said(daemon, "odd", "last without its feed", lines=20)
        lines = [i["message"] for i in daemon.logs("odd") if i["stream"] == "stdout"]
        long = [line for line in lines if line.startswith("LLLL")]
        assert sum(len(line) for line in long) == 10 << 20, "nothing of the long line is lost"
        assert all(len(line) <= 8192 for line in long)
        assert lines[len(long) :] == [
            "nul \\x00 end",
            "bad \\xff\\xc3( end",
            "\\x1b[31mred\\x1b[0m end",
            "\\xe2\\x80\\xaeturned end",
            "bell \\x07 back \\x08 end",
            "carriage\\x0d over end",
            "last without its feed",
        ]
