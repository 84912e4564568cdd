"""A callback that hangs is seen, although the heartbeats go on."""

from __future__ import annotations

from daemon import Daemon, eventually
from samples import python

HANGS = """
import threading
from rbot import Strategy


class Hangs(Strategy):
    instruments = ["EUR_USD"]

    def on_quote(self, quote):
        threading.Event().wait()
"""
LONG = """
import time
def run():
    time.sleep(600)
"""
HEALTH = """
[health]
heartbeat = "200ms"
{more}
[restart]
policy = "never"
"""


def test_a_callback_that_hangs_is_shown_and_then_ends_the_strategy() -> None:
    extra = HEALTH.format(more='callback_timeout = "4s"')
    with Daemon({"hangs": python("hangs", HANGS, extra)}) as daemon:
        daemon.wait_ready("hangs")
        busy = eventually("it is busy", lambda: daemon.strategy("hangs")["busy"])
        assert busy["callback"] == "on_quote" and busy["ms"] > 200
        hangs = daemon.strategy("hangs")
        assert hangs["state"] == "ready" and "on_quote has been running for" in hangs["reason"]
        assert "on_quote has been running for" in daemon.ctl("status").stdout
        eventually("it has failed", lambda: daemon.strategy("hangs")["state"] == "failed")
        (run,) = daemon.call("runs", {"name": "hangs"})["runs"]
        assert run["reason"].startswith("on_quote has been running for 4 s, and health.callback")
        assert run["signal"] == 9 and run["expected"] is False


def test_time_in_which_a_strategy_was_frozen_does_not_count() -> None:
    extra = HEALTH.format(more='callback_timeout = "3s"')
    with Daemon({"hangs": python("hangs", HANGS, extra)}) as daemon:
        daemon.wait_ready("hangs")
        eventually("it is busy", lambda: daemon.strategy("hangs")["busy"])
        daemon.call("strategy.pause", {"names": ["hangs"], "freeze": True})
        frozen = daemon.strategy("hangs")
        assert frozen["frozen"] and frozen["busy"] is None
        lines = len(daemon.logs("hangs"))
        eventually(
            "longer than it may run",
            lambda: daemon.strategy("hangs")["heartbeat_age_ms"] > 4_000,
        )
        daemon.call("strategy.resume", {"names": ["hangs"]})
        beat = eventually("it beats again", lambda: daemon.strategy("hangs")["busy"])
        assert beat["ms"] < 3_000 and len(daemon.logs("hangs")) < lines + 5
        eventually("then it is ended", lambda: daemon.strategy("hangs")["state"] == "failed")


def test_a_run_without_callbacks_may_take_its_time_unless_its_manifest_says_otherwise() -> None:
    strategies = {
        "free": python("free", LONG, HEALTH.format(more="")),
        "bound": python("bound", LONG, HEALTH.format(more='callback_timeout = "2s"')),
    }
    with Daemon(strategies) as daemon:
        daemon.wait_ready("free")
        eventually("the bound one fails", lambda: daemon.strategy("bound")["state"] == "failed")
        free = daemon.strategy("free")
        assert free["state"] == "ready" and free["busy"]["callback"] == "run"
        assert free["reason"] == f"run has been running for {free['busy']['ms'] // 1000} s"
