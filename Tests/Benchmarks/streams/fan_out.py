"""What it costs to tell many clients of each event, beside FastAPI and a bare fan-out in C, in the same run.

Ours sends what happens at a real desk: a strategy places orders as fast as it gets answers, every order is durable, and
each makes several events. The others make events up, as fast as they can send them.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daemon import ROOT, Daemon, eventually
from measure import resident

HERE = Path(__file__).resolve().parent
SETTINGS = "[http]\nstreams = 2000\nreads_per_second = 0\norders_per_second = 0\n"
Figures = dict[str, float]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait(10)


def compiled(folder: Path, name: str) -> Path:
    target = folder / name
    subprocess.run(["cc", "-O2", "-o", target, HERE / f"{name}.c"], check=True)
    return target


def readers(program: Path, port: int, count: int) -> subprocess.Popen[str]:
    command = [str(program), str(port), str(count), "2000"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout and process.stdout.readline() == "ready\n"


def counted(name: str, count: int, process: subprocess.Popen[str]) -> Figures:
    assert process.stdout
    found = json.loads(process.stdout.read())
    whole = 1.0 if found["least"] == found["most"] else 0.0
    return {
        f"fan_{name}_{count}_per_s": found["deliveries"] / max(found["seconds"], 1e-9),
        f"fan_{name}_{count}_p50_ms": found["p50_ms"],
        f"fan_{name}_{count}_p99_ms": found["p99_ms"],
        f"fan_{name}_{count}_each_got_all": whole,
    }


def ours(program: Path, count: int, strategy: dict[str, Any]) -> Figures:
    with Daemon({"orders": strategy}, config=SETTINGS) as daemon:
        status = daemon.wait_ready()
        daemon.call("strategy.stop", {"names": ["orders"], "wait": True})
        port = int(status["gateway"]["listen"].rsplit(":", 1)[1])
        pid = status["gateway"]["pid"]
        before = resident(pid)
        with ended(readers(program, port, count)) as process:
            wait_ready(process)
            connected = resident(pid)
            daemon.call("strategy.start", {"names": ["orders"], "wait": True})
            figures = counted("ours", count, process)
        figures[f"fan_ours_{count}_memory_mb"] = resident(pid)
        figures[f"fan_ours_{count}_kb_per_reader"] = (connected - before) * 1024 / count
        return figures


def other(name: str, command: list[str], program: Path, port: int, count: int) -> Figures:
    with ended(subprocess.Popen(command, text=True)) as server:

        def listens() -> bool:
            with contextlib.suppress(OSError):
                return f":{port:04X} " in Path("/proc/net/tcp").read_text()
            return False

        eventually(f"{name} listens", listens)
        with ended(readers(program, port, count)) as process:
            wait_ready(process)
            figures = counted(name, count, process)
        figures[f"fan_{name}_{count}_memory_mb"] = resident(server.pid)
        return figures


def fan_out(scale: int, strategy: dict[str, Any]) -> Figures:
    """Deliveries a second, and the time from an event to its arrival, at 100 and 1,000 readers."""
    figures: Figures = {}
    ready = ROOT / ".venv-bench" / "bin" / "python"
    python = str(ready) if ready.exists() else sys.executable
    with tempfile.TemporaryDirectory() as made:
        program, floor = (compiled(Path(made), name) for name in ("sse_readers", "fan_out"))
        for count in (100, 1_000):
            events = str(2_000_000 // count // scale)
            port = free_port()
            command = [str(floor), str(port), str(count), events]
            figures |= other("c", command, program, port, count)
            with_fastapi = subprocess.run(
                [python, "-c", "import fastapi, uvicorn"], capture_output=True
            )
            if with_fastapi.returncode == 0:
                port = free_port()
                events = str(500_000 // count // scale)
                command = [python, str(HERE / "fastapi_events.py"), str(port), str(count), events]
                figures |= other("fastapi", command, program, port, count)
            figures |= ours(program, count, strategy)
    return figures
