"""rbotctl top in a terminal of its own: what is on the screen, what keys do, and what is left behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Callable, Iterator

import pytest
from daemon import BIN, Daemon, eventually
from samples import IDLE, python

SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")


class Screen:
    """As much of a terminal as top uses."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns = columns
        self.rows = [" " * columns for _ in range(rows)]
        self.row = self.column = 0
        self.is_alternate = self.was_alternate = False
        self.has_cursor = True
        self.rest = ""

    def feed(self, text: str) -> None:
        text = self.rest + text
        self.rest = ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                match = SEQUENCE.match(text, at)
                if not match:
                    # Its end has not come yet.
                    self.rest = text[at:]
                    return
                self.control(match[1], match[2])
                at = match.end()
                continue
            if text[at] not in "\r\n":
                self.put(text[at])
            at += 1

    def put(self, character: str) -> None:
        row = self.rows[self.row]
        self.rows[self.row] = row[: self.column] + character + row[self.column + 1 :]
        self.column = min(self.column + 1, self.columns - 1)

    def control(self, numbers: str, letter: str) -> None:
        if letter == "H":
            row, _, column = (numbers or "1;1").partition(";")
            self.row, self.column = int(row or 1) - 1, int(column or 1) - 1
        elif letter == "K":
            self.rows[self.row] = self.rows[self.row][: self.column].ljust(self.columns)
        elif letter == "J":
            self.rows = [" " * self.columns for _ in self.rows]
        elif numbers == "?1049":
            self.is_alternate = letter == "h"
            self.was_alternate |= self.is_alternate
        elif numbers == "?25":
            self.has_cursor = letter == "h"

    @property
    def text(self) -> str:
        return "\n".join(row.rstrip() for row in self.rows)


class Top:
    """rbotctl top on a pseudo terminal."""

    def __init__(self, daemon: Daemon, columns: int = 80, rows: int = 24) -> None:
        self.controller, self.terminal = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.terminal)
        self.screen = Screen(columns, rows)
        self.process = subprocess.Popen(
            [str(BIN / "rbotctl"), "--home", str(daemon.home), "top"],
            stdin=self.terminal,
            stdout=self.terminal,
            stderr=subprocess.PIPE,
            env={**os.environ, "TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.is_over = False
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        while not self.is_over:
            if select.select([self.controller], [], [], 0.05)[0]:
                with contextlib.suppress(OSError):
                    data = os.read(self.controller, 65_536)
                    self.screen.feed(data.decode(errors="replace"))

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self.controller, keys.encode())

    def sees(self, text: str, seconds: float = 20) -> None:
        try:
            eventually(f"{text!r} on the screen", lambda: text in self.screen.text, seconds)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.screen.text}") from None

    def row(self, name: str) -> str:
        return next((row for row in self.screen.rows if row.startswith(name)), "")

    def is_restored(self) -> bool:
        """Whether the terminal is as it was: its settings, its first screen, its cursor."""
        return (
            termios.tcgetattr(self.terminal) == self.before
            and self.screen.was_alternate
            and not self.screen.is_alternate
            and self.screen.has_cursor
        )

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.is_over = True
        self.reader.join()
        os.close(self.controller)
        os.close(self.terminal)


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    talker = IDLE.replace(
        'instruments = ["EUR_USD"]',
        'instruments = ["EUR_USD"]\n    def on_start(self): print("good morning")',
    )
    with Daemon({"one": python("one", talker), "two": python("two", IDLE)}) as daemon:
        daemon.wait_ready()
        yield daemon


@pytest.fixture
def open_top(daemon: Daemon) -> Iterator[Callable[..., Top]]:
    opened: list[Top] = []

    def open_one(columns: int = 80, rows: int = 24) -> Top:
        opened.append(Top(daemon, columns, rows))
        return opened[-1]

    yield open_one
    for top in opened:
        top.close()


def test_it_shows_the_strategies_sorts_them_and_leaves_nothing_behind(
    open_top: Callable[..., Top],
) -> None:
    top = open_top()
    top.sees("SYNTHETIC DATA")
    top.sees("2 strategies: 2 ready")
    top.sees("NAME▲")
    top.press("m")
    top.sees("MEM▼")
    top.press("m")
    top.sees("MEM▲")
    assert not top.is_restored()
    top.press("q")
    assert top.process.wait(10) == 0
    eventually("the terminal is as it was", top.is_restored)


def test_pause_and_resume(daemon: Daemon, open_top: Callable[..., Top]) -> None:
    top = open_top()
    top.sees("one ")
    top.press("p")
    eventually("one is paused", lambda: daemon.strategy("one")["paused"])
    eventually("the table says so", lambda: "paused" in top.row("one "))
    top.press("p")
    eventually("one is ready", lambda: not daemon.strategy("one")["paused"])
    eventually("the table says so", lambda: "ready" in top.row("one "))


def test_a_stop_is_asked_for_first(daemon: Daemon, open_top: Callable[..., Top]) -> None:
    top = open_top()
    top.sees("two ")
    top.press("\x1b[B")
    top.press("k")
    top.sees("stop two? y = yes, n = no")
    top.press("n")
    top.sees("nothing was done")
    assert daemon.strategy("two")["state"] == "ready"
    top.press("ky")
    eventually("two is stopped", lambda: daemon.strategy("two")["state"] == "stopped")
    eventually("the table says so", lambda: "stopped" in top.row("two "))
    top.press("s")
    eventually("two is ready", lambda: daemon.strategy("two")["state"] == "ready")


def test_logs_details_and_help_open_and_close(open_top: Callable[..., Top]) -> None:
    top = open_top()
    top.sees("one ")
    top.press("\r")
    top.sees("logs of one")
    top.sees("starting → ready")
    top.press("q")
    top.sees("NAME▲")
    top.press("i")
    top.sees("details of one")
    top.press("q")
    top.press("?")
    top.sees("rbotctl top: keys")
    top.press("q")
    top.sees("NAME▲")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGSEGV])
def test_a_signal_gives_the_terminal_back(
    open_top: Callable[..., Top], number: signal.Signals
) -> None:
    top = open_top()
    top.sees("NAME▲")
    top.process.send_signal(number)
    top.process.wait(10)
    eventually("the terminal is as it was", top.is_restored)


def test_ctrl_z_gives_it_back_and_continuing_takes_it_again(open_top: Callable[..., Top]) -> None:
    top = open_top()
    top.sees("NAME▲")
    top.press("\x1a")
    eventually("the terminal is as it was", top.is_restored)
    eventually("it is stopped", lambda: state_of(top.process.pid) == "T")
    top.process.send_signal(signal.SIGCONT)
    eventually("it is back", lambda: top.screen.is_alternate)
    top.sees("NAME▲")
    top.press("\x03")
    assert top.process.wait(10) == 0
    eventually("the terminal is as it was", top.is_restored)


def state_of(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def test_a_daemon_that_goes_away_is_told_and_waited_for() -> None:
    with Daemon({"one": python("one", IDLE)}) as daemon:
        daemon.wait_ready()
        top = Top(daemon)
        try:
            top.sees("one ")
            assert daemon.process
            daemon.kill()
            top.sees("NO ANSWER")
            top.sees("one ")
            daemon.start()
            daemon.wait_ready()
            top.sees("rbotd ready")
            top.press("q")
            assert top.process.wait(10) == 0
        finally:
            top.close()


def test_without_a_terminal_it_says_what_to_do(daemon: Daemon) -> None:
    refused = daemon.ctl("top")
    assert refused.returncode == 2
    assert "status --watch" in refused.stderr
    once = daemon.ctl("top", "--once")
    assert once.returncode == 0
    assert "\x1b" not in once.stdout
    assert "one" in once.stdout and "SYNTHETIC DATA" in once.stdout
