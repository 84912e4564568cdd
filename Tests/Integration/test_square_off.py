"""Squaring a strategy off: the gateway closes what it holds, whoever is killed meanwhile.

The test is the gateway's supervisor and its worker, so that it can kill either at any step.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon import BIN, eventually

TOKEN = "t" * 32
NAME = "bot"


class Peer:
    """One end of a JSON lines connection: requests one at a time, notifications are kept."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.end.settimeout(20)
        self.lines = end.makefile("rb")
        self.next = 0
        self.notified: list[dict[str, Any]] = []

    def read(self) -> dict[str, Any]:
        line = self.lines.readline()
        if not line:
            raise ConnectionError("closed")
        message: dict[str, Any] = json.loads(line)
        return message

    def send(self, message: dict[str, Any]) -> None:
        self.end.sendall(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def call(self, method: str, **params: Any) -> Any:
        """The result, or the reason of the refusal."""
        self.next += 1
        self.send({"id": self.next, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") != self.next or "method" in message:
                self.notified.append(message)
            elif "error" in message:
                return message["error"]["data"]["reason"]
            else:
                return message["result"]

    def close(self) -> None:
        self.lines.close()
        self.end.close()


class Gateway:
    """A gateway whose supervisor is this test."""

    def __init__(self, home: Path, feed: str) -> None:
        self.home = home
        self.feed = feed
        self.generation = 1
        (home / "rbotd.toml").write_text('[gateway]\nlisten = "127.0.0.1:0"\n')

    def start(self, workers: bool = True, held: bool = False) -> Gateway:
        ours, its = socket.socketpair()
        self.process = subprocess.Popen(
            [
                str(BIN / "rbot-gateway"),
                *("--home", str(self.home), "--config", str(self.home / "rbotd.toml")),
                *("--feed", self.feed),
            ],
            pass_fds=[its.fileno()],
            env={**os.environ, "RBOT_SUPERVISOR_FD": str(its.fileno())},
        )
        its.close()
        self.link = Peer(ours)
        hello = self.link.read()
        assert hello["method"] == "hello"
        known = [self.worker()] if workers else []
        result = {"protocol": 1, "heartbeat_ms": 5000, "hold_feed": held, "workers": known}
        self.link.send({"id": hello["id"], "result": result})
        while self.link.read().get("method") != "ready":
            pass
        return self

    def worker(self) -> dict[str, Any]:
        return {
            "strategy": NAME,
            "generation": self.generation,
            "pid": os.getpid(),
            "uid": os.getuid(),
            "token_hash": hashlib.sha256(TOKEN.encode()).hexdigest(),
            "paused": False,
            "capabilities": {"mode": "paper", "brokers": ["paper"], "on_exit": "keep"},
        }

    def trader(self) -> Peer:
        end = socket.socket(socket.AF_UNIX)
        end.connect(str(self.home / "gateway.sock"))
        peer = Peer(end)
        assert "protocol" in peer.call("hello", protocol=[1, 1], token=TOKEN, sdk="test", pid=1)
        return peer

    def positions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.link.call("positions")["positions"]
        return found

    def square_off(self) -> Any:
        return self.link.call("strategy.square_off", strategy=NAME, reason="the window closed")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.link.close()

    def events(self, kind: str) -> list[dict[str, Any]]:
        found = self.link.call("events", after=0, limit=1000)["events"]
        return [item for item in found if item["type"] == kind]


ENTRY = {"instrument": "EUR_USD", "side": "buy", "type": "market", "units": "1000"}
ENTRY |= {"stop_loss": "0.5", "take_profit": "2"}


def entered(trader: Peer) -> None:
    """Waits for the first quote and buys."""
    placed = eventually(
        "a quote",
        lambda: answer if (answer := trader.call("order.place", **ENTRY)) != "no_quote" else None,
    )
    assert placed["order"]["state"] == "filled", placed


@pytest.fixture
def home(tmp_path: Path) -> Path:
    # A socket's path is short.
    folder = Path("/tmp") / f"rbsq{os.getpid()}-{tmp_path.name[-4:]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextlib.contextmanager
def running(home: Path, feed: str) -> Iterator[Gateway]:
    gateway = Gateway(home, feed)
    try:
        yield gateway
    finally:
        gateway.kill()
        subprocess.run(["rm", "-rf", home], check=True)


def test_a_position_is_closed_and_entries_are_refused_until_a_later_generation(home: Path) -> None:
    with running(home, "synthetic:1") as gateway:
        gateway.start()
        trader = gateway.trader()
        entered(trader)
        far = {**ENTRY, "type": "limit", "price": "0.9", "stop_loss": "0.8"}
        assert trader.call("order.place", **far)["order"]["state"] == "accepted"

        done = {"closed": 1, "left": 0, "waits_for": None}
        assert gateway.square_off() == done
        assert gateway.positions() == []
        assert trader.call("orders", state="open")["orders"] == []
        closing = [
            order
            for order in trader.call("orders", state="all")["orders"]
            if order["role"] == "close"
        ]
        assert len(closing) == 1
        assert closing[0]["reduce_only"]
        assert closing[0]["reason"] == "square_off"
        assert trader.call("order.place", **ENTRY) == "squared_off"
        assert gateway.square_off() == done, "asked again it does nothing twice"
        assert len(gateway.events("squared_off")) == 1

        gateway.kill()
        gateway.start()
        assert gateway.square_off() == done, "a restart forgets nothing"
        trader = gateway.trader()
        assert trader.call("order.place", **ENTRY) == "squared_off"

        gateway.link.call(
            "worker.gone", strategy=NAME, generation=gateway.generation, policy="keep"
        )
        gateway.generation += 1
        gateway.link.call("worker.started", **gateway.worker())
        entered(gateway.trader())
        assert len(gateway.positions()) == 1


def recording(home: Path) -> str:
    """A feed that is held until it is told to begin, and lasts."""
    lines = ["ts_ms,instrument,bid,ask"]
    lines += [f"{1_504_396_800_000 + step},EUR_USD,1.1,1.1001" for step in range(0, 400_000, 10)]
    (home / "quotes.csv").write_text("\n".join(lines) + "\n")
    return f"replay:{home}/quotes.csv@1"


@pytest.mark.parametrize("way", ["square_off", "flatten"])
def test_what_waits_for_a_quote_is_closed_by_a_gateway_that_was_killed_since(
    home: Path, way: str
) -> None:
    with running(home, recording(home)) as gateway:
        gateway.start()
        entered(gateway.trader())
        gateway.kill()

        # No worker any more, and no quote: the feed is held.
        gateway.start(workers=False, held=True)
        if way == "square_off":
            asked = gateway.square_off()
            assert (asked["closed"], asked["left"]) == (0, 1)
            assert "no quote of EUR_USD" in asked["waits_for"]
        else:
            gone = gateway.link.call("worker.gone", strategy=NAME, generation=1, policy="flatten")
            assert gone == {}
        assert len(gateway.positions()) == 1
        gateway.kill()

        gateway.start(workers=False, held=True)
        assert len(gateway.positions()) == 1
        gateway.link.call("feed.start")
        eventually("the position is closed", lambda: not gateway.positions())
        if way == "square_off":
            assert gateway.square_off() == {"closed": 1, "left": 0, "waits_for": None}
            assert [item["payload"]["closed"] for item in gateway.events("squared_off")] == [1]
