"""The connection to the gateway: requests with replies, market data, and reconnecting."""

from __future__ import annotations

import os
import select
import socket
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, Callable

from . import wire
from .errors import GatewayDown, ProtocolError, RequestFailed, SetupError
from .loop import Loop
from .model import Instrument, Quote

REPLY_TIMEOUT_S = 10.0
SEND_TIMEOUT_S = 5.0
HELLO_TIMEOUT_S = 5.0
BACKOFF_FIRST_S = 0.05
BACKOFF_LAST_S = 1.0
QUOTES_QUEUED = 128
"""With ``latest`` delivery, a longer queue is thinned to the latest quote of each instrument."""

_MARKET = frozenset({"quote", "candle", "feed"})
_EVENTS = frozenset({"order", "fill", "trading"})


class ReplyLost(Exception):
    """A request was sent, and no reply came in time."""


class Gateway:
    """One connection, made anew whenever it breaks. Used by the strategy's thread alone."""

    def __init__(
        self, loop: Loop, path: str, token: str, report: Callable[[str, str], None]
    ) -> None:
        self._loop = loop
        self._path = path
        self._token = token
        self._report = report
        self._reported = ""
        self._socket: socket.socket | None = None
        self._lines = wire.LineBuffer()
        self._number = 0
        self._waiting: set[int] = set()
        self._replies: dict[int, dict[str, Any]] = {}
        self._backoff_s = BACKOFF_FIRST_S
        self._next_attempt = 0.0
        self._subscription: dict[str, Any] | None = None
        self._every = False
        self.up = False
        """True while requests can be made."""
        self.epoch = 0
        """Rises with every connection that ended."""
        self.ack = False
        """True when the feed waits for ``quotes.ack``."""
        self.hello: dict[str, Any] = {}
        """The gateway's answer to hello."""
        self.instruments: dict[str, Instrument] = {}
        self.events: deque[tuple[str, dict[str, Any]]] = deque()
        """Orders, fills and changes of the connection, in their order."""
        self.market: deque[tuple[str, dict[str, Any]]] = deque()
        """Quotes, candles and the feed's state, in their order."""
        self.latest: dict[str, Quote] = {}
        """The last quote of each instrument that the strategy has seen."""
        self.order_calls = 0
        """Rises with each request that may change an order."""
        self.thinned = 0
        self.ignored = 0
        self.latency_ms = 0.0
        """How long the last reply took."""

    def request(
        self,
        method: str,
        params: Mapping[str, Any],
        timeout_s: float = REPLY_TIMEOUT_S,
        again: bool = True,
    ) -> dict[str, Any]:
        """Ask, and wait for the answer; what else arrives meanwhile is kept for later.

        When the connection breaks, the same request is sent again over the next one where
        ``again`` says that this is safe: reads are, orders and closes carry a
        ``client_order_id``; a change that was done already is refused the second time.
        Raises :class:`GatewayDown`, :class:`RequestFailed`, or :class:`ReplyLost`.
        """
        if not self.up:
            raise GatewayDown("the gateway is down: nothing was sent")
        started = time.monotonic()
        deadline = started + timeout_s
        while True:
            if self.up:
                reply = self._exchange(method, params, deadline)
                if reply is not None:
                    self.latency_ms = (time.monotonic() - started) * 1000
                    return _result(reply)
                if not again:
                    raise ReplyLost(f"the connection broke before the reply to {method}")
            now = time.monotonic()
            if now >= deadline or (self._loop.stopping and not self.up):
                raise ReplyLost(f"no reply to {method} within {timeout_s:g} s")
            if not self.up:
                self._loop.poll(min(self.retry_in_s, deadline - now))
                self.tend()

    def notify(self, line: bytes) -> None:
        """Send a notification (an encoded line); lost when the connection is down."""
        if self._socket is not None:
            self._send(line)

    def subscribe(self, instruments: list[str], candles: list[str], delivery: str | None) -> None:
        """Ask for quotes and candles; asked again by itself after each reconnect."""
        params: dict[str, Any] = {"instruments": instruments}
        if candles:
            params["candles"] = candles
        if delivery:
            params["delivery"] = delivery
        try:
            self._subscribed(self.request("quotes.subscribe", params))
        except ReplyLost as lost:
            raise GatewayDown(str(lost)) from None
        self._subscription = params

    @property
    def subscribed(self) -> list[str]:
        """The instruments that quotes were asked for."""
        return list(self._subscription["instruments"]) if self._subscription else []

    @property
    def retry_in_s(self) -> float:
        """How long until the next attempt to connect."""
        return max(0.0, self._next_attempt - time.monotonic())

    def hurry(self) -> None:
        """Try to connect at the next occasion: the supervisor says that the gateway is up."""
        self._next_attempt = 0.0
        self._backoff_s = BACKOFF_FIRST_S

    def tend(self) -> None:
        """Connect if there is no connection and an attempt is due."""
        if not self.up and time.monotonic() >= self._next_attempt:
            self._connect()

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._loop.remove(self._socket.fileno())
            self._socket.close()
            self._socket = None
        self.up = False

    def _connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(1.0)
            sock.connect(self._path)
        except OSError as error:
            sock.close()
            self._lost(f"cannot reach the gateway: {error.strerror or error}")
            return
        sock.setblocking(False)
        self._socket = sock
        self._lines = wire.LineBuffer()
        self._loop.add(sock.fileno(), self._readable)
        deadline = time.monotonic() + HELLO_TIMEOUT_S
        versions = [wire.PROTOCOL, wire.PROTOCOL]
        params = {"protocol": versions, "token": self._token, "sdk": wire.SDK, "pid": os.getpid()}
        try:
            reply = self._exchange("hello", params, deadline)
            if reply is None:
                self._lost("the gateway did not answer hello")
                return
            self._greeted(_result(reply))
            if self._subscription:
                reply = self._exchange("quotes.subscribe", self._subscription, deadline)
                if reply is None:
                    self._lost("the gateway did not answer the subscription")
                    return
                self._subscribed(_result(reply))
        except RequestFailed as error:
            if error.code == wire.NO_COMMON_VERSION:
                raise SetupError(f"the gateway speaks another protocol: {error}") from None
            self._lost(f"the gateway refused: {error}")
            return
        except (ProtocolError, KeyError, TypeError, ValueError) as error:
            self._lost(f"the gateway's answer is not understood: {error}")
            return
        self.up = True
        self._backoff_s = BACKOFF_FIRST_S
        self._reported = ""
        self.events.append(("gateway", {"up": True}))

    def _greeted(self, hello: dict[str, Any]) -> None:
        self.hello = hello
        instruments = [Instrument.from_wire(data) for data in hello.get("instruments", [])]
        self.instruments = {one.name: one for one in instruments}

    def _subscribed(self, result: dict[str, Any]) -> None:
        self.ack = bool(result.get("ack"))
        self._every = result.get("delivery") == "every"

    def _exchange(
        self, method: str, params: Mapping[str, Any], deadline: float
    ) -> dict[str, Any] | None:
        """The reply, or None when the connection broke or the deadline passed."""
        self._number += 1
        number = self._number
        epoch = self.epoch
        line = wire.request(number, method, params)
        self._waiting.add(number)
        try:
            self._send(line)
            while number not in self._replies:
                left = deadline - time.monotonic()
                if self.epoch != epoch or left <= 0:
                    return None
                self._loop.poll(left)
            return self._replies.pop(number)
        finally:
            self._waiting.discard(number)

    def _send(self, line: bytes) -> None:
        sock = self._socket
        if sock is None:
            return
        deadline = time.monotonic() + SEND_TIMEOUT_S
        while line:
            try:
                line = line[sock.send(line) :]
            except BlockingIOError:
                # The gateway may itself be waiting for us to read: do both.
                select.select([sock], [sock], [], 1.0)
                self._readable()
                if self._socket is not sock:
                    return
                if time.monotonic() > deadline:
                    self._lost("the gateway takes no data")
                    return
            except OSError as error:
                self._lost(f"the connection to the gateway broke: {error.strerror or error}")
                return

    def _readable(self) -> None:
        if self._socket is None:
            return
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost("the gateway closed the connection")
            return
        try:
            for line in self._lines.feed(data):
                self._message(wire.decode(line))
        except ProtocolError as error:
            self._lost(f"the gateway sent garbage: {error}")
        if len(self.market) > QUOTES_QUEUED and not self._every:
            self._thin()

    def _message(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method is None:
            number = message.get("id")
            if type(number) is int and number in self._waiting:
                self._replies[number] = message
            else:
                self.ignored += 1
            return
        if "id" in message:
            self._send(wire.unknown_method(message["id"], method))
            return
        params = message.get("params")
        if type(params) is not dict:
            self.ignored += 1
        elif method in _MARKET:
            self.market.append((method, params))
        elif method in _EVENTS:
            self.events.append((method, params))
        else:
            self.ignored += 1

    def _thin(self) -> None:
        seen: set[object] = set()
        kept: deque[tuple[str, dict[str, Any]]] = deque()
        for entry in reversed(self.market):
            if entry[0] == "quote":
                name = str(entry[1].get("instrument"))
                if name in seen:
                    self.thinned += 1
                    continue
                seen.add(name)
            kept.appendleft(entry)
        self.market = kept

    def _lost(self, why: str) -> None:
        if self._socket is not None:
            self._loop.remove(self._socket.fileno())
            self._socket.close()
            self._socket = None
        self.epoch += 1
        self._replies.clear()
        # Quotes of a connection that ended cannot be acknowledged, and newer ones will come.
        self.market.clear()
        if self.up:
            self.up = False
            self.events.append(("gateway", {"up": False}))
        self._next_attempt = time.monotonic() + self._backoff_s
        self._backoff_s = min(self._backoff_s * 2, BACKOFF_LAST_S)
        if why != self._reported:
            self._reported = why
            self._report("warning", f"{why}; trying again")


def _result(reply: dict[str, Any]) -> dict[str, Any]:
    if "error" in reply:
        raise wire.failure(reply["error"])
    result = reply.get("result")
    if type(result) is not dict:
        raise ProtocolError("the gateway's reply has no result")
    return result
