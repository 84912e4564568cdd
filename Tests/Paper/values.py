"""The values of the reference: amounts as whole numbers of 10⁻¹⁸, times in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field

ONE = 10**18
DAY = 86_400_000


def amount(text: str | None) -> int | None:
    if text is None:
        return None
    whole, _, part = text.lstrip("-").partition(".")
    value = int(whole + part.ljust(18, "0"))
    return -value if text.startswith("-") else value


def words(value: int | None) -> str:
    if value is None:
        return "-"
    whole, part = divmod(abs(value), ONE)
    text = f"{whole}.{part:018}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 else text


def rounded(top: int, bottom: int) -> int:
    """A quotient, half to even."""
    whole, rest = divmod(top, bottom)
    return whole + (2 * rest > bottom or (2 * rest == bottom and whole % 2))


def product(left: int, right: int) -> int:
    return rounded(left * right, ONE)


def money(value: int, rate: int) -> int:
    return rounded(value if rate == ONE else product(value, rate), 10**8) * 10**8


@dataclass
class Instrument:
    name: str
    bid: int = 0
    ask: int = 0
    seq: int = 0
    left: dict[int, int | None] = field(default_factory=dict)
    waited: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        coin = "-" in self.name
        self.tick = ONE // 10 ** (2 if coin else 3 if self.name.endswith("JPY") else 5)
        self.lot = 10**10 if coin else ONE
        self.margin = ONE if coin else ONE // 50

    @property
    def mid(self) -> int:
        return (self.bid + self.ask) // 2

    @property
    def rate(self) -> int:
        return rounded(ONE * ONE, self.mid) if self.name == "USD_JPY" else ONE

    def far(self, side: int) -> int:
        return self.ask if side > 0 else self.bid


@dataclass
class Trade:
    id: int
    on: Instrument
    units: int
    price: int
    entry: int
    closes: int | None = None
    exits: list[Order] = field(default_factory=list)


@dataclass
class Order:
    number: int
    on: Instrument
    side: int
    type: str
    role: str
    force: str
    units: int
    price: int | None = None
    limit: int | None = None
    sl: int | None = None
    tp: int | None = None
    reduce: bool = False
    expires: int | None = None
    arrives: int | None = None
    distance: int | None = None
    even: int | None = None
    trail: int | None = None
    hold: int | None = None
    base: int | None = None
    trade: Trade | None = None
    filled: int = 0
    state: str = "submitted"
    reason: str = "-"
    triggered: bool = False
    taker: bool = False
    fresh: bool = False

    @property
    def open(self) -> bool:
        return self.state not in ("filled", "cancelled", "expired")

    @property
    def rest(self) -> int:
        return self.units - self.filled

    @property
    def work(self) -> str:
        if self.type in ("market", "limit"):
            return "any" if self.type == "market" else "limit"
        after = "limit" if self.type == "stop_limit" else "any"
        return after if self.triggered else "stop"

    @property
    def level(self) -> int:
        price = self.limit if self.type == "stop_limit" and self.triggered else self.price
        return price or 0

    @property
    def reached(self) -> bool:
        ahead = (self.on.far(self.side) - self.level) * self.side
        return self.work == "any" or (ahead <= 0 if self.work == "limit" else ahead >= 0)
