"""Libraries that rbotd is started with in the C library's stead: a disk that hangs, a clock that is set."""

from __future__ import annotations

import struct
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from daemon import Daemon
from rehearsals import moment

PROGRAMS = Path(__file__).parent / "programs"


@cache
def library(name: str) -> Path:
    """Compiled once per run of the tests."""
    folder = Path(tempfile.mkdtemp(prefix="rbot-preload-"))
    target = folder / f"{name}.so"
    command = ["cc", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", target]
    subprocess.run(
        [str(word) for word in [*command, PROGRAMS / f"{name}.c", "-ldl", "-lpthread"]], check=True
    )
    return target


class SlowDisk(Daemon):
    """A daemon whose disk takes nothing while it is held."""

    def __init__(self, strategies: dict[str, Any], **options: Any) -> None:
        super().__init__(strategies, **options)
        self.held = self.folder / "held"
        self.environment |= {"LD_PRELOAD": str(library("disk")), "RBOT_TEST_HOLD": str(self.held)}

    def hold(self) -> None:
        self.held.touch()

    def release(self) -> None:
        self.held.unlink(missing_ok=True)

    def __exit__(self, kind: object, *rest: object) -> None:
        self.release()
        super().__exit__(kind, *rest)


class SetClock(Daemon):
    """A daemon whose time of day can be set, and whose machine can sleep."""

    def __init__(self, strategies: dict[str, Any], now: str, **options: Any) -> None:
        super().__init__(strategies, **options)
        self.file = self.folder / "clock"
        self.slept = 0.0
        self.set(now)
        self.environment |= {"LD_PRELOAD": str(library("clock")), "RBOT_TEST_CLOCK": str(self.file)}

    def set(self, now: str) -> None:
        """As `date --set` does."""
        self.ahead = moment(now).timestamp() - time.time() - self.slept
        self.write()

    def sleep(self, seconds: float) -> None:
        """As a suspended machine, which is awake again."""
        self.slept += seconds
        self.write()

    def write(self) -> None:
        words = struct.pack("<qq", int(self.ahead * 1e9), int(self.slept * 1e9))
        if self.file.exists():
            # In place: it is mapped.
            with self.file.open("r+b") as file:
                file.write(words)
        else:
            self.file.write_bytes(words)

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self.ahead + self.slept, UTC)
