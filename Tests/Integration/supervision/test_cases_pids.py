"""A pid that has gone to somebody else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
# Its own numbers are few, so that each comes round again within a fraction of a second.
PIDS = 1_200

INSIDE = """
import os, sys, threading, time
open("/proc/sys/kernel/pid_max", "w").write("{pids}")
for folder in {folders!r}:
    sys.path.insert(0, folder)
from daemon import Daemon
from workers import command, limits, state, worker

bystanders, rounds, hit, ended = 0, 0, [], threading.Event()

def bystand():
    global bystanders, rounds
    living, last = [], 0
    while not ended.is_set() or living:
        while len(living) < 40 and not ended.is_set():
            pid = os.fork()
            if pid == 0:
                time.sleep(0.05)
                os._exit(17)
            living.append(pid)
            rounds, last = rounds + (pid < last), pid
        pid = living.pop(0)
        status = os.waitpid(pid, 0)[1]
        bystanders += 1
        if status != 17 << 8:
            hit.append((pid, status))

churner = worker("churner", "ignore-term", "churn:2", "detach", "hello", "ready", "deaf",
                 extra=limits(stop_timeout="300ms"))
with Daemon({{"churner": churner}}) as daemon:
    state(daemon, "churner", "ready")
    seen = set()
    thread = threading.Thread(target=bystand)
    thread.start()
    try:
        for number in range(60):
            if number >= 8 and rounds > 2:
                break
            result = command(daemon, "restart", "churner")[0]
            assert result["ok"], result
            seen.add(daemon.strategy("churner")["pid"])
    finally:
        ended.set()
        thread.join()
    print(f"{{bystanders}} bystanders, {{rounds}} rounds of all numbers, hit: {{hit}}")
    assert not hit and bystanders > 50 and rounds > 2, (bystanders, rounds, hit)
"""


def test_a_recycled_pid_never_gets_a_signal() -> None:
    """Case 9: bystanders take the numbers of a strategy's processes all the while that it is killed."""
    inside = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    probe = "open('/proc/sys/kernel/pid_max', 'w').write('1200')"
    if subprocess.run([*inside, sys.executable, "-c", probe], capture_output=True).returncode != 0:
        pytest.skip("no pid namespace with numbers of its own here")
    outside = Path("/proc/sys/kernel/pid_max").read_text()
    script = INSIDE.format(
        pids=PIDS, folders=[str(HERE), str(HERE.parents[1] / "Support"), str(HERE.parent)]
    )
    done = subprocess.run(
        [*inside, sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=100,
        env=dict(os.environ),
    )
    # Where the kernel has one limit for all namespaces it must not stay so low.
    if Path("/proc/sys/kernel/pid_max").read_text() != outside:
        Path("/proc/sys/kernel/pid_max").write_text(outside)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
