"""What the market and the gateway say, as typed values. Prices and quantities are ``Decimal``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from .decimals import Number, to_decimal
from .times import parse_time

FINAL_STATES = frozenset({"filled", "cancelled", "expired", "rejected"})
"""An order in one of these states changes no more."""


def _number(data: Mapping[str, Any], key: str) -> Decimal:
    return to_decimal(data[key], key)


def _maybe(data: Mapping[str, Any], key: str) -> Decimal | None:
    value = data.get(key)
    return None if value is None else to_decimal(value, key)


def _moment(data: Mapping[str, Any], key: str) -> datetime | None:
    value = data.get(key)
    return None if value is None else parse_time(value)


@dataclass(frozen=True)
class Instrument:
    """What can be traded: how fine its prices and units are."""

    name: str
    base: str
    quote: str
    price_decimals: int
    units_decimals: int
    min_units: Decimal

    @staticmethod
    def from_wire(data: Mapping[str, Any]) -> Instrument:
        """From an element of ``instruments`` in the gateway's hello."""
        return Instrument(
            name=str(data["name"]),
            base=str(data.get("base", "")),
            quote=str(data.get("quote", "")),
            price_decimals=int(data["price_decimals"]),
            units_decimals=int(data["units_decimals"]),
            min_units=to_decimal(data.get("min_units", 1), "min_units"),
        )

    @property
    def tick(self) -> Decimal:
        """The smallest price step, e.g. ``0.00001``."""
        return Decimal(1).scaleb(-self.price_decimals)

    def round_price(self, price: Number) -> Decimal:
        """The nearest price that the gateway accepts."""
        return to_decimal(price, "price").quantize(self.tick, ROUND_HALF_EVEN)

    def round_units(self, units: Number) -> Decimal:
        """The nearest quantity that the gateway accepts (it may be zero)."""
        step = Decimal(1).scaleb(-self.units_decimals)
        return to_decimal(units, "units").quantize(step, ROUND_HALF_EVEN)


class Quote:
    """The best bid and ask of an instrument at a moment.

    Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is no quote.
    """

    __slots__ = ("_time", "ask", "bid", "instrument", "seq")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.seq: int = data["seq"]
        """The quote's number in the feed, whatever its instrument."""
        self.instrument: str = data["instrument"]
        """Its name, such as ``EUR_USD``."""
        try:
            self.bid = Decimal(data["bid"])
            """What a seller gets."""
            self.ask = Decimal(data["ask"])
            """What a buyer pays."""
        except InvalidOperation:
            raise ValueError("bid and ask must be numbers") from None
        # Most strategies never ask for the time, so it is parsed when one does.
        self._time: Any = data["time"]
        if not (
            type(self.seq) is int
            and type(self.instrument) is str
            and type(self._time) is str
            and self.bid.is_finite()
            and self.ask.is_finite()
        ):
            raise ValueError("a quote needs a seq, an instrument, a bid, an ask and a time")
        if len(self._time) != 27:
            self._time = parse_time(self._time)

    @property
    def mid(self) -> Decimal:
        """Halfway between bid and ask."""
        return (self.bid + self.ask) / 2

    @property
    def spread(self) -> Decimal:
        """Ask less bid."""
        return self.ask - self.bid

    @property
    def time(self) -> datetime:
        """When it was quoted, in UTC: market time, in a replay long ago."""
        value = self._time
        if type(value) is str:
            value = self._time = parse_time(value)
        return value  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"Quote({self.instrument} {self.bid}/{self.ask} #{self.seq})"


@dataclass(frozen=True)
class Candle:
    """Open, high, low and close of the mid price over a granularity such as ``M1``."""

    instrument: str
    granularity: str
    time: datetime
    """The start of its interval, UTC."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    """How many quotes it was made of."""
    complete: bool

    @staticmethod
    def from_wire(data: Mapping[str, Any], instrument: str = "", granularity: str = "") -> Candle:
        """From a ``candle`` notification, or an element of a ``candles`` reply."""
        return Candle(
            instrument=data.get("instrument", instrument),
            granularity=data.get("granularity", granularity),
            time=parse_time(data["time"]),
            open=_number(data, "open"),
            high=_number(data, "high"),
            low=_number(data, "low"),
            close=_number(data, "close"),
            volume=int(data.get("volume", 0)),
            complete=bool(data.get("complete", True)),
        )


@dataclass(frozen=True)
class Order:
    """An order as the gateway's journal knows it."""

    order_id: str
    client_order_id: str
    instrument: str
    side: str
    """``buy`` or ``sell``."""
    type: str
    """``market``, ``limit``, ``stop``, ``stop_limit`` or ``trailing_stop``."""
    role: str
    """``entry``, ``stop_loss``, ``take_profit`` or ``close``."""
    units: Decimal
    filled_units: Decimal
    state: str
    """``accepted``, ``filled`` …; see :attr:`is_final`."""
    reason: str | None
    """Why it was rejected or cancelled."""
    price: Decimal | None
    average_price: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    trade_id: int | None
    tag: str | None
    created: datetime | None
    updated: datetime | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)
    """The whole object, with fields that have no attribute here."""

    @staticmethod
    def from_wire(data: Mapping[str, Any]) -> Order:
        """From an ``order`` object of the gateway."""
        return Order(
            order_id=data["order_id"],
            client_order_id=data.get("client_order_id") or "",
            instrument=data["instrument"],
            side=data["side"],
            type=data.get("type", ""),
            role=data.get("role", "entry"),
            units=_number(data, "units"),
            filled_units=_maybe(data, "filled_units") or Decimal(0),
            state=data["state"],
            reason=data.get("reason"),
            price=_maybe(data, "price"),
            average_price=_maybe(data, "average_price"),
            stop_loss=_maybe(data, "stop_loss"),
            take_profit=_maybe(data, "take_profit"),
            trade_id=data.get("trade_id"),
            tag=data.get("tag"),
            created=_moment(data, "created"),
            updated=_moment(data, "updated"),
            raw=data,
        )

    @property
    def is_final(self) -> bool:
        """True when it changes no more: filled, cancelled, expired or rejected."""
        return self.state in FINAL_STATES

    @property
    def is_open(self) -> bool:
        """True while it may still be filled."""
        return self.state not in FINAL_STATES


@dataclass(frozen=True)
class Fill:
    """A piece of an order that was executed."""

    fill_id: int
    order_id: str
    trade_id: int | None
    instrument: str
    side: str
    units: Decimal
    price: Decimal
    fee: Decimal
    realised: Decimal
    """Profit that this fill realised, in the account's currency."""
    role: str
    seq: int | None
    """The quote that it was matched on."""
    time: datetime

    @staticmethod
    def from_wire(data: Mapping[str, Any]) -> Fill:
        """From a ``fill`` object of the gateway."""
        return Fill(
            fill_id=data["fill_id"],
            order_id=data["order_id"],
            trade_id=data.get("trade_id"),
            instrument=data["instrument"],
            side=data["side"],
            units=_number(data, "units"),
            price=_number(data, "price"),
            fee=_maybe(data, "fee") or Decimal(0),
            realised=_maybe(data, "realised") or Decimal(0),
            role=data.get("role", "entry"),
            seq=data.get("seq"),
            time=parse_time(data["time"]),
        )


@dataclass(frozen=True)
class Position:
    """What this strategy holds of an instrument; ``units`` is negative when short."""

    instrument: str
    broker: str
    units: Decimal
    average_price: Decimal | None
    realised: Decimal
    unrealised: Decimal
    trades: tuple[Mapping[str, Any], ...]
    """Its open trades as the gateway sent them."""

    @staticmethod
    def from_wire(data: Mapping[str, Any]) -> Position:
        """From a ``position`` object of the gateway."""
        return Position(
            instrument=data["instrument"],
            broker=data.get("broker", ""),
            units=_number(data, "units"),
            average_price=_maybe(data, "average_price"),
            realised=_maybe(data, "realised") or Decimal(0),
            unrealised=_maybe(data, "unrealised") or Decimal(0),
            trades=tuple(data.get("trades") or ()),
        )


@dataclass(frozen=True)
class Account:
    """This strategy's own sub-account; money is in ``currency``."""

    currency: str
    balance: Decimal
    equity: Decimal
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    margin_used: Decimal
    open_orders: int
    open_positions: int

    @staticmethod
    def from_wire(data: Mapping[str, Any]) -> Account:
        """From an ``account`` object of the gateway."""
        zero = Decimal(0)
        return Account(
            currency=data.get("currency", ""),
            balance=_number(data, "balance"),
            equity=_number(data, "equity"),
            realised=_maybe(data, "realised") or zero,
            unrealised=_maybe(data, "unrealised") or zero,
            fees=_maybe(data, "fees") or zero,
            margin_used=_maybe(data, "margin_used") or zero,
            open_orders=int(data.get("open_orders", 0)),
            open_positions=int(data.get("open_positions", 0)),
        )
