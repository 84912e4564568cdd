"""Recorded ticks at full speed: nothing lost, everything accounted for, the same twice."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from daemon import STRATEGIES, Daemon, eventually
from samples import COUNTER, IDLE, SLEEPER, TRADER, python

FINAL = {"filled", "cancelled", "expired", "rejected"}
QUOTES = 49_341


def day(recorded: Path) -> str:
    return f"replay:{recorded}/eur_usd_quotes_oanda_20140502_nfp.csv@max"


def feed_state(daemon: Daemon) -> str:
    state: str = daemon.status()["gateway"]["feed_detail"]["state"]
    return state


def all_pages(daemon: Daemon, what: str) -> list[dict[str, Any]]:
    """Every order, fill or position, page by page."""
    found: list[dict[str, Any]] = []
    before: int | None = None
    while True:
        params = {"strategy": None, "state": "all", "limit": 1_000, "before": before}
        page = daemon.call(what, params)
        found += page[what]
        before = page.get("before")
        if not page.get("more"):
            return found


def play(
    recorded: Path, strategies: dict[str, Any]
) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """Plays the day and returns orders, fills, positions and what the strategies printed as JSON."""
    with Daemon(strategies, feed=day(recorded)) as daemon:
        daemon.wait_ready(*strategies)
        eventually("the replay has ended", lambda: feed_state(daemon) == "ended", 600)
        counters = sum("counter" in name for name in strategies)

        def printed() -> list[Any]:
            lines = [
                item["message"]
                for item in daemon.logs()
                if item["message"].startswith('{"counted"')
            ]
            return [json.loads(line) for line in lines]

        eventually("the counters have spoken", lambda: len(printed()) == counters, 60)
        return (
            all_pages(daemon, "orders"),
            all_pages(daemon, "fills"),
            all_pages(daemon, "positions"),
            printed(),
        )


def strategies() -> dict[str, Any]:
    return {
        "counter-a": python("counter-a", COUNTER),
        "counter-b": python("counter-b", COUNTER),
        "trader": python("trader", TRADER),
        "ema-cross": STRATEGIES / "ema_cross",
        "channel-breakout": STRATEGIES / "channel_breakout",
    }


def recomputed(fills: list[dict[str, Any]]) -> dict[tuple[str, str], Decimal]:
    held: dict[tuple[str, str], Decimal] = {}
    for fill in fills:
        key = (fill["strategy"], fill["instrument"])
        sign = 1 if fill["side"] == "buy" else -1
        held[key] = held.get(key, Decimal(0)) + sign * Decimal(fill["units"])
    return {key: units for key, units in held.items() if units}


def test_every_quote_reaches_every_subscriber_and_two_runs_are_equal(recorded: Path) -> None:
    orders, fills, positions, counts = play(recorded, strategies())
    assert counts == [{"counted": QUOTES, "gaps": 0, "last": QUOTES}] * 2
    assert len(fills) > 50
    assert {order["strategy"] for order in orders} >= {"trader", "ema-cross"}
    assert {order["state"] for order in orders} <= FINAL, "each order reached a final state"
    stored = {
        (p["strategy"], p["instrument"]): Decimal(p["units"])
        for p in positions
        if Decimal(p["units"])
    }
    assert recomputed(fills) == stored
    again_orders, again_fills, _, _ = play(recorded, strategies())
    assert again_fills == fills
    assert [(o["order_id"], o["state"], o["average_price"]) for o in again_orders] == [
        (o["order_id"], o["state"], o["average_price"]) for o in orders
    ]


def test_fills_happen_at_prices_that_the_market_had(recorded: Path) -> None:
    _, fills, _, _ = play(recorded, {"trader": python("trader", TRADER)})
    rows = [line.split(",") for line in Path(day(recorded)[7:-4]).read_text().splitlines()[1:]]
    assert fills
    for fill in fills:
        _, _, bid, ask = rows[fill["seq"] - 1]
        if fill["role"] == "take_profit":
            reached = Decimal(bid) >= Decimal(fill["price"]) or Decimal(ask) <= Decimal(
                fill["price"]
            )
            assert reached, fill
        elif fill["role"] in ("stop_loss", "close"):
            assert Decimal(fill["price"]) == Decimal(ask if fill["side"] == "buy" else bid), fill


def test_a_slow_subscriber_delays_neither_the_others_nor_the_control(recorded: Path) -> None:
    timed = """
import time
from rbot import Strategy

class Timed(Strategy):
    instruments = ["EUR_USD"]

    def on_quote(self, quote):
        self.metric("age", time.time() - quote.time.timestamp())
"""
    with Daemon({"sleeper": python("sleeper", SLEEPER), "timed": python("timed", timed)}) as daemon:
        daemon.wait_ready()

        def ages() -> dict[str, Any] | None:
            found = [
                m
                for m in daemon.call("metrics", {"name": "timed"})["metrics"]
                if m["name"] == "age"
            ]
            return found[0] if found and found[0]["count"] >= 40 else None

        metric = eventually("forty quotes were timed", ages, 60)
        assert metric["value"] < 1.0
        import time

        for _ in range(20):
            start = time.monotonic()
            daemon.status()
            assert time.monotonic() - start < 2


def test_a_replay_waits_for_its_strategies(recorded: Path) -> None:
    late = "import time\n" + COUNTER.replace(
        "    count = 0", "    count = 0\n\n    def on_start(self):\n        time.sleep(2)\n", 1
    )
    with Daemon(
        {"late-counter": python("late-counter", late), "idle": python("idle", IDLE)},
        feed=day(recorded),
    ) as daemon:
        daemon.wait_ready()
        eventually("the replay has ended", lambda: feed_state(daemon) == "ended", 300)
        eventually(
            "the count",
            lambda: any('"counted": 49341' in i["message"] for i in daemon.logs("late-counter")),
            30,
        )
