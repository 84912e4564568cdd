"""What waits to be written to the supervisor: bounded, and never waited for."""

from __future__ import annotations

import socket
import threading
from collections import deque
from typing import Callable

QUEUE_MESSAGES = 10_000
"""Logs and metrics beyond this push out the oldest ones."""
QUEUE_BYTES = 4 * 1_048_576
"""The same bound, in bytes."""
WRITE_BYTES = 65_536


class Outbox:
    """A non-blocking writer with a bounded queue; safe to use from several threads.

    Logs and metrics may be dropped, the oldest first, and are counted; what steers the process
    (hello, ready, heartbeat) goes ahead of them and is kept.
    """

    def __init__(self, sock: socket.socket, about_dropped: Callable[[int], bytes]) -> None:
        self._socket = sock
        self._about_dropped = about_dropped
        self._lock = threading.Lock()
        self._urgent: deque[bytes] = deque()
        self._queue: deque[tuple[bytes, int]] = deque()
        self._queued_bytes = 0
        self._partial = b""
        self._unreported = 0
        self.dropped = 0
        """How many logs and metrics were dropped since the start."""
        self.closed = False
        """True once the other end is gone."""

    def put_urgent(self, line: bytes) -> None:
        """Queue a line that must not be dropped, ahead of logs and metrics."""
        with self._lock:
            self._urgent.append(line)

    def put(self, line: bytes, count: int = 1) -> None:
        """Queue a line that may be dropped; ``count`` is how many logs or metrics it holds."""
        with self._lock:
            self._queue.append((line, count))
            self._queued_bytes += len(line)
            while len(self._queue) > QUEUE_MESSAGES or self._queued_bytes > QUEUE_BYTES:
                oldest, lost = self._queue.popleft()
                self._queued_bytes -= len(oldest)
                self.dropped += lost
                self._unreported += lost

    def flush(self) -> bool:
        """Write as much as the socket takes now. False when something is left."""
        with self._lock:
            while not self.closed:
                if not self._partial:
                    self._partial = self._take()
                    if not self._partial:
                        return True
                try:
                    sent = self._socket.send(self._partial)
                except BlockingIOError:
                    return False
                except OSError:
                    self.closed = True
                    break
                self._partial = self._partial[sent:]
            return True

    def _take(self) -> bytes:
        lines: list[bytes] = []
        size = 0
        while self._urgent and size < WRITE_BYTES:
            lines.append(self._urgent.popleft())
            size += len(lines[-1])
        while self._queue and size < WRITE_BYTES:
            line, _ = self._queue.popleft()
            self._queued_bytes -= len(line)
            lines.append(line)
            size += len(line)
        if not lines and self._unreported:
            lines.append(self._about_dropped(self._unreported))
            self._unreported = 0
        return b"".join(lines)
