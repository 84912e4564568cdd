"""Brokers as plain functions and dictionaries: ``get_broker("paper").place_order(...)``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Callable

from . import current
from .decimals import Number
from .errors import BrokerUnknown, GatewayDown, OrderUnknown, RequestFailed
from .model import Instrument, Order, Quote
from .orders import Momentum, OrderRequest, TrailByRange
from .session import Session


def get_broker(name: str | None = None) -> Broker:
    """The broker called ``name`` (any case), or the first one.

    Raises :class:`BrokerUnknown`, naming those that this strategy may use.
    """
    session = current.session()
    names = [str(one) for one in session.gateway.hello.get("brokers", [])]
    if name is None and names:
        return Broker(session, names[0])
    for known in names:
        if name is not None and known.lower() == name.lower():
            return Broker(session, known)
    raise BrokerUnknown(
        f"there is no broker {name!r} for this strategy; it may use: {', '.join(names) or 'none'}"
    )


class QuoteStream:
    """What :meth:`Broker.stream_subscribe` gives: the latest quote of each of its instruments."""

    def __init__(self, session: Session, instruments: list[str]) -> None:
        self._session = session
        self.instruments = instruments

    def latest(self, instrument: str) -> Quote | None:
        """The last quote that was seen, or None before the first."""
        return self._session.gateway.latest.get(instrument)


class Broker:
    """One broker, seen from one strategy: its orders and positions are this strategy's own."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self.name = name

    def place_order(
        self,
        instrument: str,
        side: str,
        quantity: Number,
        limit_price: Number | None = None,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        *,
        stop_price: Number | None = None,
        time_in_force: str | None = None,
        reduce_only: bool = False,
        quality: Number | None = None,
        ttl_s: float | None = None,
        tag: str | None = None,
        client_order_id: str | None = None,
        distance: Number | None = None,
        expires: datetime | None = None,
        break_even: Number | None = None,
        trail: Number | None = None,
        trail_atr: TrailByRange | None = None,
        momentum: Momentum | None = None,
        max_hold_s: int | None = None,
    ) -> dict[str, Any]:
        """Place an order; ``side`` is BUY or SELL in any case.

        A market order, a limit order at ``limit_price``, a stop order at ``stop_price``, with both
        a stop-limit order, or a trailing stop ``distance`` behind the market. The last keywords
        are those of :meth:`rbot.Strategy.place`. An entry needs ``stop_loss`` and ``take_profit``. Gives ``success``, ``order_id``, ``state``,
        ``timestamp`` (UTC) and ``latency_ms``; when refused also ``error`` (a stable word) and
        ``message``. Raises only for arguments that are no numbers.
        """
        kind = None
        if stop_price is not None:
            kind = "stop" if limit_price is None else "stop_limit"
        elif distance is not None:
            kind = "trailing_stop"
        return self._do(
            lambda: self._session.place(
                OrderRequest(
                    instrument,
                    side,
                    quantity,
                    type=kind,
                    price=limit_price if stop_price is None else stop_price,
                    stop_loss=stop_loss,
                    take_profit=take_profit,
                    time_in_force=time_in_force,
                    reduce_only=reduce_only,
                    quality=quality,
                    ttl_s=ttl_s,
                    tag=tag,
                    client_order_id=client_order_id,
                    limit_price=limit_price if kind == "stop_limit" else None,
                    distance=distance,
                    expires=expires,
                    break_even=break_even,
                    trail=trail,
                    trail_atr=trail_atr,
                    momentum=momentum,
                    max_hold_s=max_hold_s,
                )
            )
        )

    def cancel_order(self, order_id: str) -> dict[str, Any]:
        """Cancel a working order; gives the same keys as :meth:`place_order`."""
        return self._do(lambda: self._session.cancel(order_id))

    def modify_stop_loss(self, order_id: str, new_stop_price: Number) -> dict[str, Any]:
        """Move the stop loss of an order or of a filled entry's trade."""
        return self._do(lambda: self._session.modify(order_id, stop_loss=new_stop_price))

    def close_position(self, instrument: str, quantity: Number | None = None) -> dict[str, Any]:
        """Close the position at the market, or so much of it; ``order_id`` is None when there
        was none."""
        return self._do(lambda: self._session.close_position(instrument, quantity))

    def cancel_all(self, instrument: str | None = None) -> int:
        """Cancel the working orders, of one instrument or of all; gives how many they were."""
        return self._session.cancel_all(instrument)

    def get_open_positions(self) -> list[dict[str, Any]]:
        """``broker, instrument, quantity`` (negative when short), ``average_price, current_price,
        unrealized_pnl, realized_pnl``; ``current_price`` is None before the first quote."""
        found = []
        for one in self._session.positions():
            seen = self._session.gateway.latest.get(one.instrument)
            found.append(
                {
                    "broker": one.broker or self.name,
                    "instrument": one.instrument,
                    "quantity": one.units,
                    "average_price": one.average_price,
                    "current_price": None if seen is None else seen.mid,
                    "unrealized_pnl": one.unrealised,
                    "realized_pnl": one.realised,
                }
            )
        return found

    def get_open_orders(self) -> list[dict[str, Any]]:
        """``order_id, client_order_id, instrument, side, type, role, quantity, price, stop_loss,
        take_profit, state, tag`` of each working order, exits included; newest first."""
        return [
            {
                "order_id": one.order_id,
                "client_order_id": one.client_order_id,
                "instrument": one.instrument,
                "side": one.side,
                "type": one.type,
                "role": one.role,
                "quantity": one.units,
                "price": one.price,
                "stop_loss": one.stop_loss,
                "take_profit": one.take_profit,
                "state": one.state,
                "tag": one.tag,
            }
            for one in self._session.orders("open", 500)
        ]

    def get_quote(self, instrument: str) -> dict[str, Any] | None:
        """``instrument, bid, ask, mid, spread, time``, or None before the first quote."""
        try:
            quote = self._session.quote(instrument)
        except RequestFailed as error:
            if error.reason == "no_quote":
                return None
            raise
        return {
            "instrument": quote.instrument,
            "bid": quote.bid,
            "ask": quote.ask,
            "mid": quote.mid,
            "spread": quote.spread,
            "time": quote.time,
        }

    def instruments(self) -> list[str]:
        """The instruments that this feed has, and this strategy may trade."""
        return list(self._session.gateway.instruments)

    def instrument(self, name: str) -> Instrument:
        """How fine its prices and units are. ``KeyError`` when there is no such instrument."""
        return self._session.instrument(name)

    def stream_subscribe(self, instruments: Sequence[str]) -> QuoteStream:
        """Ask for the quotes of more instruments; :meth:`get_quote` then costs nothing."""
        gateway = self._session.gateway
        wanted = list(dict.fromkeys([*gateway.subscribed, *instruments]))
        if wanted != gateway.subscribed:
            gateway.subscribe(wanted, [], None)
        return QuoteStream(self._session, list(instruments))

    def get_account_balance(self) -> Decimal:
        """The sub-account's balance, in its currency."""
        return self._session.account().balance

    def is_paused(self) -> bool:
        """True while entries are refused; exits and cancels still work."""
        return self._session.paused

    def is_connected(self) -> bool:
        """True while orders can be placed."""
        return self._session.gateway.up

    def get_last_latency_ms(self) -> float:
        """How long the last reply of the gateway took."""
        return round(self._session.gateway.latency_ms, 3)

    def _do(self, action: Callable[[], Order | None]) -> dict[str, Any]:
        result: dict[str, Any] = {"success": False, "order_id": None, "state": None}
        try:
            order = action()
            result["success"] = order is None or order.state != "rejected"
            if order is not None:
                result.update(order_id=order.order_id, state=order.state)
                if order.state == "rejected":
                    result.update(
                        error=order.reason or "rejected", message="the order was rejected"
                    )
        except RequestFailed as error:
            result.update(error=error.reason or str(error.code), message=error.message)
            text = f"order refused ({result['error']}): {error.message}"
            self._session.say_once(f"refused {result['error']}", "warning", text)
        except OrderUnknown as error:
            result.update(error="unknown", message=str(error), state="unknown")
            result["client_order_id"] = error.client_order_id
        except GatewayDown as error:
            result.update(error="gateway_down", message=str(error))
        result["timestamp"] = datetime.now(timezone.utc)
        result["latency_ms"] = self.get_last_latency_ms()
        return result
