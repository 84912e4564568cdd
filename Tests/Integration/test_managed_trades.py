"""A strategy in Python that uses every kind of order and rule for a trade, under rbotd, on a made-up market."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from daemon import Daemon, eventually
from samples import python

# Midnight UTC; a quote each second, for 42 minutes.
START = 1_504_396_800_000
RISE, TOP, FALL = 600, 900, 1200

KINDS = """
import json
from rbot import Momentum, OrderRefused, OrderRequest, Strategy, TrailByRange

EXITS = {"stop_loss": "1.09", "take_profit": "1.2"}


class Kinds(Strategy):
    instruments = ["EUR_USD"]

    def on_start(self):
        self.said = {"stops": []}
        self.steps = {240: self.groups, 300: self.managed, 1790: self.evening, 1860: self.night}

    def on_quote(self, quote):
        step = self.steps.pop(quote.time.minute * 60 + quote.time.second, None)
        if step is not None:
            step()

    def on_order(self, order):
        if order.role == "take_profit" and order.tag == "run" and order.state == "cancelled":
            self.said["gave up"] = order.reason
        if order.role == "stop_loss" and order.tag == "atr" and order.state == "accepted":
            self.said["stops"].append(str(order.price))

    def refused(self, action):
        try:
            action()
        except OrderRefused as refused:
            return refused.reason
        return "nothing"

    def far(self, units, **more):
        return OrderRequest("EUR_USD", "buy", units, price="1.05", stop_loss="1", take_profit="1.2", **more)

    def groups(self):
        bad = OrderRequest("EUR_USD", "buy", 100, price="1.05", stop_loss="1.1", take_profit="1.2")
        self.said["basket"] = self.refused(lambda: self.basket([self.far(100), bad]))
        mixed = self.basket([self.far(100), bad], all_or_none=False)
        self.said["mixed"] = [one.order.state if one.order else one.refused.reason for one in mixed]
        resting = mixed[0].order.order_id
        self.said["resized"] = str(self.modify(resting, units=60).units)
        self.said["replaced"] = str(self.replace(resting, self.far(70)).units)
        self.said["split"] = [str(one.units) for one in self.split(self.far(100), 40)]
        self.said["cancelled"] = self.cancel_all("EUR_USD")
        self.target("EUR_USD", 700, **EXITS)
        turned = self.target("EUR_USD", -300, stop_loss="1.2", take_profit="1")
        self.said["turned"] = [one.role for one in turned.orders] + [str(turned.after)]
        self.close("EUR_USD", 100)
        self.said["left"] = str(self.position("EUR_USD").units)
        self.said["flat"] = str(self.target("EUR_USD", 0).after)

    def managed(self):
        self.buy("EUR_USD", 1000, tag="atr", trail_atr=TrailByRange("M1", 2, period=3), **EXITS)
        rule = Momentum("M1", candles=2, share="0.25", trail="0.0005")
        self.buy("EUR_USD", 500, stop_loss="1.09", take_profit="1.108", tag="run", momentum=rule)

    def evening(self):
        self.buy("EUR_USD", 100, tag="day", **EXITS)
        self.place("EUR_USD", "buy", 10, price="1.05", stop_loss="1", take_profit="1.2", tag="day")

    def night(self):
        self.said["night"] = self.refused(lambda: self.buy("EUR_USD", 100, **EXITS))
        self.said["held"] = len(self.positions())

    def on_feed(self, state):
        if state == "ended":
            self.log(json.dumps(self.said))
"""


def market(folder: Path) -> str:
    """Calm with a swing of two pips, a rise of a cent in five minutes, calm, and a fall."""
    lines = ["ts_ms,instrument,bid,ask"]
    for second in range(2_520):
        rise = 100 * (min(max(second, RISE), TOP) - RISE) // (TOP - RISE)
        fall = 60 if second >= FALL else 0
        bid = 110_000 + 10 * (rise - fall) + (second % 3) * 10
        time = START + 1_000 * second
        lines.append(f"{time},EUR_USD,{bid / 100_000:.5f},{(bid + 10) / 100_000:.5f}")
    (folder / "quotes.csv").write_text("\n".join(lines) + "\n")
    return f"replay:{folder}/quotes.csv@max"


def test_the_gateway_does_all_that_a_strategy_may_ask_for(tmp_path: Path) -> None:
    config = '[risk]\nsquare_off = "00:30"\nsquare_off_resume = "00:40"\n'
    strategies = {"kinds": python("kinds", KINDS)}
    with Daemon(strategies, feed=market(tmp_path), config=config) as daemon:

        def said() -> dict[str, Any] | None:
            lines = [item["message"] for item in daemon.logs("kinds")]
            found = [json.loads(line) for line in lines if line.startswith('{"')]
            return found[0] if found else None

        told = eventually("the strategy has seen the last quote", said, 120)
        everything = {"strategy": "kinds", "state": "all", "limit": 1_000}
        orders = daemon.call("orders", everything)["orders"]

    stops = told.pop("stops")
    assert told == {
        "basket": "stop_loss_wrong_side",
        "mixed": ["accepted", "stop_loss_wrong_side"],
        "resized": "60",
        "replaced": "70",
        "split": ["40", "40", "20"],
        "cancelled": 4,
        "turned": ["close", "entry", "-300"],
        "left": "-200",
        "flat": "0",
        "gave up": "momentum",
        "night": "square_off",
        "held": 0,
    }
    # Twice the range of calm candles behind, farther behind in the rise, and near again at the top.
    assert (stops[0], stops[-1]) == ("1.09960", "1.10980")
    assert stops == sorted(stops)

    def ended(**wanted: str) -> list[tuple[str, str]]:
        chosen = [one for one in orders if wanted.items() <= one.items()]
        return [(one["state"], one["average_price"] or one["reason"]) for one in chosen]

    # Both stop losses met the fall, beyond the take profit that was given up.
    assert ended(tag="atr", role="stop_loss") == [("filled", "1.10400")]
    assert ended(tag="run", role="stop_loss") == [("filled", "1.10400")]
    assert ended(tag="run", role="take_profit") == [("cancelled", "momentum")]
    # At half past midnight, at the last quote before it.
    assert ended(role="close", reason="square_off") == [("filled", "1.10420")]
    assert ended(tag="day", role="entry", type="limit") == [("cancelled", "square_off")]
