"""What rbotd knows of a strategy outlives rbotd: how it ended, whose folder it is, what it holds."""

from __future__ import annotations

from daemon import Daemon, eventually
from samples import python
from test_dependencies import idle, manifest
from test_reload import BUYER

FAILS = """
name = "fails"
command = ["/bin/sh", "-c", "echo no money left >&2; exit 3"]
after = []
[restart]
policy = "never"
"""
DONE = """
from rbot import Strategy


class Done(Strategy):
    instruments = ["EUR_USD"]

    def on_quote(self, quote):
        raise SystemExit(0)
"""


def gateway(daemon: Daemon) -> None:
    eventually("a gateway", lambda: daemon.status()["gateway"]["state"] == "ready")


def test_what_failed_or_finished_is_shown_so_by_the_next_daemon() -> None:
    with Daemon({"fails": {"strategy.toml": FAILS}, "done": python("done", DONE)}) as daemon:
        before = eventually(
            "both are over",
            lambda: (
                (items := daemon.status()["strategies"])
                and {item["name"]: item["state"] for item in items}
                == {"fails": "failed", "done": "finished"}
                and {item["name"]: item for item in items}
            ),
        )
        for end in (daemon.stop, daemon.kill):
            end()
            daemon.start()
            gateway(daemon)
            after = {item["name"]: item for item in daemon.status()["strategies"]}
            for name in ("fails", "done"):
                keys = ("state", "since", "reason", "wanted", "restarts")
                then = {key: before[name][key] for key in keys}
                assert {key: after[name][key] for key in keys} == then
                assert len(daemon.call("runs", {"name": name})["runs"]) == 1
            assert "no money left" in after["fails"]["reason"]
            assert after["fails"]["reason"].endswith("rbotctl start fails")
        (answer,) = daemon.call("strategy.reset", {"names": ["fails"]})["results"]
        assert answer["ok"], answer
        (answer,) = daemon.call("strategy.start", {"names": ["done"]})["results"]
        assert answer["ok"], answer
        eventually("it is done again", lambda: daemon.strategy("done")["state"] == "finished")
        daemon.kill()
        daemon.start()
        gateway(daemon)
        assert daemon.strategy("fails")["state"] == "stopped"
        assert daemon.strategy("done")["state"] == "finished"
        assert len(daemon.call("runs", {"name": "done"})["runs"]) == 2


def test_one_that_failed_is_started_when_its_mended_manifest_is_read_again() -> None:
    with Daemon({"fails": {"strategy.toml": FAILS}}) as daemon:
        eventually("it has failed", lambda: daemon.strategy("fails")["state"] == "failed")
        assert daemon.stop() == 0
        daemon.start()
        gateway(daemon)
        (daemon.strategies / "fails" / "strategy.toml").write_text(
            FAILS.replace("exit 3", "exit 4")
        )
        assert daemon.call("reload")["plan"][0]["action"] == "restart"
        # Read from outside, again and again: that must not take the file's log away from rbotd.
        eventually(
            "a second run", lambda: [run["exit_code"] for run in daemon.runs("fails")] == [3, 4]
        )


def test_a_manifest_that_broke_while_no_daemon_ran_makes_nobody_look_removed() -> None:
    files = {"strategy.toml": manifest("buyer"), "strategy.py": BUYER}
    with Daemon({"desk": files, "aaa": idle("aaa")}) as daemon:
        daemon.wait_ready("buyer", "aaa")
        eventually("a position", lambda: daemon.strategy("buyer")["position"])
        daemon.call("strategy.pause", {"names": ["buyer"]})
        assert daemon.stop() == 0
        file = daemon.strategies / "desk" / "strategy.toml"
        text = file.read_text()
        # Not even its name can be read any more, and another would like to have it.
        file.write_text("name = buyer\n")
        (daemon.strategies / "aaa" / "strategy.toml").write_text(manifest("buyer"))
        daemon.start()
        gateway(daemon)
        status = daemon.status()
        assert [item["name"] for item in status["strategies"]] == ["aaa", "buyer"]
        (_, buyer) = status["strategies"]
        assert buyer["manifest_errors"][0]["path"].endswith("desk/strategy.toml")
        assert "its manifest is wrong" in buyer["reason"] and "was running" in buyer["reason"]
        assert (buyer["paused"], buyer["wanted"], buyer["generation"]) == (True, True, 1)
        assert buyer["last_exit"]["code"] == 0
        assert eventually("what it holds", lambda: daemon.strategy("buyer")["position"])
        assert not any("was removed" in item["message"] for item in daemon.status()["warnings"])
        assert "was removed" not in daemon.said()
        assert daemon.call("reload")["plan"] == []
        assert any("is the name of" in item["message"] for item in daemon.status()["errors"])
        file.write_text(text)
        daemon.call("reload")
        eventually("it runs, paused", lambda: daemon.strategy("buyer")["state"] == "paused")
