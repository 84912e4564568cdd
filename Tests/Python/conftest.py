"""Starts strategies between fake peers, and leaves no process behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "strategies"))

from fakes import PYTHON, ROOT, STRATEGIES, FakeGateway, FakeSupervisor, Worker

StartWorker = Callable[..., Worker]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartWorker]:
    """Start a strategy: its source as text (written to strategy.py), or a whole command."""
    workers: list[Worker] = []

    def begin(
        source: str | None = None,
        *,
        command: list[str] | None = None,
        folder: Path | None = None,
        ack: bool = False,
        before: Callable[[FakeSupervisor, FakeGateway], None] | None = None,
        feed: dict[str, Any] | None = None,
        **hello: Any,
    ) -> Worker:
        folder = folder or tmp_path
        if source is not None:
            (folder / "strategy.py").write_text(textwrap.dedent(source))
        supervisor = FakeSupervisor(**hello)
        # A Unix socket's path is short by law, pytest's folders are not.
        short = Path(tempfile.mkdtemp(prefix="rbot-"))
        gateway = FakeGateway(short / "gateway.sock", ack=ack)
        if feed is not None:
            gateway.hello["feed"] = feed
        if before is not None:
            before(supervisor, gateway)
        command = command or [PYTHON, "-m", "rbot", "strategy.py"]
        worker = Worker(command, folder, supervisor, gateway)
        workers.append(worker)
        return worker

    yield begin
    for worker in workers:
        worker.close()
        worker.gateway.path.parent.rmdir()


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The folder of recorded quotes; the test is skipped where it is absent."""
    folder = Path(os.environ.get("RBOT_DATA", ROOT.parent / "shared" / "data")) / "quotes"
    if not folder.is_dir():
        pytest.skip("no recorded quotes: set RBOT_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def channel_breakout(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The C example, compiled as strictly as it promises."""
    program = tmp_path_factory.mktemp("c") / "channel-breakout"
    sources = sorted(str(one) for one in (STRATEGIES / "channel_breakout").glob("*.c"))
    flags = ["-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["cc", *flags, "-o", str(program), *sources], check=True, timeout=120)
    return [str(program)]
