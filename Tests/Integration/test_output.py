"""Output of strategies: captured whole, in order, harmless, bounded, searchable, followed without loss."""

from __future__ import annotations

import json
import select
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from daemon import Control, Daemon, Refused, eventually
from samples import command

# A strategy that says hello, is ready, and then does what the rest of the program says.
HELLO = """
import json, os, sys, time, signal, socket
channel = socket.socket(fileno=3)
def tell(method, params, **more):
    channel.sendall(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode() + b"\\n")
tell("hello", {"protocol": [1, 1], "sdk": "test"}, id=1)
channel.recv(65536)
tell("ready", {})
out, err = sys.stdout.buffer, sys.stderr.buffer
def idle():
    while True:
        tell("heartbeat", {"progress": 1})
        time.sleep(1)
"""


def talker(name: str, code: str, output: str | None = None) -> dict[str, str]:
    """A strategy that runs a piece of Python."""
    extra = f'[limits]\noutput = "{output}"' if output else ""
    return command(name, ["python3", "talk.py"], extra, {"talk.py": HELLO + code})


def lines(daemon: Daemon, **params: Any) -> list[dict[str, Any]]:
    control = daemon.control()
    try:
        return list(control.stream("logs", {"follow": False, "lines": 10_000, **params}))
    finally:
        control.close()


def said(daemon: Daemon, name: str, text: str) -> dict[str, Any]:
    """Waits for a line."""
    found: dict[str, Any] = eventually(
        f"{name} says {text}",
        lambda: next((item for item in lines(daemon, names=[name], text=text)), None),
        60,
    )
    return found


def test_what_is_no_text_is_split_and_escaped() -> None:
    code = r"""
out.write(b"x" * 10_000_000 + b"\n")
out.write(b"nul \x00 escape \x1b[31m tab \t bad \xff\xc3( good \xc3\xa9\r\n")
out.write("separator \u2028 turned \u202e end\n".encode())
out.write(b"\n")
out.flush()
err.write(b"Traceback (most recent call last):\n  File x\nValueError: no\n")
err.flush()
tell("log", {"level": "info", "message": "two\nlines \u001b", "fields": {"a": 1}})
tell("log", {"level": "info", "message": "much", "fields": {"book": "x" * 20_000}})
out.write(b"no end")
out.flush()
os.close(1)
idle()
"""
    with Daemon({"odd": talker("odd", code, "64MB/s")}) as daemon:
        daemon.wait_ready("odd")
        said(daemon, "odd", "no end")
        said(daemon, "odd", "much")
        out = [item["message"] for item in lines(daemon, names=["odd"], streams=["stdout"])]
        long = [message for message in out if message.startswith("xxx")]
        assert sum(map(len, long)) == 10_000_000
        assert max(map(len, long)) == 8_192
        assert out[len(long) :] == [
            "nul \\x00 escape \\x1b[31m tab \t bad \\xff\\xc3( good é",
            "separator \\xe2\\x80\\xa8 turned \\xe2\\x80\\xae end",
            "",
            "no end",
        ]
        errors = lines(daemon, names=["odd"], streams=["stderr"])
        assert [item["message"] for item in errors] == [
            "Traceback (most recent call last):",
            "  File x",
            "ValueError: no",
        ]
        assert {item["level"] for item in errors} == {"warning"}
        structured = lines(daemon, names=["odd"], streams=["log"])
        assert [(item["message"], item["fields"]) for item in structured] == [
            ("two\nlines \x1b", {"a": 1}),
            # More than 16 KiB are not kept, which is counted, in bytes as they were sent.
            ("much", {"fields_cut_bytes": len(json.dumps({"book": "x" * 20_000}))}),
        ]
        assert daemon.status()["supervisor"]["records"]["fields_cut"] == 1
        shown = daemon.ctl("logs", "odd", "--stream", "log").stdout
        assert "two a=1\n    lines \\x1b\n" in shown


def test_streams_are_in_the_order_in_which_they_were_written() -> None:
    code = r"""
for number in range(300):
    out.write(b"%d\n" % (3 * number)); out.flush(); time.sleep(0.004)
    err.write(b"%d\n" % (3 * number + 1)); err.flush(); time.sleep(0.004)
    tell("log", {"level": "info", "message": str(3 * number + 2)}); time.sleep(0.004)
out.write(b"done\n"); out.flush()
idle()
"""
    with Daemon({"order": talker("order", code)}) as daemon:
        daemon.wait_ready("order")
        said(daemon, "order", "done")
        items = [item for item in lines(daemon, names=["order"]) if item["message"].isdigit()]
        numbers = [int(item["message"]) for item in items]
        assert sorted(numbers) == list(range(900))
        for stream in ("stdout", "stderr", "log"):
            own = [int(item["message"]) for item in items if item["stream"] == stream]
            assert own == sorted(own)
        # The machine may hold rbotd up for longer than the pause between two lines now and then.
        assert sum(a > b for a, b in zip(numbers, numbers[1:], strict=False)) <= 30
        assert [item["id"] for item in items] == sorted(item["id"] for item in items)


def test_lines_are_found_by_text_run_time_stream_and_level() -> None:
    code = r"""
for number in range(2_000):
    out.write(b"order number %d filled\n" % number)
    if number % 100 == 0:
        tell("log", {"level": "error", "message": "broken", "fields": {"order": "paper-%d" % number}})
out.write(b"that was all\n"); out.flush()
idle()
"""
    with Daemon({"busy": talker("busy", code), "other": talker("other", "idle()")}) as daemon:
        daemon.wait_ready("busy", "other")
        said(daemon, "busy", "that was all")
        first = daemon.call("runs", {"name": "busy"})["runs"][0]
        middle = lines(daemon, names=["busy"], text="NUMBER 1000 ")[0]
        daemon.call("strategy.restart", {"names": ["busy"], "wait": True})
        eventually(
            "the second run has said it all",
            lambda: len(lines(daemon, names=["busy"], text="that was all")) == 2,
        )
        runs = daemon.call("runs", {"name": "busy", "limit": 5})["runs"]
        assert [run["run"] for run in runs][-1] == first["run"]
        assert runs[-1]["expected"] is True and runs[-1]["ended"] and runs[0]["ended"] is None
        assert len(lines(daemon, names=["busy"], text="filled", run=first["run"])) == 2_000
        assert len(lines(daemon, names=["busy"], text="PAPER-1900")) == 2
        assert len(lines(daemon, names=["busy"], text="filled", before=middle["id"])) == 1_000
        until = lines(daemon, names=["busy"], until=middle["time"], text="filled")
        since = lines(daemon, names=["busy"], since=middle["time"], text="filled")
        assert {item["id"] for item in until} & {item["id"] for item in since} >= {middle["id"]}
        assert len({item["id"] for item in until + since}) == 4_000
        assert {item["stream"] for item in lines(daemon, streams=["supervisor", "log"])} == {
            "supervisor",
            "log",
        }
        assert len(lines(daemon, names=["busy"], level="error", streams=["log"])) == 40

        asked = daemon.ctl(
            "logs", "busy", "--grep", "Number 7 f", "--run", str(first["run"]), "--json",
            "--stream", "stdout", "--since", "1h", "--until", "0s",
        )  # fmt: skip
        assert [json.loads(line)["message"] for line in asked.stdout.splitlines()] == [
            "order number 7 filled"
        ], asked.stderr
        table = daemon.ctl("runs", "busy").stdout.splitlines()
        assert table[0].split()[:2] == ["RUN", "GENERATION"] and len(table) == 1 + len(runs)
        assert daemon.ctl("runs", "buzy").returncode == 1
        assert daemon.ctl("logs", "-f", "--until", "1h").returncode == 2


def test_a_follower_that_keeps_up_gets_every_line() -> None:
    count = 300_000
    code = rf"""
while not os.path.exists("go"):
    tell("heartbeat", {{"progress": 1}}); time.sleep(0.05)
for number in range({count}):
    out.write(b"line number %012d of a strategy that says more than it should\n" % number)
out.flush()
idle()
"""
    with Daemon({"flood": talker("flood", code, "1GB/s")}) as daemon:
        daemon.wait_ready("flood")
        control = daemon.control(120)
        stream = control.stream(
            "logs", {"names": ["flood"], "streams": ["stdout"], "follow": True, "lines": 0}
        )
        (daemon.strategies / "flood" / "go").touch()
        last = 0
        for number in range(count):
            item = next(stream)
            assert item["message"].startswith(f"line number {number:012d} "), item
            assert item["id"] > last
            last = item["id"]
        control.close()


def test_one_who_fell_behind_gets_all_of_it_and_is_told_how_far_behind_he_is() -> None:
    count = 60_000
    code = rf"""
while not os.path.exists("go"):
    tell("heartbeat", {{"progress": 1}}); time.sleep(0.05)
for number in range({count}):
    out.write(b"line number %012d of a strategy that says more than it should\n" % number)
out.flush()
tell("log", {{"level": "info", "message": "that was all"}})
idle()
"""
    wanted = {"names": ["flood"], "streams": ["stdout"]}
    with Daemon({"flood": talker("flood", code, "1GB/s")}) as daemon:
        daemon.wait_ready("flood")
        control = daemon.control(120)
        control.send("logs", {**wanted, "follow": True, "lines": 0})
        (daemon.strategies / "flood" / "go").touch()
        said(daemon, "flood", "that was all")
        # Only now does he read: far more than fits into any buffer.
        numbers, behind = [], []
        while len(numbers) < count or 0 not in behind:
            params = control.read()["params"]
            assert "dropped" not in params
            if "behind" in params:
                behind.append(params["behind"])
            else:
                numbers.append(int(params["item"]["message"].split()[2]))
        control.close()
        assert numbers == list(range(count))
        assert behind[0] > 10_000

        # More than is read at once, from the first to the last.
        long = [item["message"] for item in lines(daemon, **wanted, lines=25_000)]
        assert [int(message.split()[2]) for message in long] == list(range(count - 25_000, count))
        shown = daemon.ctl("logs", "flood", "-n", "25000", "--stream", "stdout", timeout=120).stdout
        assert len(shown.splitlines()) == 25_000
        with pytest.raises(Refused, match="1000000 at the most"):
            lines(daemon, lines=2_000_000)


def test_a_reader_who_never_reads_is_left_behind_and_costs_little() -> None:
    code = r"""
block = b"y\n" * 30_000
while True:
    out.write(block)
    tell("heartbeat", {"progress": 1})
"""
    with Daemon({"flood": talker("flood", code, "64MB/s")}) as daemon:
        daemon.wait_ready("flood")
        control = daemon.control(120)
        control.send("logs", {"names": ["flood"], "follow": True, "lines": 0})
        eventually("the reader is let go", lambda: left(control), 120)
        assert daemon.process
        status = Path(f"/proc/{daemon.process.pid}/status").read_text()
        peak = next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM"))
        assert peak < 300_000, f"{peak} kB"


def left(control: Control) -> bool:
    """Whether the daemon has closed the connection, without reading what waits."""
    poll = select.poll()
    poll.register(control.socket, select.POLLHUP)
    return bool(poll.poll(0))


def test_a_flood_is_dropped_and_counted_and_hinders_nobody() -> None:
    flood = r"""
block = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n" * 1_000
last = 0
while True:
    out.write(block)
    if time.monotonic() - last > 1:
        tell("heartbeat", {"progress": 1}); last = time.monotonic()
"""
    quiet = r"""
number = 0
while True:
    out.write(b"tick %d\n" % number); out.flush()
    number += 1
    tell("heartbeat", {"progress": number}); time.sleep(0.02)
"""
    with Daemon({"flood": talker("flood", flood), "quiet": talker("quiet", quiet)}) as daemon:
        daemon.wait_ready("flood", "quiet")
        said(daemon, "flood", "lines dropped")
        control = daemon.control()
        times = []
        for _ in range(200):
            begin = time.perf_counter()
            control.call("status", {"strategy": "quiet"})
            times.append(time.perf_counter() - begin)
        control.close()
        times.sort()
        assert times[100] < 0.5, f"median {times[100]}"
        daemon.call("strategy.restart", {"names": ["quiet"], "wait": True})
        ticks = [
            int(item["message"].split()[1])
            for item in lines(daemon, names=["quiet"], streams=["stdout"])
        ]
        first = ticks[: ticks.index(0, 1)] if 0 in ticks[1:] else ticks
        assert first == list(range(first[0], first[0] + len(first))), (
            "a line of the quiet one is missing"
        )
        flooded = lines(daemon, names=["flood"], text="lines dropped", streams=["supervisor"])
        counted = sum(int(item["message"].split()[0]) for item in flooded)
        assert counted > 0
        assert daemon.strategy("flood")["dropped_logs"] >= counted
        assert daemon.strategy("flood")["state"] == "ready"


def test_lines_of_the_last_moment_outlive_a_killed_daemon() -> None:
    code = r"""
for number in range(1_000):
    out.write(b"before %d\n" % number)
out.flush()
idle()
"""
    with Daemon({"talker": talker("talker", code)}) as daemon:
        daemon.wait_ready("talker")
        said(daemon, "talker", "before 999")
        # Longer than a line may wait for others.
        time.sleep(0.5)
        daemon.kill()
        daemon.start()
        daemon.wait_ready("talker")
        found = [
            item["message"] for item in lines(daemon, names=["talker"], text="before ", run=None)
        ]
        assert found[:1_000] == [f"before {number}" for number in range(1_000)]


@pytest.fixture
def small_disk() -> Any:
    """A file system of 24 MB."""
    folder = Path(tempfile.mkdtemp(prefix="rbot-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "rbot-test", str(folder)], capture_output=True
    )
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip("file systems cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def test_a_full_disk_costs_lines_and_nothing_else(small_disk: Path) -> None:
    code = r"""
number = 0
while True:
    for _ in range(500):
        out.write(b"%012d " % number + b"x" * 80 + b"\n")
        number += 1
    out.flush()
    tell("heartbeat", {"progress": number}); time.sleep(0.02)
"""
    daemon = Daemon(
        {"flood": talker("flood", code, "64MB/s"), "quiet": talker("quiet", "idle()")},
        config='[logs]\nmax_size = "1GB"\n',
    )
    daemon.home = small_disk / "home"
    with daemon:
        daemon.wait_ready("flood", "quiet")
        said(daemon, "rbotd", "No space is left")
        eventually(
            "lines are lost", lambda: daemon.status()["supervisor"]["records"]["lost"] > 0, 120
        )
        assert daemon.strategy("flood")["state"] == "ready"
        # Everything can still be controlled, and what the others say can be read.
        daemon.call("strategy.stop", {"names": ["quiet"], "wait": True})
        assert any("stopped" in item["message"] for item in lines(daemon, names=["quiet"]))
        daemon.call("strategy.stop", {"names": ["flood"], "wait": True})
        # There is room again.
        subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
        told = said(daemon, "rbotd", "takes records again")
        assert "were lost" in told["message"]
        lost = daemon.strategy("flood")["dropped_logs"]
        kept = len(lines(daemon, names=["flood"], streams=["stdout"], lines=10))
        assert lost > 0 and kept == 10
        assert daemon.stop() == 0
        daemon.start()
        eventually("it is back", daemon.status)
        assert daemon.strategy("quiet")["state"] == "stopped"
        assert daemon.call("runs", {"name": "quiet"})["runs"][0]["ended"] is not None
