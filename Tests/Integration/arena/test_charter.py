"""The mode, the kill switch and the limits, as a person sets them: over HTTP and with rbotctl."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from daemon import BIN, Daemon, eventually

PIN = "8419210"
RISK = """
[risk]
max_order_rate = 1000
max_total_exposure = "4000"
large_order = "2000"
require_quality = true
"""


class Client:
    """HTTP with the token of an admin, or of another user."""

    def __init__(self, daemon: Daemon, email: str = "admin@local") -> None:
        self.daemon = daemon
        status, session = self.ask(
            "POST", "/auth/login", {"email": email, "password": "secure123"}, login=True
        )
        assert status == 200, session
        self.token = session["access_token"]

    def ask(
        self, method: str, path: str, body: Any = None, pin: str | None = None, login: bool = False
    ) -> tuple[int, dict[str, Any]]:
        listen = self.daemon.status()["gateway"]["listen"]
        connection = http.client.HTTPConnection(listen, timeout=30)
        headers = {} if login else {"Authorization": f"Bearer {self.token}"}
        if pin:
            headers["X-PIN"] = pin
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def buy(self, **more: Any) -> tuple[int, dict[str, Any]]:
        order = {"symbol": "EUR_USD", "side": "buy", "qty": 1000, "sl": "0.5", "tp": 2, "pin": PIN}
        return self.ask("POST", "/orders", {**order, **more})


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with Daemon(config=RISK) as daemon:
        daemon.wait_ready()
        for role in ("admin", "trader", "viewer"):
            daemon.call(
                "user.add", {"email": f"{role}@local", "password": "secure123", "role": role}
            )
        daemon.call("pin.set", {"pin": PIN})
        yield daemon


@pytest.fixture(scope="module")
def admin(daemon: Daemon) -> Client:
    return Client(daemon)


def ctl(daemon: Daemon, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "rbotctl"), "--home", str(daemon.home), *words],
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
    )


def audit(daemon: Daemon, action: str) -> list[dict[str, Any]]:
    rows = daemon.call("audit.list", {"limit": 200})["audit"]
    return [row for row in rows if row["action"] == action]


def events(daemon: Daemon, kind: str) -> list[dict[str, Any]]:
    control = daemon.control()
    try:
        found = list(control.stream("events", {"follow": False, "after": 0}))
    finally:
        control.close()
    return [item["payload"] for item in found if item["type"] == kind]


def restarted(daemon: Daemon) -> None:
    """Kills the gateway and waits for the next one."""
    before = daemon.status()["gateway"]
    os.kill(before["pid"], signal.SIGKILL)

    def is_back() -> bool:
        now = daemon.status()["gateway"]
        return bool(now["restarts"] > before["restarts"] and now["state"] == "ready")

    eventually("another gateway", is_back, 60)


def bought(client: Client) -> None:
    """Waits for the first quote, and buys."""
    eventually("a filled order", lambda: client.buy()[0] == 200)


def test_the_mode_is_shown_and_set_and_never_real_here(daemon: Daemon, admin: Client) -> None:
    status, shown = admin.ask("GET", "/api/mode")
    assert status == 200
    assert (shown["mode"], shown["mode_max"], shown["execution_enabled"]) == (
        "paper",
        "paper",
        False,
    )
    assert shown["kill_switch"] == {"state": "released"}

    for mode in ("canary", "live"):
        status, answer = admin.ask("POST", "/api/mode", {"mode": mode}, pin=PIN)
        assert (status, answer["error"]) == (422, "no_live_broker")
        assert "broker" in answer["message"]
        said = ctl(daemon, "mode", mode)
        assert said.returncode == 1 and "real" in said.stderr, said
    assert {row["outcome"] for row in audit(daemon, "mode_switched")} == {"no_live_broker"}

    assert admin.ask("POST", "/api/mode", {"mode": "off"})[1]["error"] == "pin_required"
    assert admin.ask("POST", "/api/mode", {"mode": "fast"}, pin=PIN)[1]["error"] == "bad_field"
    assert admin.ask("POST", "/api/mode", {}, pin=PIN)[1]["error"] == "missing_field"
    trader = Client(daemon, "trader@local")
    assert trader.ask("POST", "/api/mode", {"mode": "off"}, pin=PIN)[0] == 403
    assert trader.ask("POST", "/api/kill", {}, pin=PIN)[0] == 403

    status, done = admin.ask("POST", "/api/mode", {"mode": "off", "reason": "lunch"}, pin=PIN)
    assert (status, done) == (200, {"ok": True, "mode": "off", "from": "paper", "cancelled": 0})
    assert trader.buy()[1]["error"] == "mode_off"
    restarted(daemon)
    assert daemon.status()["gateway"]["mode"] == "off"
    paths = admin.ask("GET", "/openapi.json")[1]["paths"]
    assert {"/api/mode", "/api/kill", "/api/kill/release", "/api/risk"} <= set(paths)
    assert admin.ask("GET", "/health")[1]["mode"] == "off"
    assert trader.buy()[1]["error"] == "mode_off", "a restart changes nothing"

    said = ctl(daemon, "mode", "paper", "--reason", "back")
    assert said.stdout == "the mode is paper now, it was off\n", said
    assert [(item["from"], item["to"]) for item in events(daemon, "mode_switched")] == [
        ("paper", "off"),
        ("off", "paper"),
    ]
    rows = audit(daemon, "mode_switched")
    assert [(row["subject"], row["actor"]) for row in rows[:2]] == [
        ("off → paper", f"local:{os.getuid()}"),
        ("paper → off", "user:admin@local"),
    ]
    assert rows[1]["detail"] == "lunch" and rows[1]["origin"] == "127.0.0.1"


def test_the_kill_switch_ends_everything_and_stays_until_the_pin(
    daemon: Daemon, admin: Client
) -> None:
    bought(admin)
    waiting = {"type": "limit", "price": "0.9", "qty": 10}
    assert admin.buy(**waiting)[0] == 200

    done = ctl(daemon, "kill", "--reason", "enough")
    assert done.returncode == 0, done
    assert "engaged" in done.stdout and "1 orders cancelled, 1 positions closed" in done.stdout
    assert daemon.call("positions")["positions"] == []
    assert daemon.call("orders", {"state": "open"})["orders"] == []
    assert daemon.status()["gateway"]["kill_switch"] == "flat"
    assert "KILL SWITCH" in ctl(daemon, "status").stdout
    assert admin.ask("GET", "/health")[1]["kill_switch"] == "flat"
    status, refused = admin.buy()
    assert (status, refused["error"]) == (422, "kill_switch")
    assert "enough" in refused["message"]

    restarted(daemon)
    eventually("a quote", lambda: admin.buy()[1]["error"] == "kill_switch")
    kill = admin.ask("GET", "/api/mode")[1]["kill_switch"]
    assert (kill["state"], kill["reason"], kill["cancelled"], kill["closed"]) == (
        "flat",
        "enough",
        1,
        1,
    )
    assert isinstance(kill["time_to_flat_ms"], int) and kill["left"] == []

    assert admin.ask("POST", "/api/kill/release")[1]["error"] == "pin_required"
    assert admin.ask("POST", "/api/kill/release", pin="1234")[1]["error"] == "pin_wrong"
    assert ctl(daemon, "kill", "release", typed="4321\n").returncode == 1
    assert admin.buy()[1]["error"] == "kill_switch"
    status, released = admin.ask("POST", "/api/kill/release", {"pin": PIN})
    assert (status, released) == (200, {"ok": True, "kill_switch": {"state": "released"}})
    bought(admin)

    status, killed = admin.ask("POST", "/api/kill", pin=PIN)
    assert status == 200 and killed["kill_switch"]["closed"] == 1, killed
    assert ctl(daemon, "kill", "release", typed=f"{PIN}\n").returncode == 0
    assert ctl(daemon, "kill", "status").stdout == "kill switch  released\n"
    states = [item["state"] for item in events(daemon, "kill_switch")]
    assert states == ["engaged", "flat", "released"] * 2
    eventually("its rows in the audit log", lambda: len(audit(daemon, "kill_switch")) == 4)


def test_wrong_pins_of_others_keep_nobody_from_the_kill_switch(
    daemon: Daemon, admin: Client
) -> None:
    tries = [admin.ask("POST", "/api/kill", pin="1234")[1]["error"] for _ in range(5)]
    assert tries == ["pin_wrong"] * 4 + ["pin_locked"]
    assert admin.ask("POST", "/api/kill")[0] == 200
    (row,) = audit(daemon, "stopped_without_pin")
    assert row["actor"] == "user:admin@local" and "locked" in row["detail"]
    assert admin.ask("POST", "/api/kill/release", pin=PIN)[1]["error"] == "pin_locked"
    daemon.call("pin.set", {"pin": PIN})
    assert admin.ask("POST", "/api/kill")[1]["error"] == "pin_required"
    assert admin.ask("POST", "/api/kill/release", pin=PIN)[0] == 200
    assert daemon.call("audit.verify")["whole"]


def test_what_guardrails_refuse_is_counted_in_the_audit_log(daemon: Daemon, admin: Client) -> None:
    bought(admin)
    before = len(audit(daemon, "order_refused"))
    for _ in range(20):
        status, answer = admin.buy(qty=3500)
        assert (status, answer["error"]) == (422, "total_exposure_limit")

    def counted() -> int:
        rows = audit(daemon, "order_refused")[: -before or None]
        mine = [row for row in rows if row["outcome"] == "total_exposure_limit"]
        assert all(row["subject"] == "manual" for row in mine)
        counts = [row["detail"].split(" orders;") for row in mine]
        total = sum(int(part[0]) if len(part) > 1 else 1 for part in counts)
        return total if total >= 20 else 0

    # Rows of the desk are one a second; the audit log has them all, in few.
    assert eventually("all of them counted", counted) == 20
    rows = [row for row in audit(daemon, "order_refused") if "total_exp" in row["outcome"]]
    assert len(rows) <= 10

    assert admin.buy(qty=2000)[0] == 200
    large = eventually("a row of the large order", lambda: audit(daemon, "large_order"))
    assert large[0]["actor"] == "user:admin@local" and "2000 EUR_USD" in large[0]["detail"]

    viewer = Client(daemon, "viewer@local")
    status, risk = viewer.ask("GET", "/api/risk")
    assert status == 200
    total = {limit["name"]: limit for limit in risk["total"]}
    assert total["max_total_exposure"]["limit"] == 4000
    assert 3000 < total["max_total_exposure"]["used"] < 4000
    manual = next(item for item in risk["accounts"] if item["strategy"] == "manual")
    used = {limit["name"]: limit["used"] for limit in manual["limits"]}
    assert used["max_open_positions"] == 1 and used["max_open_orders"] == 0
    shown = ctl(daemon, "risk").stdout
    assert "max_total_exposure" in shown and "manual" in shown


def test_execution_is_switched_off_by_the_environment_whatever_the_file_says() -> None:
    off = {"EXECUTION_ENABLED": "false"}
    with Daemon(config="execution_enabled = true\n", environment=off) as daemon:
        daemon.wait_ready()
        assert daemon.call("mode")["execution_enabled"] is False
    with Daemon(environment={"EXECUTION_ENABLED": "true"}) as daemon:
        daemon.wait_ready()
        assert daemon.call("mode")["execution_enabled"] is True
        assert daemon.call("mode")["mode_max"] == "paper", "there is no broker for it"
