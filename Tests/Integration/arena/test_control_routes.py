"""Strategies, lists, narration, equity and measurements over HTTP, against one running daemon."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import samples
from arena_client import ArenaClient
from daemon import Daemon, eventually

# Buys once in every run, with a tag that a spreadsheet would take for a formula.
BUYER = """
from rbot import Strategy

class Buyer(Strategy):
    instruments = ["EUR_USD"]
    bought = False

    def on_quote(self, quote):
        if self.bought:
            return
        self.bought = True
        print("buying, with a comma")
        tick = self.instrument("EUR_USD").tick
        self.buy("EUR_USD", 1000, stop_loss=quote.bid - 900 * tick, take_profit=quote.ask + 900 * tick, tag="=1+1")
"""


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    strategies: dict[str, Any] = {
        "buyer": samples.python("buyer", BUYER),
        "counter": samples.python("counter", samples.COUNTER),
    }
    with Daemon(strategies, config='default_strategy = "counter"\n') as daemon:
        daemon.wait_ready()
        for name, role in (("admin", "admin"), ("trader", "trader"), ("viewer", "viewer")):
            daemon.call("user.add", {"email": f"{name}@b", "password": "secure123", "role": role})
        yield daemon


@pytest.fixture(scope="module")
def trader(daemon: Daemon) -> ArenaClient:
    client = ArenaClient(daemon).login("trader@b", "secure123")
    eventually("a fill", lambda: client.get("/api/fills?strategy=buyer")["fills"], 60)
    return client


@pytest.fixture(scope="module")
def viewer(daemon: Daemon) -> ArenaClient:
    return ArenaClient(daemon).login("viewer@b", "secure123")


def test_a_trader_starts_and_stops_strategies_and_a_viewer_only_looks(
    daemon: Daemon, trader: ArenaClient, viewer: ArenaClient
) -> None:
    names = [item["name"] for item in viewer.get("/api/strategies")["strategies"]]
    assert names == ["buyer", "counter"]
    for verb in ("start", "stop", "restart", "pause", "resume", "close"):
        assert viewer.ask("POST", f"/api/strategies/counter/{verb}")[0] == 403, verb
    assert trader.json("POST", "/api/strategies/counter/pause")["state"] == "paused"
    assert viewer.get("/api/strategies/counter")["strategy"]["paused"] is True
    assert trader.json("POST", "/api/strategies/counter/resume")["state"] == "ready"
    assert trader.json("POST", "/api/strategies/counter/stop")["state"] == "stopped"
    assert daemon.strategy("counter")["pid"] is None
    assert trader.json("POST", "/api/bot/start")["name"] == "counter"
    status = viewer.get("/api/bot/status")
    assert (status["strategy"], status["running"], status["status"]) == ("counter", True, "ready")
    assert status["logs"] and status["metrics"]["equity"] == 10_000
    assert viewer.get("/api/strategies/counter/runs")["runs"][0]["generation"] == 2
    assert viewer.get("/api/strategies/counter/metrics")["process"]["memory_bytes"] > 0
    for path in ("none", "none/logs", "none/metrics", "none/runs", "none/equity", "NO%20NE"):
        status, answer = viewer.ask("GET", f"/api/strategies/{path}")
        assert (status, answer["error"]) == (404, "unknown_strategy"), path
    assert trader.ask("POST", "/api/strategies/none/start")[0] == 404
    assert trader.ask("POST", "/api/strategies/counter/stop", {"wait": 1})[0] == 400
    assert "strategy.stop counter by user:trader@b over HTTP: ok" in daemon.said()


def test_a_log_is_read_backward_forward_and_as_it_grows(
    trader: ArenaClient, viewer: ArenaClient
) -> None:
    path = "/api/strategies/buyer/logs"
    whole = viewer.get(f"{path}?lines=1000")["lines"]
    pieces: list[Any] = []
    page = viewer.get(f"{path}?lines=2")
    while True:
        pieces = page["lines"] + pieces
        if page["next"] is None:
            break
        page = viewer.get(f"{path}?lines=2&before={page['next']}")
    assert pieces[: len(whole)] == whole
    ahead = viewer.get(f"{path}?lines=1000&after={whole[0]['id']}")["lines"]
    assert ahead[: len(whole) - 1] == whole[1:]
    found = viewer.get(f"{path}?text=comma")["lines"]
    assert [line["message"] for line in found] == ["buying, with a comma"]
    lines = viewer.follow(f"{path}?text=comma", Last_Event_ID=str(whole[-1]["id"]))
    trader.json("POST", "/api/strategies/buyer/restart")
    identity, line = next(lines)
    assert line["message"] == "buying, with a comma" and int(identity) == line["id"]
    lines.close()  # type: ignore[attr-defined]


def pages(client: ArenaClient, path: str, name: str) -> list[Any]:
    """All of a list, two rows at a time."""
    rows: list[Any] = []
    before = ""
    while True:
        page = client.get(f"{path}limit=2{before}")
        assert len(page[name]) <= 2
        rows += page[name]
        if page["next"] is None:
            return rows
        before = f"&before={page['next']}"


def table(client: ArenaClient, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.text(path, Accept="text/csv"))))


def test_lists_come_in_pages_and_as_tables_with_the_same_rows(
    trader: ArenaClient, viewer: ArenaClient
) -> None:
    # Nothing is added while they are read.
    trader.json("POST", "/api/strategies/buyer/stop")
    for path, name, key in (
        ("/api/orders?", "orders", "order_id"),
        ("/api/fills?", "fills", "fill_id"),
        ("/api/events?strategy=buyer&", "events", "id"),
        ("/api/narration?strategy=buyer&", "narration", "id"),
    ):
        rows = pages(viewer, path, name)
        keys = [row[key] for row in rows]
        assert keys and len(set(keys)) == len(keys), path
        assert keys == [row[key] for row in viewer.get(f"{path}limit=1000")[name]]
        assert [str(key) for key in keys] == [row[key] for row in table(viewer, path)]
    orders = viewer.get("/api/orders?strategy=buyer")["orders"]
    entries = [row for row in orders if row["role"] == "entry"]
    assert {row["state"] for row in entries} == {"filled"} and entries[0]["units"] == 1000
    assert {
        row["tag"] for row in table(viewer, "/api/orders?state=filled") if row["role"] == "entry"
    } == {"'=1+1"}
    assert not viewer.get("/api/orders?strategy=counter")["orders"]
    assert not viewer.get("/api/fills?since=2199-01-01T00:00:00Z")["fills"]
    order = viewer.get(f"/api/orders/{entries[0]['order_id']}")
    assert [step["state"] for step in order["history"]][-1] == "filled"
    assert [fill["order_id"] for fill in order["fills"]] == [entries[0]["order_id"]]
    (position,) = viewer.get("/api/positions?strategy=buyer")["positions"]
    assert (position["side"], position["instrument"]) == ("long", "EUR_USD")
    assert viewer.get("/api/schedule")["schedules"] == []
    assert viewer.get("/api/schedule/history")["slots"] == []
    for path in ("orders?limit=0", "orders?limit=x", "orders?state=x", "fills?since=now"):
        assert viewer.ask("GET", f"/api/{path}")[1]["error"] == "bad_field", path
    assert viewer.ask("GET", "/api/orders/none")[1]["error"] == "unknown_order"


def test_only_an_admin_reads_the_audit(daemon: Daemon, viewer: ArenaClient) -> None:
    assert viewer.ask("GET", "/api/audit")[0] == 403
    admin = ArenaClient(daemon).login("admin@b", "secure123")
    rows = pages(admin, "/api/audit?", "audit")
    assert [row["action"] for row in rows if row["action"] == "user_added"] == ["user_added"] * 3


def test_narration_writes_what_happened_as_lines_and_takes_comments(
    trader: ArenaClient, viewer: ArenaClient
) -> None:
    lines = [row["line"] for row in viewer.get("/api/narration?limit=1000")["narration"]]
    placed = (
        r"\d\d:\d\d:\d\d 📊 OCO Placed EUR_USD BUY 1000 units \| SL: 1\.\d+, TP: 1\.\d+ "
        r"\| Mode: paper \| Status: PENDING"
    )
    assert any(re.fullmatch(placed, line) for line in lines)
    assert any(re.fullmatch(r"\S+ ✓ Order Filled EUR_USD 1000 @ 1\.\d+", line) for line in lines)
    assert viewer.ask("POST", "/api/narration", {"text": "hello"})[0] == 403
    number = trader.json("POST", "/api/narration", {"text": "=two\nlines"})["id"]
    (row,) = viewer.get("/api/narration?types=comment")["narration"]
    assert (row["id"], row["text"]) == (number, "trader@b: =two lines")
    assert trader.ask("POST", "/api/narration", {"text": "x" * 5_000})[0] == 400


def test_equity_is_sampled_after_fills_for_each_account_and_for_all(viewer: ArenaClient) -> None:
    for path in ("/api/strategies/buyer/equity", "/api/equity"):
        points = eventually(
            path,
            lambda path=path: viewer.get(f"{path}?step_s=1")["points"],
            60,  # type: ignore[misc]
        )
        for point in points:
            assert point["unrealised"] == pytest.approx(point["equity"] - point["balance"])
        assert [point["time"] for point in points] == sorted(point["time"] for point in points)
        status, refused = viewer.ask("GET", f"{path}?since=1700-01-01T00:00:00Z")
        assert (status, refused["error"]) == (400, "bad_field")


def test_measurements_count_requests_by_route_and_not_by_path(viewer: ArenaClient) -> None:
    for order in range(5):
        viewer.ask("GET", f"/api/orders/none-{order}")
        viewer.ask("GET", f"/nowhere/{order}")
    text = viewer.text("/metrics")
    assert re.search(
        r'^rbot_http_requests_total{method="GET",route="/api/orders/[:{]id}?",status="404"} [56]$',
        text,
        re.M,
    )
    assert 'route="other",status="404"} 5' in text and "none-1" not in text
    for name in ("process_open_fds", "rbot_ready", "rbot_feed_quotes_total", "rbot_equity"):
        assert re.search(rf"^{name} [0-9.e+]+$", text, re.M), name
    assert re.search(r'^rbot_orders_total{strategy="buyer"} [1-9]', text, re.M)
    assert re.search(r'^rbot_strategy_up{strategy="counter"} 1$', text, re.M)
    count = re.search(r"^rbot_journal_commit_seconds_count (\d+)$", text, re.M)
    bucket = re.search(r'^rbot_journal_commit_seconds_bucket{le="\+Inf"} (\d+)$', text, re.M)
    assert count and bucket and count[1] == bucket[1] != "0"


def test_a_request_that_failed_is_found_in_the_log_by_its_id(
    daemon: Daemon, trader: ArenaClient
) -> None:
    _, answer = trader.ask("POST", "/api/narration", {"text": ""})

    def logged() -> bool:
        return any(answer["request_id"] in line["message"] for line in daemon.logs("gateway"))

    eventually("the id in the log", logged)


def test_a_supervisor_that_does_not_answer_is_503_with_a_reason_and_the_rest_goes_on(
    daemon: Daemon, viewer: ArenaClient
) -> None:
    assert daemon.process
    os.kill(daemon.process.pid, signal.SIGSTOP)
    try:
        status, answer = viewer.ask("GET", "/api/strategies")
        assert (status, answer["error"]) == (503, "supervisor_unreachable") and answer["message"]
        assert viewer.get("/api/orders")["orders"]
    finally:
        os.kill(daemon.process.pid, signal.SIGCONT)
    eventually("an answer", lambda: viewer.ask("GET", "/api/strategies")[0] == 200)
