"""Both peers of a strategy, played by the test: the supervisor on fd 3 and the gateway's socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable

ROOT = Path(__file__).resolve().parents[2]
STRATEGIES = ROOT / "strategies"
TIMEOUT_S = 15.0

Message = dict[str, Any]

INSTRUMENTS = [
    ("EUR_USD", "EUR", "USD", 5, 0, "1"),
    ("GBP_USD", "GBP", "USD", 5, 0, "1"),
    ("USD_JPY", "USD", "JPY", 3, 0, "1"),
    ("BTC-USD", "BTC", "USD", 2, 8, "0.00000001"),
    ("ETH-USD", "ETH", "USD", 2, 8, "0.00000001"),
]
KEYS = ("name", "base", "quote", "price_decimals", "units_decimals", "min_units")


class Peer:
    """One end of a stream: keeps every message, and lets a test wait for the one it wants."""

    def __init__(self, sock: socket.socket, answer: Callable[[Peer, Message], None]) -> None:
        self.sock = sock
        self.messages: list[Message] = []
        self.closed = False
        self._answer = answer
        self._changed = threading.Condition()
        self._write = threading.Lock()
        self._number = 1000
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self) -> Peer:
        self._thread.start()
        return self

    def send_raw(self, data: bytes) -> None:
        with self._write:
            try:
                self.sock.sendall(data)
            except OSError:
                pass

    def send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":"))
        self.send_raw(body.encode() + b"\n")

    def notify(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def reply(self, request: Message, result: Any) -> None:
        self.send({"id": request["id"], "result": result})

    def refuse(self, request: Message, reason: str, text: str = "no", code: int = -32000) -> None:
        error = {"code": code, "message": text, "data": {"reason": reason}}
        self.send({"id": request["id"], "error": error})

    def wait(self, method: str, count: int = 1, timeout_s: float = TIMEOUT_S) -> Message:
        """The ``count``-th message of that method, once it has arrived."""
        return self.wait_for(lambda: self.of(method)[count - 1 : count], timeout_s, method)[0]

    def wait_for(
        self, check: Callable[[], Any], timeout_s: float = TIMEOUT_S, what: str = ""
    ) -> Any:
        """What ``check`` gives as soon as that is true; it is asked after each message."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while True:
                found = check()
                if found:
                    return found
                left = deadline - time.monotonic()
                if left <= 0 or (self.closed and not check()):
                    raise AssertionError(
                        f"waited in vain for {what or check}; last: {self.messages[-5:]}"
                    )
                self._changed.wait(left)

    def of(self, method: str) -> list[Message]:
        return [one for one in self.messages if one.get("method") == method]

    def poke(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(TIMEOUT_S)
        self.sock.close()

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                data = self.sock.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                message = json.loads(line)
                self._answer(self, message)
                with self._changed:
                    self.messages.append(message)
                    self._changed.notify_all()
        with self._changed:
            self.closed = True
            self._changed.notify_all()


class FakeSupervisor:
    """Answers hello; everything else is kept for the test to look at."""

    def __init__(self, name: str = "test", **hello: Any) -> None:
        ours, self.theirs = socket.socketpair()
        self.hello = {
            "protocol": 1,
            "strategy": name,
            "generation": 3,
            "paused": False,
            "params": {},
            "heartbeat_ms": 5000,
            "gateway": {"up": True},
            "slot": None,
            "limits": {"message_bytes": 1048576, "nesting": 64},
            **hello,
        }
        self.peer = Peer(ours, self._answer)

    def _answer(self, peer: Peer, message: Message) -> None:
        if message.get("method") == "hello":
            peer.reply(message, self.hello)

    def logs(self, level: str | None = None) -> list[str]:
        found = [one["params"] for one in self.peer.of("log")]
        return [one["message"] for one in found if level in (None, one["level"])]


Handler = Callable[[Peer, Message], Any]


class FakeGateway:
    """Listens on a Unix socket; each method is answered by a handler that a test may replace.

    A handler gives the result, or None when it has answered (or will not answer) itself.
    """

    def __init__(self, path: Path, *, ack: bool = False, **hello: Any) -> None:
        self.path = path
        self.ack = ack
        self.hello = {
            "protocol": 1,
            "strategy": "test",
            "generation": 3,
            "mode": "paper",
            "feed": {"kind": "replay", "spec": "x", "synthetic": False, "lockstep": ack},
            "brokers": ["paper"],
            "trading": {"paused": False, "reason": None},
            "instruments": [dict(zip(KEYS, one)) for one in INSTRUMENTS],
            "limits": {"message_bytes": 1048576, "nesting": 64},
            **hello,
        }
        self.handlers: dict[str, Handler] = {
            "hello": lambda peer, message: self.hello,
            "quotes.subscribe": self._subscribe,
            "quote.latest": lambda peer, message: peer.refuse(message, "no_quote"),
            "orders": lambda peer, message: {"orders": []},
            "positions": lambda peer, message: {"positions": []},
            "order.place": lambda peer, message: {
                "order": order(message["params"]),
                "duplicate": False,
            },
        }
        self.on_ack: Callable[[Peer, int], None] = lambda peer, seq: None
        self.peers: list[Peer] = []
        self._changed = threading.Condition()
        self._listener: socket.socket | None = None
        self.seq = 0
        self.listen()

    def listen(self) -> None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen()
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            peer = Peer(sock, self._answer)
            with self._changed:
                self.peers.append(peer)
                self._changed.notify_all()
            peer.start()

    def peer(self, count: int = 1) -> Peer:
        """The ``count``-th connection, once it was made."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.peers) >= count, TIMEOUT_S):
                raise AssertionError(f"connection {count} was never made")
            return self.peers[count - 1]

    def _subscribe(self, peer: Peer, message: Message) -> Message:
        params = message["params"]
        delivery = "every" if self.ack else params.get("delivery", "latest")
        return {
            "instruments": params["instruments"],
            "delivery": delivery,
            "ack": self.ack,
            "window": 1,
            "candles": params.get("candles", []),
        }

    def _answer(self, peer: Peer, message: Message) -> None:
        if "id" not in message:
            if message.get("method") == "quotes.ack":
                self.on_ack(peer, message["params"]["seq"])
            return
        handler = self.handlers.get(message.get("method", ""))
        if handler is None:
            peer.refuse(message, "", f"unknown method {message.get('method')}", -32601)
            return
        result = handler(peer, message)
        if result is not None:
            peer.reply(message, result)

    def quote(self, peer: Peer, instrument: str = "EUR_USD", **more: Any) -> int:
        """Send the next quote; gives its seq."""
        self.seq += 1
        peer.notify("quote", quote(self.seq, instrument, **more))
        return self.seq

    def stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
            self.path.unlink()

    def close(self) -> None:
        self.stop_listening()
        for peer in self.peers:
            peer.close()


def quote(
    seq: int, instrument: str = "EUR_USD", bid: str = "1.38694", ask: str = "1.38705"
) -> Message:
    minute, second = divmod(seq, 60)
    hour, minute = divmod(minute, 60)
    moment = f"2014-05-02T{hour % 24:02}:{minute:02}:{second:02}.277000Z"
    return {"seq": seq, "instrument": instrument, "bid": bid, "ask": ask, "time": moment}


def order(params: Message, **more: Any) -> Message:
    moment = "2014-05-02T00:00:00.277000Z"
    made = {
        "order_id": "paper-1",
        "client_order_id": params.get("client_order_id", "external"),
        "strategy": "test",
        "generation": 3,
        "broker": "paper",
        "instrument": params.get("instrument", "EUR_USD"),
        "side": params.get("side", "buy"),
        "type": params.get("type", "market"),
        "role": "entry",
        "units": params.get("units", "1000"),
        "filled_units": params.get("units", "1000"),
        "price": params.get("price"),
        "average_price": "1.38705",
        "stop_loss": params.get("stop_loss"),
        "take_profit": params.get("take_profit"),
        "time_in_force": "fok",
        "reduce_only": params.get("reduce_only", False),
        "quality": None,
        "state": "filled",
        "reason": None,
        "mode": "paper",
        "trade_id": 1,
        "tag": params.get("tag"),
        "created": moment,
        "updated": moment,
        "expires": None,
    }
    return {**made, **more}


def fill(**more: Any) -> Message:
    return {
        "fill_id": 1,
        "order_id": "paper-1",
        "trade_id": 1,
        "strategy": "test",
        "instrument": "EUR_USD",
        "side": "buy",
        "units": "1000",
        "price": "1.38705",
        "fee": "0",
        "realised": "0",
        "role": "entry",
        "seq": 17,
        "time": "2014-05-02T00:00:00.277000Z",
        **more,
    }


class Worker:
    """A strategy's process between the two fakes."""

    def __init__(
        self, command: list[str], folder: Path, supervisor: FakeSupervisor, gateway: FakeGateway
    ) -> None:
        self.supervisor = supervisor
        self.gateway = gateway
        fd = supervisor.theirs.fileno()
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONPATH": str(STRATEGIES),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "RBOT_SUPERVISOR_FD": str(fd),
            "RBOT_GATEWAY_SOCKET": str(gateway.path),
            "RBOT_TOKEN": "a-token",
            "RBOT_STRATEGY": str(supervisor.hello["strategy"]),
            "RBOT_GENERATION": str(supervisor.hello["generation"]),
            "RBOT_STATE_DIR": str(folder),
        }
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            pass_fds=[fd],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        supervisor.theirs.close()
        supervisor.peer.start()

    def stop(self) -> int:
        """Ask it to stop and wait until it has; its exit status."""
        self.supervisor.peer.notify("stop", {"deadline_ms": 10000, "reason": "test"})
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(TIMEOUT_S)

    def output(self) -> tuple[str, str]:
        return self.process.communicate(timeout=TIMEOUT_S)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=TIMEOUT_S)
        self.supervisor.peer.close()
        self.gateway.close()


PYTHON = os.environ.get("RBOT_TEST_PYTHON", sys.executable)
