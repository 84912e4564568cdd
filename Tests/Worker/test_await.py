"""A launcher that waits to be told what to become."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import pytest
from conftest import Bench

SECONDS = 60
SHOWS = 'echo "$GREETING of $$"; env | wc -l; test ! -e /proc/self/fd/5 || cat <&5'


def text(words: list[str], variables: list[str]) -> bytes:
    """What is sent, as await.h says."""
    body = b"".join(word.encode() + b"\0" for word in words + variables)
    return struct.pack("=III", len(body), len(words), len(variables)) + body


def plan(*more: str, script: str = SHOWS) -> list[str]:
    """The words of a launch by this very process."""
    parent = str(os.getpid())
    return ["rbot-exec", "--parent", parent, "--report", "4", *more, "--", "/bin/sh", "-c", script]


@dataclass
class Waiting:
    """One that waits, and our end of its report."""

    process: subprocess.Popen[str]
    report: socket.socket

    def end(self) -> tuple[int, str, str]:
        """Its exit code, what it printed, and what it reported."""
        out, err = self.process.communicate(timeout=SECONDS)
        told = b""
        # What it has left unread resets the connection.
        with contextlib.suppress(ConnectionResetError):
            while part := self.report.recv(4096):
                told += part
        self.report.close()
        return self.process.returncode, out + err, told.decode()


def waiting(bench: Bench) -> Waiting:
    """Starts one; its report is descriptor 4, as rbotd has it."""
    ours, theirs = socket.socketpair()

    def arrange() -> None:
        os.dup2(theirs.fileno(), 4)
        os.set_inheritable(4, True)

    process = subprocess.Popen(
        [str(bench.program), "--parent", str(os.getpid()), "--await", "4"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"LEFT": "over"},
        close_fds=False,
        preexec_fn=arrange,
    )
    theirs.close()
    return Waiting(process, ours)


def test_it_becomes_what_it_is_told_with_the_environment_that_came(bench: Bench) -> None:
    found = waiting(bench)
    found.report.sendall(text(plan(), ["GREETING=hello", "PATH=/usr/bin:/bin"]))
    code, out, told = found.end()
    assert (code, told) == (0, "")
    assert out.split()[:3] == ["hello", "of", str(found.process.pid)]
    assert "LEFT" not in out


def test_a_descriptor_that_comes_along_is_the_fifth(bench: Bench) -> None:
    found = waiting(bench)
    with tempfile.TemporaryFile() as file:
        file.write(b"the lock\n")
        file.seek(0)
        message = text(plan("--keep", "5"), ["GREETING=hello", "PATH=/usr/bin:/bin"])
        socket.send_fds(found.report, [message], [file.fileno()])
        code, out, _ = found.end()
    assert code == 0 and out.endswith("the lock\n")


def test_it_ends_when_nobody_needs_it(bench: Bench) -> None:
    found = waiting(bench)
    found.report.shutdown(socket.SHUT_WR)
    assert found.end() == (0, "", "")


SUPERVISOR = """
import os, subprocess, sys, time
fd, program = int(sys.argv[1]), sys.argv[2]
words = [program, "--parent", str(os.getpid()), "--await", str(fd)]
subprocess.Popen(words, pass_fds=[fd], stdout=subprocess.DEVNULL)
os.close(fd)
print("waits", flush=True)
time.sleep(600)
"""


def test_it_ends_with_its_supervisor(bench: Bench) -> None:
    ours, theirs = socket.socketpair()
    fd = theirs.fileno()
    words = [sys.executable, "-c", SUPERVISOR, str(fd), str(bench.program)]
    with theirs:
        process = subprocess.Popen(words, pass_fds=[fd], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "waits\n"
    process.kill()
    process.communicate()
    # Nobody else has the other end of the socket.
    ours.settimeout(SECONDS)
    assert ours.recv(1) == b""
    ours.close()


@pytest.mark.parametrize(
    "message",
    [
        struct.pack("=III", 70_000, 1, 0),
        struct.pack("=III", 4, 0, 1) + b"abc\0",
        struct.pack("=III", 4, 2, 0) + b"abc\0",
        struct.pack("=III", 4, 1, 0) + b"abcd",
        struct.pack("=III", 8, 1, 0) + b"abc\0def\0",
        struct.pack("=III", 4, 0xFFFFFFFF, 2) + b"abc\0",
        struct.pack("=I", 4),
        text(["rbot-exec", "--await", "4"], []),
        text(["rbot-exec", "--await", "4", "--", "true"], []),
        text(["rbot-exec"], []),
    ],
    ids=[
        "more than it takes",
        "no words",
        "fewer than was said",
        "no end",
        "more than was said",
        "a number that wraps",
        "half a header",
        "to wait again",
        "to wait again for a command",
        "no command",
    ],
)
def test_what_makes_no_sense_is_refused(bench: Bench, message: bytes) -> None:
    found = waiting(bench)
    found.report.sendall(message)
    found.report.shutdown(socket.SHUT_WR)
    code, _, told = found.end()
    assert (code, told) == (126, "")
