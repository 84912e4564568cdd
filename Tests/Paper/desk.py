"""What a strategy has and asks for in the paper market: the other half of ``reference.py``."""

from __future__ import annotations

from typing import Any

from values import DAY, LENGTHS, Instrument, Order, Trade, amount, money, product


class Refused(Exception):
    pass


class Desk:
    books: dict[str, Instrument]
    orders: list[Order]
    working: list[Order]
    trades: list[Trade]
    fees_of: tuple[int, int]
    start: int
    realised: int
    fees: int
    loss: int | None
    day_equity: int
    latency: int
    now: int

    def session_ends(self, time: int) -> int | None:
        raise NotImplementedError

    def add(self, order: Order) -> None:
        raise NotImplementedError

    def arrive(self, order: Order) -> None:
        raise NotImplementedError

    def settle(self, on: Instrument) -> None:
        raise NotImplementedError

    def end(self, order: Order, state: str, reason: str) -> None:
        raise NotImplementedError

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

    @staticmethod
    def rules(ask: dict[str, Any], order: Order) -> None:
        if one := ask.get("trail_atr"):
            order.atr = (LENGTHS[one["granularity"]], one["period"], amount(one["multiplier"]) or 0)
        if one := ask.get("momentum"):
            share, trail = amount(one["share"]) or 0, amount(one.get("trail"))
            order.momentum = (LENGTHS[one["granularity"]], one["candles"], share, trail)

    def place(self, ask: dict[str, Any]) -> None:
        on, side = self.books[ask["instrument"]], 1 if ask["side"] == "buy" else -1
        kind, units, reduce = ask["type"], amount(ask["units"]) or 0, ask.get("reduce_only", False)
        if not reduce and self.session_ends(self.now) is not None:
            raise Refused("square_off")
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
        self.rules(ask, order)
        self.add(order)
        if not self.latency:
            order.fresh = True
            self.arrive(order)
            self.settle(on)
            order.fresh = False

    def replace(self, ask: dict[str, Any]) -> None:
        order = self.orders[int(ask["order_id"].split("-")[1]) - 1]
        before, working = (order.state, order.reason), self.working
        self.cancel(ask["order_id"], "replaced")
        try:
            self.place(ask)
        except Refused:
            (order.state, order.reason), self.working = before, working
            raise

    def resized(self, order: Order, units: int, entry: int) -> int:
        if units <= order.filled:
            raise Refused("units_below_filled")
        if units > order.units:
            if order.reduce:
                return order.filled + min(units - order.filled, abs(self.held(order.on)))
            self.admit(order.on, order.side, units - order.filled, entry, at_fill=False)
        return units

    def modify(self, ask: dict[str, Any]) -> None:
        order = self.orders[int(ask["order_id"].split("-")[1]) - 1]
        price, limit = amount(ask.get("price")), amount(ask.get("limit_price"))
        sl, tp = amount(ask.get("stop_loss")), amount(ask.get("take_profit"))
        trades = [one for one in self.trades if one.entry == order.number or order in one.exits]
        units = amount(ask.get("units"))
        if units is not None and order.role != "entry":
            raise Refused("units_not_allowed")
        if order.role in ("stop_loss", "take_profit"):
            if not order.open:
                raise Refused("order_final")
            sl = price or sl if order.role == "stop_loss" else sl
            tp = price or tp if order.role == "take_profit" else tp
        elif order.role == "close" or (not order.open and (not trades or price or limit or units)):
            raise Refused("order_final")
        elif order.open:
            if (
                price
                and order.type == "stop_limit"
                and order.state not in ("accepted", "submitted")
            ):
                raise Refused("already_triggered")
            if units is not None:
                at = limit or order.limit or price or order.price or 0
                units = self.resized(order, units, at)
            for entry in (price or order.price, limit or order.limit):
                if entry:
                    self.sides(order.side, sl or order.sl, tp or order.tp, entry)
        if trades and (sl or tp):
            long = trades[0].units > 0
            self.sides(1 if long else -1, sl, tp, order.on.far(-1 if long else 1))
            if tp and not any(trade.exits[1].open for trade in trades):
                raise Refused("no_take_profit")
            for exit in (exit for trade in trades for exit in trade.exits):
                self.reprice(exit, sl if exit.role == "stop_loss" else tp, None)
        if order.role == "entry":
            order.sl, order.tp, order.units = sl or order.sl, tp or order.tp, units or order.units
            if order.open:
                self.reprice(order, price, limit)
        self.settle(order.on)

    def reprice(self, order: Order, price: int | None, limit: int | None) -> None:
        if not order.open:
            return
        before = order.level
        order.price, order.limit = price or order.price, limit or order.limit
        if order.level != before and order.state != "submitted":
            # It is tried again, also where this quote had too few units for it before.
            order.taker = order.reached
            order.on.waited.discard(order.number)

    def cancel(self, number: str, reason: str = "requested") -> None:
        order = self.orders[int(number.split("-")[1]) - 1]
        if not order.open:
            raise Refused("order_final")
        if order.role != "entry":
            raise Refused("exit_protects_trade")
        self.end(order, "cancelled", reason)

    def close(self, ask: dict[str, Any]) -> None:
        if self.held(self.books[ask["instrument"]]):
            self.flatten(self.books[ask["instrument"]], None, "-", amount(ask.get("units")))

    def flatten(
        self, on: Instrument, trade: Trade | None, reason: str, part: int | None = None
    ) -> None:
        held = trade.units if trade else self.held(on)
        units = min(abs(held), part or abs(held))
        order = Order(0, on, -1 if held > 0 else 1, "market", "close", "fok", units, reduce=True)
        order.trade, order.reason = trade, reason
        self.add(order)
        self.arrive(order)
        self.settle(on)
