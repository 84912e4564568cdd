"""The filter of system calls, read as the kernel reads it, for both architectures."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import HERE, SOURCES, Bench
from kernel import ALLOW, ARCHITECTURES, KILL, NOTIFY, Filter, compile_c, generic_header, numbers
from table import (
    ABSENT,
    ALLOWED_ARGUMENTS,
    ASKED,
    ATTRIBUTES,
    ORDINARY,
    OWN,
    REFUSED,
    REFUSED_ARGUMENTS,
    REFUSED_ON_X86,
    SCHEDULING,
    UNKNOWN,
)

Verdict = Callable[..., str]
PLAIN = f"errno {errno.EPERM}"


def other_architecture(folder: Path) -> list[str]:
    """Options that give the compiler aarch64's numbers of system calls."""
    (folder / "sys").mkdir(exist_ok=True)
    names = [name for name in numbers("aarch64") if not name.startswith("arch_specific")]
    lines = [f"#define SYS_{name} {numbers('aarch64')[name]}\n" for name in names]
    (folder / "sys" / "syscall.h").write_text("".join(lines))
    assert "asm-generic" in generic_header()
    return [f"-I{folder}"]


@pytest.fixture(scope="module", params=ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def dump(architecture: str, bench: Bench) -> Callable[..., Filter]:
    """The filter for a setting: listener, scope, network, tasks."""
    folder = bench.folder / architecture
    folder.mkdir()
    options = other_architecture(folder) if architecture == "aarch64" else []
    sources = [HERE / "dump.c", SOURCES / "table.c", SOURCES / "program.c"]
    program = compile_c(folder / "dump", sources, *options, f"-I{SOURCES}")

    def make(
        listener: bool = False,
        scope: bool = True,
        network: bool = False,
        tasks: bool = False,
        own_user: bool = False,
    ) -> Filter:
        setting = [str(int(one)) for one in (listener, scope, network, tasks, own_user)]
        command = [str(program), hex(ARCHITECTURES[architecture]), *setting, str(OWN)]
        return Filter(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return make


@pytest.fixture
def of(dump: Callable[..., Filter], architecture: str) -> Verdict:
    """The verdict on a call by name in a setting."""
    made: dict[tuple[tuple[str, bool], ...], Filter] = {}

    def verdict(name: str, arguments: tuple[int, ...] = (), **setting: bool) -> str:
        key = tuple(sorted(setting.items()))
        made.setdefault(key, dump(**setting))
        return made[key].verdict(
            ARCHITECTURES[architecture], numbers(architecture)[name], arguments
        )

    return verdict


def all_refused(architecture: str) -> list[str]:
    return REFUSED + (REFUSED_ON_X86 if architecture == "x86_64" else [])


def test_what_is_dangerous_is_refused(of: Verdict, architecture: str) -> None:
    assert {name: of(name) for name in all_refused(architecture)} == dict.fromkeys(
        all_refused(architecture), PLAIN
    )


def test_what_is_dangerous_is_reported_to_a_listener(of: Verdict, architecture: str) -> None:
    assert {name: of(name, listener=True) for name in all_refused(architecture)} == dict.fromkeys(
        all_refused(architecture), NOTIFY
    )


@pytest.mark.parametrize(("name", "arguments"), REFUSED_ARGUMENTS)
def test_dangerous_arguments_are_refused(
    of: Verdict, name: str, arguments: tuple[int, ...]
) -> None:
    assert of(name, arguments) == PLAIN
    assert of(name, arguments, listener=True, tasks=True) == NOTIFY


@pytest.mark.parametrize(("name", "arguments"), ALLOWED_ARGUMENTS)
def test_what_stays_inside_passes(of: Verdict, name: str, arguments: tuple[int, ...]) -> None:
    assert of(name, arguments) == ALLOW
    assert of(name, arguments, listener=True, tasks=True, scope=False) == ALLOW


@pytest.mark.parametrize(("name", "arguments"), ASKED)
def test_what_reaches_out_is_asked_for(of: Verdict, name: str, arguments: tuple[int, ...]) -> None:
    assert of(name, arguments, listener=True) == NOTIFY
    assert of(name, arguments) == ALLOW


def test_what_every_program_does_passes(of: Verdict) -> None:
    setting = {"listener": True, "tasks": True}
    assert {name: of(name, **setting) for name in ORDINARY} == dict.fromkeys(ORDINARY, ALLOW)


def test_what_programs_can_do_without_is_absent(of: Verdict) -> None:
    for listener in (False, True):
        answers = {name: of(name, listener=listener, tasks=True) for name in ABSENT}
        assert answers == dict.fromkeys(ABSENT, f"errno {errno.ENOSYS}")


def test_new_tasks_are_asked_for_only_with_tasks(of: Verdict, architecture: str) -> None:
    thread, process = (0x3D0F00,), (17,)
    for flags in (thread, process):
        assert of("clone", flags, listener=True, tasks=True) == NOTIFY
        assert of("clone", flags, listener=True) == ALLOW
        assert of("clone", flags, tasks=True) == ALLOW
    if architecture == "x86_64":
        for name in ("fork", "vfork"):
            assert of(name, listener=True, tasks=True) == NOTIFY
            assert of(name, listener=True) == ALLOW


def test_limits_of_others_are_refused(of: Verdict) -> None:
    assert of("prlimit64", (1, 0, 1, 0)) == PLAIN
    assert of("prlimit64", (1, 0, 1, 0), listener=True) == NOTIFY


def test_choosing_who_gets_sigio_is_refused_where_signals_are_not_scoped(of: Verdict) -> None:
    for name, command in (("fcntl", 8), ("fcntl", 15), ("ioctl", 0x8901), ("ioctl", 0x8902)):
        assert of(name, (0, command, 1), scope=False) == PLAIN
        assert of(name, (0, command, 1)) == ALLOW
    assert of("fcntl", (0, 2, 1), scope=False) == ALLOW
    assert of("ioctl", (0, 0x5401), scope=False) == ALLOW


def test_network_opens_internet_sockets_and_no_others(of: Verdict) -> None:
    for family in (2, 10):
        for kind in (1, 2, 1 | 0o2004000):
            assert of("socket", (family, kind, 0), network=True) == ALLOW
        assert of("socket", (family, 3, 1), network=True) == PLAIN
    assert of("socket", (16, 3, 0), network=True) == ALLOW
    assert of("socket", (16, 3, 9), network=True) == PLAIN
    assert of("socket", (17, 3, 0), network=True) == PLAIN
    assert of("socket", (1, 2, 0), network=True) == PLAIN


def test_other_architectures_are_killed(dump: Callable[..., Filter], architecture: str) -> None:
    made = dump(listener=True)
    own = ARCHITECTURES[architecture]
    for foreign in (0x40000003, 0x40000028, *(set(ARCHITECTURES.values()) - {own})):
        assert made.verdict(foreign, 39) == KILL
    for number in (0x40000000, 0x40000000 + 41, 0xFFFFFFFF):
        assert made.verdict(own, number) == KILL


def test_no_other_call_is_touched(dump: Callable[..., Filter], architecture: str) -> None:
    listed = {*REFUSED, *REFUSED_ON_X86, *ABSENT, "socket", "socketpair", "clone", "personality"}
    listed |= {name for name, _ in ASKED} | {"prlimit64", "fork", "vfork", "prctl"}
    listed |= {*ATTRIBUTES, "ioprio_set"}
    known = numbers(architecture)
    touched = {known[name] for name in listed if name in known}
    made = dump(listener=True, tasks=True)
    others = [one for one in range(UNKNOWN) if one not in touched]
    verdicts = {one: made.verdict(ARCHITECTURES[architecture], one) for one in others}
    assert {one for one, verdict in verdicts.items() if verdict != ALLOW} == set()


def test_what_is_newer_than_the_table_is_absent(
    dump: Callable[..., Filter], architecture: str
) -> None:
    known = numbers(architecture)
    assert max(known[name] for name in known if not name.startswith("arch_specific")) < UNKNOWN
    for listener in (False, True):
        made = dump(listener=listener)
        for number in (UNKNOWN, UNKNOWN + 30, 0x3FFFFFFF):
            verdict = made.verdict(ARCHITECTURES[architecture], number)
            assert verdict == f"errno {errno.ENOSYS}"


def test_attributes_of_files_are_free_only_for_a_user_of_its_own(
    of: Verdict, architecture: str
) -> None:
    for name in ATTRIBUTES:
        if name in numbers(architecture):
            assert of(name, listener=True) == NOTIFY
            assert of(name) == PLAIN
            assert of(name, listener=True, own_user=True) == ALLOW


def test_the_scheduling_of_others_is_asked_for(of: Verdict) -> None:
    for name, own, other in SCHEDULING:
        for arguments in own:
            assert of(name, arguments, listener=True) == ALLOW
        for arguments in other:
            assert of(name, arguments, listener=True) == NOTIFY
            assert of(name, arguments) == PLAIN


def test_it_is_short_enough_to_be_installed_quickly(dump: Callable[..., Filter]) -> None:
    assert len(dump(listener=True, tasks=True, network=True, scope=False).code) <= 300
