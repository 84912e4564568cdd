"""Runs commands through rbot-exec as a supervisor would, and answers for its system call filter."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 60
CONTINUE = 1
RECEIVE = 0xC0502100  # SECCOMP_IOCTL_NOTIF_RECV
SEND = 0xC0182101  # SECCOMP_IOCTL_NOTIF_SEND
# struct seccomp_notif: id, pid, flags, then seccomp_data: nr, arch, instruction pointer, six arguments
NOTIFICATION = struct.Struct("=QIIiIQ6Q")
RESPONSE = struct.Struct("=QqiI")


@dataclass(frozen=True)
class Notification:
    """One system call that the filter reported."""

    pid: int
    number: int
    arguments: tuple[int, ...]


Answer = Callable[[Notification], int]


def refuse(_: Notification) -> int:
    """Answers with an errno that no kernel gives for these calls, so that it can only be ours."""
    return errno.EXFULL


def allow(_: Notification) -> int:
    """Lets the call run."""
    return 0


@dataclass
class Outcome:
    """What a command that ended left."""

    code: int
    out: str
    err: str
    report: list[str]
    notified: list[Notification] = field(default_factory=list)

    def layer(self, name: str) -> str:
        """The rest of the layer's line, "on ..." or "off ..."; empty where none was told."""
        start = f"layer {name} "
        return next((line[len(start) :] for line in self.report if line.startswith(start)), "")


class Receiver(threading.Thread):
    """Reads the report to its end, and answers what comes from the listener meanwhile."""

    def __init__(self, report: socket.socket, answer: Answer, hang_up: bool) -> None:
        super().__init__(daemon=True)
        self.hang_up = hang_up
        self.report, self.answer = report, answer
        self.text = b""
        self.started = threading.Event()
        self.notified: list[Notification] = []
        self.listener: int | None = None
        self.carrier = b""
        self.start()

    def run(self) -> None:
        poll = select.poll()
        poll.register(self.report, select.POLLIN)
        open_ends = 1
        while open_ends:
            for fd, _ in poll.poll():
                ended = not self.read() if fd == self.report.fileno() else not self.respond(fd)
                if ended:
                    poll.unregister(fd)
                    open_ends -= 1
                    if fd == self.report.fileno():
                        if self.hang_up and self.listener is not None:
                            os.close(self.listener)
                            self.listener, open_ends = None, 0
                        self.started.set()
                elif self.listener is not None and fd == self.report.fileno() and open_ends == 1:
                    poll.register(self.listener, select.POLLIN)
                    open_ends += 1

    def read(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self.report, 4096, 1)
        self.text += data
        if fds:
            self.listener, self.carrier = fds[0], data
        return bool(data)

    def respond(self, fd: int) -> bool:
        room = bytearray(NOTIFICATION.size)
        try:
            fcntl.ioctl(fd, RECEIVE, room)
        except OSError as problem:
            # ENOENT: the caller died meanwhile, or nobody is left to call.
            hung_up = select.poll()
            hung_up.register(fd, 0)
            return problem.errno == errno.ENOENT and not hung_up.poll(0)
        key, pid, _, number, _, _, *arguments = NOTIFICATION.unpack(room)
        call = Notification(pid, number, tuple(arguments))
        self.notified.append(call)
        code = self.answer(call)
        reply = RESPONSE.pack(key, 0, -code, 0) if code else RESPONSE.pack(key, 0, 0, CONTINUE)
        try:
            fcntl.ioctl(fd, SEND, reply)
        except OSError as problem:
            if problem.errno != errno.ENOENT:
                raise
        return True

    def close(self) -> None:
        self.join()
        self.report.close()
        if self.listener is not None:
            os.close(self.listener)


class Launcher:
    """rbot-exec with options that all commands of a test share."""

    def __init__(
        self,
        program: Path,
        options: Sequence[str] = (),
        user: int | None = None,
        before: Sequence[str] = (),
        passed: Sequence[int] = (),
    ) -> None:
        self.program, self.options, self.user = program, list(options), user
        self.before, self.passed = list(before), list(passed)

    def with_options(self, *options: str, passed: Sequence[int] = ()) -> Launcher:
        """The same with more options, and descriptors that they speak of."""
        more = [*self.options, *options]
        return Launcher(self.program, more, self.user, self.before, [*self.passed, *passed])

    def run(
        self,
        command: Sequence[str],
        answer: Answer | None = refuse,
        environment: dict[str, str] | None = None,
        hang_up: bool = False,
    ) -> Outcome:
        """Runs it to its end. Without an answer there is no report and so no listener either.

        With `hang_up` the listener is closed once the command runs, and then it gets a line on
        its standard input.
        """
        return self.run_raw([*self.options, "--", *command], answer, environment, hang_up)

    def run_raw(
        self,
        arguments: Sequence[str],
        answer: Answer | None = refuse,
        environment: dict[str, str] | None = None,
        hang_up: bool = False,
    ) -> Outcome:
        """As `run`, with rbot-exec's other arguments as they are; `before` goes ahead of all."""
        ours, theirs = socket.socketpair()
        report = ["--report", str(theirs.fileno())] if answer else []
        with theirs:
            process = subprocess.Popen(
                [str(self.program), *self.before, *report, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
                pass_fds=[*self.passed, theirs.fileno()] if answer else self.passed,
                user=self.user,
                group=self.user,
                extra_groups=[] if self.user is not None else None,
            )
        receiver = Receiver(ours, answer or refuse, hang_up)
        try:
            receiver.started.wait(SECONDS)
            out, err = process.communicate("go on\n", timeout=SECONDS)
        finally:
            process.kill()
            process.wait()
        receiver.close()
        lines = receiver.text.decode().splitlines()
        return Outcome(process.returncode, out, err, lines, receiver.notified)
