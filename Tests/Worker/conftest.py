"""Programs and folders for the tests of rbot-exec."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kernel import compile_c, numbers
from launcher import Launcher

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Support"))

import daemon as support  # noqa: E402

HERE = Path(__file__).parent
SOURCES = support.ROOT / "Sources" / "Worker" / "rbot-exec"
# A user that is nobody else's: neither root nor who owns the checkout.
OTHER = 60700


@dataclass(frozen=True)
class Bench:
    """A folder that every user may enter, with the programs in it."""

    folder: Path
    program: Path
    probe: Path
    deny: Path
    dynamic: Path

    def options(self, *more: str) -> list[str]:
        """What a worker that is a static program needs."""
        return ["--sandbox", "--read", str(self.probe), *more]


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    built = support.BIN / "rbot-exec"
    if not built.exists():
        pytest.fail(f"{built} is not there: run `swift build` or `make test` first")
    folder = Path(tempfile.mkdtemp(prefix="rbot-worker-"))
    folder.chmod(0o755)
    try:
        yield Bench(
            folder,
            Path(shutil.copy(built, folder)),
            compile_c(folder / "probe", [HERE / "probe.c"], "-static"),
            compile_c(folder / "deny", [HERE / "deny.c"], "-static"),
            compile_c(folder / "dynamic", [HERE / "probe.c"]),
        )
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def place(bench: Bench) -> Iterator[Path]:
    """A folder of one test's own, which everybody may use."""
    folder = Path(tempfile.mkdtemp(dir=bench.folder))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


Start = Callable[..., Launcher]


@pytest.fixture(params=["root", "plain user", "root with a user for it"])
def setting(request: pytest.FixtureRequest, bench: Bench) -> Start:
    """rbot-exec as each of those who may start it: a launcher for the options given."""
    root = os.geteuid() == 0
    if request.param != "plain user" and not root:
        pytest.skip("needs root")
    user = OTHER if root and request.param == "plain user" else None
    own = ["--user", f"{OTHER}:{OTHER}"] if request.param == "root with a user for it" else []
    return lambda *options: Launcher(bench.program, [*own, *options], user)


@pytest.fixture
def launch(bench: Bench) -> Start:
    """rbot-exec as whoever runs the tests."""
    return lambda *options: Launcher(bench.program, options)


@pytest.fixture(scope="session")
def call() -> dict[str, int]:
    """This machine's system calls by name."""
    return numbers(os.uname().machine)


def built_with(bench: Bench, name: str, *options: str) -> Path:
    """rbot-exec built with other constants."""
    target = bench.folder / name
    if target.exists():
        return target
    bare = ["-static", "-nostdlib", "-fno-stack-protector"]
    return compile_c(target, sorted(SOURCES.glob("*.c")), *bare, *options)
