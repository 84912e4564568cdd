"""What rbotd does not know it does not make up, and what is over is not begun again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from daemon import Daemon, eventually
from samples import IDLE, python

ENDS = """
name = "ends"
command = ["/bin/sh", "-c", "exit 3"]
after = []
[restart]
policy = "never"
"""


def test_a_gateway_that_does_not_answer_has_no_zero_orders() -> None:
    with Daemon({"idle": python("idle", IDLE)}) as daemon:
        gateway = daemon.wait_ready("idle")["gateway"]["pid"]
        assert daemon.strategy("idle")["orders"] == 0
        os.kill(gateway, signal.SIGSTOP)
        try:
            status = daemon.status()
        finally:
            os.kill(gateway, signal.SIGCONT)
        (idle,) = status["strategies"]
        assert (idle["orders"], idle["fills"], idle["position"]) == (None, None, None)
        assert "does not answer" in status["warnings"][0]["message"]


def test_one_that_failed_is_not_started_by_the_next_daemon() -> None:
    with Daemon({"ends": {"strategy.toml": ENDS}}) as daemon:
        eventually("it has failed", lambda: daemon.strategy("ends")["state"] == "failed")
        assert daemon.stop() == 0
        daemon.start()
        eventually("a gateway", lambda: daemon.status()["gateway"]["state"] == "ready")
        assert daemon.strategy("ends")["state"] == "failed"
        assert len(daemon.call("runs", {"name": "ends"})["runs"]) == 1


def test_a_damaged_database_is_a_sentence() -> None:
    daemon = Daemon()
    daemon.home.mkdir()
    (daemon.home / "supervisor.sqlite").write_bytes(b"no database at all" * 20)
    daemon.start()
    assert daemon.process and daemon.process.wait(20) == 1
    assert "supervisor.sqlite is damaged" in daemon.said()


@pytest.mark.parametrize(
    ("key", "path", "why"),
    [
        ("write", "/etc/cron.d", "change the system"),
        ("read", "/etc/shadow", "keys and passwords"),
        ("read", "/proc/1", "other processes"),
    ],
)
def test_a_manifest_opens_nothing_of_the_system(key: str, path: str, why: str) -> None:
    extra = f'[sandbox]\n{key} = ["{path}"]\n'
    with Daemon({"greedy": python("greedy", IDLE, extra)}) as daemon:
        eventually("the gateway", lambda: daemon.status()["gateway"]["state"] == "ready")
        status = daemon.status()
        assert why in status["errors"][0]["message"]
        assert all(item.get("pid") is None for item in status["strategies"])


@pytest.mark.skipif(os.geteuid() != 0, reason="users of their own take root")
def test_what_its_user_cannot_reach_is_no_reason_to_run_as_root(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    extra = f'[sandbox]\nwrite = ["{closed}"]\n'
    daemon = Daemon(
        {"idle": python("idle", IDLE, extra)},
        config='[supervisor]\npython = "/usr/bin/python3"\n',
    )
    daemon.folder.chmod(0o755)
    with daemon:
        pid = daemon.wait_ready("idle")["strategies"][0]["pid"]
        assert Path(f"/proc/{pid}").stat().st_uid != 0
        warnings = [line["message"] for line in daemon.logs("idle")]
        assert any("stays closed to it" in line for line in warnings)
