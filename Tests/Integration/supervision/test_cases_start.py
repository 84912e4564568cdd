"""Starts that fail: said where, killed in time, tried again with patience."""

from __future__ import annotations

import os
import shutil
import signal
import socket

import pytest
from daemon import Daemon, eventually
from workers import command, gone, good, limits, recorded, restart, state, timed, worker


def test_an_exit_before_ready_is_a_failed_start_even_with_code_0() -> None:
    """Case 6."""
    short = worker("short", "hello", "exit:0", extra=restart(first="30s"))
    with Daemon({"short": short}) as daemon:
        waiting = state(daemon, "short", "backoff")
        assert waiting["last_exit"]["code"] == 0
        assert "before it was ready" in waiting["reason"]
        result = command(daemon, "start", "short")[0]
        assert (result["ok"], result["reason"]) == (False, "failed")
        assert "before it was ready" in result["message"]


def test_one_that_is_never_ready_is_killed_at_its_start_timeout() -> None:
    """Case 7."""
    extra = limits(start_timeout="600ms") + restart(first="30s")
    mute = worker("mute", "ignore-term", "hang", extra=extra)
    slow = worker("slow", "ignore-term", "detach", "hello", "hang", extra=extra)
    with Daemon({"mute": mute, "slow": slow}) as daemon:
        for name, lacking in (("mute", "did not say hello"), ("slow", "was not ready")):
            waiting = state(daemon, name, "backoff")
            assert waiting["last_exit"]["signal"] == 9
            assert f"{lacking} within 600 ms" in waiting["reason"]
            run = eventually(
                "its record", lambda n=name: [r for r in daemon.runs(n) if r["ended_ns"]]
            )[0]
            assert 0.55 < (run["ended_ns"] - run["started_ns"]) / 1e9 < 3
            assert daemon.family(name) == set()
        assert gone(*recorded(daemon, "slow")["detached"])


def test_a_restart_while_it_waits_for_the_gateway_makes_one_instance() -> None:
    """Case 11."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    daemon = Daemon({"waiter": worker("waiter", "hello", "ready", "serve", after='["gateway"]')})
    daemon.listen = f'listen = "127.0.0.1:{port}"\n'
    with daemon, socket.socket() as taken:
        before = state(daemon, "waiter", "ready")
        command(daemon, "stop", "waiter")
        # rbotd stands still while its gateway dies and the port goes to another, so the next one cannot start.
        gateway, rbotd = daemon.status()["gateway"]["pid"], daemon.process
        assert rbotd
        rbotd.send_signal(signal.SIGSTOP)
        os.kill(gateway, signal.SIGKILL)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        eventually("the port is taken", lambda: bound(taken, port))
        taken.listen()
        rbotd.send_signal(signal.SIGCONT)
        for _ in range(3):
            command(daemon, "restart", "waiter", wait=False)
        assert daemon.strategy("waiter")["state"] == "waiting"
        assert daemon.family("waiter") == set()
        taken.close()
        ready = state(daemon, "waiter", "ready", seconds=40)
        assert ready["generation"] == before["generation"] + 1
        assert daemon.family("waiter") == {ready["pid"]}


def bound(taken: socket.socket, port: int) -> bool:
    """Whether the port could be had; the kernel may still hold it for the one who died."""
    try:
        taken.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "program", "stage"),
    [
        ("absent", "./nothing", "No such file"),
        ("forbidden", "./strategy.toml", "Permission denied"),
    ],
)
def test_a_command_that_cannot_run_names_the_stage(name: str, program: str, stage: str) -> None:
    """Case 20: ENOENT and EACCES."""
    manifest = f"name = '{name}'\ncommand = ['{program}']\nafter = []\n" + restart(bursts=4)
    with Daemon({name: {"strategy.toml": manifest}}) as daemon:
        failed = state(daemon, name, "failed", seconds=30)
        assert "exec" in failed["reason"] and program in failed["reason"], failed["reason"]
        assert stage.lower() in failed["reason"].lower(), failed["reason"]
        runs = eventually(
            "all ended", lambda: all(r["ended_ns"] for r in daemon.runs(name)) and daemon.runs(name)
        )
        assert len(runs) == 5, "four restarts and no hot loop"
        gaps = [(b["started_ns"] - a["started_ns"]) / 1e9 for a, b in zip(runs, runs[1:])]
        for gap, least in zip(gaps, (0.2, 0.4, 0.8, 1.6)):
            assert least <= gap < least + 1.5, gaps


def test_a_working_directory_that_is_gone_names_the_stage() -> None:
    """Case 20: the working directory."""
    with Daemon({"lost": good("lost", restart(first="30s"))}) as daemon:
        state(daemon, "lost", "ready")
        command(daemon, "stop", "lost")
        shutil.rmtree(daemon.strategies / "lost")
        result = command(daemon, "start", "lost")[0]
        assert (result["ok"], result["reason"]) == (False, "failed")
        assert "directory" in result["message"] and "lost" in result["message"], result
        assert daemon.strategy("lost")["state"] == "backoff"


def test_a_reload_during_a_start_is_applied_once() -> None:
    """Case 15."""
    gate = "await:gate"
    with Daemon(
        {"slow": worker("slow", gate, "hello", "ready", "serve"), "other": good("other")}
    ) as daemon:
        other = state(daemon, "other", "ready")
        before = eventually("it starts", lambda: (s := daemon.strategy("slow"))["pid"] and s)
        assert before["state"] == "starting"
        manifest = daemon.strategies / "slow" / "strategy.toml"
        manifest.write_text(manifest.read_text() + "[limits]\nfiles = 123\n")
        answer = daemon.call("reload")
        assert (answer["changed"], answer["errors"]) == (["slow"], [])
        assert daemon.call("reload")["changed"] == []
        (daemon.strategies / "slow" / "gate").touch()
        after = state(daemon, "slow", "ready")
        assert after["generation"] == before["generation"] + 1
        limit = (line for line in open(f"/proc/{after['pid']}/limits") if "open files" in line)
        assert next(limit).split()[3] == "123"
        # A second application would have come before another reload has been read and compared.
        assert daemon.call("reload")["changed"] == []
        again = daemon.strategy("slow")
        assert (again["generation"], again["pid"]) == (after["generation"], after["pid"])
        now = daemon.strategy("other")
        assert (now["pid"], now["generation"]) == (other["pid"], other["generation"])


def test_a_start_is_answered_when_it_is_ready_and_not_before() -> None:
    with Daemon({"slow": worker("slow", "sleep:700", "hello", "ready", "serve")}) as daemon:
        state(daemon, "slow", "starting", "ready")
        command(daemon, "stop", "slow")
        assert 0.6 < timed(lambda: command(daemon, "start", "slow")) < 15
        assert daemon.strategy("slow")["state"] == "ready"
