"""Ordinary programs start and work under a sandbox like the supervisor's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import Bench, Start
from daemon import BIN
from launcher import allow
from programs import RUNTIME

THREADS = """
import threading
done = []
threads = [threading.Thread(target=done.append, args=(one,)) for one in range(8)]
[one.start() for one in threads]
[one.join() for one in threads]
assert sorted(done) == list(range(8))
"""
SUBPROCESS = """
import subprocess
assert subprocess.run(["/bin/echo", "hi"], capture_output=True, text=True).stdout == "hi\\n"
assert subprocess.run("exit 3", shell=True).returncode == 3
child = subprocess.Popen(["/bin/sleep", "60"])
child.terminate()
assert child.wait() == -15
"""
ASYNCIO = """
import asyncio
async def main():
    process = await asyncio.create_subprocess_exec("/bin/echo", "hi", stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out == b"hi\\n"
    assert await asyncio.get_running_loop().run_in_executor(None, lambda: 7) == 7
asyncio.run(main())
"""
MULTIPROCESSING = """
import multiprocessing
def work(pipe, number):
    pipe.send(number * number)
context = multiprocessing.get_context("fork")
ours, theirs = context.Pipe()
children = [context.Process(target=work, args=(theirs, one)) for one in range(3)]
[one.start() for one in children]
got = sorted(ours.recv() for _ in children)
[one.join() for one in children]
assert got == [0, 1, 4] and all(one.exitcode == 0 for one in children)
"""
SIGNALS = """
import os, signal, threading
hits = []
signal.signal(signal.SIGUSR1, lambda *_: hits.append(1))
os.kill(os.getpid(), signal.SIGUSR1)
signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
signal.raise_signal(signal.SIGUSR1)
assert len(hits) == 3
"""
UNIX_SOCKETS = """
import socket, os, threading
path = os.environ["TMPDIR"] + "/socket"
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen()
client = socket.socket(socket.AF_UNIX)
client.connect(path)
client.sendall(b"hi")
assert server.accept()[0].recv(10) == b"hi"
"""
LIBRARIES = """
import sqlite3, ssl, decimal, json, zoneinfo, ctypes, tempfile, pathlib, random, secrets, time, csv
base = sqlite3.connect(pathlib.Path(tempfile.gettempdir()) / "base.sqlite")
base.execute("create table a(b)")
base.commit()
secrets.token_hex(8)
"""


@pytest.mark.parametrize(
    "text",
    [THREADS, SUBPROCESS, ASYNCIO, MULTIPROCESSING, SIGNALS, UNIX_SOCKETS, LIBRARIES],
    ids=["threads", "subprocess", "asyncio", "multiprocessing", "signals", "sockets", "libraries"],
)
def test_python(setting: Start, place: Path, text: str) -> None:
    """An answer to each that is asked for, as the supervisor would give it."""
    options = ["--sandbox", "--required", "--tasks", *RUNTIME, "--write", str(place)]
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(place), "HOME": str(place)}
    outcome = setting(*options).run(
        ["/usr/bin/python3", "-c", text], allow, environment=environment
    )
    assert (outcome.code, outcome.err) == (0, "")


def test_a_dynamic_program(setting: Start, bench: Bench) -> None:
    options = ["--sandbox", "--required", *RUNTIME, "--read", str(bench.dynamic)]
    outcome = setting(*options).run([str(bench.dynamic), "39"])
    assert outcome.code == 0
    assert outcome.notified == []


def test_a_static_program(setting: Start, bench: Bench) -> None:
    outcome = setting(*bench.options("--required")).run([str(bench.probe), "39"])
    assert outcome.code == 0
    assert outcome.notified == []


def test_a_worker_in_swift(setting: Start, place: Path) -> None:
    """Alone it has nobody to greet, and says so; with its libraries it came that far."""
    worker = BIN / "ema-cross"
    if not worker.exists():
        pytest.fail(f"{worker} is not there: run `swift build` or `make test` first")
    try:
        worker = place / worker.name
        worker.write_bytes((BIN / worker.name).read_bytes())
        worker.chmod(0o755)
    except OSError as problem:
        pytest.skip(f"cannot copy the worker: {problem}")
    options = ["--sandbox", "--required", *RUNTIME, "--read", str(place)]
    outcome = setting(*options).run([str(worker)], environment={"PATH": "/usr/bin:/bin"})
    alone = setting().run([str(worker)], None, environment={"PATH": "/usr/bin:/bin"})
    assert outcome.report[0] == "listener"
    assert (outcome.code, outcome.out, outcome.err) == (alone.code, alone.out, alone.err)
    assert outcome.code > 0 and os.strerror(13) not in outcome.err
