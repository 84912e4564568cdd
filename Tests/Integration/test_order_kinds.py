"""Orders in groups, targets, replacing and closing in part, as a worker asks a running gateway for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from test_square_off import ENTRY, Peer, entered, home, recording, running

__all__ = ["home"]

FAR = {**ENTRY, "type": "limit", "price": "1.05", "stop_loss": "1", "take_profit": "1.2"}


def held(trader: Peer) -> str:
    found = trader.call("positions")["positions"]
    return str(found[0]["units"]) if found else "0"


def orders(answer: Any) -> list[dict[str, Any]]:
    return [one["order"] for one in answer["results"]]


def test_orders_come_in_groups_and_each_group_is_one_answer(home: Path) -> None:
    with running(home, recording(home)) as gateway:
        gateway.start()
        trader = gateway.trader()
        entered(trader)

        # A basket: all of it or none.
        bad = {**FAR, "stop_loss": "1.1"}
        wish = [{**FAR, "client_order_id": "a"}, {**bad, "client_order_id": "b"}]
        assert trader.call("order.basket", orders=wish) == "stop_loss_wrong_side"
        assert len(trader.call("orders")["orders"]) == 2, "the exits of the first trade alone"
        mixed = trader.call("order.basket", orders=wish, all_or_none=False)["results"]
        assert mixed[0]["order"]["state"] == "accepted"
        assert mixed[1]["error"]["reason"] == "stop_loss_wrong_side"
        again = trader.call("order.basket", orders=wish[:1])["results"]
        assert again[0]["duplicate"]
        assert again[0]["order"]["order_id"] == mixed[0]["order"]["order_id"]

        # Other units, and another order in its place.
        resting = mixed[0]["order"]["order_id"]
        assert trader.call("order.modify", order_id=resting, units="400")["order"]["units"] == "400"
        assert trader.call("order.replace", order_id=resting, **bad) == "stop_loss_wrong_side"
        instead = {**FAR, "units": "700", "client_order_id": "c"}
        placed = trader.call("order.replace", order_id=resting, **instead)
        assert (placed["order"]["units"], placed["duplicate"]) == ("700", False)
        assert trader.call("order.replace", order_id=resting, **instead)["duplicate"]
        found = trader.call("orders", state="all")["orders"]
        old = next(one for one in found if one["order_id"] == resting)
        assert (old["state"], old["reason"]) == ("cancelled", "replaced")

        # A split is a basket of parts, and all of them are cancelled at once.
        parts = orders(trader.call("order.split", **FAR, client_order_id="s", size="450"))
        assert [one["units"] for one in parts] == ["450", "450", "100"]
        assert [one["client_order_id"] for one in parts] == ["s.1", "s.2", "s.3"]
        assert trader.call("order.cancel_all", instrument="EUR_USD")["cancelled"] == 4
        assert {one["role"] for one in trader.call("orders")["orders"]} == {
            "stop_loss",
            "take_profit",
        }

        # A part of the position is closed, once; the exits shrink with it.
        close = {"instrument": "EUR_USD", "units": "300", "client_order_id": "part"}
        assert trader.call("position.close", **close)["order"]["filled_units"] == "300"
        trader.call("position.close", **close)
        assert held(trader) == "700"
        assert {one["units"] for one in trader.call("orders")["orders"]} == {"700"}

        # A target turns the position round, and asked again it does nothing.
        exits = {"stop_loss": "1.2", "take_profit": "1"}
        target = {"instrument": "EUR_USD", "target": "-500", "client_order_id": "t"}
        assert trader.call("order.smart", **target) == "oco_required"
        assert held(trader) == "700"
        turned = trader.call("order.smart", **target, **exits)
        assert (turned["before"], turned["after"]) == ("700", "-500")
        assert [one["role"] for one in orders(turned)] == ["close", "entry"]
        assert trader.call("order.smart", **target, **exits)["results"][1]["duplicate"]
        less = trader.call("order.smart", instrument="EUR_USD", target="-200")
        assert (orders(less)[0]["units"], less["after"]) == ("300", "-200")
        assert trader.call("order.smart", instrument="EUR_USD", target="0")["after"] == "0"
        assert trader.call("order.smart", instrument="EUR_USD", target="0")["results"] == []
        assert trader.call("orders")["orders"] == []
