"""Candles that outlive the gateway, and prices at an address of their own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
from pathlib import Path
from typing import Any

from curl import Arena, curl
from daemon import Daemon, eventually


def candles(shell: Arena, granularity: str, **query: Any) -> list[dict[str, Any]]:
    """Candles of EUR_USD; nobody has to log in while there is no user."""
    words = "".join(f"&{key.rstrip('_')}={value}" for key, value in query.items())
    path = f"/brokers/oanda/candles?instrument=EUR_USD&granularity={granularity}{words}"
    answer = curl(f"'{shell.here}{path}'")
    assert answer.status == 200, answer.text
    assert answer.headers["x-market-source"] == answer.json["source"] == "paper feed (synthetic)"
    found: list[dict[str, Any]] = answer.json["candles"]
    return found


def test_candles_survive_the_gateway_and_prices_have_a_listener_of_their_own() -> None:
    with Daemon(config='market_listen = "127.0.0.1:0"\n') as daemon:
        shell = Arena(daemon)
        shell.find_gateway()

        def complete() -> list[dict[str, Any]]:
            return [candle for candle in candles(shell, "S1") if candle["complete"]]

        eventually("a few candles", lambda: len(complete()) >= 4, 120)
        before = complete()[:3]
        assert [c["time"] for c in before] == sorted(c["time"] for c in before)
        first, second = before[0], before[1]
        page = candles(shell, "S1", from_=first["time"], count=2)
        assert page == [first, second], "the first from there on"
        page = candles(shell, "S1", from_=first["time"], to=second["time"])
        assert page == [first], "and before there"
        path = daemon.home / "market.sqlite"
        # Written some moments after they are complete, away from the gateway's loop.
        eventually("a file", lambda: path.exists() and candles_stored(path) >= 3, 60)
        stored = candles_stored(path)

        os.kill(daemon.status()["gateway"]["pid"], signal.SIGKILL)
        eventually("another gateway", lambda: daemon.status()["gateway"]["restarts"] == 1, 120)
        shell.find_gateway()
        again = candles(shell, "S1", from_=first["time"], count=3)
        assert again == before and stored >= 3, "as they were before it was killed"

        # The second listener: prices and candles, and nothing else.
        def listener() -> str | None:
            lines = [item["message"] for item in daemon.logs("gateway")]
            found = re.findall(r"Prices and candles are served at (\S+) too", "\n".join(lines))
            return f"http://{found[-1]}" if len(found) == 2 else None

        market = eventually("the second listener", listener, 60)
        prices = f"'{market}/oanda/prices/paper?instrument=EUR_USD'"
        eventually("a price", lambda: curl(prices).status == 200)
        assert curl(prices).json["prices"][0]["instrument"] == "EUR_USD"
        assert curl(f"'{market}/oanda/candles/paper?instrument=EUR_USD'").status == 200
        assert curl(f"{market}/health").status == 200
        assert curl(f"{market}/orders").error == (404, "not_found")
        # Once there is a user, a program reads with a token of the market's scope alone.
        user = {"email": "admin@local", "password": "another one", "role": "admin"}
        daemon.call("user.add", user)
        assert curl(prices).error[0] == 401
        made = daemon.call("token.create", {"name": "grafana", "scopes": ["market"]})
        header = f"-H 'Authorization: Bearer {made['secret']}'"
        assert curl(f"{prices} {header}").status == 200
        assert curl(f"'{shell.here}/orders' {header}").error == (403, "forbidden")


def candles_stored(path: Path) -> int:
    """How many candles of a second there are of EUR_USD."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            "SELECT count(*) FROM candles JOIN series ON series.id = series "
            "WHERE instrument = 'EUR_USD' AND granularity = 'S1'"
        ).fetchone()
    return int(rows[0])
