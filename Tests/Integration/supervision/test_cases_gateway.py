"""The gateway dies or hangs while orders are on their way."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from typing import Any

import pytest
from daemon import Daemon, eventually
from samples import python
from workers import control_s, state, timed

# Places limit orders far from the market as fast as it can. Each is written to its own record before it is sent
# and when the answer is there; one without an answer is sent again under the same id.
TRADER = """
import os
from rbot import GatewayDown, OrderRefused, OrderUnknown, Strategy

FOLDER = os.environ["RBOT_STATE_DIR"]

class Trader(Strategy):
    instruments = ["EUR_USD"]
    number = 0
    finished = False

    def on_start(self):
        self.record = open(os.path.join(FOLDER, "record"), "a", buffering=1)

    def on_quote(self, quote):
        for _ in range(10):
            if self.finished:
                return
            if os.path.exists(os.path.join(FOLDER, "enough")):
                self.finished = True
                self.record.write("finished -\\n")
                return
            self.one(quote)

    def one(self, quote):
        self.number += 1
        name = f"{self.name}.{self.generation}.{self.number}"
        pip = self.instrument("EUR_USD").tick * 10
        price = quote.bid - 900 * pip
        self.record.write(f"sent {name}\\n")
        while True:
            try:
                self.place("EUR_USD", "buy", 1000, type="limit", price=price, stop_loss=price - 90 * pip,
                           take_profit=price + 90 * pip, client_order_id=name)
                self.record.write(f"taken {name}\\n")
                return
            except OrderRefused as refusal:
                self.record.write(f"refused {name} {refusal.reason}\\n")
                return
            except OrderUnknown:
                self.record.write(f"unknown {name}\\n")
            except GatewayDown:
                self.record.write(f"down {name}\\n")
                return
"""

RISK = "[risk]\nmax_open_orders = 100000\n[paper]\nbalance = '100000000'\n"
NAMES = ("alpha", "beta", "gamma")


def journal(daemon: Daemon) -> list[dict[str, Any]]:
    """Every order that the gateway has."""
    found: list[dict[str, Any]] = []
    request: dict[str, Any] = {"strategy": None, "state": "all", "limit": 1000}
    while True:
        page = daemon.call("orders", request)
        found += page["orders"]
        if not page.get("more"):
            return found
        request["before"] = page["before"]


def records(daemon: Daemon, name: str) -> list[list[str]]:
    path = daemon.home / "state" / name / "record"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def taken(daemon: Daemon, name: str) -> int:
    return sum(1 for words in records(daemon, name) if words[0] == "taken")


def pause_gateway(daemon: Daemon) -> None:
    pid = daemon.status()["gateway"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            assert timed(daemon.status) < control_s(), (
                "status waits half a second for the gateway and no longer"
            )
    finally:
        os.kill(pid, signal.SIGCONT)


def kill_gateway(daemon: Daemon) -> None:
    pid = daemon.status()["gateway"]["pid"]
    os.kill(pid, signal.SIGKILL)

    def back() -> bool:
        gateway = daemon.status()["gateway"]
        return gateway["state"] == "ready" and gateway["pid"] != pid

    eventually("the gateway is back", back, 40)


@pytest.mark.parametrize(("harm", "times"), [(kill_gateway, 3), (pause_gateway, 1)])
def test_no_order_is_lost_or_doubled_when_the_gateway_fails(harm: Any, times: int) -> None:
    """Case 33."""
    with Daemon({name: python(name, TRADER) for name in NAMES}, config=RISK) as daemon:
        daemon.wait_ready(*NAMES)
        pids = {name: daemon.strategy(name)["pid"] for name in NAMES}
        for _ in range(times):
            before = {name: taken(daemon, name) for name in NAMES}
            eventually(
                "all of them trade",
                lambda b=before: all(taken(daemon, n) > b[n] + 5 for n in NAMES),
                40,
            )
            harm(daemon)
        before = {name: taken(daemon, name) for name in NAMES}
        eventually(
            "they trade on", lambda: all(taken(daemon, n) > before[n] + 5 for n in NAMES), 40
        )
        for name in NAMES:
            (daemon.home / "state" / name / "enough").touch()
        eventually(
            "they have finished",
            lambda: all(["finished", "-"] in records(daemon, n) for n in NAMES),
            40,
        )
        assert {name: state(daemon, name, "ready")["pid"] for name in NAMES} == pids, (
            "the workers live on"
        )
        found = Counter(
            order["client_order_id"] for order in journal(daemon) if order["role"] == "entry"
        )
        doubled = [name for name, count in found.items() if count > 1]
        assert not doubled
        sent, confirmed, denied = set(), set(), set()
        for name in NAMES:
            for words in records(daemon, name):
                {"sent": sent, "taken": confirmed, "refused": denied, "down": denied}.get(
                    words[0], set()
                ).add(words[1])
        assert confirmed <= set(found), "every order that was confirmed is in the journal"
        assert set(found) <= sent, "and nothing else is"
        assert set(found) - confirmed <= denied, "nor one that a strategy does not know of"
