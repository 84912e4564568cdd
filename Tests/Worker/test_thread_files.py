"""A Swift worker's runtime looks at its own threads in /proc; nobody else's processes are to be seen there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from conftest import HERE, SOURCES, Bench
from kernel import compile_c
from launcher import Launcher, allow

OPEN = SOURCES.parent / "ThreadFiles" / "open.c"


def program(bench: Bench, name: str, *more: Path) -> Path:
    built = bench.folder / name
    if not built.exists():
        include = f"-I{OPEN.parent / 'include'}"
        compile_c(built, [HERE / "thread.c", *more], "-static", "-pthread", include)
    return built


def said(setting: Callable[..., Launcher], program: Path) -> list[str]:
    options = ["--sandbox", "--read", str(program), "--read", "/proc/self"]
    outcome = setting(*options).run([str(program)], answer=allow)
    return outcome.out.splitlines()


def test_a_program_with_it_finds_its_own_threads_and_no_other_process(
    setting: Callable[..., Launcher], bench: Bench
) -> None:
    found = said(setting, program(bench, "threads-seen", OPEN))
    assert found == ["own opened", "other Permission denied"]


def test_a_program_without_it_finds_none(setting: Callable[..., Launcher], bench: Bench) -> None:
    # Why it is there: without it libdispatch would trap.
    assert said(setting, program(bench, "threads-unseen")) == [
        "own Permission denied",
        "other Permission denied",
    ]
