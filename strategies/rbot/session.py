"""One strategy's process: its channels, and the calls that both styles of strategy share."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .decimals import Number, decimal_text
from .errors import GatewayDown, OrderUnknown, SetupError
from .gateway import Gateway, ReplyLost
from .loop import Loop
from .model import Account, Candle, Fill, Instrument, Order, Position, Quote
from .supervisor import Supervisor
from .times import time_text

QUIET_S = 60.0


class Session:
    """The open channels to rbotd and the gateway, and what they said about this strategy."""

    def __init__(self, loop: Loop, supervisor: Supervisor, gateway: Gateway) -> None:
        self.loop = loop
        self.supervisor = supervisor
        self.gateway = gateway
        hello = supervisor.hello
        self.name: str = str(hello.get("strategy") or os.environ.get("RBOT_STRATEGY", "strategy"))
        self.generation: int = int(hello.get("generation") or 0)
        self.params: dict[str, Any] = dict(hello.get("params") or {})
        self.paused = bool(hello.get("paused"))
        self.slot: Any = hello.get("slot")
        """The schedule's slot that this process was started for, or None when it runs on."""
        self._orders_made = 0
        self._said: dict[str, tuple[float, int]] = {}

    @staticmethod
    def open() -> Session:
        """Greet the supervisor, and prepare (not yet open) the gateway's connection."""
        loop = Loop()
        loop.catch_sigterm()
        supervisor = Supervisor.from_environment(loop)
        supervisor.greet()
        path = os.environ.get("RBOT_GATEWAY_SOCKET", "")
        if not path:
            raise SetupError(
                "RBOT_GATEWAY_SOCKET is not set: start the strategy with rbotctl start"
            )
        gateway = Gateway(loop, path, os.environ.get("RBOT_TOKEN", ""), supervisor.log)
        return Session(loop, supervisor, gateway)

    def close(self) -> None:
        """Send what waits and hang up."""
        self.gateway.close()
        self.supervisor.close()
        self.loop.close()

    def next_order_id(self) -> str:
        """A client order id that no other run of this strategy makes."""
        self._orders_made += 1
        # The generation rises at every start, so ids stay unique; 64 characters are the limit.
        return f"{self.name[:40]}-{self.generation}-{self._orders_made}"

    def place(
        self,
        instrument: str,
        side: str,
        units: Number,
        *,
        type: str | None = None,
        price: Number | None = None,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        time_in_force: str | None = None,
        reduce_only: bool = False,
        quality: Number | None = None,
        ttl_s: float | None = None,
        tag: str | None = None,
        client_order_id: str | None = None,
        limit_price: Number | None = None,
        distance: Number | None = None,
        expires: datetime | None = None,
        break_even: Number | None = None,
        trail: Number | None = None,
        max_hold_s: int | None = None,
    ) -> Order:
        """See :meth:`rbot.Strategy.place`."""
        number = client_order_id or self.next_order_id()
        params: dict[str, Any] = {
            "client_order_id": number,
            "instrument": instrument,
            "side": side.lower(),
            "type": type or ("market" if price is None else "limit"),
            "units": decimal_text(units, "units"),
            "reduce_only": reduce_only,
        }
        prices = (
            ("price", price), ("limit_price", limit_price), ("distance", distance),
            ("stop_loss", stop_loss), ("take_profit", take_profit),
            ("break_even", break_even), ("trail", trail),
        )  # fmt: skip
        for key, value in prices:
            if value is not None:
                params[key] = decimal_text(value, key)
        if quality is not None:
            params["quality"] = decimal_text(quality, "quality")
        for key, text in (("time_in_force", time_in_force), ("ttl_s", ttl_s), ("tag", tag)):
            if text is not None:
                params[key] = text
        if expires is not None:
            params["expires"] = time_text(expires)
        if max_hold_s is not None:
            params["max_hold_s"] = max_hold_s
        self.gateway.order_calls += 1
        try:
            return Order.from_wire(self.gateway.request("order.place", params)["order"])
        except ReplyLost as lost:
            raise OrderUnknown(number, f"{lost}: order {number} may or may not work") from None

    def change(self, method: str, params: Mapping[str, Any]) -> Order | None:
        """Ask for a change of an order or position; the order that came of it."""
        self.gateway.order_calls += 1
        try:
            data = self.gateway.request(method, params, again=False).get("order")
        except ReplyLost as lost:
            raise OrderUnknown("", f"{lost}: it may or may not have been done") from None
        return None if data is None else Order.from_wire(data)

    def cancel(self, order_id: str) -> Order:
        """Cancel a working order."""
        order = self.change("order.cancel", {"order_id": order_id})
        if order is None:
            raise OrderUnknown("", f"the gateway did not say what became of {order_id}")
        return order

    def modify(
        self,
        order_id: str,
        price: Number | None = None,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        limit_price: Number | None = None,
    ) -> Order:
        """Change the prices of a working order, or of a filled entry's exits."""
        params: dict[str, Any] = {"order_id": order_id}
        wanted = (
            ("price", price), ("limit_price", limit_price),
            ("stop_loss", stop_loss), ("take_profit", take_profit),
        )  # fmt: skip
        for key, value in wanted:
            if value is not None:
                params[key] = decimal_text(value, key)
        order = self.change("order.modify", params)
        if order is None:
            raise OrderUnknown("", f"the gateway did not say what became of {order_id}")
        return order

    def close_position(self, instrument: str) -> Order | None:
        """Close this strategy's position at the market; None when it was flat."""
        return self.change("position.close", {"instrument": instrument})

    def ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """A read; a lost reply shows as :class:`GatewayDown`."""
        try:
            return self.gateway.request(method, params)
        except ReplyLost as lost:
            raise GatewayDown(str(lost)) from None

    def orders(self, state: str = "open", limit: int = 100) -> list[Order]:
        """This strategy's orders, newest first."""
        found = self.ask("orders", {"state": state, "limit": limit})
        return [Order.from_wire(data) for data in found.get("orders", [])]

    def fills(self, limit: int = 100) -> list[Fill]:
        """This strategy's fills, newest first."""
        return [Fill.from_wire(data) for data in self.ask("fills", {"limit": limit})["fills"]]

    def positions(self) -> list[Position]:
        """What this strategy holds; flat instruments are left out."""
        found = [Position.from_wire(data) for data in self.ask("positions", {})["positions"]]
        return [position for position in found if position.units]

    def account(self) -> Account:
        """This strategy's own sub-account."""
        return Account.from_wire(self.ask("account", {})["account"])

    def history(self, instrument: str, granularity: str, count: int) -> list[Candle]:
        """Past candles, oldest first; the last may be incomplete."""
        params = {"instrument": instrument, "granularity": granularity, "count": count}
        found = self.ask("candles", params).get("candles", [])
        return [Candle.from_wire(data, instrument, granularity) for data in found]

    def quote(self, instrument: str) -> Quote:
        """The last quote: the one that was seen, or else the gateway's."""
        seen = self.gateway.latest.get(instrument)
        if seen is not None and instrument in self.gateway.subscribed:
            return seen
        found = self.ask("quote.latest", {"instrument": instrument})
        return Quote(found.get("quote", found))

    def instrument(self, name: str) -> Instrument:
        """How fine an instrument's prices and units are. ``KeyError`` names those there are."""
        try:
            return self.gateway.instruments[name]
        except KeyError:
            known = ", ".join(sorted(self.gateway.instruments)) or "none"
            raise KeyError(f"no instrument {name!r}; this feed has: {known}") from None

    def say_once(self, key: str, level: str, message: str) -> None:
        """Log what may happen at every quote: once, then once a minute with a count."""
        now = time.monotonic()
        last, count = self._said.get(key, (-QUIET_S, 0))
        if now - last < QUIET_S:
            self._said[key] = (last, count + 1)
            return
        if len(self._said) > 1000:
            self._said.clear()
        self._said[key] = (now, 0)
        again = f" ({count} more in the last minute)" if count else ""
        self.supervisor.log(level, message + again)
