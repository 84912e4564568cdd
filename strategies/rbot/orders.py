"""Orders as they are asked for: on their own, in a basket, or as the rules for a trade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from .decimals import Number, decimal_text
from .errors import OrderRefused
from .model import Order
from .times import time_text


@dataclass(frozen=True)
class TrailByRange:
    """A stop loss that follows the market ``multiplier`` average true ranges behind.

    The range is the mean of the last ``period`` complete candles of ``granularity``.
    """

    granularity: str
    multiplier: Number
    period: int = 14

    def to_wire(self) -> dict[str, Any]:
        """The object ``trail_atr`` of the protocol."""
        return {
            "granularity": self.granularity,
            "period": self.period,
            "multiplier": decimal_text(self.multiplier, "multiplier"),
        }


@dataclass(frozen=True)
class Momentum:
    """When the take profit is given up, and the stop loss follows the market instead.

    That is when the close has moved over the last ``candles`` complete candles of ``granularity``
    by at least ``share`` of the way from the entry price to the take profit. ``trail`` is how far
    the stop loss is behind from then on; None leaves the trade's own ``trail`` or ``trail_atr``.
    """

    granularity: str
    candles: int
    share: Number
    trail: Number | None = None

    def to_wire(self) -> dict[str, Any]:
        """The object ``momentum`` of the protocol."""
        found: dict[str, Any] = {
            "granularity": self.granularity,
            "candles": self.candles,
            "share": decimal_text(self.share, "share"),
        }
        if self.trail is not None:
            found["trail"] = decimal_text(self.trail, "trail")
        return found


@dataclass(frozen=True)
class OrderRequest:
    """One order of a basket; the fields are the keywords of :meth:`rbot.Strategy.place`."""

    instrument: str
    side: str
    units: Number
    type: str | None = None
    price: Number | None = None
    stop_loss: Number | None = None
    take_profit: Number | None = None
    time_in_force: str | None = None
    reduce_only: bool = False
    quality: Number | None = None
    ttl_s: float | None = None
    tag: str | None = None
    client_order_id: str | None = None
    limit_price: Number | None = None
    distance: Number | None = None
    expires: datetime | None = None
    break_even: Number | None = None
    trail: Number | None = None
    trail_atr: TrailByRange | None = None
    momentum: Momentum | None = None
    max_hold_s: int | None = None

    def to_wire(self) -> dict[str, Any]:
        """The parameters of ``order.place``. ``ValueError`` for NaN or infinity."""
        params: dict[str, Any] = {
            "client_order_id": self.client_order_id,
            "instrument": self.instrument,
            "side": self.side.lower(),
            "type": self.type or ("market" if self.price is None else "limit"),
            "units": decimal_text(self.units, "units"),
            "reduce_only": self.reduce_only,
        }
        amounts = ("price", "limit_price", "distance", "stop_loss", "take_profit")
        for key in (*amounts, "break_even", "trail", "quality"):
            value = getattr(self, key)
            if value is not None:
                params[key] = decimal_text(value, key)
        for key in ("time_in_force", "ttl_s", "tag", "max_hold_s"):
            if getattr(self, key) is not None:
                params[key] = getattr(self, key)
        if self.expires is not None:
            params["expires"] = time_text(self.expires)
        for name, rule in (("trail_atr", self.trail_atr), ("momentum", self.momentum)):
            if rule is not None:
                params[name] = rule.to_wire()
        return params


@dataclass(frozen=True)
class BasketResult:
    """What became of one order of a basket: an order, or the refusal."""

    order: Order | None
    refused: OrderRefused | None
    duplicate: bool

    @staticmethod
    def from_wire(data: Mapping[str, Any]) -> BasketResult:
        """From an element of ``results``."""
        error = data.get("error")
        if error is not None:
            refused = OrderRefused(-32000, str(error["message"]), str(error["reason"]))
            return BasketResult(None, refused, False)
        return BasketResult(Order.from_wire(data["order"]), None, bool(data.get("duplicate")))


@dataclass(frozen=True)
class TargetResult:
    """What reaching a target took; units are negative when short."""

    orders: tuple[Order, ...]
    """The order that closed, the one that opened, or both in that order; none where the target
    was held already."""
    before: Decimal
    after: Decimal
