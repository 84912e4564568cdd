"""A Landlock ruleset that a supervisor has begun for a worker."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Bench, Start
from programs import LEAN
from test_files import lines, python

CREATE_RULESET, ADD_RULE = 444, 445
PATH_BENEATH = 1
READ = 1 << 0 | 1 << 2 | 1 << 3  # to execute, to read, to list
libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    return int(libc.syscall(CREATE_RULESET, None, 0, 1))


@contextmanager
def begun(*paths: Path | str) -> Iterator[tuple[int, str]]:
    """A ruleset that opens these folders for reading: its descriptor, and the option that names it."""
    abi = min(version(), 7)
    if abi < 6:
        pytest.skip("needs the Landlock of Linux 6.12")
    asked = struct.pack("=QQQ", (1 << 16) - 1, 3, 3)
    rules = libc.syscall(CREATE_RULESET, asked, len(asked), 0)
    assert rules >= 0, os.strerror(ctypes.get_errno())
    for path in paths:
        place = os.open(path, os.O_PATH)
        rule = struct.pack("=Qi", READ, place)
        assert libc.syscall(ADD_RULE, rules, PATH_BENEATH, rule, 0) == 0
        os.close(place)
    try:
        yield rules, f"{rules}:{abi}"
    finally:
        os.close(rules)


SYSTEM = LEAN[1:-2:2]  # the folders of the programs; the rest is for --read


@pytest.fixture
def folders(place: Path) -> Path:
    for name in ("shared", "own", "other"):
        (place / name).mkdir()
        (place / name).chmod(0o755)
        (place / name / "file").write_text("text")
    return place


def test_it_opens_what_was_begun_and_what_is_its_own_and_nothing_else(
    setting: Start, folders: Path
) -> None:
    with begun(*SYSTEM, folders / "shared") as (rules, option):
        own = ["--rules", option, "--read", str(folders / "own"), "--read", "/etc/ld.so.cache"]
        launcher = setting("--sandbox").with_options(*own, passed=[rules])
        outcome = launcher.run(
            python(f"""
for name in "shared", "own", "other":
    attempt(name, lambda: open({str(folders)!r} + "/" + name + "/file").read())
    attempt(name + "-written", lambda: open({str(folders)!r} + "/" + name + "/file", "w"))
attempt("passwd", lambda: open("/etc/passwd"))
""")
        )
    got = lines(outcome)
    assert {name for name, said in got.items() if said == "done"} == {"shared", "own"}
    assert set(got.values()) == {"done", "Permission denied"}
    assert outcome.layer("files").startswith("on landlock ")
    assert outcome.layer("signals") == "on landlock scope"


def test_the_descriptor_of_the_rules_is_not_the_commands(setting: Start) -> None:
    with begun(*SYSTEM) as (rules, option):
        own = ["--rules", option, "--read", "/etc/ld.so.cache", "--read", "/proc/self"]
        outcome = (
            setting("--sandbox")
            .with_options(*own, passed=[rules])
            .run(
                python("""
for fd in range(4, 64):
    try:
        os.fstat(fd)
        print(fd, os.readlink(f"/proc/self/fd/{fd}"))
    except OSError:
        pass
""")
            )
        )
    assert outcome.code == 0, outcome
    assert "landlock" not in outcome.out, outcome.out


def test_two_commands_have_nothing_of_each_others(setting: Start, folders: Path) -> None:
    """A descriptor serves one start; what a second is given does not reach the first."""
    for mine, others in (("own", "other"), ("other", "own")):
        with begun(*SYSTEM) as (rules, option):
            own = ["--rules", option, "--read", str(folders / mine), "--read", "/etc/ld.so.cache"]
            outcome = (
                setting("--sandbox")
                .with_options(*own, passed=[rules])
                .run(
                    python(f"""
attempt("mine", lambda: open({str(folders / mine / "file")!r}))
attempt("others", lambda: open({str(folders / others / "file")!r}))
""")
                )
            )
        assert lines(outcome) == {"mine": "done", "others": "Permission denied"}


def test_what_is_no_ruleset_ends_the_start(setting: Start, bench: Bench) -> None:
    if version() < 1:
        pytest.skip("needs Landlock")
    null = os.open("/dev/null", os.O_RDONLY)
    try:
        for option in (f"{null}:7", "999:7"):
            launcher = setting(*bench.options()).with_options("--rules", option, passed=[null])
            outcome = launcher.run([str(bench.probe), "39"])
            assert outcome.code == 127
            assert outcome.report[-1].split()[0] == "files", outcome.report
    finally:
        os.close(null)


def test_a_newer_version_than_ours_ends_the_start(setting: Start, bench: Bench) -> None:
    with begun("/usr") as (rules, _):
        launcher = setting(*bench.options()).with_options("--rules", f"{rules}:8", passed=[rules])
        outcome = launcher.run([str(bench.probe), "39"])
    assert outcome.code == 127
    assert outcome.report[-1] == "files 22"


@pytest.mark.parametrize("words", ["7", ":7", "7:", "7:0", "x:7", "7:7x"])
def test_rules_that_make_no_sense_are_refused(launch: Start, words: str) -> None:
    outcome = launch("--sandbox", "--rules", words).run(["/bin/true"])
    assert outcome.code == 126
    assert "--rules" in outcome.err
