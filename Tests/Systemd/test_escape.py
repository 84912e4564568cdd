"""The strategy that tries to get out, under the installed service.

The unit has a filter of system calls of its own, which answers first: what it forbids gets EPERM, and nobody is
told, since no filter behind it hears of the call.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from service import eventually, main_pid, run

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Escape"))

import arena  # noqa: E402
from daemon import Control  # noqa: E402
from tries import TRIES  # noqa: E402

pytestmark = pytest.mark.usefixtures("installed")

STRATEGIES = Path("/etc/rbotd/strategies")
STATE = Path("/var/lib/rbotd")
RUNTIME = Path("/run/rbotd")
# Told to nobody, as the unit's own filter is asked first.
BY_THE_UNIT = {
    *("mount", "umount2", "pivot_root", "chroot", "fsopen", "mount_setattr", "unshare", "setns"),
    *("finit_module", "init_module", "kexec_load", "reboot", "bpf", "perf_event_open", "syslog"),
    *("settimeofday", "sethostname", "swapoff", "open_by_handle_at", "fanotify_init", "ptrace"),
    *("personality", "sched_setscheduler", "sched_setattr", "ioprio_set"),
}
FAMILIES_OF_THE_UNIT = ("packet", "netlink", "vsock", "crypto")


def call(method: str, params: dict[str, Any] | None) -> Any:
    control = Control(RUNTIME / "control.sock")
    try:
        return control.call(method, params)
    finally:
        control.close()


def logs(name: str) -> list[dict[str, Any]]:
    control = Control(RUNTIME / "control.sock")
    try:
        params = {"names": [name], "follow": False, "lines": 10_000}
        return list(control.stream("logs", params))
    finally:
        control.close()


@pytest.fixture(scope="module")
def found() -> Iterator[arena.Findings]:
    """What came of each try; the strategies are gone afterwards, so that the tests of the service find none."""
    arena.write_strategies(STRATEGIES)
    settings = Path("/etc/rbotd/rbotd.toml")
    settings.touch()
    try:
        drop = Path("/etc/systemd/system/rbotd.service.d/secret.conf")
        drop.write_text('[Service]\nEnvironment="SECRET_X=ESCAPE-SECRET"\n')
        run("systemctl", "daemon-reload")
        run("systemctl", "start", "rbotd")

        def ready() -> bool:
            states = {one["name"]: one["state"] for one in call("status", None)["strategies"]}
            return [states.get(name) for name in ("intruder", "victim")] == ["ready"] * 2

        eventually("both are ready", ready, 60)
        places = arena.Places(
            state=STATE,
            runtime=RUNTIME,
            settings=settings,
            strategies=STRATEGIES,
            elsewhere=Path("/run/elsewhere"),
        )
        yield arena.run("service", places, call, logs)
        drop.unlink()
        run("systemctl", "daemon-reload")
    finally:
        run("systemctl", "stop", "rbotd")
        if settings.stat().st_size == 0:
            settings.unlink()
        for name in ("intruder", "victim"):
            shutil.rmtree(STRATEGIES / name)
            shutil.rmtree(STATE / "state" / name, ignore_errors=True)


def test_no_try_gets_out(found: arena.Findings) -> None:
    print(arena.matrix([found]))
    wrong = {
        (one.title, by): found.outcomes.get((one.title, by))
        for one, by in arena.each()
        if found.outcomes.get((one.title, by), "-") not in {*one.expected("service"), "-"}
    }
    assert wrong == {}, wrong
    assert len(found.outcomes) > 2 * len(TRIES)


def test_what_rbotd_refuses_is_told_in_the_log(found: arena.Findings) -> None:
    sockets = tuple(f"socket {family}" for family in FAMILIES_OF_THE_UNIT)
    silent = {one.title: one.name for one in TRIES if one.told and not found.tells(one)}
    by_the_unit = {
        one.title
        for one in TRIES
        if one.name in BY_THE_UNIT or (one.told and one.told.startswith(sockets))
    }
    assert silent.keys() <= by_the_unit, silent.keys() - by_the_unit


def test_limits_and_layers_hold(found: arena.Findings) -> None:
    outcomes = {title: outcome for (title, _), outcome in found.outcomes.items()}
    assert outcomes["find secrets in its environment"] == "clean"
    assert outcomes["gain by set-user-id programs"] == "none"
    assert outcomes["write more than it may"] == "EFBIG"
    assert outcomes["take more private memory than it may"] in ("MemoryError", "signal 9")
    for deed in ("fork without end", "start threads without end"):
        reason, count = outcomes[deed]
        assert reason == "EAGAIN" and 0 < count < arena.PROCESSES, (deed, reason, count)
    layers = (
        "user",
        "privileges",
        "files",
        "calls",
        "reports",
        "signals",
        "session",
        "environment",
    )
    for name in (*layers, "cgroup", "limits", "memory", "processes", "disk"):
        assert found.layer(name)["in_force"], found.layer(name)
    assert found.after["intruder"]["pid"] == found.before["intruder"]["pid"]
    assert found.after["victim"]["refused"] == 0


def test_a_detached_child_without_a_trace_does_not_outlive_a_stop(found: arena.Findings) -> None:
    pid = int((STATE / "state" / "intruder" / "detached").read_text())
    assert not arena.gone(pid) and main_pid()
    call("strategy.stop", {"names": ["intruder"], "wait": True})
    eventually("it is gone", lambda: arena.gone(pid), 15)
