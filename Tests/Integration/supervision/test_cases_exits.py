"""How processes end, and what rbotd knows of it afterwards."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from daemon import Daemon, alive, eventually
from workers import good, said, started, state, worker, zombies

FATAL = sorted(
    set(range(1, 65))
    - {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH, 32, 33}
    - {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
)


def test_every_exit_code_and_every_fatal_signal_is_stored_exactly() -> None:
    """Case 19."""
    never = '[restart]\npolicy = "never"\n'
    wanted = {f"code-{code}": (f"exit:{code}", code, None) for code in range(256)}
    wanted |= {f"signal-{number}": (f"signal:{number}", None, number) for number in FATAL}
    with Daemon(
        {name: worker(name, step, extra=never) for name, (step, _, _) in wanted.items()}
    ) as daemon:

        def settled() -> list[dict[str, object]] | None:
            found = daemon.status()["strategies"]
            ended = [item for item in found if item["state"] == "failed"]
            return ended if len(ended) == len(wanted) else None

        ended = {str(item["name"]): item for item in eventually("all have ended", settled, 90)}
        for name, (_, code, number) in wanted.items():
            last = ended[name]["last_exit"]
            assert isinstance(last, dict)
            assert (last["code"], last["signal"]) == (code, number), name
        for name, (_, code, number) in wanted.items():
            runs = eventually("its record", recorded_end(daemon, name), 20)
            assert [(run["exit_code"], run["signal"]) for run in runs] == [(code, number)], name


def recorded_end(daemon: Daemon, name: str) -> Callable[[], object]:
    def look() -> object:
        runs = daemon.runs(name)
        return runs if runs and all(run["ended_ns"] for run in runs) else None

    return look


def test_a_stopped_worker_misses_its_heartbeat_and_is_replaced() -> None:
    """Case 27."""
    extra = '[health]\nheartbeat = "400ms"\n'
    with Daemon({"frozen": good("frozen", extra)}) as daemon:
        before = state(daemon, "frozen", "ready")
        os.kill(before["pid"], signal.SIGSTOP)

        def replaced() -> object:
            now = daemon.strategy("frozen")
            return now if now["state"] == "ready" and now["pid"] != before["pid"] else None

        after = eventually("another has taken its place", replaced, 10)
        assert not alive(before["pid"])
        assert after["generation"] == before["generation"] + 1
        assert after["last_exit"]["signal"] == 9
        assert "missed three heartbeats of 400 ms" in after["last_exit"]["reason"]
        ended = eventually(
            "the record", lambda: [r for r in daemon.runs("frozen") if r["ended_ns"]]
        )
        first = ended[0]
        assert first["ended_ns"] - first["started_ns"] > 1.1e9, "not before three beats"


def test_a_worker_starts_with_clean_signals_whatever_rbotd_has() -> None:
    """Case 29."""

    def spoil() -> None:
        for number in (signal.SIGPIPE, signal.SIGUSR1, signal.SIGHUP, signal.SIGINT, 40):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(
            signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGTERM, signal.SIGALRM, 41}
        )

    clean = worker("clean", "signals", "hello", "ready", "serve")
    with Daemon({"clean": clean}, popen={"preexec_fn": spoil}) as daemon:
        state(daemon, "clean", "ready")
        said(daemon, "clean", "SigCgt")
        lines = [item["message"] for item in daemon.logs("clean") if item["stream"] == "stdout"]
        found = {
            line.split()[0]: int(line.split()[1], 16)
            for line in lines
            if line.startswith(("SigBlk", "SigIgn"))
        }
        assert found["SigBlk:"] == 0
        # It ignores SIGPIPE itself; nothing else may be ignored.
        assert found["SigIgn:"] == 1 << (signal.SIGPIPE - 1)


def test_orphans_are_reaped_while_their_strategy_runs() -> None:
    """Case 30."""
    parent = worker("parent", "orphans:60", "hello", "ready", "serve")
    with Daemon({"parent": parent}) as daemon:
        state(daemon, "parent", "ready")
        orphans = started(daemon, "parent", "orphan", 60)
        assert daemon.process
        rbotd = daemon.process.pid
        eventually("they have ended", lambda: not any(alive(pid) for pid in orphans), 5)
        eventually("none is left as a zombie", lambda: not zombies(rbotd), 5)
        assert not any(os.path.exists(f"/proc/{pid}") for pid in orphans)
        assert daemon.strategy("parent")["state"] == "ready"
