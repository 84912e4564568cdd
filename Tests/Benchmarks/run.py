"""Measures what rbotd costs, beside the floor that this machine gives a bare C program in the same run.

`make bench` builds everything in release and calls this. Prints a table and, with --json FILE, writes the figures.
Timings are reported, never judged: on a shared machine compare the ratios, not the numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FOLDERS = [HERE.parent / "Support", HERE / "supervision", HERE / "schedules", HERE / "arena"]
sys.path[:0] = [str(folder) for folder in [*FOLDERS, HERE / "streams"]]

import aims  # noqa: E402
import daemon as support  # noqa: E402
from daemon import BIN, DATA, STRATEGIES, Daemon, eventually  # noqa: E402
from fan_out import fan_out  # noqa: E402
from gateways import arena  # noqa: E402
from measure import resident, supervision, ticks  # noqa: E402
from punctual import schedules  # noqa: E402

IDLE = """
from rbot import Strategy

class Idle(Strategy):
    instruments = ["EUR_USD"]
"""


def worker(name: str, job: str, count: int = 0, brokers: str = '["paper"]') -> dict[str, str]:
    """The Swift bench worker with one job."""
    return {
        "strategy.toml": f'name = "{name}"\ncommand = ["bench-worker"]\n[limits]\noutput = "1GB/s"\n'
        f'[trading]\nmode = "paper"\nbrokers = {brokers}\n[params]\njob = "{job}"\ncount = {count}\n'
    }


def python_idle(name: str) -> dict[str, str]:
    return {
        "strategy.toml": f'name = "{name}"\nrun = "strategy.py"\n[trading]\nbrokers = ["paper"]\n',
        "strategy.py": IDLE,
    }


def report(daemon: Daemon, name: str, seconds: float = 60) -> dict[str, Any]:
    """The line that a bench worker prints when it is done."""

    def find() -> dict[str, Any] | None:
        for item in daemon.logs(name, lines=50):
            if item["message"].startswith('{"bench"'):
                found: dict[str, Any] = json.loads(item["message"])
                return found
        return None

    result: dict[str, Any] = eventually(f"the report of {name}", find, seconds)
    return result


def floor() -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=support.ROOT) as folder:
        program = Path(folder) / "floor"
        source = Path(__file__).with_name("floor.c")
        subprocess.run(["cc", "-O2", "-o", str(program), str(source), "-lsqlite3"], check=True)
        done = subprocess.run(
            [str(program), f"{folder}/floor.db"], check=True, capture_output=True, text=True
        )
        figures: dict[str, float] = json.loads(done.stdout)
        return figures


def spawning(rounds: int) -> dict[str, float]:
    """Command to ready, and kill -9 to ready again, for a worker in C, in Swift and in Python."""
    kinds = {
        "c": STRATEGIES / "channel_breakout",
        "swift": worker("swift", "idle"),
        "python": python_idle("python"),
    }
    names = {"c": "channel-breakout", "swift": "swift", "python": "python"}
    figures: dict[str, float] = {}
    with Daemon(kinds, config="") as daemon:
        daemon.wait_ready(*names.values())
        control = daemon.control(120)
        for kind, name in names.items():
            start: list[float] = []
            for _ in range(rounds):
                control.call("strategy.stop", {"names": [name], "wait": True})
                begin = time.perf_counter()
                control.call("strategy.start", {"names": [name], "wait": True})
                start.append(time.perf_counter() - begin)
            figures[f"start_to_ready_{kind}_ms"] = statistics.median(start) * 1e3
        control.close()
    for kind, name in names.items():
        killed = [kill_to_ready(kinds[kind], name) for _ in range(min(rounds, 5))]
        figures[f"kill_to_ready_{kind}_ms"] = statistics.median(killed) * 1e3
    return figures


def kill_to_ready(source: Any, name: str) -> float:
    """kill -9 to ready again: the first restart after a run that was ready comes at once."""
    with Daemon({name: source}) as daemon:
        pid = daemon.wait_ready(name)["strategies"][0]["pid"]
        control = daemon.control()
        begin = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        while True:
            item = control.call("status", {"strategy": name})["strategies"][0]
            if item["state"] == "ready" and item["pid"] not in (None, pid):
                control.close()
                return time.perf_counter() - begin


def orders(count: int) -> dict[str, float]:
    with Daemon({"orders": worker("orders", "orders", count)}) as daemon:
        daemon.wait_ready("orders")
        found = report(daemon, "orders")
        return {f"order_{key}": found[key] for key in ("p50_us", "p90_us", "p99_us", "max_us")}


def quotes(lines: int) -> dict[str, float]:
    """Quotes of a replay at full speed to one Swift worker that only watches."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "quotes.csv"
        with made.open("w") as file:
            file.write("ts_ms,instrument,bid,ask\n")
            for index in range(lines):
                bid = 138_000 + index * 7 % 1_000
                file.write(f"{1398988800000 + index},EUR_USD,1.{bid},1.{bid + 11}\n")
        feeds = {"generated": made}
        recorded = DATA / "quotes" / "eur_usd_quotes_oanda_20140502_nfp.csv"
        if recorded.exists():
            feeds["recorded"] = recorded
        for name, path in feeds.items():
            with Daemon(
                {"quotes": worker("quotes", "quotes", brokers="[]")}, feed=f"replay:{path}@max"
            ) as daemon:
                daemon.wait_ready("quotes")
                found = report(daemon, "quotes")
                figures[f"quotes_{name}_per_s"] = found["quotes"] / found["seconds"]
                figures[f"quotes_{name}_gaps"] = found["gaps"]
    return figures


TALKER = r"""
import json, os, socket, time
channel = socket.socket(fileno=3)
def tell(method, params, **more):
    message = {"jsonrpc": "2.0", "method": method, "params": params, **more}
    channel.sendall(json.dumps(message).encode() + b"\n")
tell("hello", {"protocol": [1, 1], "sdk": "bench"}, id=1)
channel.recv(65536)
tell("ready", {})
block = b"a line of sixty-four bytes, its line feed counted, as many say.\n" * 1000
begin = time.perf_counter()
for number in range(COUNT // 1000):
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(1, rest):]
    if number % 1000 == 0:
        tell("heartbeat", {"progress": number})
    ahead = number * 1000 / RATE - (time.perf_counter() - begin)
    if ahead > 0.001:
        time.sleep(ahead)
report = {"bench": True, "seconds": time.perf_counter() - begin}
time.sleep(2)
tell("log", {"level": "info", "message": json.dumps(report)})
while True:
    tell("heartbeat", {"progress": 0})
    time.sleep(1)
"""


def stdout_lines(count: int, pace: int, name: str) -> dict[str, float]:
    """64-byte lines of one worker's standard output, so many a second, until they are in the database.

    Beyond 64 MiB a second the daemon drops lines and counts them, whatever the worker is allowed.
    """
    manifest = 'name = "talker"\ncommand = ["python3", "talk.py"]\n[limits]\noutput = "1GB/s"\n'
    files = {
        "strategy.toml": manifest,
        "talk.py": TALKER.replace("COUNT", str(count)).replace("RATE", str(pace)),
    }
    with Daemon({"talker": files}, config='[logs]\nmax_size = "8GB"\n') as daemon:
        daemon.wait_ready("talker")
        found = report(daemon, "talker", 120)

        def settled() -> dict[str, int] | None:
            records: dict[str, int] = daemon.status()["supervisor"]["records"]
            return records if records["waiting"] == 0 else None

        records = eventually("everything stored or lost", settled, 120)
        dropped = daemon.strategy("talker")["dropped_logs"]
        assert daemon.process
        memory = Path(f"/proc/{daemon.process.pid}/status").read_text()
        peak = next(int(x.split()[1]) for x in memory.splitlines() if x.startswith("VmHWM"))
        database = next(daemon.home.rglob("supervisor.sqlite"))
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        query = "select sum(lines) from log_blocks where source = 'talker' and streams & 2"
        stored = connection.execute(query).fetchone()[0]
        connection.close()
        return {
            f"{name}_written_per_s": count / found["seconds"],
            f"{name}_stored_per_s": stored / found["seconds"],
            f"{name}_written": count,
            f"{name}_stored": stored,
            f"{name}_dropped": dropped,
            f"{name}_lost": records["lost"],
            f"{name}_peak_memory_mb": peak / 1024,
        }


# How many are in the database.
STORED = {
    "logs": "select sum(lines) from log_blocks where source = 'logs'",
    "metrics": "select sum(count) from metric_points_10",
}


def telemetry(job: str, count: int) -> dict[str, float]:
    """Messages until they are in SQLite: the worker's clock runs until the last is taken, ours until it is stored."""
    with Daemon({job: worker(job, job, count)}) as daemon:
        begin = time.perf_counter()
        daemon.wait_ready(job)
        report(daemon, job)
        database = daemon.home / "supervisor.sqlite"
        if not database.exists():
            database = next(daemon.home.rglob("supervisor.sqlite"))

        def rows() -> int:
            connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
            try:
                count: int = connection.execute(STORED[job]).fetchone()[0] or 0
                return count
            finally:
                connection.close()

        stored = eventually(
            "everything stored", lambda: rows() if rows() >= count * 0.5 else None, 60
        )
        last = -1
        while stored != last:
            last, stored = stored, rows()
        found = report(daemon, job)
        return {
            f"{job}_taken_per_s": count / found["seconds"],
            f"{job}_stored": stored,
            f"{job}_sent": count,
            f"{job}_wall_s": time.perf_counter() - begin,
        }


def rest(seconds: float) -> dict[str, float]:
    """Memory and processor of each process with the examples running on the synthetic feed."""
    names = {"momentum_sniper": "momentum-sniper", "grid_bot": "grid-bot", "ema_cross": "ema-cross"}
    names["channel_breakout"] = "channel-breakout"
    with Daemon({folder: STRATEGIES / folder for folder in names}) as daemon:
        status = daemon.wait_ready(*names.values())
        time.sleep(2)
        assert daemon.process
        pids = {"rbotd": daemon.process.pid, "gateway": status["gateway"]["pid"]}
        pids |= {item["name"]: item["pid"] for item in status["strategies"]}
        before = {name: ticks(pid) for name, pid in pids.items()}
        time.sleep(seconds)
        figures = {}
        for name, pid in pids.items():
            used = (ticks(pid) - before[name]) / os.sysconf("SC_CLK_TCK")
            figures[f"rest_cpu_percent_{name}"] = used / seconds * 100
            figures[f"rest_memory_mb_{name}"] = resident(pid)
        return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument(
        "--only",
        help="comma-separated parts: floor, spawn, supervision, schedules, orders, arena, streams, quotes, stdout, "
        "logs, metrics, rest",
    )
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the work, to see that it runs"
    )
    options = parser.parse_args()
    scale = 10 if options.quick else 1
    parts: dict[str, Callable[[], dict[str, float]]] = {
        "floor": floor,
        "spawn": lambda: spawning(max(3, 10 // scale)),
        "supervision": lambda: supervision(scale),
        "schedules": lambda: schedules(scale),
        "orders": lambda: orders(3_000 // scale),
        "arena": lambda: arena(scale),
        "quotes": lambda: quotes(2_000_000 // scale),
        "stdout": lambda: (
            stdout_lines(5_000_000 // scale, 800_000, "stdout")
            | stdout_lines(5_000_000 // scale, 1_000_000_000, "stdout_flood")
        ),
        "logs": lambda: telemetry("logs", 500_000 // scale),
        "metrics": lambda: telemetry("metrics", 500_000 // scale),
        "rest": lambda: rest(20 / scale),
        "streams": lambda: fan_out(scale, worker("orders", "orders", 4_000 // scale)),
    }
    chosen = options.only.split(",") if options.only else list(parts)
    print(f"programs: {BIN}   load: {os.getloadavg()[0]:.2f}   cores: {os.cpu_count()}")
    figures: dict[str, float] = {}
    for name in chosen:
        measured = parts[name]()
        figures |= measured
        for key, value in measured.items():
            print(f"  {key:36} {value:14,.2f}", flush=True)
    if "order_p50_us" in figures and "commit_p50_us" in figures:
        print(
            f"  order round trip / one bare commit    {figures['order_p50_us'] / figures['commit_p50_us']:.2f}"
        )
    if "kill_to_ready_c_ms" in figures and "respawn_p50_us" in figures:
        ratio = figures["kill_to_ready_c_ms"] * 1e3 / figures["respawn_p50_us"]
        print(f"  kill to ready (C) / bare respawn      {ratio:.2f}")
    for line in aims.table(figures):
        print(line)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
