"""Random expressions, right and wrong ones, and the moments at which clocks change."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

ZONES = [
    "UTC", "America/New_York", "America/Chicago", "America/Sao_Paulo", "America/Havana",
    "America/Santiago", "America/St_Johns", "Europe/London", "Europe/Berlin", "Europe/Dublin",
    "Africa/Casablanca", "Africa/Cairo", "Asia/Tokyo", "Asia/Kolkata", "Asia/Tehran",
    "Asia/Beirut", "Asia/Gaza", "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Apia",
    "Pacific/Auckland", "Pacific/Chatham", "Antarctica/Troll", "Asia/Kathmandu",
]  # fmt: skip

LIMITS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
DAYS = "SUN MON TUE WED THU FRI SAT".split()


def value(chance: random.Random, index: int) -> str:
    low, high = LIMITS[index]
    number = chance.randint(low, high)
    if index == 3 and chance.random() < 0.3:
        return chance.choice(MONTHS)
    if index == 4 and chance.random() < 0.3:
        return chance.choice(DAYS)
    return str(number) if chance.random() < 0.95 else f"{number:02}"


def term(chance: random.Random, index: int) -> str:
    kind = chance.random()
    low, high = LIMITS[index]
    if kind < 0.45:
        return value(chance, index)
    if kind < 0.7:
        first, last = sorted(chance.choices(range(low, high + 1), k=2))
        text = f"{first}-{last}"
        return text + (f"/{chance.randint(1, 9)}" if chance.random() < 0.4 else "")
    if kind < 0.85:
        return f"*/{chance.randint(1, max(2, (high - low) // 2))}"
    if kind < 0.92:
        return f"{value(chance, index)}/{chance.randint(1, 7)}"
    if index == 2:
        return chance.choice(["L", "LW"])
    if index == 4:
        return chance.choice(
            [f"{chance.randint(0, 7)}L", f"{value(chance, 4)}#{chance.randint(1, 5)}"]
        )
    return value(chance, index)


def field(chance: random.Random, index: int) -> str:
    stars = (0.25, 0.35, 0.55, 0.7, 0.6)
    if chance.random() < stars[index]:
        return "*"
    return ",".join(term(chance, index) for _ in range(chance.choice([1, 1, 1, 2, 3])))


def expression(chance: random.Random) -> str:
    text = " ".join(field(chance, index) for index in range(5))
    if chance.random() < 0.06:
        text = broken(chance, text)
    # Case does not matter.
    return text.lower() if chance.random() < 0.2 else text


def broken(chance: random.Random, text: str) -> str:
    """One small mistake, which may happen to be none."""
    words = text.split()
    place = chance.randrange(5)
    mistakes = [
        "", "60", "99", "-1", "5-", "-5", "1--2", "*/0", "/5", "1,,2", "a", "MONDAY", "L", "5L", "W",
        "1#1", "8#1", "MON#6", "?", "9-3", "*-5", "1/2/3", "1.5", "0x5", "FEBR", "L-1", "LL", "#", "5#0",
    ]  # fmt: skip
    words[place] = chance.choice(mistakes)
    if chance.random() < 0.2:
        words.append("*")
    if chance.random() < 0.1:
        words.pop()
    return " ".join(words)


def changes(name: str, years: range) -> list[datetime]:
    """When a zone's clocks change, to the minute."""
    zone = ZoneInfo(name)
    found = []
    moment = datetime(years.start, 1, 1, tzinfo=UTC)
    step = timedelta(hours=6)
    while moment.year < years.stop:
        before, after = moment.astimezone(zone), (moment + step).astimezone(zone)
        if before.utcoffset() != after.utcoffset():
            low, high = moment, moment + step
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) // 2
                if middle.astimezone(zone).utcoffset() == before.utcoffset():
                    low = middle
                else:
                    high = middle
            found.append(high.replace(second=0, microsecond=0))
        moment += step
    return found
