"""Who asks what only the gateway knows hears something, whatever becomes of the gateway."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from daemon import Control, Daemon, Refused, eventually
from samples import TRADER, python

METHODS = ("positions", "orders", "fills", "accounts", "summary", "status")
PATIENCE_S = 20.0


class Asker(threading.Thread):
    """Asks one thing after the other on a connection of its own, many at once."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__()
        self.control: Control = daemon.control(timeout=30)
        self.slowest = 0.0
        self.answers = 0
        self.refusals: set[str | None] = set()
        self.trouble: Exception | None = None
        self.ends = threading.Event()

    def run(self) -> None:
        try:
            while not self.ends.is_set():
                began = time.monotonic()
                open_requests = {self.control.send(method, {}) for method in METHODS * 4}
                while open_requests:
                    message = self.control.read()
                    open_requests.discard(message.get("id"))
                    self.answers += 1
                    if "error" in message:
                        self.refusals.add((message["error"].get("data") or {}).get("reason"))
                self.slowest = max(self.slowest, time.monotonic() - began)
        except Exception as trouble:
            self.trouble = trouble


def gateway(daemon: Daemon) -> int | None:
    part = daemon.status()["gateway"]
    return int(part["pid"]) if part["state"] == "ready" else None


def test_questions_are_answered_or_refused_while_the_gateway_is_killed_again_and_again() -> None:
    with Daemon({"trader": python("trader", TRADER)}) as daemon:
        daemon.wait_ready("trader")
        askers = [Asker(daemon) for _ in range(6)]
        for asker in askers:
            asker.start()
        for _ in range(5):
            pid = eventually("a gateway", lambda: gateway(daemon))
            os.kill(pid, signal.SIGKILL)
            eventually("another one", lambda pid=pid: gateway(daemon) not in (None, pid))
        for asker in askers:
            asker.ends.set()
        for asker in askers:
            asker.join(40)
            assert not asker.is_alive() and asker.trouble is None, asker.trouble
            assert asker.slowest < PATIENCE_S
            assert asker.answers > 50
            assert asker.refusals <= {"gateway_down", "connection_closed"}


def test_a_gateway_that_stands_still_is_not_waited_for() -> None:
    with Daemon({"trader": python("trader", TRADER)}) as daemon:
        daemon.wait_ready("trader")
        pid = eventually("a gateway", lambda: gateway(daemon))
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        # Both at once: one that stands still for longer is taken for dead, and another answers.
        with ThreadPoolExecutor() as others:
            shown = others.submit(daemon.ctl, "positions")
            try:
                daemon.call("positions")
            except Refused as refused:
                assert refused.reason == "gateway_timeout"
            answer = shown.result()
        assert answer.returncode != 0 and "the gateway did not answer positions" in answer.stderr
        assert time.monotonic() - began < PATIENCE_S
        os.kill(pid, signal.SIGCONT)
