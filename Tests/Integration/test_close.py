"""Whoever takes a strategy away is told what it leaves open, and can close that."""

from __future__ import annotations

from pathlib import Path

from daemon import Daemon, eventually
from samples import IDLE, python
from test_dependencies import idle, manifest
from test_reload import BUYER

FILES = {"strategy.toml": manifest("buyer"), "strategy.py": BUYER}


def holding(daemon: Daemon) -> None:
    daemon.wait_ready("buyer")
    eventually("a position", lambda: daemon.strategy("buyer")["position"])


def held(daemon: Daemon) -> list[str]:
    positions = daemon.call("positions")["positions"]
    return [item["strategy"] for item in positions if float(item["units"]) != 0]


def test_a_stop_says_what_stays_open_and_who_ends_with_it() -> None:
    strategies = {"buyer": FILES, "child": idle("child", 'requires = ["buyer"]')}
    with Daemon(strategies) as daemon:
        holding(daemon)
        daemon.wait_ready("child")
        said = daemon.ctl("stop", "buyer")
        assert said.returncode == 0
        assert "ended with buyer, which they require: child" in said.stdout
        assert "buyer still holds EUR_USD +1000" in said.stdout
        assert 'on_exit = "keep"' in said.stdout and "close buyer" in said.stdout
        daemon.ctl("start", "buyer")
        disabled = daemon.ctl("disable", "buyer")
        assert "buyer still holds EUR_USD +1000" in disabled.stdout
        refused = daemon.ctl("remove", "buyer", "--yes")
        assert refused.returncode != 0 and "close buyer" in refused.stderr
        removed = daemon.ctl("remove", "buyer", "--yes", "--force")
        assert "buyer still holds EUR_USD +1000" in removed.stdout


def test_what_a_stopped_strategy_holds_is_closed_once_that_is_confirmed() -> None:
    with Daemon({"buyer": FILES, "idle": python("idle", IDLE)}) as daemon:
        holding(daemon)
        daemon.ctl("stop", "buyer")
        unsaid = daemon.ctl("close", "buyer")
        assert unsaid.returncode != 0 and "say --yes" in unsaid.stderr
        assert held(daemon) == ["buyer"]
        closed = daemon.ctl("close", "buyer", "--yes")
        assert closed.returncode == 0 and "closed 1 position" in closed.stdout
        assert held(daemon) == []
        assert "holds nothing" in daemon.ctl("close", "idle").stdout
        unknown = daemon.ctl("close", "byer", "--yes")
        assert unknown.returncode != 0 and "did you mean buyer?" in unknown.stderr


def test_what_a_running_strategy_holds_is_closed_and_it_may_not_buy_again() -> None:
    with Daemon({"buyer": FILES}) as daemon:
        holding(daemon)
        closed = daemon.ctl("close", "buyer", "--yes")
        assert closed.returncode == 0 and "until: " in closed.stdout
        assert held(daemon) == []
        refused = eventually(
            "a refusal",
            lambda: [line for line in daemon.logs("buyer") if "squared_off" in line["message"]],
        )
        assert refused
        daemon.ctl("restart", "buyer")
        eventually("it trades again", lambda: held(daemon) == ["buyer"])


def test_what_a_strategy_holds_that_is_gone_is_closed_also_after_a_new_start() -> None:
    with Daemon({"buyer": FILES, "idle": python("idle", IDLE)}) as daemon:
        holding(daemon)
        (daemon.strategies / "buyer").rename(daemon.folder / "away")
        daemon.call("reload")
        assert daemon.stop() == 0
        daemon.start()
        daemon.wait_ready("idle")
        eventually(
            "a warning",
            lambda: any("close buyer" in w["message"] for w in daemon.status()["warnings"]),
        )
        closed = daemon.ctl("close", "buyer", "--yes")
        assert closed.returncode == 0 and "closed 1 position" in closed.stdout
        assert held(daemon) == []
        warnings = [item["message"] for item in daemon.status()["warnings"]]
        assert not any("buyer" in text for text in warnings)


def test_manifests_that_name_what_is_not_there_are_warned_of() -> None:
    trading = '[trading]\nmode = "live"\ninstruments = ["EURUSD", "EUR_USD"]'
    with Daemon({"odd": idle("odd", trading)}) as daemon:
        daemon.wait_ready("odd")

        def texts(items: list[dict[str, str]]) -> str:
            return "\n".join(item["message"] for item in items)

        for said in (
            texts(daemon.status()["warnings"]),
            texts(daemon.call("reload", {"dry_run": True})["warnings"]),
            daemon.ctl("check").stdout,
        ):
            assert "it trades on paper" in said
            assert "no EURUSD" in said
        assert Path(daemon.strategies / "odd").is_dir()
