"""The channel to the supervisor (file descriptor 3): commands in; logs, metrics, heartbeats out."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from . import wire
from .errors import ProtocolError, SetupError
from .loop import Loop
from .outbox import Outbox
from .times import now_text

COMMANDS = frozenset({"pause", "resume", "stop", "params", "gateway"})
LEVELS = ("debug", "info", "warning", "error", "critical")
METRICS_BATCH = 200
METRICS_DELAY_S = 0.05
LOG_CHARACTERS = 65_536
HELLO_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 1.0


class Supervisor:
    """What the strategy's process says to rbotd, and what rbotd asks of it."""

    def __init__(self, sock: socket.socket, loop: Loop) -> None:
        self._socket = sock
        self._loop = loop
        self._lines = wire.LineBuffer()
        self._outbox = Outbox(sock, _about_dropped)
        self._metrics: list[dict[str, Any]] = []
        self._metrics_lock = threading.Lock()
        self._metrics_since = 0.0
        self._odd_metrics: set[str] = set()
        self._done = threading.Event()
        self._beat: threading.Thread | None = None
        self.hello: dict[str, Any] = {}
        """The supervisor's answer to hello: strategy, generation, params, slot …"""
        self.commands: deque[tuple[str, dict[str, Any]]] = deque()
        """What the supervisor asked for and nobody has handled yet."""
        self.progress = 0
        """Advanced by the strategy's own loop; sent with each heartbeat."""
        self.callback = ""
        """The callback that runs, if any; sent with each heartbeat, with its time."""
        self.called_s = 0.0
        """When that was called (``time.monotonic()``)."""
        self.ignored = 0
        """Messages that meant nothing to this SDK."""
        sock.setblocking(False)
        loop.add(sock.fileno(), self._readable, control=True)

    @staticmethod
    def from_environment(loop: Loop) -> Supervisor:
        """The channel that rbotd left open. Raises :class:`SetupError` when there is none."""
        text = os.environ.get("RBOT_SUPERVISOR_FD", "")
        try:
            sock = socket.socket(fileno=int(text))
            sock.getpeername()
        except (ValueError, OSError):
            raise SetupError(
                "no channel to the supervisor (RBOT_SUPERVISOR_FD): start the strategy "
                "with rbotctl start, not by hand"
            ) from None
        os.set_inheritable(sock.fileno(), False)
        return Supervisor(sock, loop)

    def greet(self) -> None:
        """Say hello, wait for the answer, and start the heartbeat."""
        params = {"protocol": [wire.PROTOCOL, wire.PROTOCOL], "sdk": wire.SDK, "pid": os.getpid()}
        self._outbox.put_urgent(wire.request(1, "hello", params))
        self._outbox.flush()
        deadline = time.monotonic() + HELLO_TIMEOUT_S
        while not self.hello:
            left = deadline - time.monotonic()
            if left <= 0:
                raise SetupError("the supervisor did not answer hello within 10 s")
            self._loop.poll(left)
        interval_ms = self.hello.get("heartbeat_ms")
        if not isinstance(interval_ms, int) or interval_ms <= 0:
            interval_ms = 5000
        self._beat = threading.Thread(
            target=self._beats, args=(interval_ms / 2000,), name="rbot-heartbeat", daemon=True
        )
        self._beat.start()

    def ready(self) -> None:
        """Tell the supervisor that the strategy is set up and running."""
        self._outbox.put_urgent(wire.notification("ready", {}))
        self._outbox.flush()

    def log(self, level: str, message: str, fields: Mapping[str, Any] | None = None) -> None:
        """Send one log line; never blocks. ``fields`` are shown with it and can be filtered."""
        if len(message) > LOG_CHARACTERS:
            message = message[:LOG_CHARACTERS] + " …"
        params: dict[str, Any] = {"level": level, "message": message, "time": now_text()}
        if fields:
            params["fields"] = {key: _field(value) for key, value in fields.items()}
        try:
            line = wire.notification("log", params)
        except ProtocolError:
            params.pop("fields", None)
            line = wire.notification("log", params)
        self.flush_metrics()
        self._outbox.put(line)
        self._outbox.flush()

    def metric(self, name: str, value: float, labels: Mapping[str, Any]) -> None:
        """Keep one sample; samples are sent in batches, within half a second."""
        number = float(value)
        if number - number != 0.0:
            if name not in self._odd_metrics and len(self._odd_metrics) < 1000:
                self._odd_metrics.add(name)
                self.log(
                    "warning", f"metric {name} is {number!r}: not sent, only finite numbers are"
                )
            return
        sample: dict[str, Any] = {"name": name, "value": number, "time": now_text()}
        if labels:
            sample["labels"] = {key: str(text) for key, text in labels.items()}
        now = time.monotonic()
        with self._metrics_lock:
            if not self._metrics:
                self._metrics_since = now
            self._metrics.append(sample)
            full = len(self._metrics) >= METRICS_BATCH
        if full or now - self._metrics_since > METRICS_DELAY_S:
            self.flush_metrics()

    def flush_metrics(self) -> None:
        """Send the samples kept so far."""
        if not self._metrics:
            return
        with self._metrics_lock:
            batch, self._metrics = self._metrics, []
        if batch:
            self._outbox.put(wire.notification("metrics", batch), len(batch))
            self._outbox.flush()

    def status(self, text: str) -> None:
        """Set the one line that ``rbotctl status`` shows for this strategy."""
        self._outbox.put(wire.notification("status", {"text": text[:500]}))
        self._outbox.flush()

    def close(self) -> None:
        """Send what waits, within a second, and stop the heartbeat."""
        self.flush_metrics()
        deadline = time.monotonic() + CLOSE_TIMEOUT_S
        while not self._outbox.flush() and time.monotonic() < deadline:
            self._done.wait(0.01)
        self._done.set()
        if self._beat is not None:
            self._beat.join(CLOSE_TIMEOUT_S)
        if self._socket.fileno() >= 0:
            self._loop.remove(self._socket.fileno())
            self._socket.close()

    @property
    def dropped(self) -> int:
        """Logs and metrics that were dropped because the supervisor did not take them in time."""
        return self._outbox.dropped

    def _beats(self, interval_s: float) -> None:
        due = time.monotonic()
        while not self._done.is_set():
            now = time.monotonic()
            if now >= due:
                due = now + interval_s
                params: dict[str, Any] = {"progress": self.progress}
                # The name first: should the next callback begin in between, its time is the short one.
                callback = self.callback
                if callback:
                    params["busy_ms"] = max(0, int((now - self.called_s) * 1000))
                    params["callback"] = callback
                self._outbox.put_urgent(wire.notification("heartbeat", params))
            self.flush_metrics()
            drained = self._outbox.flush()
            if self._outbox.closed and not self._done.is_set():
                # The supervisor is gone, and the strategy's thread may be deep in user code.
                os._exit(1)
            self._done.wait(min(due - now, 0.5) if drained else min(due - now, 0.02))

    def _readable(self) -> None:
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            # Fail-stop: nobody is left who could stop this process later.
            os._exit(1)
        for line in self._lines.feed(data):
            try:
                self._message(wire.decode(line))
            except ProtocolError as error:
                print(f"the supervisor's channel is broken: {error}", file=sys.stderr, flush=True)
                os._exit(1)

    def _message(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method is None:
            if message.get("id") == 1 and not self.hello:
                if "error" in message:
                    raise SetupError(
                        f"the supervisor refused hello: {wire.failure(message['error'])}"
                    )
                result = message.get("result")
                self.hello = result if isinstance(result, dict) and result else {"protocol": 1}
            else:
                self.ignored += 1
        elif "id" in message:
            self._outbox.put_urgent(wire.unknown_method(message["id"], method))
            self._outbox.flush()
        elif method in COMMANDS and isinstance(message.get("params", {}), dict):
            if method == "stop":
                self._loop.stopping = True
            self.commands.append((method, message.get("params", {})))
        else:
            self.ignored += 1


def _field(value: object) -> object:
    if isinstance(value, float) and value - value != 0.0:
        return str(value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _about_dropped(count: int) -> bytes:
    text = f"{count} log and metric messages were dropped: the supervisor did not take them in time"
    params = {"level": "warning", "message": text, "fields": {"dropped": count}, "time": now_text()}
    return wire.notification("log", params)
