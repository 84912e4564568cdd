"""Times on the wire: RFC 3339 in UTC."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_SHAPE = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)")


def parse_time(text: str) -> datetime:
    """An RFC 3339 time as an aware ``datetime`` in UTC; digits below a microsecond are cut.

    Raises ``ValueError`` when ``text`` is not such a time.
    """
    if len(text) == 27 and text[26] == "Z" and text[19] == ".":
        return datetime.fromisoformat(text[:26] + "+00:00")
    found = _SHAPE.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not an RFC 3339 time")
    day, clock, fraction, zone = found.groups()
    offset = "+00:00" if zone in "Zz" else zone
    moment = datetime.fromisoformat(f"{day}T{clock}{offset}")
    micro = int((fraction or "0").ljust(6, "0")[:6])
    return (moment + timedelta(microseconds=micro)).astimezone(timezone.utc)


def time_text(moment: datetime) -> str:
    """An aware ``datetime`` as the wire wants it, with microseconds and ``Z``."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def now_text() -> str:
    """The wall clock now, as :func:`time_text`."""
    return time_text(datetime.now(timezone.utc))
