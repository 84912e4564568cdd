"""The gateway's paper market against a second implementation of docs/paper.md, on recorded markets.

Thousands of random orders of every type and time in force, changes and cancels are played to both; every fill,
fee and profit, and what became of every order, must be equal to the last digit.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from reference import Paper
from values import ONE, Instrument, words

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("RBOT_BIN", ROOT / ".build" / "debug"))
DATA = Path(os.environ.get("RBOT_DATA", ROOT.parent / "shared" / "data")) / "quotes"

EUR = "eur_usd_quotes_oanda_20140502_nfp.csv"
JPY = "usd_jpy_quotes_truefx_20130101.csv"
COINS = "btc_usd_quotes_m1_coinbase_201709.csv eth_usd_quotes_m1_coinbase_201709.csv"
COSTS = {"taker_fee": "0.00037", "maker_fee": "0.00011", "slippage_ticks": 1}

Line = dict[str, Any]
CASES = [
    pytest.param(EUR, 1, {}, False, 12, id="EUR_USD"),
    pytest.param(EUR, 2, COSTS, True, 25, id="EUR_USD-sizes-costs"),
    pytest.param(EUR, 3, COSTS | {"latency_ms": 700}, True, 25, id="EUR_USD-latency"),
    pytest.param(EUR, 4, {"balance": "900", "max_daily_loss": "150"}, False, 30, id="EUR_USD-margin"),
    pytest.param(EUR, 9, {"balance": "700", "closeout": "1.05"}, False, 25, id="EUR_USD-closeout"),
    pytest.param(JPY, 10, {"balance": "900", "closeout": "1.3"}, False, 1, id="USD_JPY-closeout"),
    pytest.param(COINS, 5, COSTS, True, 1, id="coins-sizes-costs"),
    pytest.param(COINS, 6, {"balance": "20000", "max_hold_s": 40_000}, False, 1, id="coins-margin"),
    pytest.param(COINS, 11, {"balance": "15000", "closeout": "1.1"}, False, 1, id="coins-closeout"),
    pytest.param(EUR, 12, {"square_off": [51_960, 52_980]}, False, 12, id="EUR_USD-square-off"),
    pytest.param(COINS, 13, {"square_off": [79_980, 3_600]}, True, 1, id="coins-square-off"),
    pytest.param(COINS, 7, COSTS | {"latency_ms": 90_000}, False, 1, id="coins-latency"),
    pytest.param(JPY, 8, COSTS | {"balance": "3000"}, True, 1, id="USD_JPY-converted"),
]  # fmt: skip


def recorded(files: str) -> list[list[str]]:
    rows = []
    for name in files.split():
        if not (DATA / name).exists():
            pytest.skip(f"there is no {DATA / name}: set RBOT_DATA to the folder of recorded data")
        lines = (DATA / name).read_text().splitlines()[1:]
        rows += [line.split(",") for line in lines]
    return sorted(rows, key=lambda row: int(row[0]))


class Trader:
    """Makes up orders around the market, and changes of those that there are."""

    def __init__(self, seed: int, paper: Paper) -> None:
        self.dice = random.Random(seed)
        self.paper = paper

    def near(self, on: Instrument, scale: int, low: int = 1) -> int:
        """A distance of so many ticks at most; of a coin, whose ticks are finer, sixty times that."""
        unit = on.tick * (1 if "_" in on.name else 60)
        return self.dice.randint(low, scale) * unit

    def size(self, on: Instrument) -> str:
        if "-" in on.name:
            return words(self.dice.randint(1, 300_000_000) * on.lot)
        return str(self.dice.choice([1, 7, 1000, 2500, self.dice.randint(1, 20_000)]))

    def order(self, on: Instrument) -> Line:
        dice, side = self.dice, self.dice.choice([1, -1])
        kind = dice.choice(["market", "limit", "stop", "stop_limit", "trailing_stop"])
        ask: Line = {"instrument": on.name, "side": "buy" if side > 0 else "sell", "type": kind}
        ask["units"] = self.size(on)
        entry = on.far(side)
        if kind in ("limit", "stop", "stop_limit"):
            behind = -side if kind == "limit" else side
            entry += behind * self.near(on, 60, low=-8)
            ask["price"] = words(entry)
        if kind == "stop_limit":
            ask["limit_price"] = words(entry + side * self.near(on, 20, low=-20))
        if kind == "trailing_stop":
            distance = self.near(on, 60)
            ask["distance"], entry = words(distance), entry + side * distance
        self.lasting(ask, kind)
        if dice.random() < 0.2:
            return ask | {"reduce_only": True}
        if dice.random() < 0.35:
            ask["break_even"] = words(self.near(on, 40))
        self.following(ask, on)
        if dice.random() < 0.2:
            ask["max_hold_s"] = dice.choice([1, 60, 3_600])
        ask["stop_loss"] = words(entry - side * self.near(on, 90, low=-2))
        ask["take_profit"] = words(entry + side * self.near(on, 90, low=-2))
        return ask

    def following(self, ask: Line, on: Instrument) -> None:
        dice, what = self.dice, self.dice.random()
        lengths = ["M5", "M15"] if "-" in on.name else ["S5", "M1"]
        if what < 0.3:
            ask["trail"] = words(self.near(on, 60))
        elif what < 0.55:
            times = words(dice.randint(1, 80) * ONE // 10)
            rule = {"granularity": dice.choice(lengths), "period": dice.randint(1, 20)}
            ask["trail_atr"] = rule | {"multiplier": times}
        if dice.random() < 0.25:
            rule = {"granularity": dice.choice(lengths), "candles": dice.randint(1, 6)}
            ask["momentum"] = rule | {"share": words(dice.randint(1, 120) * ONE // 100)}
            if what >= 0.55 or dice.random() < 0.5:
                ask["momentum"]["trail"] = words(self.near(on, 40))

    def lasting(self, ask: Line, kind: str) -> None:
        forces = ["fok", "ioc"] if kind == "market" else ["gtc", "gtc", "gtd", "day", "ioc", "fok"]
        if kind == "trailing_stop":
            forces = forces[:4]
        force = self.dice.choice([None, *forces])
        if force is not None:
            ask["time_in_force"] = force
        if force == "gtd":
            ask["until"] = self.paper.now + self.dice.randint(1, 7_200_000)
            moment = datetime.fromtimestamp(ask["until"] / 1000, UTC)
            ask["expires"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        elif force != "day" and self.dice.random() < 0.5:
            ask["ttl_s"] = self.dice.randint(1, 20_000)

    def change(self, on: Instrument) -> Line | None:
        orders = [one for one in self.paper.working if one.on is on] or self.paper.orders[-1:]
        if not orders:
            return None
        order = self.dice.choice(orders)
        name = f"paper-{order.number}"
        if self.dice.random() < 0.3:
            return {"cancel": name}
        if order.role == "entry" and self.dice.random() < 0.15:
            return {"replace": self.order(on) | {"order_id": name}}
        if order.role in ("stop_loss", "take_profit") and self.dice.random() < 0.5 and order.trade:
            name = f"paper-{order.trade.entry}"
        ask: Line = {"order_id": name}
        for key in ("stop_loss", "take_profit"):
            if self.dice.random() < 0.5:
                ask[key] = words(on.mid // on.tick * on.tick + self.near(on, 90, low=-90))
        if order.role == "entry" and order.type in ("limit", "stop", "stop_limit"):
            ask["price"] = words(max(on.bid + self.near(on, 60, low=-60), on.tick))
            if order.type == "stop_limit" and self.dice.random() < 0.5:
                ask["limit_price"] = words(max(on.bid + self.near(on, 60, low=-60), on.tick))
        resting = order.type != "market" and order.role == "entry" and self.dice.random() < 0.4
        if resting:
            ask["units"] = self.size(on)
        reduces = order.role == "entry" and order.reduce
        if len(ask) == 1 or (reduces and len(ask.keys() & {"stop_loss", "take_profit"})):
            return None
        return {"modify": ask}

    def wish(self) -> Line | None:
        on = self.dice.choice([one for one in self.paper.books.values() if one.bid])
        what = self.dice.random()
        if what < 0.72:
            return {"place": self.order(on)}
        if what < 0.74:
            part = {"units": self.size(on)} if self.dice.random() < 0.5 else {}
            return {"close": {"instrument": on.name} | part}
        return self.change(on)


def script(
    rows: list[list[str]], seed: int, paper: Paper, sized: bool, every: int
) -> Iterator[Line]:
    dice, trader = random.Random(seed), Trader(seed, paper)
    for row in rows:
        time, name, bid, ask = row[:4]
        sizes: list[str | None] = [None, None]
        if sized and dice.random() < 0.8:
            scale = 500_000_000 if "-" in name else 4_000
            lot = ONE // 10**8 if "-" in name else ONE
            sizes = [words(dice.choice([0, dice.randint(0, scale)]) * lot) for _ in "ba"]
        yield {"quote": [int(time), name, bid, ask, *sizes]}
        if dice.randrange(every) == 0:
            wish = trader.wish()
            if wish is not None:
                yield wish


@pytest.mark.parametrize(("files", "seed", "changes", "sized", "every"), CASES)
def test_every_fill_is_that_of_the_reference(
    files: str, seed: int, changes: Line, sized: bool, every: int
) -> None:
    rows = recorded(files)
    setup = {
        "instruments": sorted({row[1] for row in rows}), "balance": "1000000", "taker_fee": "0",
        "maker_fee": "0", "slippage_ticks": 0, "latency_ms": 0, "closeout": "0.5",
    } | changes  # fmt: skip
    paper = Paper(setup)
    lines = [json.dumps(setup)]
    for line in script(rows, seed, paper, sized, every):
        lines.append(json.dumps(line))
        paper.take(line)
    theirs = paper.finish()
    ours = subprocess.run(
        [BIN / "paper-desk"], input="\n".join(lines), capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        assert one == other, f"line {number}; before: {ours[max(0, number - 3) : number]}"
    assert len(ours) == len(theirs)
    kinds = {" ".join(line.split()[3:4]) for line in ours if line.startswith("order")}
    assert kinds == {"market", "limit", "stop", "stop_limit", "trailing_stop"}
    fills = sum(line.startswith("fill") for line in ours)
    print(f"{files}: {len(rows)} quotes, {len(paper.orders)} orders, {fills} fills")
