"""What a reload does, tells before it does it, and leaves alone."""

from __future__ import annotations

import os
import signal

from daemon import Daemon, eventually
from test_dependencies import idle, manifest, settled

BUYER = """
from rbot import Strategy


class Buyer(Strategy):
    instruments = ["EUR_USD"]

    def on_quote(self, quote):
        if not self.position("EUR_USD"):
            away = 500 * self.instrument("EUR_USD").tick
            self.buy("EUR_USD", 1000, stop_loss=quote.bid - away, take_profit=quote.ask + away)
"""


def test_the_plan_names_the_keys_that_changed_and_the_dry_run_is_what_is_done() -> None:
    with Daemon({name: idle(name) for name in ("limits", "words", "params", "same")}) as daemon:
        before = daemon.wait_ready("limits", "words", "params", "same")
        pids = {item["name"]: item["pid"] for item in before["strategies"]}
        (daemon.strategies / "limits" / "strategy.toml").write_text(
            manifest("limits", "[limits]\nfiles = 100\n[health]\nstop_timeout = '3s'")
        )
        (daemon.strategies / "words" / "strategy.toml").write_text(
            manifest("words", 'requires = ["same"]')
        )
        (daemon.strategies / "params" / "strategy.toml").write_text(
            manifest("params", "[params]\nthreshold = 0.5")
        )
        daemon.add("fresh", idle("fresh"))
        planned = daemon.call("reload", {"dry_run": True})
        assert planned["plan"] == [
            {"name": "fresh", "action": "start", "because": ["new"]},
            {
                "name": "limits",
                "action": "restart",
                "because": ["health.stop_timeout", "limits.files"],
            },
            {"name": "params", "action": "update", "because": ["params.threshold"]},
            {"name": "words", "action": "update", "because": ["requires"]},
        ]
        assert {item["name"]: item["pid"] for item in daemon.status()["strategies"]} == pids
        assert daemon.call("reload") == planned
        daemon.wait_ready("fresh", "limits", "params", "words", "same")
        after = {item["name"]: item["pid"] for item in daemon.status()["strategies"]}
        assert {name for name in pids if after[name] != pids[name]} == {"limits"}
        assert daemon.strategy("words")["requires"] == ["same"]
        assert daemon.call("reload")["plan"] == []


def test_a_name_stays_with_the_folder_that_has_it_also_while_its_manifest_is_wrong() -> None:
    with Daemon({"desk": idle("desk")}) as daemon:
        pid = daemon.wait_ready("desk")["strategies"][0]["pid"]
        daemon.add("aaa", idle("desk"))
        answer = daemon.call("reload")
        assert answer["plan"] == [] and "is the name of" in answer["errors"][0]["message"]
        (daemon.strategies / "desk" / "strategy.toml").write_text('name = "desk"\nrun = 5\n')
        answer = daemon.call("reload")
        assert answer["plan"] == [
            {"name": "desk", "action": "none", "because": ["its manifest is wrong"]}
        ]
        desk = daemon.strategy("desk")
        assert (desk["pid"], desk["state"]) == (pid, "ready")
        assert desk["manifest_errors"][0]["path"].endswith("desk/strategy.toml")


def test_one_that_never_ran_because_of_its_manifest_is_known_by_name() -> None:
    with Daemon({"desk": idle("desk", "colour = 1"), "fine": idle("fine")}) as daemon:
        daemon.wait_ready("fine")
        desk = daemon.strategy("desk")
        assert desk["state"] == "failed" and "colour" in desk["reason"]
        answer = daemon.call("strategy.start", {"names": ["desk"]})["results"][0]
        assert answer["reason"] == "manifest_invalid" and "colour" in answer["message"]


def test_a_flood_of_sighups_ends_in_what_the_last_one_meant() -> None:
    with Daemon({"desk": idle("desk")}) as daemon:
        daemon.wait_ready("desk")
        assert daemon.process
        for number in range(200):
            (daemon.strategies / "desk" / "strategy.toml").write_text(
                manifest("desk", f"[params]\nnumber = {number}")
            )
            os.kill(daemon.process.pid, signal.SIGHUP)
        eventually(
            "nothing left to do",
            lambda: daemon.call("reload", {"dry_run": True})["plan"] == [],
        )
        assert daemon.strategy("desk")["generation"] == 1
        assert daemon.said().count("reloaded:") <= 200


def test_a_removed_strategy_that_holds_a_position_is_told_of_until_it_is_gone() -> None:
    files = {"strategy.toml": manifest("buyer"), "strategy.py": BUYER}
    with Daemon({"buyer": files, "desk": idle("desk")}) as daemon:
        daemon.wait_ready("buyer", "desk")
        eventually("a position", lambda: daemon.strategy("buyer")["position"])
        (daemon.strategies / "buyer").rename(daemon.folder / "away")
        planned = daemon.call("reload", {"dry_run": True})
        assert "still holds EUR_USD 1000" in planned["warnings"][0]["message"]
        assert daemon.call("reload")["removed"] == ["buyer"]

        def warned() -> bool:
            warnings = [item["message"] for item in daemon.status()["warnings"]]
            return any("strategy buyer was removed" in text for text in warnings)

        eventually("a warning in status", warned)
        daemon.stop()
        daemon.start()
        daemon.wait_ready("desk")
        eventually("a warning in status after a new start", warned)
        eventually("a warning in the log", lambda: daemon.said().count("buyer was removed") >= 2)
        (daemon.folder / "away").rename(daemon.strategies / "buyer")
        daemon.call("reload")
        settled(daemon, "buyer", "ready")
        assert not warned()


def test_one_that_comes_back_does_what_its_manifest_says_and_stays_paused() -> None:
    with Daemon({"keeps": idle("keeps"), "desk": idle("desk")}) as daemon:
        daemon.wait_ready("keeps", "desk")
        daemon.call("strategy.pause", {"names": ["desk"]})
        away = daemon.strategies / ".away"
        (daemon.strategies / "desk").rename(away)
        daemon.call("reload")
        eventually("it is gone", lambda: not daemon.family("desk"))
        text = (away / "strategy.toml").read_text()
        (away / "strategy.toml").write_text("enabled = false\n" + text)
        away.rename(daemon.strategies / "desk")
        assert daemon.call("reload")["plan"] == [
            {"name": "desk", "action": "none", "because": ["new"]}
        ]
        (daemon.strategies / "desk" / "strategy.toml").write_text(text)
        daemon.call("reload")
        eventually("it runs, paused", lambda: daemon.strategy("desk")["state"] == "paused")


def test_one_that_was_disabled_while_no_daemon_ran_is_not_started() -> None:
    with Daemon({"keeps": idle("keeps"), "desk": idle("desk")}) as daemon:
        daemon.wait_ready("keeps", "desk")
        assert daemon.stop() == 0
        file = daemon.strategies / "desk" / "strategy.toml"
        text = file.read_text()
        file.write_text("enabled = false\n" + text)
        daemon.start()
        daemon.wait_ready("keeps")
        assert daemon.strategy("desk")["state"] == "stopped"
        assert daemon.stop() == 0
        file.write_text(text)
        daemon.start()
        daemon.wait_ready("keeps", "desk")
