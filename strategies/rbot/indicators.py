"""Indicators that take one value after the other, in floats: they guide, they do not account."""

from __future__ import annotations

from collections import deque
from typing import SupportsFloat


def _period(period: int) -> int:
    if period < 1:
        raise ValueError(f"a period must be at least 1, not {period}")
    return period


class SMA:
    """Simple moving average of the last ``period`` values."""

    def __init__(self, period: int) -> None:
        self._values: deque[float] = deque(maxlen=_period(period))

    def update(self, value: SupportsFloat) -> float | None:
        """Take a value; the average, or None until there are ``period`` values."""
        self._values.append(float(value))
        return self.value

    @property
    def value(self) -> float | None:
        """The average now, or None until there are ``period`` values."""
        count = len(self._values)
        return sum(self._values) / count if count == self._values.maxlen else None


class EMA:
    """Exponential moving average, weight ``2 / (period + 1)``, seeded with the SMA."""

    def __init__(self, period: int) -> None:
        self._period = _period(period)
        self._seed: list[float] = []
        self.value: float | None = None
        """The average now, or None until there are ``period`` values."""

    def update(self, value: SupportsFloat) -> float | None:
        """Take a value; the average, or None until there are ``period`` values."""
        number = float(value)
        if self.value is None:
            self._seed.append(number)
            if len(self._seed) == self._period:
                self.value = sum(self._seed) / self._period
                self._seed.clear()
        else:
            self.value += (number - self.value) * 2 / (self._period + 1)
        return self.value


class _Wilder:
    """Wilder's smoothing: the mean of the first ``period``, then one part in ``period`` new."""

    def __init__(self, period: int) -> None:
        self._period = _period(period)
        self._count = 0
        self._mean = 0.0

    def update(self, value: float) -> float | None:
        self._count = min(self._count + 1, self._period)
        self._mean += (value - self._mean) / self._count
        return self._mean if self._count == self._period else None


class ATR:
    """Wilder's average true range, in price units."""

    def __init__(self, period: int = 14) -> None:
        self._smooth = _Wilder(period)
        self._close: float | None = None
        self.value: float | None = None
        """The range now, or None until there are ``period`` candles."""

    def update(self, high: SupportsFloat, low: SupportsFloat, close: SupportsFloat) -> float | None:
        """Take a candle; the range, or None until there are ``period`` candles."""
        top, bottom = float(high), float(low)
        span = top - bottom
        if self._close is not None:
            span = max(span, abs(top - self._close), abs(bottom - self._close))
        self._close = float(close)
        self.value = self._smooth.update(span)
        return self.value


class RSI:
    """Wilder's relative strength index, 0 to 100."""

    def __init__(self, period: int = 14) -> None:
        self._gain = _Wilder(period)
        self._loss = _Wilder(period)
        self._last: float | None = None
        self.value: float | None = None
        """The index now, or None until there are ``period`` changes."""

    def update(self, value: SupportsFloat) -> float | None:
        """Take a value; the index, or None until there are ``period`` changes."""
        number = float(value)
        if self._last is not None:
            change = number - self._last
            gain = self._gain.update(max(change, 0.0))
            loss = self._loss.update(max(-change, 0.0))
            if gain is not None and loss is not None:
                total = gain + loss
                # No movement at all is neither strong nor weak.
                self.value = 50.0 if total == 0 else 100 * gain / total
        self._last = number
        return self.value
