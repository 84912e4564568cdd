"""The requirements' examples, command by command, with their field names and values.

Where an answer differs from the example, docs/arena.md says so and why; the tests hold to what it says.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from curl import PIN, Arena, arena
from daemon import eventually

OANDA_ORDER = """curl -X POST http://127.0.0.1:8787/brokers/oanda/orders
  -H "Authorization: Bearer <token>"
  -d '{
    "instrument": "EUR_USD",
    "side": "BUY",
    "units": 100,
    "entry_price": 1.1655,
    "stop_loss_price": 1.1600,
    "take_profit_price": 1.1700,
    "quality_score": 75
  }'""".removeprefix("curl ")

COINBASE_ORDER = """curl -X POST http://127.0.0.1:8787/brokers/coinbase-adv/orders
  -H "Authorization: Bearer <token>"
  -d '{
    "product_id": "BTC-USD",
    "side": "BUY",
    "order_type": "MARKET",
    "size": 0.001,
    "stop_loss_price": 40000,
    "take_profit_price": 45000
  }'""".removeprefix("curl ")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with arena(tmp_path_factory.mktemp("arena")) as shell:
        yield shell


def test_health(shell: Arena) -> None:
    answer = shell.run("http://127.0.0.1:8787/health")
    assert answer.status == 200
    wanted = {"ok": True, "paper": "true", "exec": "false"}
    assert wanted.items() <= answer.json.items()


def test_a_paper_order_at_oanda(shell: Arena) -> None:
    answer = shell.run(OANDA_ORDER)
    assert answer.status == 200, answer.text
    order = answer.json
    assert order["order_id"].startswith("paper-oanda-")
    assert set(order) == {"ok", "order_id", "status", "mode", "ttl_expires_at"}
    assert (order["ok"], order["status"], order["mode"]) == (True, "PENDING", "paper")
    # Six hours of market time, which stands still at the last of the quotes.
    assert order["ttl_expires_at"] == pytest.approx(1760637000.2 + 6 * 3600, abs=0.001)

    placed = [event for event in shell.events("oco_placed") if "oanda" in str(event)][-1]
    assert placed["source"] == "oanda"
    assert placed["payload"] == {
        "order_id": order["order_id"],
        "instrument": "EUR_USD",
        "side": "BUY",
        "units": 100,
        "entry": 1.1655,
        "sl": 1.16,
        "tp": 1.17,
        "quality": 75,
        "mode": "paper",
        "ttl_min": 360,
    }
    assert list(placed["payload"])[0] == "order_id" and list(placed["payload"])[-1] == "ttl_min"


def test_a_paper_order_at_coinbase(shell: Arena) -> None:
    answer = shell.run(COINBASE_ORDER)
    assert answer.status == 200, answer.text
    order = answer.json
    assert (order["ok"], order["mode"], order["status"]) == (True, "paper", "FILLED")
    assert order["order_id"].startswith("paper-") and "oanda" not in order["order_id"]
    filled = [
        event
        for event in shell.events("order_filled")
        if event["payload"]["order_id"] == order["order_id"]
    ]
    assert filled[0]["source"] == "coinbase" and filled[0]["payload"]["price"] == 42500.5
    listed = shell.get("/brokers/coinbase-adv/orders?state=all").json["orders"]
    assert order["order_id"] in [item["order_id"] for item in listed]
    assert shell.get("/brokers/coinbase-adv/orders").json["orders"] == [], "it is filled"


def test_market_data_of_oanda(shell: Arena) -> None:
    # Quoted, as the example's & would send the shell's line into the background.
    answer = shell.run(
        "'http://127.0.0.1:8787/brokers/oanda/prices?instrument=EUR_USD&env=practice' "
        '-H "Authorization: Bearer <token>"'
    )
    assert answer.status == 200
    price = answer.json["prices"][0]
    assert (price["type"], price["instrument"], price["tradeable"]) == ("PRICE", "EUR_USD", True)
    assert price["bids"] == [{"price": "1.16640", "liquidity": 10000000}]
    assert price["asks"][0]["price"] == "1.16650"
    assert (price["closeoutBid"], price["closeoutAsk"]) == ("1.16640", "1.16650")
    assert answer.json["source"] == "paper feed (replay)"
    assert answer.headers["x-market-source"] == "paper feed (replay)", "and it says where from"
    candles = shell.get(
        "/brokers/oanda/candles?instrument=EUR_USD&granularity=M15&count=100&env=practice"
    ).json
    assert (candles["instrument"], candles["granularity"]) == ("EUR_USD", "M15")
    candle = candles["candles"][-1]
    assert set(candle) == {"complete", "volume", "time", "mid"}
    assert candle["mid"] == dict.fromkeys("ohlc", "1.16645") and candle["complete"] is False


def test_an_order_needs_both_exits_a_score_and_a_trader(shell: Arena) -> None:
    order = json.loads(OANDA_ORDER.split("-d '")[1].rstrip("'"))

    def refused(path: str = "/brokers/oanda/orders", **changes: Any) -> tuple[int, str]:
        body = {**order, **changes}
        return shell.send("POST", path, {k: v for k, v in body.items() if v is not None}).error

    assert refused(stop_loss_price=None) == (422, "oco_required")
    assert refused(take_profit_price=None) == (422, "oco_required")
    assert refused(stop_loss_price=1.17, take_profit_price=1.16) == (422, "stop_loss_wrong_side")
    assert refused(quality_score=69) == (422, "quality_too_low")
    assert refused(quality_score=69.99) == (422, "quality_too_low")
    assert refused(quality_score=None) == (400, "missing_field")
    assert refused(quality_score=101) == (400, "bad_field")
    assert refused(units="many") == (400, "bad_field")
    assert refused(instrument="EUR_XXX") == (422, "unknown_instrument")
    live = "/brokers/oanda/orders?env=live"
    assert refused(live) == (422, "broker_not_configured"), "never taken for a real one"
    reasons = {event["payload"]["reason"] for event in shell.events("order_rejected")}
    assert {"oco_required", "quality_too_low"} <= reasons
    anonymous = shell.run(OANDA_ORDER, **{"<token>": "nonsense"})
    assert anonymous.status == 401
    viewer = {"email": "viewer@local", "password": "pass", "role": "viewer"}
    shell.daemon.call("user.add", viewer)
    login = shell.run(
        "-X POST http://127.0.0.1:8787/auth/login "
        """-d '{"email":"viewer@local","password":"pass"}'"""
    ).json
    assert shell.run(OANDA_ORDER, **{"<token>": login["access_token"]}).error == (403, "forbidden")
    looks = f"-H 'Authorization: Bearer {login['access_token']}'"
    assert shell.run(f"http://127.0.0.1:8787/brokers/oanda/orders {looks}").status == 200


def test_orders_at_oanda_are_listed_and_cancelled(shell: Arena) -> None:
    order = shell.run(OANDA_ORDER).json["order_id"]
    listed = shell.get("/brokers/oanda/orders?env=practice").json["orders"]
    mine = next(item for item in listed if item["order_id"] == order)
    wanted = {
        "instrument": "EUR_USD",
        "side": "BUY",
        "units": 100,
        "entry_price": 1.1655,
        "stop_loss_price": 1.16,
        "take_profit_price": 1.17,
        "quality_score": 75,
        "status": "PENDING",
        "mode": "paper",
        "placed_by": "user:trader@local",
    }
    assert wanted.items() <= mine.items()
    path = f"/brokers/oanda/orders/{order}?env=practice"
    answer = shell.send("DELETE", path)
    assert (answer.status, answer.json["ok"], answer.json["status"]) == (200, True, "CANCELLED")
    cancelled = shell.events("order_cancelled")[-1]
    assert (cancelled["source"], cancelled["payload"]["order_id"]) == ("oanda", order)
    assert shell.send("DELETE", path).error == (409, "order_final")
    assert shell.send("DELETE", "/brokers/oanda/orders/paper-oanda-999").error[0] == 404
    assert order not in str(shell.get("/brokers/oanda/orders").json)
    assert order in str(shell.get("/brokers/oanda/orders?state=all").json)


def test_place_order_protected(shell: Arena) -> None:
    # The example's prices are of another day: at today's its stop loss would be on the wrong side.
    command = """-X POST http://127.0.0.1:8787/orders
  -H "Authorization: Bearer $TOKEN"
  -H 'Content-Type: application/json'
  -d '{
    "symbol":"EUR_USD",
    "side":"buy",
    "qty":1000,
    "tp":1.1200,
    "sl":1.1050,
    "pin":"841921"
  }'"""
    assert shell.run(command).error == (422, "take_profit_wrong_side")
    today = {"1.1200": "1.1700", "1.1050": "1.1600"}
    answer = shell.run(command, **today)
    assert answer.status == 200, answer.text
    assert (answer.json["ok"], answer.json["status"]) == (True, "FILLED")
    assert answer.json["order"]["placed_by"] == "user:trader@local"
    assert answer.json["order"]["strategy"] == "manual"
    assert shell.run(command, **today, **{"841921": "841920"}).error == (403, "pin_wrong")
    assert shell.run(command, **today, **{'"841921"': "null"}).error == (403, "pin_required")
    header = shell.run(command + f" -H 'X-PIN: {PIN}'", **today, **{',\n    "pin":"841921"': ""})
    assert header.status == 200, header.text


def test_positions_over_the_openalgo_bridge(shell: Arena) -> None:
    shell.send(
        "POST",
        "/oa/order",
        {
            "symbol": "USD_JPY",
            "action": "SELL",
            "quantity": "100",
            "pricetype": "MARKET",
            "sl": 153,
            "tp": 150,
        },
    )
    answer = shell.run('http://127.0.0.1:8787/oa/positions -H "Authorization: Bearer $TOKEN"')
    assert answer.status == 200
    held = {row["symbol"]: row for row in answer.json["data"]}
    assert held["USD_JPY"]["quantity"] == -100 and held["USD_JPY"]["average_price"] == 151.8
    cookie = shell.run('http://127.0.0.1:8787/oa/positions --cookie "access_token=$TOKEN"')
    assert cookie.json == answer.json


def test_the_market_data_api(shell: Arena) -> None:
    answer = shell.get("/oanda/prices/paper?instrument=EUR_USD")
    assert answer.json["prices"][0]["instrument"] == "EUR_USD"
    assert shell.get("/oanda/candles/paper?instrument=EUR_USD&granularity=M1").status == 200
    assert shell.get("/oanda/prices/other?instrument=EUR_USD").error[0] == 404
    assert shell.get("/oanda/prices/paper?instrument=EUR_XXX").error == (404, "unknown_instrument")
    assert shell.get("/oanda/prices/paper").error == (400, "missing_field")


def test_the_dashboards_names_of_the_brokers(shell: Arena) -> None:
    account = shell.get("/api/broker/oanda/account").json["account"]
    assert {"balance", "NAV", "marginUsed", "unrealizedPL", "currency"} <= set(account)
    trades = shell.get("/api/broker/oanda/trades").json["trades"]
    assert all(trade["state"] == "OPEN" and "_" in trade["instrument"] for trade in trades)
    coinbase = shell.get("/api/broker/coinbase/account").json
    assert coinbase == shell.get("/brokers/coinbase-adv/accounts").json
    assert coinbase["accounts"][0]["available_balance"]["currency"] == "USD"


def test_every_broker_has_one_shape(shell: Arena) -> None:
    brokers = shell.get("/api/brokers/list").json["brokers"]
    assert [broker["name"] for broker in brokers] == ["oanda", "coinbase"]
    assert all(broker["connected"] and not broker["live"] for broker in brokers)
    for broker in ("oanda", "coinbase", "coinbase-adv"):
        status = shell.get(f"/api/brokers/{broker}/status").json
        assert status["feed"]["age_ms"] >= 0 and status["feed"]["quoted"] >= 1
        total = shell.get(f"/api/brokers/{broker}/accounts").json["total"]
        assert total["equity"] == pytest.approx(total["balance"] + total["unrealised"])
    assert shell.get("/api/brokers/ibkr/status").error == (404, "unknown_broker")
    positions = shell.get("/api/brokers/consolidated/positions").json["positions"]
    profit = shell.get("/api/brokers/consolidated/pnl").json
    unrealised = sum(position["unrealised"] for position in positions)
    assert profit["total"]["unrealised"] == pytest.approx(unrealised)
    assert sum(part["unrealised"] for part in profit["by_broker"]) == pytest.approx(unrealised)
    best = shell.get("/api/brokers/best-quote?instrument=BTC-USD").json
    assert (best["bid"], best["ask"], best["bid_broker"]) == (42495.5, 42500.5, "coinbase")
    assert best["spread"] == 5 and best["quotes"][0]["age_ms"] >= 0


def test_an_order_shows_in_the_stream(shell: Arena) -> None:
    after = len(shell.events())
    order = shell.run(OANDA_ORDER).json["order_id"]

    # `timeout 3 curl -N … | grep ORDER_ID`, from the place where the order came.
    def seen() -> str | None:
        run = subprocess.run(
            ["timeout", "3", "curl", "-sN", f"{shell.here}/events?after={after}"]
            + ["-H", f"Authorization: Bearer {shell.token}"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        lines = [line for line in run.stdout.splitlines() if order in line and "oco" in line]
        return lines[0] if lines else None

    line = eventually("the order in the stream", seen, 60)
    assert line.startswith('data: {"source":"oanda","type":"oco_placed","payload":{"order_id":')
    event = json.loads(line.removeprefix("data: "))
    assert set(event) == {"source", "type", "payload", "ts"}


def test_groups_of_orders(shell: Arena) -> None:
    entry = {"symbol": "USD_JPY", "type": "limit", "price": 150, "sl": 149, "tp": 151}
    order = {**entry, "side": "buy", "qty": 100}
    pin = {"pin": PIN}
    assert shell.send("POST", "/api/orders/basket", {"orders": [order]}).error[1] == "pin_required"
    wrong = {**order, "sl": 152}
    body = {"orders": [order, wrong], **pin}
    assert shell.send("POST", "/api/orders/basket", body).error == (422, "stop_loss_wrong_side")
    body["all_or_none"] = False
    both = shell.send("POST", "/api/orders/basket", body).json
    assert both["ok"] is False
    assert [result["ok"] for result in both["results"]] == [True, False]
    parts = shell.send("POST", "/api/orders/split", {**order, "size": 40, **pin}).json["results"]
    assert [part["order"]["units"] for part in parts] == [40, 40, 20]
    first = parts[0]["order_id"]
    change = {"price": 150.5, "qty": 30}
    for path in (f"/orders/{first}", f"/api/orders/{first}"):
        assert shell.send("PATCH", path, change).error == (403, "pin_required")
    changed = shell.send("PATCH", f"/api/orders/{first}", {**change, **pin}).json
    assert (changed["order"]["price"], changed["order"]["units"]) == (150.5, 30)
    body = {**order, "price": 150.25, **pin}
    replaced = shell.send("POST", f"/api/orders/{first}/replace", body).json
    assert (replaced["replaced"], replaced["order"]["price"]) == (first, 150.25)
    assert shell.get(f"/orders/{first}").json["order"]["status"] == "CANCELLED"
    cancelled = shell.send("POST", "/api/orders/cancel-all", {"instrument": "USD_JPY"}).json
    assert cancelled["cancelled"] == 4 and replaced["order_id"] in cancelled["order_ids"]
    assert shell.send("POST", "/api/orders/cancel-all", {"instrument": "X"}).error[0] == 404

    target = {"symbol": "BTC-USD", "target": 0.005, "sl": 40000, "tp": 45000, **pin}
    reached = shell.send("POST", "/api/orders/smart", target).json
    assert reached["after"] == 0.005, reached
    part = shell.send("POST", "/api/positions/BTC-USD/close", {"units": 0.002}).json
    assert part["order"]["filled_units"] == 0.002
    rest = shell.send("POST", "/api/positions/BTC-USD/close").json
    assert rest["order"]["filled_units"] == 0.003
    flat = shell.send("POST", "/api/positions/BTC-USD/close").json
    assert (flat["order_id"], flat["status"]) == (None, "FLAT")


def test_an_order_is_placed_once_however_often_it_is_sent(shell: Arena) -> None:
    body = {"symbol": "EUR_USD", "side": "buy", "qty": "10", "tp": "1.17", "sl": "1.16", "pin": PIN}
    body["client_order_id"] = "once"
    first = shell.send("POST", "/orders", body).json
    again = shell.send("POST", "/orders", body).json
    assert first["order_id"] == again["order_id"]
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert shell.send("POST", "/orders", {**body, "qty": 11}).error == (
        409,
        "client_order_id_reused",
    )
    page = shell.get("/orders?state=all&limit=2").json
    assert len(page["orders"]) == 2
    more = shell.get(f"/orders?state=all&limit=2&before={page['next']}").json
    numbers = [int(o["order_id"].split("-")[-1]) for o in page["orders"] + more["orders"]]
    assert numbers == sorted(numbers, reverse=True) and len(set(numbers)) == 4


def test_a_folder_may_not_have_the_name_of_peoples_account(shell: Arena, tmp_path: Path) -> None:
    manifest = 'name = "manual"\nrun = "strategy.py"\n'
    shell.daemon.add("people", {"strategy.toml": manifest, "strategy.py": "pass\n"})
    check = shell.daemon.ctl("check", str(shell.daemon.strategies / "people"))
    assert check.returncode != 0 and "manual" in check.stdout + check.stderr
