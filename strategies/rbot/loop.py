"""Waiting for sockets and signals: one thread, one place that blocks."""

from __future__ import annotations

import select
import signal
import socket
from types import FrameType
from typing import Callable


class Loop:
    """Calls a function when its file descriptor is readable; wakes at SIGTERM."""

    def __init__(self) -> None:
        self._all = select.epoll()
        # The few descriptors that must be looked at even while quotes queue up.
        self._control = select.epoll()
        self._calls: dict[int, Callable[[], None]] = {}
        self._waker: tuple[socket.socket, socket.socket] | None = None
        self.stopping = False
        """True once a stop was asked for, by message or by SIGTERM."""

    def add(self, fd: int, call: Callable[[], None], *, control: bool = False) -> None:
        """Have ``call`` called whenever ``fd`` can be read (or was closed by its peer)."""
        self._calls[fd] = call
        self._all.register(fd, select.EPOLLIN)
        if control:
            self._control.register(fd, select.EPOLLIN)

    def remove(self, fd: int) -> None:
        """Forget ``fd``; to be called before it is closed."""
        if self._calls.pop(fd, None) is not None:
            for poller in (self._all, self._control):
                try:
                    poller.unregister(fd)
                except OSError:
                    pass

    def poll(self, timeout_s: float) -> None:
        """Wait up to ``timeout_s`` for something to happen, and handle it."""
        for fd, _ in self._all.poll(timeout_s):
            call = self._calls.get(fd)
            if call is not None:
                call()

    def poll_control(self) -> None:
        """Handle what the supervisor or a signal asks for, without waiting."""
        for fd, _ in self._control.poll(0):
            call = self._calls.get(fd)
            if call is not None:
                call()

    def catch_sigterm(self) -> None:
        """Take SIGTERM as a request to stop; a second one ends the process as usual.

        Only the main thread may do this; elsewhere (in tests) it does nothing.
        """
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        try:
            signal.signal(signal.SIGTERM, self._terminated)
            signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        except ValueError:
            reader.close()
            writer.close()
            return
        self._waker = (reader, writer)
        self.add(reader.fileno(), self._drain_waker, control=True)

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _drain_waker(self) -> None:
        if self._waker is not None:
            try:
                self._waker[0].recv(4096)
            except OSError:
                pass

    def close(self) -> None:
        """Give the descriptors back. SIGTERM keeps meaning what it means now."""
        if self._waker is not None:
            signal.set_wakeup_fd(-1)
            for end in self._waker:
                end.close()
        self._all.close()
        self._control.close()
