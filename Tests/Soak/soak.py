"""Everything that can be killed is killed, stopped and commanded at random; what was promised is checked.

One seed gives the same sequence of steps. After each step the strategies must come to what was last asked of them.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
for folder in (TESTS / "Support", TESTS / "Integration", TESTS / "Integration" / "supervision"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from daemon import Daemon, alive, eventually  # noqa: E402
from samples import python  # noqa: E402
from test_cases_gateway import RISK, TRADER, journal, records  # noqa: E402
from workers import command, good, limits, memory_bytes, restart, worker  # noqa: E402

SETTLED_S = 40
CONTROL_S = 2.0
MEMORY_BYTES = 300 << 20
VERBS = ("start", "stop", "pause", "resume", "restart")


def strategies() -> dict[str, Any]:
    """Well-behaved ones, deaf ones, talkative ones, one with a family, and one that trades."""
    quick = restart(policy="always", first="50ms", last="500ms", bursts=10_000) + limits(
        heartbeat="500ms", stop_timeout="1s"
    )
    found: dict[str, Any] = {f"good-{number}": good(f"good-{number}", quick) for number in range(4)}
    found["deaf"] = worker("deaf", "ignore-term", "hello", "ready", "deaf", extra=quick)
    found["chatty"] = worker("chatty", "hello", "ready", "flood:3", "serve", extra=quick)
    found["parent"] = worker("parent", "child", "detach", "hello", "ready", "serve", extra=quick)
    found["trader"] = python("trader", TRADER, extra=quick)
    return found


class Soak:
    """The driver, and what it expects of each strategy."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.daemon = Daemon(strategies(), config=RISK)
        self.names = list(strategies())
        self.runs = dict.fromkeys(self.names, True)
        self.paused = dict.fromkeys(self.names, False)
        self.generations = dict.fromkeys(self.names, 0)
        self.done: Counter[str] = Counter()
        self.slowest = 0.0
        self.most = 0
        self.pids: set[int] = set()
        self.steps: list[Callable[[], None]] = [
            self.kill_worker,
            self.kill_worker,
            self.stop_worker,
            self.kill_gateway,
            self.hold_gateway,
            self.kill_rbotd,
            self.hold_rbotd,
            self.reload,
            self.one_command,
            self.one_command,
            self.many_commands,
        ]

    def run(self, seconds: float) -> None:
        """Steps until the time is over, then the last look."""
        end = time.monotonic() + seconds
        with self.daemon:
            self.settle()
            while time.monotonic() < end:
                step = self.chance.choice(self.steps)
                self.done[step.__name__] += 1
                try:
                    step()
                    self.settle()
                except BaseException:
                    print(f"after {sum(self.done.values())} steps, in {step.__name__}")
                    raise
            self.last_look()
        assert not [pid for pid in self.pids if alive(pid)], "something is left"

    # What is done to it.

    def victim(self) -> dict[str, Any] | None:
        live = [item for item in self.daemon.status()["strategies"] if item["pid"]]
        return self.chance.choice(live) if live else None

    def signal(self, pid: int, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def kill_worker(self) -> None:
        for _ in range(self.chance.randrange(1, 4)):
            if victim := self.victim():
                self.signal(
                    victim["pid"],
                    self.chance.choice([signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM]),
                )

    def stop_worker(self) -> None:
        """One that is stopped misses its heartbeats; sometimes it goes on before that."""
        if victim := self.victim():
            self.signal(victim["pid"], signal.SIGSTOP)
            if self.chance.random() < 0.5:
                time.sleep(self.chance.random())
                self.signal(victim["pid"], signal.SIGCONT)

    def kill_gateway(self) -> None:
        if pid := self.daemon.status()["gateway"]["pid"]:
            self.signal(pid, signal.SIGKILL)

    def hold_gateway(self) -> None:
        if pid := self.daemon.status()["gateway"]["pid"]:
            self.signal(pid, signal.SIGSTOP)
            time.sleep(self.chance.random() * 2)
            self.signal(pid, signal.SIGCONT)

    def kill_rbotd(self) -> None:
        """And starts it again, as the service manager would."""
        # What a person was told has been done is on the disk a moment later.
        time.sleep(self.chance.random() * 0.5 + 0.2)
        status = self.daemon.status()
        pids = [item["pid"] for item in status["strategies"] if item["pid"]]
        self.daemon.kill()
        eventually("the workers are gone with it", lambda: not any(alive(pid) for pid in pids), 2)
        self.daemon.start()
        eventually("it is up", self.daemon.status, SETTLED_S)

    def hold_rbotd(self) -> None:
        process = self.daemon.process
        assert process
        self.signal(process.pid, signal.SIGSTOP)
        time.sleep(self.chance.random() * 2)
        self.signal(process.pid, signal.SIGCONT)

    def reload(self) -> None:
        name = self.chance.choice([name for name in self.names if name.startswith("good")])
        manifest = self.daemon.strategies / name / "strategy.toml"
        lines = [
            line
            for line in manifest.read_text().splitlines()
            if "threshold" not in line and line != "[params]"
        ]
        lines += ["[params]", f"threshold = {self.chance.randrange(1000)}"]
        manifest.write_text("\n".join(lines) + "\n")
        answer = self.daemon.call("reload")
        assert answer["errors"] == [] and not answer["removed"] and not answer["added"], answer

    def one_command(self) -> None:
        name = self.chance.choice(self.names)
        self.command(self.chance.choice(VERBS), name, self.chance.random() < 0.5)

    def command(self, verb: str, name: str, wait: bool) -> None:
        results = command(self.daemon, verb, name, wait=wait)
        assert [result["name"] for result in results] == [name]
        if verb in ("pause", "resume"):
            self.paused[name] = verb == "pause"
        else:
            self.runs[name] = verb != "stop"

    def many_commands(self) -> None:
        """Several clients at once, and then one who has the last word."""
        orders = [
            (self.chance.choice(VERBS), self.chance.choice(self.names), self.chance.random() < 0.3)
            for _ in range(30)
        ]

        def give(order: tuple[str, str, bool]) -> None:
            verb, name, wait = order
            assert command(self.daemon, verb, name, wait=wait)

        with ThreadPoolExecutor(5) as pool:
            list(pool.map(give, orders))
        for name in self.names:
            self.command(self.chance.choice(("pause", "resume")), name, False)
            self.command(self.chance.choice(("start", "stop", "start")), name, False)

    # What must hold.

    def settle(self) -> None:
        """Waits until each strategy is what it should be, and looks whether nothing else is."""
        eventually(
            f"all is as it was asked for: {self.runs} {self.paused}", self.is_settled, SETTLED_S
        )

    def is_settled(self) -> bool:
        began = time.monotonic()
        status = self.daemon.status()
        took = time.monotonic() - began
        self.slowest = max(self.slowest, took)
        assert took < CONTROL_S, f"the status took {took:.2f} s"
        process = self.daemon.process
        assert process
        assert process.poll() is None, f"rbotd ended: {self.daemon.said()[-2000:]}"
        self.most = max(self.most, memory_bytes(process.pid))
        assert self.most < MEMORY_BYTES, f"rbotd has {self.most >> 20} MB"
        found = {item["name"]: item for item in status["strategies"]}
        if set(found) != set(self.names) or status["gateway"]["state"] != "ready":
            return False
        for name, item in found.items():
            assert item["generation"] >= self.generations[name], (
                f"{name} fell to an older generation"
            )
            self.generations[name] = item["generation"]
            if item["pid"]:
                self.pids.add(item["pid"])
            if item["paused"] != self.paused[name]:
                return False
            wanted = ("paused" if self.paused[name] else "ready") if self.runs[name] else "stopped"
            if item["state"] != wanted:
                return False
        for name, item in found.items():
            family = self.daemon.family(name)
            own = {item["pid"]} if item["pid"] else set()
            # One may have been killed and replaced while we looked: then another look decides.
            if name != "parent" and family != own or name == "parent" and bool(family) != bool(own):
                return False
        return True

    def last_look(self) -> None:
        """What the records say."""
        for name in self.names:
            self.command("start", name, False)
            self.command("resume", name, False)
        self.settle()
        (self.daemon.home / "state" / "trader" / "enough").touch()
        eventually(
            "the trader has finished",
            lambda: ["finished", "-"] in records(self.daemon, "trader"),
            40,
        )
        found = Counter(o["client_order_id"] for o in journal(self.daemon) if o["role"] == "entry")
        said = records(self.daemon, "trader")
        assert not [name for name, count in found.items() if count > 1], "no order twice"
        assert {words[1] for words in said if words[0] == "taken"} <= set(found), "no order lost"
        assert set(found) <= {words[1] for words in said if words[0] == "sent"}, (
            "no order of nobody's"
        )
        assert self.daemon.stop() == 0
        assert not self.daemon.family()
        with contextlib.closing(
            sqlite3.connect(self.daemon.home / "supervisor.sqlite")
        ) as database:
            runs = database.execute("SELECT source, generation, reason FROM runs").fetchall()
        assert all(reason for _, _, reason in runs), "every run has ended, with a reason"
        twice = [key for key, count in Counter((s, g) for s, g, _ in runs).items() if count > 1]
        assert not twice, f"no generation twice: {twice}"
        print(
            f"{sum(self.done.values())} steps, {len(runs)} runs, {len(found)} orders; slowest status "
            f"{self.slowest * 1000:.0f} ms, at most {self.most >> 20} MB; {dict(self.done)}"
        )
