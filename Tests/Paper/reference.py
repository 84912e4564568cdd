"""The paper market of docs/paper.md in its plainest form: lists that are looked through at every quote.

One strategy. It says every fill and what became of every order in the words of ``paper-desk``.
"""

from __future__ import annotations

from typing import Any

from desk import Desk, Refused
from values import DAY, Instrument, Order, Trade, amount, money, product, words

RANK = {"any": 0, "stop": 1, "limit": 2}


class Paper(Desk):
    def __init__(self, setup: dict[str, Any]) -> None:
        self.books = {name: Instrument(name) for name in setup["instruments"]}
        self.start = amount(setup["balance"]) or 0
        self.fees_of = (amount(setup["taker_fee"]) or 0, amount(setup["maker_fee"]) or 0)
        self.slip, self.latency = setup["slippage_ticks"], setup["latency_ms"]
        self.loss, self.hold = amount(setup.get("max_daily_loss")), setup.get("max_hold_s")
        self.closeout = amount(setup["closeout"]) or 0
        self.hours: list[int] = setup.get("square_off", [])
        self.squared = -1
        self.orders: list[Order] = []
        self.working: list[Order] = []
        self.trades: list[Trade] = []
        self.last_trade = self.realised = self.fees = self.seq = self.now = self.step = 0
        self.day: int | None = None
        self.day_equity = self.start
        self.out: list[str] = []

    # What the market does.

    def quote(self, values: list[Any]) -> None:
        time, name, bid, ask, bid_size, ask_size = values
        on = self.books[name]
        if self.day is None or not self.day * DAY - 3_600_000 <= time < (self.day + 1) * DAY:
            self.day, self.day_equity = time // DAY, self.equity()
        while due := self.due(time):
            self.now = time
            _, travels, _, order = min(due, key=lambda one: one[:3])
            if travels:
                self.arrive(order)
                self.settle(order.on)
            else:
                self.end(order, "expired", order.force if order.force in ("gtd", "day") else "ttl")
        for trade in [one for one in self.trades if one.closes is not None and one.closes <= time]:
            self.now = time
            self.flatten(trade.on, trade, "max_hold")
        ends = self.session_ends(time)
        if ends is not None and ends != self.squared:
            self.now, self.squared = time, ends
            self.square_off()
        self.seq += 1
        self.now, on.seq, on.bid, on.ask = time, self.seq, amount(bid) or 0, amount(ask) or 0
        sizes = [
            size if size is None else size // on.lot * on.lot
            for size in map(amount, (ask_size, bid_size))
        ]
        on.left, on.waited = {1: sizes[0], -1: sizes[1]}, set()
        for order in [one for one in self.working if one.on is on and one.state != "submitted"]:
            self.follow(order)
        self.settle(on)
        while self.trades and self.equity() < product(self.margin(), self.closeout):
            worst = min(self.trades, key=lambda one: (self.gain([one]), one.id))
            self.flatten(worst.on, worst, "margin_closeout")
        for length in on.complete(time):
            for trade in [one for one in self.trades if one.on is on]:
                self.look_after(trade, length)
        on.form(time)

    def session_ends(self, time: int) -> int | None:
        """Until when entries are refused; hours are the end and the beginning, in seconds of a day."""
        for day in (time // DAY - 1, time // DAY) if self.hours else ():
            end, begin = self.hours
            begins = day * DAY + 1000 * begin + (0 if begin > end else DAY)
            if day * DAY + 1000 * end <= time < begins:
                return begins
        return None

    def square_off(self) -> None:
        for _, on in sorted(self.books.items()):
            for order in [one for one in self.working if one.on is on and one.role == "entry"]:
                self.end(order, "cancelled", "square_off")
            if on.bid and self.held(on):
                self.flatten(on, None, "square_off")

    def look_after(self, trade: Trade, length: int) -> None:
        on, side, (stop, target) = trade.on, 1 if trade.units > 0 else -1, trade.exits
        if stop.momentum and stop.momentum[0] == length and target.open:
            _, count, share, trail = stop.momentum
            moved = on.move(length, count)
            way = product(abs((target.price or 0) - trade.price), share)
            if (
                moved is not None
                and moved * side >= way
                and (on.far(-side) - trade.price) * side > 0
            ):
                stop.momentum = None
                if trail is not None:
                    stop.atr, stop.trail = None, trail
                self.end(target, "cancelled", "momentum")
                self.follow(stop)
        if stop.atr and stop.atr[0] == length:
            stop.trail = on.range(stop.atr) or stop.trail
            self.follow(stop)

    def due(self, time: int) -> list[tuple[int, int, int, Order]]:
        found = []
        for order in self.working:
            if order.expires is not None and order.expires <= time:
                found.append((order.expires, 0, order.number, order))
            if order.state == "submitted" and order.arrives is not None and order.arrives <= time:
                found.append((order.arrives, 1, order.number, order))
        return found

    def add(self, order: Order) -> None:
        order.number = len(self.orders) + 1
        self.orders.append(order)
        self.working.append(order)

    def arrive(self, order: Order) -> None:
        order.state = "accepted"
        if order.distance is not None and order.price is not None:
            far = order.on.far(order.side)
            self.move(order, max(far + order.side * order.distance, order.on.tick))
        self.follow(order)
        order.taker = order.reached
        if not order.taker and order.force in ("ioc", "fok"):
            self.end(order, "cancelled", "not_marketable")

    def follow(self, order: Order) -> None:
        keeps = order.distance if order.role == "entry" else order.trail
        if order.work != "stop" or order.price is None or order.state == "submitted":
            return
        far, side, price = order.on.far(order.side), order.side, order.price
        if keeps is not None:
            price = min(price * side, (far + side * keeps) * side) * side
        if (
            order.base is not None
            and order.even is not None
            and (order.base - far) * side >= order.even
        ):
            price = min(price * side, order.base * side) * side
        self.move(order, price)

    @staticmethod
    def move(order: Order, price: int) -> None:
        shift = price - (order.price or 0)
        if order.role == "entry" and shift:
            order.sl = None if order.sl is None else max(order.sl + shift, order.on.tick)
            order.tp = None if order.tp is None else max(order.tp + shift, order.on.tick)
        order.price = price

    def settle(self, on: Instrument) -> None:
        while True:
            reached = [
                one for one in self.working
                if one.on is on and one.state != "submitted" and one.number not in on.waited and one.reached
            ]  # fmt: skip
            if not reached:
                return
            self.fill(min(reached, key=lambda one: (RANK[one.work], one.number)))

    def fill(self, order: Order) -> None:
        on = order.on
        if order.type == "stop_limit" and order.work == "stop":
            order.triggered, order.state = True, "triggered"
            order.taker = order.reached
            if not order.taker and order.force in ("ioc", "fok"):
                self.end(order, "cancelled", "not_marketable")
            return
        left = None if order.role == "close" else on.left[order.side]
        asks = order.role == "entry" and not order.reduce and not order.fresh and left != 0
        try:
            if asks:
                entry = order.level if order.work == "limit" else on.far(order.side)
                self.admit(on, order.side, order.rest, entry, at_fill=True)
        except Refused as refused:
            return self.end(order, "cancelled", str(refused))
        units = order.rest if left is None else min(left, order.rest)
        whole = units == order.rest
        if not whole and (order.force == "fok" or (order.force == "ioc" and not units)):
            return self.end(order, "cancelled", "insufficient_liquidity")
        far = on.far(order.side)
        price = (
            order.level
            if order.work == "limit"
            else max(far + order.side * self.slip * on.tick, on.tick)
        )
        if order.work == "limit" and order.taker:
            price = min(far * order.side, price * order.side) * order.side
        maker = order.work == "limit" and not order.taker
        if not whole:
            on.waited.add(order.number)
            if order.work == "stop":
                order.triggered, order.state = True, "triggered"
        if units:
            if left is not None:
                on.left[order.side] = left - units
            self.execute(order, units, price, product(product(price, units), self.fees_of[maker]))
        order.taker = False
        if not whole and order.open and order.force == "ioc":
            self.end(order, "cancelled", "insufficient_liquidity")

    # What follows from a fill.

    def execute(self, order: Order, units: int, price: int, fee: int) -> None:
        on, rate = order.on, order.on.rate
        order.filled += units
        order.state = "partially_filled" if order.rest else "filled"
        self.working = [one for one in self.working if one.open]
        gained, todo, touched = 0, units, 0
        own = order.trade
        for trade in [own] if own else [one for one in self.trades if one.on is on]:
            if todo and trade.units * order.side < 0:
                part = min(todo, abs(trade.units))
                gained += self.reduce(trade, part, price, rate, order)
                todo, touched = todo - part, trade.id
        if todo and not order.reduce:
            touched = self.open_trade(order, todo, price)
        fee = money(fee, rate)
        self.fees, self.realised = self.fees + fee, self.realised + gained
        side = "buy" if order.side > 0 else "sell"
        values = " ".join(words(value) for value in (units, price, fee, gained))
        self.out.append(
            f"fill paper-{order.number} {side} {order.role} {values} {touched} {on.seq} {self.now}"
        )
        held = self.held(on)
        for one in [
            one for one in self.working if one.reduce and one.role == "entry" and one.on is on
        ]:
            if held * one.side >= 0:
                self.end(one, "cancelled", "nothing_to_reduce")
            else:
                one.units = min(one.units, one.filled + abs(held))

    def reduce(self, trade: Trade, part: int, price: int, rate: int, order: Order) -> int:
        signed = part if trade.units > 0 else -part
        trade.units -= signed
        if not trade.units:
            self.trades.remove(trade)
        for exit in [one for one in trade.exits if one is not order and one.open]:
            if trade.units:
                exit.units = exit.filled + abs(trade.units)
            else:
                self.end(
                    exit, "cancelled", "trade_closed" if order.role in ("entry", "close") else "oco"
                )
        return money(product(price - trade.price, signed), rate)

    def open_trade(self, order: Order, units: int, price: int) -> int:
        self.last_trade += 1
        trade = Trade(self.last_trade, order.on, order.side * units, price, order.number)
        hold = order.hold or self.hold
        trade.closes = None if hold is None else self.now + 1000 * hold
        self.trades.append(trade)
        for role, kind, level in (
            ("stop_loss", "stop", order.sl),
            ("take_profit", "limit", order.tp),
        ):
            exit = Order(
                0, order.on, -order.side, kind, role, "gtc", units, level, reduce=True, trade=trade
            )
            if role == "stop_loss":
                exit.even, exit.trail, exit.base = order.even, order.trail, price
                exit.atr, exit.momentum = order.atr, order.momentum
                if order.atr is not None:
                    exit.trail = order.on.range(order.atr)
            trade.exits.append(exit)
            self.add(exit)
        for exit in trade.exits:
            self.arrive(exit)
        return trade.id

    def end(self, order: Order, state: str, reason: str) -> None:
        order.state, order.reason = state, reason
        self.working = [one for one in self.working if one.open]

    # The script.

    def take(self, line: dict[str, Any]) -> None:
        self.step += 1
        ((what, value),) = line.items()
        try:
            getattr(self, what)(value)
        except Refused as refused:
            self.out.append(f"refused {self.step} {refused}")

    def finish(self) -> list[str]:
        for one in self.orders:
            side = "buy" if one.side > 0 else "sell"
            values = (one.units, one.filled, one.price, one.sl, one.tp)
            numbers = " ".join(words(value) for value in values)
            self.out.append(
                f"order paper-{one.number} {side} {one.type} {one.role} {numbers} {one.state} {one.reason}"
            )
        worth = (
            self.start + self.realised - self.fees, self.equity(), self.realised,
            self.gain(self.trades), self.fees, self.margin(),
        )  # fmt: skip
        self.out.append("account " + " ".join(words(value) for value in worth))
        return self.out
