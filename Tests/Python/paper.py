"""A small paper broker behind the fake gateway: enough to let a strategy trade on recorded quotes.

Fills at bid and ask, knows limit orders, stop loss and take profit, and plays in lockstep: the next
quote goes out when the last one was acknowledged.
"""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, Callable

from fakes import FakeGateway, Message, Peer, fill, order


def recorded_quotes(path: Path, count: int) -> Iterator[Message]:
    with path.open() as file:
        for seq, row in enumerate(csv.DictReader(file), 1):
            if seq > count:
                return
            moment = datetime.fromtimestamp(int(row["ts_ms"]) / 1000, timezone.utc)
            yield {
                "seq": seq,
                "instrument": row["instrument"],
                "bid": row["bid"],
                "ask": row["ask"],
                "time": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            }


class Paper:
    """Take the place of a gateway's order handlers, and play ``quotes`` in lockstep."""

    def __init__(
        self,
        gateway: FakeGateway,
        quotes: Iterator[Message],
        ended: Callable[[], None],
        candles: bool = False,
    ) -> None:
        self.candles = candles
        self._tell_ended = ended
        self.quotes = quotes
        self.last: Message = {}
        self.orders: dict[str, Message] = {}
        self.trades: dict[int, Message] = {}
        self.fills: list[Message] = []
        self.most_open = 0
        self.refused: list[str] = []
        self.paused = False
        self.played = 0
        self.ended = threading.Event()
        gateway.on_ack = self.next
        subscribe = gateway.handlers["quotes.subscribe"]

        def subscribed(peer: Peer, message: Message) -> None:
            peer.reply(message, subscribe(peer, message))
            if not self.played:
                self.next(peer, 0)

        gateway.handlers.update(
            {
                "quotes.subscribe": subscribed,
                "order.place": self.place,
                "order.cancel": self.cancel,
                "quote.latest": self.latest,
                "orders": lambda peer, message: {"orders": self.open_orders()},
                "positions": lambda peer, message: {"positions": self.positions()},
                "position.close": self.close,
            }
        )

    def open_orders(self) -> list[Message]:
        return [one for one in self.orders.values() if one["state"] == "accepted"]

    def held(self) -> Decimal:
        return sum((one["signed"] for one in self.trades.values()), Decimal(0))

    def positions(self) -> list[Message]:
        if not self.trades:
            return []
        return [
            {
                "strategy": "test",
                "broker": "paper",
                "instrument": self.last["instrument"],
                "units": str(self.held()),
                "average_price": "1",
                "realised": "0",
                "unrealised": "0",
                "trades": [],
            }
        ]

    def latest(self, peer: Peer, message: Message) -> Message | None:
        if self.last.get("instrument") == message["params"]["instrument"]:
            return self.last
        peer.refuse(message, "no_quote")
        return None

    def next(self, peer: Peer, seq: int) -> None:
        """Match the next quote, then send it."""
        quote = next(self.quotes, None)
        if quote is None:
            self.ended.set()
            self._tell_ended()
            return
        self.last = quote
        self.played += 1
        bid, ask = Decimal(quote["bid"]), Decimal(quote["ask"])
        for one in self.open_orders():
            price = Decimal(one["price"])
            if ask <= price if one["side"] == "buy" else bid >= price:
                self.fill(peer, one, price)
        for number, trade in list(self.trades.items()):
            long = trade["signed"] > 0
            stop, target = Decimal(trade["stop_loss"]), Decimal(trade["take_profit"])
            if bid <= stop if long else ask >= stop:
                self.exit(peer, number, "stop_loss", stop)
            elif bid >= target if long else ask <= target:
                self.exit(peer, number, "take_profit", target)
        if self.candles and quote["seq"] % 20 == 0:
            mid = str((bid + ask) / 2)
            prices = dict.fromkeys(("open", "high", "low", "close"), mid)
            about = {"instrument": quote["instrument"], "granularity": "M1", "time": quote["time"]}
            peer.notify("candle", {**about, **prices, "volume": 20, "complete": True})
        peer.notify("quote", quote)

    def place(self, peer: Peer, message: Message) -> Message | None:
        params = message["params"]
        buying = params["side"] == "buy"
        far = Decimal(self.last["ask" if buying else "bid"])
        entry = Decimal(params["price"]) if params["type"] == "limit" else far
        stop, target = Decimal(params["stop_loss"]), Decimal(params["take_profit"])
        reason = ""
        if self.paused:
            reason = "trading_paused"
        elif not (stop < entry < target if buying else target < entry < stop):
            reason = "stop_loss_wrong_side"
        if reason:
            self.refused.append(reason)
            peer.refuse(message, reason)
            return None
        made = order(
            params,
            order_id=f"paper-{len(self.orders) + 1}",
            state="accepted",
            trade_id=None,
            filled_units="0",
            average_price=None,
        )
        self.orders[made["order_id"]] = made
        if params["type"] == "market":
            self.fill(peer, made, far)
        else:
            peer.notify("order", {"order": made})
        self.most_open = max(self.most_open, len(self.open_orders()) + len(self.trades))
        return {"order": made, "duplicate": False}

    def cancel(self, peer: Peer, message: Message) -> Message:
        found = self.orders[message["params"]["order_id"]]
        found["state"] = "cancelled"
        peer.notify("order", {"order": found})
        return {"order": found}

    def close(self, peer: Peer, message: Message) -> Message:
        for number, trade in list(self.trades.items()):
            side = "bid" if trade["signed"] > 0 else "ask"
            self.exit(peer, number, "close", Decimal(self.last[side]))
        return {"order": None}

    def fill(self, peer: Peer, one: Message, price: Decimal) -> None:
        number = len(self.fills) + 1
        units = Decimal(one["units"])
        one.update(
            state="filled", filled_units=one["units"], average_price=str(price), trade_id=number
        )
        signed = units if one["side"] == "buy" else -units
        self.trades[number] = {**one, "signed": signed}
        self.tell(peer, one, price, "entry", one["side"])
        peer.notify("order", {"order": one})

    def exit(self, peer: Peer, number: int, role: str, price: Decimal) -> None:
        trade = self.trades.pop(number)
        side = "sell" if trade["signed"] > 0 else "buy"
        self.tell(peer, trade, price, role, side)

    def tell(self, peer: Peer, one: Message, price: Decimal, role: str, side: str) -> None:
        made: dict[str, Any] = fill(
            fill_id=len(self.fills) + 1,
            order_id=one["order_id"],
            instrument=one["instrument"],
            side=side,
            units=one["units"],
            price=str(price),
            role=role,
            seq=self.last["seq"],
            time=self.last["time"],
        )
        self.fills.append(made)
        peer.notify("fill", {"fill": made})
