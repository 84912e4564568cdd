"""The main job: strategies that trade, watched, paused, killed and brought back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from daemon import BIN, STRATEGIES, Daemon, alive, eventually
from samples import IDLE, command, python

EXAMPLES = ["momentum_sniper", "grid_bot", "ema_cross", "channel_breakout"]


def examples() -> dict[str, Path]:
    return {name: STRATEGIES / name for name in EXAMPLES}


def fills(daemon: Daemon, strategy: str | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.call("fills", {"strategy": strategy, "limit": 1000})[
        "fills"
    ]
    return found


def test_the_examples_trade_on_paper_and_stop_without_a_trace() -> None:
    with Daemon(examples()) as daemon:
        status = daemon.wait_ready("momentum-sniper", "grid-bot", "ema-cross", "channel-breakout")
        assert status["gateway"]["mode"] == "paper"
        assert status["gateway"]["feed"] == "synthetic"
        names = ["momentum-sniper", "grid-bot", "ema-cross", "channel-breakout"]
        eventually(
            "every example has filled an order", lambda: all(fills(daemon, n) for n in names), 300
        )
        before = len(fills(daemon))
        eventually("fills rise", lambda: len(fills(daemon)) > before, 120)
        home = daemon.home
        assert daemon.stop() == 0
        assert not (home / "run" / "control.sock").exists()
        assert not (home / "run" / "gateway.sock").exists()


def test_a_pause_stops_entries_and_lets_exits_work() -> None:
    code = """
from rbot import Strategy, OrderRefused

class Pausing(Strategy):
    instruments = ["EUR_USD"]
    tried = False

    def on_quote(self, quote):
        pip = self.instrument("EUR_USD").tick * 10
        if not self.positions() and not self.tried:
            self.buy("EUR_USD", 1000, stop_loss=quote.bid - 500 * pip, take_profit=quote.ask + 500 * pip)
            self.log.info("entered")
        elif self.paused and not self.tried:
            self.tried = True
            try:
                self.buy("EUR_USD", 1000, stop_loss=quote.bid - 500 * pip, take_profit=quote.ask + 500 * pip)
                self.log.error("entry was taken")
            except OrderRefused as refusal:
                self.log.info("refused", reason=refusal.reason)
            self.close("EUR_USD")
            self.log.info("closed")
"""
    with Daemon({"pausing": python("pausing", code)}) as daemon:
        daemon.wait_ready()
        eventually("an entry", lambda: fills(daemon, "pausing"))
        done = daemon.ctl("pause", "pausing")
        assert done.returncode == 0, done.stderr
        assert daemon.strategy("pausing")["paused"] is True
        eventually(
            "the exit", lambda: any(item["message"] == "closed" for item in daemon.logs("pausing"))
        )
        said = {item["message"]: item for item in daemon.logs("pausing")}
        assert said["refused"]["fields"]["reason"] == "trading_paused"
        assert "entry was taken" not in said
        assert daemon.call("positions", {"strategy": "pausing"})["positions"] == [] or all(
            item["units"] == "0"
            for item in daemon.call("positions", {"strategy": "pausing"})["positions"]
        )
        assert daemon.ctl("resume", "pausing").returncode == 0
        assert daemon.strategy("pausing")["paused"] is False


def test_a_killed_worker_comes_back() -> None:
    with Daemon({"idle": python("idle", IDLE)}) as daemon:
        daemon.wait_ready()
        first = daemon.strategy("idle")
        os.kill(first["pid"], signal.SIGKILL)

        def back() -> bool:
            now = daemon.strategy("idle")
            return now["state"] == "ready" and now["pid"] != first["pid"]

        eventually("the worker is back", back)
        now = daemon.strategy("idle")
        assert now["generation"] == first["generation"] + 1
        assert now["restarts"] == 1
        assert now["last_exit"]["signal"] in (9, "SIGKILL", "KILL")


def test_a_killed_gateway_comes_back_and_the_workers_live_on() -> None:
    with Daemon(examples()) as daemon:
        before = daemon.wait_ready()
        eventually("fills", lambda: len(fills(daemon)) >= 2, 300)
        gateway = before["gateway"]["pid"]
        os.kill(gateway, signal.SIGKILL)
        known = {item["name"]: item["pid"] for item in before["strategies"]}

        def back() -> bool:
            status = daemon.status()
            return status["gateway"]["state"] == "ready" and status["gateway"]["pid"] != gateway

        eventually("the gateway is back", back)
        after = daemon.status()
        assert {item["name"]: item["pid"] for item in after["strategies"]} == known
        assert after["gateway"]["restarts"] == 1
        count = len(fills(daemon))
        assert count >= 2, "the journal kept the fills"
        eventually("trading goes on", lambda: len(fills(daemon)) > count, 300)
        orders = daemon.call("orders", {"strategy": None, "state": "all", "limit": 1000})["orders"]
        ids = [order["client_order_id"] for order in orders if order["role"] == "entry"]
        assert len(ids) == len(set(ids)), "no order twice"


def test_a_killed_supervisor_takes_all_down_and_a_new_start_resumes() -> None:
    daemon = Daemon({name: python(name, IDLE) for name in ("one", "two", "three")})
    with daemon:
        status = daemon.wait_ready()
        assert daemon.ctl("pause", "two").returncode == 0
        assert daemon.ctl("stop", "three").returncode == 0
        pids = [item["pid"] for item in status["strategies"]] + [status["gateway"]["pid"]]
        daemon.kill()
        eventually("everything is gone", lambda: not any(alive(pid) for pid in pids if pid), 2)
        daemon.start()
        daemon.wait_ready("one")
        eventually("two runs", lambda: daemon.strategy("two")["state"] in ("ready", "paused"))
        assert daemon.strategy("two")["paused"] is True
        assert daemon.strategy("three")["state"] == "stopped"
        assert daemon.strategy("one")["generation"] > 2


def test_logs_are_followed_as_they_come() -> None:
    code = """
import time
def run():
    print("tick")
RUN_EVERY = 0.2
"""
    with Daemon({"ticker": python("ticker", code, trading='instruments = ["EUR_USD"]')}) as daemon:
        daemon.wait_ready()
        follower = subprocess.Popen(
            [str(BIN / "rbotctl"), "--home", str(daemon.home), "logs", "ticker", "-f"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert follower.stdout
        timer = threading.Timer(30, follower.kill)
        timer.start()
        try:
            for _ in range(5):
                while "tick" not in (line := follower.stdout.readline()):
                    assert line, "the follower ended"
            follower.send_signal(signal.SIGINT)
            assert follower.wait(10) == 0
        finally:
            timer.cancel()
            follower.kill()
            follower.wait()
            follower.stdout.close()


def test_any_executable_that_speaks_the_protocol_works() -> None:
    shell = """
exec <&3 >&3
echo '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":[1,1],"sdk":"sh","pid":1}}'
read -r welcome
echo '{"jsonrpc":"2.0","method":"ready","params":{}}'
echo '{"jsonrpc":"2.0","method":"log","params":{"level":"info","message":"hello from sh"}}'
while :; do
  echo '{"jsonrpc":"2.0","method":"heartbeat","params":{"progress":1}}'
  if read -r -t 1 line 2>/dev/null; then case "$line" in *'"stop"'*) exit 0;; esac; fi
done
"""
    with Daemon(
        {"shell": command("shell", ["bash", "worker.sh"], files={"worker.sh": shell})}
    ) as daemon:
        daemon.wait_ready()
        eventually(
            "its log",
            lambda: any("hello from sh" in item["message"] for item in daemon.logs("shell")),
        )
        assert daemon.ctl("stop", "shell").returncode == 0
        assert daemon.strategy("shell")["last_exit"]["code"] == 0


def test_health_and_events_are_served() -> None:
    with Daemon({"grid": STRATEGIES / "grid_bot"}) as daemon:
        status = daemon.wait_ready()
        listen = status["gateway"]["listen"]
        with urllib.request.urlopen(f"http://{listen}/health", timeout=10) as answer:
            health = json.loads(answer.read())
        assert health["ok"] is True
        assert (health["paper"], health["exec"]) == ("true", "false")
        assert health["feed"]["synthetic"] is True
        eventually("a fill", lambda: fills(daemon), 300)
        with urllib.request.urlopen(f"http://{listen}/events?after=0", timeout=30) as stream:
            events = []
            while len(events) < 3:
                line = stream.readline().decode()
                if line.startswith("data:"):
                    events.append(json.loads(line[5:]))
        assert {"source", "type", "payload", "ts"} <= events[0].keys()
        placed = next(item for item in daemon_events(daemon) if item["type"] == "oco_placed")
        expected = {
            "order_id",
            "instrument",
            "side",
            "units",
            "entry",
            "sl",
            "tp",
            "quality",
            "mode",
            "ttl_min",
        }
        assert expected <= placed["payload"].keys()


def daemon_events(daemon: Daemon) -> list[dict[str, Any]]:
    control = daemon.control()
    try:
        return list(control.stream("events", {"follow": False, "after": 0, "limit": 1000}))
    finally:
        control.close()


@pytest.mark.parametrize("verb", ["stop", "restart"])
def test_a_stop_leaves_nothing(verb: str) -> None:
    code = """
import os, signal, subprocess, sys, time
from rbot import Strategy

class Stubborn(Strategy):
    instruments = ["EUR_USD"]

    def on_start(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)"
        same = subprocess.Popen([sys.executable, "-c", child])
        detached = subprocess.Popen([sys.executable, "-c", child], start_new_session=True)
        self.log.info("children", same=str(same.pid), detached=str(detached.pid))

    def on_stop(self, reason):
        time.sleep(1000)
"""
    extra = '[health]\nstop_timeout = "1s"\n'
    with Daemon({"stubborn": python("stubborn", code, extra=extra)}) as daemon:
        daemon.wait_ready()
        said = eventually(
            "its children",
            lambda: [i for i in daemon.logs("stubborn") if i["message"] == "children"],
        )[0]
        pids = [
            daemon.strategy("stubborn")["pid"],
            int(said["fields"]["same"]),
            int(said["fields"]["detached"]),
        ]
        assert all(alive(pid) for pid in pids)
        done = daemon.ctl(verb, "stubborn")
        assert done.returncode == 0, done.stdout + done.stderr
        assert not any(alive(pid) for pid in pids)
        if verb == "stop":
            assert daemon.strategy("stubborn")["last_exit"]["signal"] in (9, "SIGKILL", "KILL")
