"""Strategies that depend on each other, freezing, and the ways out of a failure, with real processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from daemon import Daemon, eventually

IDLE = """
from rbot import Strategy


class Idle(Strategy):
    instruments = ["EUR_USD"]

    def on_quote(self, quote):
        pass
"""


def idle(name: str, more: str = "") -> dict[str, str]:
    return {"strategy.toml": manifest(name, more), "strategy.py": IDLE}


def manifest(name: str, more: str = "") -> str:
    return f'name = "{name}"\nrun = "strategy.py"\n{more}\n'


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def result(daemon: Daemon, method: str, name: str, **params: Any) -> dict[str, Any]:
    answer: dict[str, Any] = daemon.call(f"strategy.{method}", {"names": [name], **params})
    found: dict[str, Any] = answer["results"][0]
    return found


def settled(daemon: Daemon, name: str, wanted: str) -> dict[str, Any]:
    found: dict[str, Any] = eventually(
        f"{name} {wanted}",
        lambda: (item := daemon.strategy(name))["state"] == wanted and item,
    )
    return found


def test_one_that_requires_another_stops_and_comes_back_with_it() -> None:
    with Daemon(
        {"data": idle("data"), "desk": idle("desk", 'requires = ["data"]')},
    ) as daemon:
        before = {item["name"]: item for item in daemon.wait_ready("data", "desk")["strategies"]}
        os.kill(before["data"]["pid"], signal.SIGKILL)
        eventually(
            "both anew",
            lambda: all(
                (item := daemon.strategy(name))["state"] == "ready"
                and item["generation"] > before[name]["generation"]
                for name in before
            ),
        )
        assert result(daemon, "stop", "data")["state"] == "stopped"
        waiting = settled(daemon, "desk", "waiting")
        assert waiting["waiting_for"] == ["data (stopped)"]
        assert waiting["wanted"] and not daemon.strategy("data")["wanted"]
        # A start pulls in what it requires.
        assert result(daemon, "start", "desk")["state"] == "ready"
        assert daemon.strategy("data")["state"] == "ready"


def test_all_are_stopped_in_the_reverse_order_of_their_dependencies() -> None:
    with Daemon(
        {
            "data": idle("data"),
            "signals": idle("signals", 'requires = ["data"]'),
            "desk": idle("desk", 'after = ["gateway", "signals"]'),
        },
    ) as daemon:
        daemon.wait_ready("data", "signals", "desk")
        answer = daemon.call("strategy.stop", {"all": True})
        assert [item["state"] for item in answer["results"]] == ["stopped"] * 3
        ends = [
            (item["id"], item["strategy"])
            for item in daemon.logs("data", "signals", "desk")
            if item["stream"] == "supervisor" and item["message"].endswith("→ stopped")
        ]
        assert [name for _, name in sorted(ends)] == ["desk", "signals", "data"]


def test_the_loss_of_the_gateway_ends_only_who_requires_it() -> None:
    with Daemon(
        {"lives": idle("lives"), "needs": idle("needs", 'requires = ["gateway"]')},
    ) as daemon:
        before = {item["name"]: item for item in daemon.wait_ready("lives", "needs")["strategies"]}
        os.kill(daemon.status()["gateway"]["pid"], signal.SIGKILL)
        eventually(
            "the other one anew",
            lambda: (
                (item := daemon.strategy("needs"))["state"] == "ready" and item["generation"] == 2
            ),
        )
        assert daemon.strategy("lives")["pid"] == before["lives"]["pid"]


def test_a_freeze_stops_the_processes_and_every_way_out_of_it_works() -> None:
    with Daemon({"desk": idle("desk", '[health]\nheartbeat = "200ms"')}) as daemon:
        daemon.wait_ready("desk")
        pid = daemon.strategy("desk")["pid"]
        assert "frozen" in result(daemon, "pause", "desk", freeze=True)["message"]
        eventually("stopped by the kernel", lambda: state(pid) == "T")
        frozen = daemon.strategy("desk")
        assert (frozen["state"], frozen["frozen"]) == ("paused", True)
        # Longer than three heartbeats: time itself is what is waited for here.
        eventually(
            "a second without a heartbeat",
            lambda: daemon.strategy("desk").get("heartbeat_age_ms", 0) > 1_000,
        )
        assert daemon.strategy("desk")["pid"] == pid
        assert result(daemon, "resume", "desk")["state"] == "ready"
        eventually("running", lambda: state(pid) != "T")
        result(daemon, "pause", "desk", freeze=True)
        restarted = result(daemon, "restart", "desk")
        assert restarted["state"] == "paused" and "paused" in restarted["message"]
        assert daemon.strategy("desk")["frozen"] is False
        result(daemon, "pause", "desk", freeze=True)
        assert result(daemon, "stop", "desk")["message"] == "stopped: exited with code 0 (stop)"
        assert result(daemon, "start", "desk")["state"] == "paused"
        result(daemon, "pause", "desk", freeze=True)


def test_a_freeze_works_without_a_gateway() -> None:
    with Daemon({"desk": idle("desk")}) as daemon:
        daemon.wait_ready("desk")
        pid = daemon.strategy("desk")["pid"]
        gateway = daemon.status()["gateway"]["pid"]
        os.kill(gateway, signal.SIGSTOP)
        try:
            control = daemon.control()
            request = control.send("strategy.pause", {"names": ["desk"], "freeze": True})
            os.kill(gateway, signal.SIGKILL)
            while (message := control.read()).get("id") != request:
                pass
            assert message["result"]["results"][0]["ok"]
            control.close()
            eventually("stopped by the kernel", lambda: state(pid) == "T")
        finally:
            daemon.call("strategy.resume", {"names": ["desk"]})


def test_who_says_that_he_cannot_run_fails_at_once_with_his_last_line() -> None:
    shell = 'command = ["sh", "-c", "echo strategy.json is missing >&2; exit 78"]\n'
    with Daemon(
        {
            "config": {"strategy.toml": 'name = "config"\n' + shell},
            "syntax": {"strategy.toml": manifest("syntax"), "strategy.py": "import not_there\n"},
            "desk": idle("desk"),
        }
    ) as daemon:
        daemon.wait_ready("desk")
        config = settled(daemon, "config", "failed")
        assert config["generation"] == 1 and "strategy.json is missing" in config["reason"]
        assert config["reason"].endswith("after mending it: rbotctl start config")
        syntax = settled(daemon, "syntax", "failed")
        assert syntax["generation"] == 1 and "not_there" in syntax["reason"]
        assert result(daemon, "reset", "syntax")["state"] == "stopped"
        assert result(daemon, "reset", "desk")["reason"] == "not_failed"
        assert daemon.strategy("desk")["state"] == "ready"
