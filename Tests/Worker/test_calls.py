"""System calls of a sandboxed worker, made for real."""

from __future__ import annotations

import errno
import signal
from collections.abc import Sequence

import pytest
from conftest import Bench, Start
from kernel import numbers
from launcher import Outcome, allow
from programs import RUNTIME
from table import ABSENT, REFUSED, REFUSED_ARGUMENTS

HERE = [name for name in REFUSED if name in numbers("x86_64")]
# Without a filter these succeed for everyone: name, arguments for the probe.
HARMLESS = [
    ("socket", ["2", "1", "0"]),
    ("socket", ["2", "2", "0"]),
    ("socket", ["1", "2", "0"]),
    ("socketpair", ["1", "2", "0", "#8"]),
    ("kcmp", ["pid", "pid", "0", "0", "0"]),
    ("ptrace", ["0", "0", "0", "0"]),
    ("unshare", ["0x400"]),
    ("personality", ["0x0040000"]),
    ("prctl", ["1", "9", "0", "0", "0"]),
    ("prctl", ["36", "1", "0", "0", "0"]),
    ("keyctl", ["0", "0xfffffffd", "1"]),
    ("prlimit64", ["ppid", "7", "0", "#16"]),
]


def result(outcome: Outcome) -> tuple[int, int]:
    """What the probe's call gave: the result and the errno."""
    assert outcome.code == 0, outcome
    value, reason = outcome.out.split()
    return int(value), int(reason)


def probe(bench: Bench, number: int, arguments: Sequence[object] = ()) -> list[str]:
    return [str(bench.probe), str(number), *map(str, arguments)]


@pytest.mark.parametrize("name", HERE)
def test_a_dangerous_call_is_reported_and_gets_the_answer(
    launch: Start, bench: Bench, call: dict[str, int], name: str
) -> None:
    outcome = launch(*bench.options()).run(probe(bench, call[name]))
    assert result(outcome) == (-1, errno.EXFULL)
    assert [one.number for one in outcome.notified] == [call[name]]


@pytest.mark.parametrize(("name", "arguments"), REFUSED_ARGUMENTS)
def test_dangerous_arguments_are_reported_and_get_the_answer(
    launch: Start, bench: Bench, call: dict[str, int], name: str, arguments: tuple[int, ...]
) -> None:
    outcome = launch(*bench.options()).run(probe(bench, call[name], arguments))
    assert result(outcome) == (-1, errno.EXFULL)
    assert outcome.notified[0].arguments[: len(arguments)] == arguments


@pytest.mark.parametrize(("name", "arguments"), HARMLESS)
def test_without_a_listener_they_are_refused_all_the_same(
    setting: Start, bench: Bench, call: dict[str, int], name: str, arguments: list[str]
) -> None:
    command = probe(bench, call[name], arguments)
    refused = setting(*bench.options()).run(command, answer=None)
    assert result(refused) == (-1, errno.EPERM)
    if name not in ("kcmp", "prlimit64", "keyctl"):
        free = setting().run(command, answer=None)
        assert result(free)[0] >= 0, "the call fails without a sandbox too, so it shows nothing"


@pytest.mark.parametrize("name", ABSENT)
def test_what_is_absent_says_so_and_nobody_is_told(
    setting: Start, bench: Bench, call: dict[str, int], name: str
) -> None:
    outcome = setting(*bench.options()).run(probe(bench, call[name]))
    assert result(outcome) == (-1, errno.ENOSYS)
    assert outcome.notified == []


def test_every_setting_reports(setting: Start, bench: Bench, call: dict[str, int]) -> None:
    outcome = setting(*bench.options("--required")).run(probe(bench, call["socket"], (2, 1, 0)))
    assert result(outcome) == (-1, errno.EXFULL)
    assert outcome.report[0] == "listener"
    assert outcome.layer("calls") == "on seccomp"
    assert outcome.layer("reports") == "on listener"


def test_unix_streams_are_free(setting: Start, bench: Bench, call: dict[str, int]) -> None:
    for kind in (1, 5, 1 | 0o2004000):
        outcome = setting(*bench.options()).run(probe(bench, call["socket"], (1, kind, 0)))
        assert result(outcome)[0] >= 0
        assert outcome.notified == []


def test_a_connect_is_asked_for(setting: Start, bench: Bench, call: dict[str, int]) -> None:
    command = probe(bench, call["connect"], ("0", "~/run/somewhere", 110))
    outcome = setting(*bench.options()).run(command)
    assert result(outcome) == (-1, errno.EXFULL)
    assert [one.number for one in outcome.notified] == [call["connect"]]
    assert result(setting(*bench.options()).run(command, allow)) == (-1, errno.ENOTSOCK)


@pytest.mark.parametrize("target", ["pid", "0", "-pid"])
def test_signals_to_itself_are_its_own_affair(
    setting: Start, bench: Bench, call: dict[str, int], target: str
) -> None:
    outcome = setting(*bench.options()).run(probe(bench, call["kill"], (target, 0)))
    assert result(outcome) == (0, 0)
    assert outcome.notified == []


def test_a_signal_to_everyone_never_passes(
    setting: Start, bench: Bench, call: dict[str, int]
) -> None:
    command = probe(bench, call["kill"], (-1 & (2**64 - 1), 0))
    told = setting(*bench.options()).run(command)
    assert result(told) == (-1, errno.EXFULL)
    assert [one.number for one in told.notified] == [call["kill"]]
    assert result(setting(*bench.options()).run(command, answer=None)) == (-1, errno.EPERM)


def test_a_signal_to_another_is_asked_for(
    setting: Start, bench: Bench, call: dict[str, int]
) -> None:
    outcome = setting(*bench.options()).run(probe(bench, call["kill"], ("ppid", 0)))
    assert result(outcome) == (-1, errno.EXFULL)
    assert [one.number for one in outcome.notified] == [call["kill"]]


def test_even_an_allowed_signal_does_not_leave_the_scope(
    setting: Start, bench: Bench, call: dict[str, int]
) -> None:
    outcome = setting(*bench.options()).run(probe(bench, call["kill"], ("ppid", 0)), allow)
    if outcome.layer("signals") != "on landlock scope":
        pytest.skip("this kernel's Landlock scopes no signals")
    assert result(outcome) == (-1, errno.EPERM)
    alone = setting(*bench.options()).run(probe(bench, call["kill"], ("ppid", 0)), None)
    assert result(alone) == (-1, errno.EPERM)


def test_new_tasks_are_asked_for_with_tasks(
    setting: Start, bench: Bench, call: dict[str, int]
) -> None:
    command = probe(bench, call["clone"], (17,))
    asked = setting(*bench.options("--tasks")).run(command)
    assert result(asked) == (-1, errno.EXFULL)
    free = setting(*bench.options()).run(command)
    assert free.notified == []
    assert "-1" not in free.out.split()


def test_network_opens_internet_sockets(setting: Start, bench: Bench, call: dict[str, int]) -> None:
    for family in (2, 10):
        outcome = setting(*bench.options("--network")).run(
            probe(bench, call["socket"], (family, 1, 0))
        )
        assert result(outcome)[0] >= 0
    raw = setting(*bench.options("--network")).run(probe(bench, call["socket"], (2, 3, 1)))
    assert result(raw) == (-1, errno.EXFULL)


def test_an_x32_call_kills(launch: Start, bench: Bench) -> None:
    outcome = launch(*bench.options()).run(probe(bench, 0x40000000 + 39))
    assert outcome.code == -signal.SIGSYS


def test_a_dead_supervisor_leaves_nothing_allowed(
    launch: Start, bench: Bench, call: dict[str, int]
) -> None:
    program = (
        "import socket, sys\n"
        "sys.stdin.readline()\n"
        "try: socket.socket(socket.AF_INET)\n"
        "except OSError as problem: print(problem.errno)\n"
    )
    options = ["--sandbox", *RUNTIME]
    left = launch(*options).run(["/usr/bin/python3", "-c", program], hang_up=True)
    assert left.out.split() == [str(errno.ENOSYS)]
