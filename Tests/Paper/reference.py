"""The paper market of docs/paper.md in its plainest form: lists that are looked through at every quote.

One strategy. It says every fill and what became of every order in the words of ``paper-desk``.
"""

from __future__ import annotations

from typing import Any

from values import DAY, Instrument, Order, Trade, amount, money, product, words

RANK = {"any": 0, "stop": 1, "limit": 2}


class Refused(Exception):
    pass


class Paper:
    def __init__(self, setup: dict[str, Any]) -> None:
        self.books = {name: Instrument(name) for name in setup["instruments"]}
        self.start = amount(setup["balance"]) or 0
        self.fees_of = (amount(setup["taker_fee"]) or 0, amount(setup["maker_fee"]) or 0)
        self.slip, self.latency = setup["slippage_ticks"], setup["latency_ms"]
        self.loss, self.hold = amount(setup.get("max_daily_loss")), setup.get("max_hold_s")
        self.closeout = amount(setup["closeout"]) or 0
        self.orders: list[Order] = []
        self.working: list[Order] = []
        self.trades: list[Trade] = []
        self.last_trade = self.realised = self.fees = self.seq = self.now = self.step = 0
        self.day: int | None = None
        self.day_equity = self.start
        self.out: list[str] = []

    # What it is worth.

    def held(self, on: Instrument) -> int:
        return sum(trade.units for trade in self.trades if trade.on is on)

    def gain(self, trades: list[Trade]) -> int:
        total = 0
        for on in {id(trade.on): trade.on for trade in trades}.values():
            mine = [trade for trade in trades if trade.on is on]
            far = on.far(-1 if mine[0].units > 0 else 1)
            total += money(sum(product(far - one.price, one.units) for one in mine), on.rate)
        return total

    def equity(self) -> int:
        return self.start + self.realised - self.fees + self.gain(self.trades)

    def bound(self, on: Instrument, units: int, price: int) -> int:
        return money(product(product(abs(units), price), on.margin), on.rate)

    def margin(self, but: Instrument | None = None) -> int:
        books = [on for on in self.books.values() if on is not but and self.held(on)]
        return sum(self.bound(on, self.held(on), on.mid) for on in books)

    # What a strategy asks for.

    def admit(self, on: Instrument, side: int, units: int, entry: int, at_fill: bool) -> None:
        after = self.held(on) + side * units
        grows = abs(after) > abs(self.held(on))
        if at_fill and not grows:
            return
        if self.loss is not None and self.day_equity - self.equity() >= self.loss:
            raise Refused("daily_loss_limit")
        if grows and self.margin(but=on) + self.bound(on, after, entry) > self.equity():
            raise Refused("insufficient_margin")

    @staticmethod
    def sides(side: int, sl: int | None, tp: int | None, entry: int) -> None:
        if sl is not None and (entry - sl) * side <= 0:
            raise Refused("stop_loss_wrong_side")
        if tp is not None and (tp - entry) * side <= 0:
            raise Refused("take_profit_wrong_side")

    def place(self, ask: dict[str, Any]) -> None:
        on, side = self.books[ask["instrument"]], 1 if ask["side"] == "buy" else -1
        kind, units, reduce = ask["type"], amount(ask["units"]) or 0, ask.get("reduce_only", False)
        force = ask.get("time_in_force") or ("fok" if kind == "market" else "gtc")
        price, limit, distance = (amount(ask.get(k)) for k in ("price", "limit_price", "distance"))
        if distance is not None:
            if side < 0 and distance >= on.bid:
                raise Refused("distance_out_of_range")
            price = on.far(side) + side * distance
        entry = on.far(side) if kind == "market" else price or 0
        sl, tp = amount(ask.get("stop_loss")), amount(ask.get("take_profit"))
        self.sides(side, sl, tp, entry)
        if limit is not None:
            self.sides(side, sl, tp, limit)
        if reduce and self.held(on) * side >= 0:
            raise Refused("nothing_to_reduce")
        if kind != "market" and sum(one.role == "entry" for one in self.working) >= 200:
            raise Refused("too_many_open_orders")
        if reduce:
            units = min(units, abs(self.held(on)))
        else:
            self.admit(on, side, units, limit or entry, at_fill=False)
        until = {"gtd": ask.get("until"), "day": (self.now // DAY + 1) * DAY}
        expires = until.get(force, self.now + 1000 * ask.get("ttl_s", 21_600))
        order = Order(
            0, on, side, kind, "entry", force, units, None if kind == "market" else price, limit, sl, tp,
            reduce, None if kind == "market" else expires, self.now + self.latency, distance,
            amount(ask.get("break_even")), amount(ask.get("trail")), ask.get("max_hold_s"),
        )  # fmt: skip
        self.add(order)
        if not self.latency:
            order.fresh = True
            self.arrive(order)
            self.settle(on)
            order.fresh = False

    def modify(self, ask: dict[str, Any]) -> None:
        order = self.orders[int(ask["order_id"].split("-")[1]) - 1]
        price, limit = amount(ask.get("price")), amount(ask.get("limit_price"))
        sl, tp = amount(ask.get("stop_loss")), amount(ask.get("take_profit"))
        trades = [one for one in self.trades if one.entry == order.number or order in one.exits]
        if order.role in ("stop_loss", "take_profit"):
            if not order.open:
                raise Refused("order_final")
            sl = price or sl if order.role == "stop_loss" else sl
            tp = price or tp if order.role == "take_profit" else tp
        elif order.role == "close" or (not order.open and (not trades or price or limit)):
            raise Refused("order_final")
        elif order.open:
            if (
                price
                and order.type == "stop_limit"
                and order.state not in ("accepted", "submitted")
            ):
                raise Refused("already_triggered")
            for entry in (price or order.price, limit or order.limit):
                if entry:
                    self.sides(order.side, sl or order.sl, tp or order.tp, entry)
        if trades and (sl or tp):
            long = trades[0].units > 0
            self.sides(1 if long else -1, sl, tp, order.on.far(-1 if long else 1))
            for exit in (exit for trade in trades for exit in trade.exits):
                self.reprice(exit, sl if exit.role == "stop_loss" else tp, None)
        if order.role == "entry":
            order.sl, order.tp = sl or order.sl, tp or order.tp
            if order.open:
                self.reprice(order, price, limit)
        self.settle(order.on)

    def reprice(self, order: Order, price: int | None, limit: int | None) -> None:
        if not order.open:
            return
        before = order.level
        order.price, order.limit = price or order.price, limit or order.limit
        if order.level != before and order.state != "submitted":
            order.taker = order.reached

    def cancel(self, number: str) -> None:
        order = self.orders[int(number.split("-")[1]) - 1]
        if not order.open:
            raise Refused("order_final")
        if order.role != "entry":
            raise Refused("exit_protects_trade")
        self.end(order, "cancelled", "requested")

    def close(self, name: str) -> None:
        if self.held(self.books[name]):
            self.flatten(self.books[name], None, "-")

    def flatten(self, on: Instrument, trade: Trade | None, reason: str) -> None:
        held = trade.units if trade else self.held(on)
        order = Order(
            0, on, -1 if held > 0 else 1, "market", "close", "fok", abs(held), reduce=True
        )
        order.trade, order.reason = trade, reason
        self.add(order)
        self.arrive(order)
        self.settle(on)

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
