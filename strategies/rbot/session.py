"""One strategy's process: its channels, and the calls that both styles of strategy share."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .decimals import Number, decimal_text, to_decimal
from .errors import GatewayDown, OrderUnknown, SetupError
from .gateway import Gateway, ReplyLost
from .loop import Loop
from .model import Account, Candle, Fill, Instrument, Order, Position, Quote
from .orders import BasketResult, OrderRequest, TargetResult
from .supervisor import Supervisor

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

    def place(self, request: OrderRequest) -> Order:
        """See :meth:`rbot.Strategy.place`."""
        number, params = self._named(request)
        answer = self._order("order.place", params, number, f"order {number} may or may not work")
        return Order.from_wire(answer["order"])

    def _named(self, request: OrderRequest) -> tuple[str, dict[str, Any]]:
        """The order's parameters, with a client order id, so that it is safe to ask again."""
        params = request.to_wire()
        number = str(params["client_order_id"] or self.next_order_id())
        params["client_order_id"] = number
        return number, params

    def _order(
        self, method: str, params: Mapping[str, Any], number: str, doubt: str
    ) -> dict[str, Any]:
        """Ask for what is safe to ask again, because its orders bear ids of their own."""
        self.gateway.order_calls += 1
        try:
            return self.gateway.request(method, params)
        except ReplyLost as lost:
            raise OrderUnknown(number, f"{lost}: {doubt}") from None

    def basket(
        self, requests: Sequence[OrderRequest], all_or_none: bool = True
    ) -> list[BasketResult]:
        """See :meth:`rbot.Strategy.basket`."""
        named = [self._named(request) for request in requests]
        params = {"orders": [order for _, order in named], "all_or_none": all_or_none}
        first = named[0][0] if named else ""
        answer = self._order("order.basket", params, first, "the basket may or may not work")
        return [BasketResult.from_wire(data) for data in answer["results"]]

    def split(self, request: OrderRequest, size: Number) -> list[Order]:
        """See :meth:`rbot.Strategy.split`."""
        number, params = self._named(request)
        params["size"] = decimal_text(size, "size")
        answer = self._order("order.split", params, number, f"order {number} may or may not work")
        return [Order.from_wire(data["order"]) for data in answer["results"]]

    def target(self, request: OrderRequest) -> TargetResult:
        """See :meth:`rbot.Strategy.target`; the request's units are signed."""
        number, params = self._named(request)
        params["target"] = params.pop("units")
        for key in ("side", "type", "reduce_only"):
            del params[key]
        answer = self._order("order.smart", params, number, f"target {number} may not be reached")
        return TargetResult(
            orders=tuple(Order.from_wire(data["order"]) for data in answer["results"]),
            before=to_decimal(answer["before"], "before"),
            after=to_decimal(answer["after"], "after"),
        )

    def replace(self, order_id: str, request: OrderRequest) -> Order:
        """See :meth:`rbot.Strategy.replace`."""
        number, params = self._named(request)
        params["order_id"] = order_id
        doubt = f"order {number} may or may not be in the place of {order_id}"
        return Order.from_wire(self._order("order.replace", params, number, doubt)["order"])

    def cancel_all(self, instrument: str | None = None) -> int:
        """See :meth:`rbot.Strategy.cancel_all`."""
        params = {} if instrument is None else {"instrument": instrument}
        answer = self._order("order.cancel_all", params, "", "they may or may not be cancelled")
        return int(answer["cancelled"])

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
        units: Number | None = None,
    ) -> Order:
        """Change the prices or units of a working order, or the prices of a filled entry's exits."""
        params: dict[str, Any] = {"order_id": order_id}
        wanted = (
            ("price", price), ("limit_price", limit_price), ("units", units),
            ("stop_loss", stop_loss), ("take_profit", take_profit),
        )  # fmt: skip
        for key, value in wanted:
            if value is not None:
                params[key] = decimal_text(value, key)
        order = self.change("order.modify", params)
        if order is None:
            raise OrderUnknown("", f"the gateway did not say what became of {order_id}")
        return order

    def close_position(self, instrument: str, units: Number | None = None) -> Order | None:
        """Close this strategy's position at the market, or a part; None when it was flat."""
        number = self.next_order_id()
        params = {"instrument": instrument, "client_order_id": number}
        if units is not None:
            params["units"] = decimal_text(units, "units")
        doubt = f"{instrument} may or may not be closed"
        data = self._order("position.close", params, number, doubt).get("order")
        return None if data is None else Order.from_wire(data)

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
