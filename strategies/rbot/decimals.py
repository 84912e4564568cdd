"""Exact numbers: prices, quantities and money never pass through a binary double."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from typing import Union

Number = Union[Decimal, int, float, str]
"""What a caller may give as a price or a quantity."""

FRACTION_DIGITS = 18
"""The gateway reads no more digits behind the point than this."""


def to_decimal(value: Number, what: str = "value") -> Decimal:
    """``value`` as an exact decimal.

    A float is read from its shortest text (``repr``), so ``1.1655`` stays ``1.1655``.
    Raises ``ValueError`` that names ``what`` for NaN, infinity or text that is no number, and
    ``TypeError`` for anything that is not a number.
    """
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, bool):
        raise TypeError(f"{what} must be a number, not a bool")
    elif isinstance(value, int):
        return Decimal(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{what} must be a finite number, not {value!r}")
        number = Decimal(repr(value))
    elif isinstance(value, str):
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise ValueError(f"{what} must be a number, not {value!r}") from None
    else:
        raise TypeError(f"{what} must be a number, not {type(value).__name__}")
    if not number.is_finite():
        raise ValueError(f"{what} must be a finite number, not {value!r}")
    return number


def decimal_text(value: Number, what: str = "value") -> str:
    """``value`` as the wire wants it: plain digits, no exponent.

    Raises as :func:`to_decimal`, and ``ValueError`` for more than 18 fractional digits.
    """
    number = to_decimal(value, what)
    if -int(number.as_tuple().exponent) > FRACTION_DIGITS:
        # Trailing zeros are no precision: 1.000… with 20 zeros is still 1.
        number = number.normalize()
        if -int(number.as_tuple().exponent) > FRACTION_DIGITS:
            raise ValueError(
                f"{what} has more than {FRACTION_DIGITS} digits behind the point: round it first, "
                "with instrument.round_price() or round_units()"
            )
    return format(number, "f")
