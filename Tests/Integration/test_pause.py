"""A pause is shown when it is in force, and not before."""

from __future__ import annotations

import os
import signal
from typing import Any

from daemon import Daemon, eventually
from samples import IDLE, python


def command(daemon: Daemon, method: str, **params: Any) -> dict[str, Any]:
    (result,) = daemon.call(f"strategy.{method}", {"names": ["idle"], **params})["results"]
    found: dict[str, Any] = result
    return found


def test_a_pause_that_the_gateway_does_not_take_is_not_shown_and_is_tried_again() -> None:
    with Daemon({"idle": python("idle", IDLE)}, config="heartbeat = '30s'\n") as daemon:
        gateway = daemon.wait_ready("idle")["gateway"]["pid"]
        os.kill(gateway, signal.SIGSTOP)
        result = command(daemon, "pause")
        assert (result["ok"], result["reason"], result["state"]) == (
            False,
            "gateway_refused",
            "ready",
        )
        idle = daemon.strategy("idle")
        assert (idle["state"], idle["paused"], idle["pausing"]) == ("ready", False, "pause")
        assert "the pause is not in force" in idle["reason"]
        assert "not in force" in daemon.ctl("status").stdout
        os.kill(gateway, signal.SIGCONT)
        eventually("it is paused", lambda: daemon.strategy("idle")["state"] == "paused")
        idle = daemon.strategy("idle")
        assert (idle["paused"], idle["pausing"], idle["reason"]) == (True, None, None)
        assert daemon.strategy("idle")["generation"] == 1


def test_a_pause_while_the_gateway_is_down_is_in_force_before_it_admits_an_order() -> None:
    with Daemon({"idle": python("idle", IDLE)}) as daemon:
        gateway = daemon.wait_ready("idle")["gateway"]["pid"]
        os.kill(gateway, signal.SIGKILL)
        assert command(daemon, "pause")["ok"]
        assert daemon.strategy("idle")["state"] == "paused"
        eventually("another gateway", lambda: daemon.status()["gateway"]["state"] == "ready")
        summaries = daemon.call("summary")["strategies"]
        (summary,) = [item for item in summaries if item["strategy"] == "idle"]
        assert (summary["strategy"], summary["paused"]) == ("idle", True)


def test_that_a_strategy_was_frozen_is_told_after_a_new_start_of_rbotd() -> None:
    for end in (Daemon.stop, Daemon.kill):
        with Daemon({"idle": python("idle", IDLE)}) as daemon:
            daemon.wait_ready("idle")
            assert command(daemon, "pause", freeze=True)["ok"]
            assert daemon.strategy("idle")["frozen"]
            end(daemon)
            daemon.start()
            eventually("it runs, paused", lambda: daemon.strategy("idle")["state"] == "paused")
            idle = daemon.strategy("idle")
            assert not idle["frozen"] and "it was frozen" in idle["reason"]
            assert command(daemon, "resume")["ok"]
            assert daemon.strategy("idle")["reason"] is None
