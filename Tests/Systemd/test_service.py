"""The service's life, from its start to its end. The tests build on each other, in this order."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from service import (
    EXAMPLES,
    eventually,
    journal,
    main_pid,
    processes,
    rbotctl,
    ready,
    run,
    status,
    strategies,
    traders,
    unit,
)

pytestmark = pytest.mark.usefixtures("installed")

READY_S = 60
# The slowest example waits for 26 candles, then for two averages to cross.
FILLS_S = 180
RESTART_S = 60


@pytest.fixture
def frozen() -> Iterator[list[int]]:
    """Pids that the test stops; those that are still there go on afterwards."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass


def test_the_unit_has_no_mistakes() -> None:
    path = unit("FragmentPath")
    assert run("systemd-analyze", "verify", path) == ""


def test_a_start_ends_when_rbotd_is_ready() -> None:
    run("systemctl", "start", "rbotd")
    assert unit("ActiveState") == "active"
    assert unit("SubState") == "running"
    now = status()
    assert now is not None and now["supervisor"]["pid"] == main_pid()
    assert unit("StatusText").startswith("gateway ")


def test_rbotd_runs_as_its_own_user_with_its_own_folders() -> None:
    owner = Path(f"/proc/{main_pid()}").owner()
    assert owner == "rbot"
    assert Path("/run/rbotd/control.sock").is_socket()
    assert Path("/var/lib/rbotd/supervisor.sqlite").is_file()
    assert Path("/var/lib/rbotd/trading.sqlite").is_file()


def test_the_examples_become_ready_and_trade() -> None:
    eventually("the examples are ready", ready, READY_S)
    eventually("each example has fills", lambda: traders() >= set(EXAMPLES), FILLS_S)
    # One of the folder is not enabled.
    running = len([item for item in strategies().values() if item["pid"]])
    assert unit("StatusText") == f"gateway ready, {running} of {running + 1} strategies running"


def test_each_strategy_has_a_user_and_a_cgroup_of_its_own_and_no_capability() -> None:
    found = eventually("the examples are ready", ready, READY_S)
    users = set()
    for name in EXAMPLES:
        item = found[name]
        process = Path(f"/proc/{item['pid']}")
        fields = dict(
            line.split(":\t", 1) for line in (process / "status").read_text().splitlines()
        )
        users.add(fields["Uid"].split()[0])
        assert len(set(fields["Uid"].split() + fields["Gid"].split())) == 1
        assert fields["Groups"].strip() == "" and fields["NoNewPrivs"] == "1"
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(fields[kind], 16) == 0, f"{name}: {kind}"
        layers = {layer["layer"]: layer["in_force"] for layer in item["sandbox"]}
        needed = ("user", "privileges", "files", "calls", "reports", "signals", "cgroup")
        assert all(layers[layer] for layer in needed), item["sandbox"]
        assert item["sandbox_warnings"] == 0, item["sandbox"]
        assert (process / "cgroup").read_text().strip().endswith(f"/rbotd.service/worker-{name}")
        assert Path(f"/var/lib/rbotd/state/{name}").stat().st_uid == int(fields["Uid"].split()[0])
    assert len(users) == len(EXAMPLES) and all(60600 <= int(user) <= 61183 for user in users)
    assert Path(f"/proc/{main_pid()}/cgroup").read_text().strip().endswith("/supervisor")
    gateway = (Path("/proc") / str((status() or {})["gateway"]["pid"]) / "status").read_text()
    assert "CapEff:\t0000000000000000" in gateway and "CapAmb:\t0000000000000000" in gateway


def test_a_reload_takes_up_what_is_new_and_touches_nothing_else(root: Path) -> None:
    before = strategies()
    folder = Path("/etc/rbotd/strategies/second_grid")
    source = root / "strategies" / "grid_bot"
    folder.mkdir()
    manifest = (source / "strategy.toml").read_text()
    (folder / "strategy.toml").write_text(
        manifest.replace('name = "grid-bot"', 'name = "second-grid"')
    )
    (folder / "strategy.py").write_text((source / "strategy.py").read_text())
    run("systemctl", "reload", "rbotd")
    eventually(
        "second-grid is ready",
        lambda: strategies().get("second-grid", {}).get("state") == "ready",
        READY_S,
    )
    after = strategies()
    assert {name: after[name]["pid"] for name in before} == {
        name: before[name]["pid"] for name in before
    }


def test_a_killed_rbotd_comes_back_with_the_same_strategies() -> None:
    before, pid = strategies(), main_pid()
    workers = [item["pid"] for item in before.values() if item["pid"]]
    assert rbotctl("pause", "grid-bot").returncode == 0
    os.kill(pid, signal.SIGKILL)
    after = eventually(
        "rbotd is back",
        lambda: None if main_pid() in (0, pid) else ready(("ready", "paused")),
        RESTART_S,
    )
    assert set(after) == set(before)
    assert after["grid-bot"]["paused"]
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
    assert rbotctl("resume", "grid-bot").returncode == 0


def test_a_hung_rbotd_is_killed_by_the_watchdog_and_comes_back(frozen: list[int]) -> None:
    eventually("the examples are ready", ready, READY_S)
    pid = main_pid()
    frozen.append(pid)
    os.kill(pid, signal.SIGSTOP)
    eventually("rbotd is back", lambda: None if main_pid() in (0, pid) else ready(), RESTART_S)


def test_a_stop_leaves_nothing() -> None:
    eventually("the examples are ready", ready, READY_S)
    run("systemctl", "stop", "rbotd")
    assert unit("ActiveState") == "inactive"
    assert unit("Result") == "success"
    assert processes() == []
    left = [path for folder in ("/run/rbotd", "/var/lib/rbotd") for path in Path(folder).rglob("*")]
    assert [path for path in left if path.is_socket() or path.suffix == ".lock"] == []
    # systemd takes the empty cgroup away a moment later.
    group = Path("/sys/fs/cgroup/system.slice/rbotd.service")
    eventually("the cgroup is gone", lambda: not group.exists(), 10)


def test_the_journal_tells_the_story() -> None:
    text = journal(1000)
    for line in (
        "Started rbotd.service",
        "Reloaded rbotd.service",
        "status=9/KILL",
        "Watchdog timeout",
        "Stopped rbotd.service",
    ):
        assert line in text, f"the journal does not say: {line}"


def test_an_uninstall_leaves_only_what_is_the_users() -> None:
    run("make", "uninstall", "DESTDIR=", "PREFIX=/usr")
    places = [
        Path(top)
        for top in ("/usr/bin", "/usr/libexec", "/usr/share", "/usr/lib", "/lib/systemd/system")
    ]
    left = [
        path
        for place in places
        for name in ("rbotd*", "rbotctl*", "_rbotctl*")
        for path in place.glob(name)
    ]
    assert left == []
    assert Path("/etc/rbotd/strategies/grid_bot/strategy.toml").is_file()
    assert Path("/var/lib/rbotd/trading.sqlite").is_file()
