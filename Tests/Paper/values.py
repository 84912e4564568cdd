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


LENGTHS = {"S5": 5, "M1": 60, "M5": 300, "M15": 900}


@dataclass
class Candle:
    number: int
    high: int
    low: int
    close: int


@dataclass
class Instrument:
    name: str
    bid: int = 0
    ask: int = 0
    seq: int = 0
    left: dict[int, int | None] = field(default_factory=dict)
    forming: dict[int, Candle] = field(default_factory=dict)
    done: dict[int, list[Candle]] = field(default_factory=dict)
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

    def complete(self, time: int) -> list[int]:
        """Ends the candles that are over by a quote's time; their lengths in seconds, rising."""
        over = [n for n, one in sorted(self.forming.items()) if time // (1000 * n) > one.number]
        for length in over:
            self.done.setdefault(length, []).append(self.forming.pop(length))
        return over

    def form(self, time: int) -> None:
        for length in LENGTHS.values():
            new = Candle(time // (1000 * length), self.mid, self.mid, self.mid)
            one = self.forming.setdefault(length, new)
            one.high, one.low = max(one.high, self.mid), min(one.low, self.mid)
            one.close = self.mid

    def range(self, rule: tuple[int, int, int]) -> int | None:
        """How far a stop is behind by the last candles' true ranges."""
        length, period, multiplier = rule
        bars = self.done.get(length, [])[-period - 1 :]
        if len(bars) <= period:
            return None
        pairs = zip(bars, bars[1:], strict=False)
        total = sum(max(b.high, a.close) - min(b.low, a.close) for a, b in pairs)
        distance = product(rounded(total, period), multiplier)
        return max(rounded(distance, self.tick) * self.tick, self.tick)

    def move(self, length: int, count: int) -> int | None:
        bars = self.done.get(length, [])[-count - 1 :]
        return bars[-1].close - bars[0].close if len(bars) > count else None


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
    atr: tuple[int, int, int] | None = None
    momentum: tuple[int, int, int, int | None] | None = None
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
