"""Several people at once, and one who does not listen."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from daemon import Daemon, alive, eventually
from workers import (
    command,
    control_s,
    good,
    latencies,
    limits,
    memory_bytes,
    state,
    timed,
    worker,
)


def test_eight_restarts_at_once_leave_one_child() -> None:
    """Case 13."""
    with Daemon({"one": good("one")}) as daemon:
        before = state(daemon, "one", "ready")
        for _ in range(3):
            with ThreadPoolExecutor(8) as pool:
                results = [
                    r[0] for r in pool.map(lambda _: command(daemon, "restart", "one"), range(8))
                ]
            assert all(result["ok"] for result in results), results
            after = daemon.strategy("one")
            assert after["state"] == "ready"
            assert daemon.family("one") == {after["pid"]}
        assert 3 <= after["generation"] - before["generation"] <= 24
        assert not alive(before["pid"])


def test_while_one_stops_slowly_the_others_can_be_controlled() -> None:
    """Case 14."""
    slow = worker("slow", "ignore-term", "hello", "ready", "deaf", extra=limits(stop_timeout="60s"))
    with Daemon({"slow": slow, "other": good("other")}) as daemon:
        pid = state(daemon, "slow", "ready")["pid"]
        state(daemon, "other", "ready")
        control = daemon.control()
        control.send("strategy.stop", {"names": ["slow"]})
        eventually("it is being stopped", lambda: daemon.strategy("slow")["state"] == "stopping")
        with latencies(daemon) as waits:
            for verb in ("restart", "pause", "resume", "stop", "start"):
                took = timed(lambda verb=verb: command(daemon, verb, "other"))
                assert took < control_s(), f"{verb} took {took:.2f} s"
        assert daemon.strategy("slow")["state"] == "stopping", "it took longer than all of that"
        assert max(waits) < control_s()
        os.kill(pid, signal.SIGKILL)
        assert control.read()["result"]["results"][0]["ok"]
        control.close()


def test_a_client_that_never_reads_is_dropped_and_delays_nobody() -> None:
    """Case 31."""
    chatty = worker(
        "chatty", "hello", "ready", "flood:400", "serve", extra='[limits]\noutput = "1MB/s"\n'
    )
    with Daemon({"chatty": chatty}) as daemon:
        state(daemon, "chatty", "ready")
        pid = daemon.status()["supervisor"]["pid"]
        follower, asker = daemon.control(), daemon.control()
        follower.send("logs", {"follow": True, "lines": 10})
        requests = b"".join(
            json.dumps(
                {"jsonrpc": "2.0", "id": i, "method": "logs", "params": {"lines": 100}}
            ).encode()
            + b"\n"
            for i in range(2_000)
        )
        asker.socket.settimeout(30)

        def ask() -> None:
            try:
                while True:
                    asker.socket.sendall(requests)
            except OSError:
                pass

        with latencies(daemon) as waits:
            thread = threading.Thread(target=ask)
            thread.start()
            # It never reads a byte, and its own sends fail once it has been dropped.
            thread.join(25)
            assert not thread.is_alive(), "who takes no answers is dropped"
        assert max(waits) < control_s(), f"the slowest answer took {max(waits):.2f} s"
        assert memory_bytes(pid) < 250 << 20
        assert daemon.strategy("chatty")["state"] == "ready"
        follower.socket.close()
        asker.socket.close()


def test_the_last_command_of_several_clients_decides() -> None:
    """Case 34."""
    chance = random.Random(34)
    verbs = ("start", "stop", "pause", "resume", "restart")
    with Daemon({"torn": good("torn")}) as daemon:
        state(daemon, "torn", "ready")

        def torment(seed: int) -> int:
            mine = random.Random(seed)
            answered = 0
            control = daemon.control()
            for _ in range(15):
                results = control.call(
                    f"strategy.{mine.choice(verbs)}",
                    {"names": ["torn"], "wait": mine.random() < 0.5},
                )["results"]
                answered += len(results)
            control.close()
            return answered

        generation = 0
        for _ in range(6):
            with ThreadPoolExecutor(6) as pool:
                answers = list(pool.map(torment, [chance.randrange(1 << 30) for _ in range(6)]))
            assert answers == [15] * 6, "every command was answered"
            paused = chance.random() < 0.5
            runs = chance.random() < 0.5
            command(daemon, "pause" if paused else "resume", "torn")
            command(daemon, "start" if runs else "stop", "torn")
            after = daemon.strategy("torn")
            wanted = ("paused" if paused else "ready") if runs else "stopped"
            assert (after["state"], after["paused"]) == (wanted, paused)
            assert daemon.family("torn") == ({after["pid"]} if runs else set())
            assert after["generation"] >= generation
            generation = after["generation"]


def test_sixty_four_clients_are_served_and_one_more_is_refused() -> None:
    with Daemon({"idle": good("idle")}) as daemon:
        state(daemon, "idle", "ready")
        clients = [daemon.control() for _ in range(64)]
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda client: client.call("status"), clients))
        assert all(answer["strategies"][0]["state"] == "ready" for answer in answers)
        with socket.socket(socket.AF_UNIX) as late:
            late.settimeout(10)
            late.connect(str(daemon.socket))
            try:
                assert late.recv(1) == b"", "closed at once"
            except ConnectionResetError:
                pass
        for client in clients:
            client.close()
        eventually("there is room again", lambda: daemon.call("status"))


def test_garbage_from_many_clients_harms_nobody() -> None:
    chance = random.Random(7)
    with Daemon({"idle": good("idle")}) as daemon:
        pid = state(daemon, "idle", "ready")["pid"]

        def spoil(junk: bytes) -> None:
            with socket.socket(socket.AF_UNIX) as raw:
                raw.settimeout(10)
                try:
                    raw.connect(str(daemon.socket))
                    raw.sendall(junk)
                    while raw.recv(65536):
                        pass
                except OSError:
                    pass

        hello = (
            b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":[1,1],"client":"x"}}\n'
        )
        junk = [hello + chance.randbytes(chance.randrange(1, 50_000)) + b"\n" for _ in range(20)]
        junk += [chance.randbytes(chance.randrange(1, 50_000)) + b"\n" for _ in range(20)]
        junk += [
            hello + b'{"jsonrpc":"2.0","id":2,"method":"strategy.stop","params":' + bad + b"}\n"
            for bad in (
                b"[]",
                b"null",
                b"{}",
                b'{"names":"idle"}',
                b'{"names":[1]}',
                b'{"names":[' + b"[" * 200 + b"}",
            )
        ]
        with latencies(daemon) as waits, ThreadPoolExecutor(8) as pool:
            # Those that keep the connection open are ended by our own time limit.
            list(pool.map(spoil, junk[:40:4] + junk[40:]))
        assert max(waits) < control_s()
        after = daemon.strategy("idle")
        assert (after["state"], after["pid"]) == ("ready", pid)
