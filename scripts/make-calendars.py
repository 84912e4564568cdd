#!/usr/bin/env python3
"""Writes the trading calendars in Sources/Shared/Schedule/Calendars from the exchanges' rules of observance.

The files list dates, so that each can be read and checked against the exchange's own page; the rules are here. What
an exchange decides once (a day of mourning, a jubilee) is in the tables below. Run it, look at the difference, and
commit both; Tests/Schedule/test_calendars.py compares every day with independent data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

FIRST, LAST = 2021, 2031
FOLDER = Path(__file__).resolve().parents[1] / "Sources" / "Shared" / "Schedule" / "Calendars"
DAY = timedelta(days=1)
MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6

Days = dict[date, tuple[str, str]]
"""By day: "closed" or hours, and why."""


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def numbered(year: int, month: int, weekday: int, number: int) -> date:
    """The first (1), second (2) … such weekday of a month."""
    first = date(year, month, 1)
    return first + DAY * ((weekday - first.weekday()) % 7 + 7 * (number - 1))


def last(year: int, month: int, weekday: int) -> date:
    end = date(year, month + 1, 1) - DAY
    return end - DAY * ((end.weekday() - weekday) % 7)


def nearest(day: date) -> date:
    """A Saturday's holiday is kept on Friday, a Sunday's on Monday."""
    return day + DAY * {SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0)


def american(year: int) -> Iterator[tuple[str, date]]:
    """The days on which New York's exchanges are closed."""
    new_year = date(year, 1, 1)
    # On a Saturday it is not kept: the Friday before would be the old year's last.
    if new_year.weekday() != SATURDAY:
        yield "New Year's Day", nearest(new_year)
    yield "Martin Luther King, Jr. Day", numbered(year, 1, MONDAY, 3)
    yield "Washington's Birthday", numbered(year, 2, MONDAY, 3)
    yield "Good Friday", easter(year) - 2 * DAY
    yield "Memorial Day", last(year, 5, MONDAY)
    if year >= 2022:
        yield "Juneteenth", nearest(date(year, 6, 19))
    yield "Independence Day", nearest(date(year, 7, 4))
    yield "Labor Day", numbered(year, 9, MONDAY, 1)
    yield "Thanksgiving Day", numbered(year, 11, THURSDAY, 4)
    yield "Christmas Day", nearest(date(year, 12, 25))


def american_short_days(year: int) -> Iterator[tuple[str, date]]:
    """The days on which they close early, where these are no holidays themselves."""
    eve = date(year, 7, 3)
    if eve.weekday() < FRIDAY:
        yield "Day before Independence Day", eve
    yield "Day after Thanksgiving", numbered(year, 11, THURSDAY, 4) + DAY
    if date(year, 12, 24).weekday() < FRIDAY:
        yield "Christmas Eve", date(year, 12, 24)


def new_york(year: int) -> Days:
    days: Days = {day: ("closed", name) for name, day in american(year)}
    days |= {day: ("09:30-13:00", name) for name, day in american_short_days(year)}
    if year == 2025:
        days[date(2025, 1, 9)] = ("closed", "National Day of Mourning for Jimmy Carter")
    return days


def london(year: int) -> Days:
    names = {
        easter(year) - 2 * DAY: "Good Friday",
        easter(year) + DAY: "Easter Monday",
        numbered(year, 5, MONDAY, 1): "Early May bank holiday",
        last(year, 5, MONDAY): "Spring bank holiday",
        last(year, 8, MONDAY): "Summer bank holiday",
    }
    new_year = date(year, 1, 1)
    while new_year.weekday() >= SATURDAY:
        new_year += DAY
    names[new_year] = "New Year's Day"
    if year == 2022:
        del names[last(year, 5, MONDAY)]
        names[date(2022, 6, 2)] = "Spring bank holiday"
        names[date(2022, 6, 3)] = "Platinum Jubilee"
        names[date(2022, 9, 19)] = "State Funeral of Queen Elizabeth II"
    if year == 2023:
        names[date(2023, 5, 8)] = "Coronation of King Charles III"
    # Each of the two that falls on a weekend is kept on the next day that is free.
    kept: list[date] = []
    for name, day in (("Christmas Day", 25), ("Boxing Day", 26)):
        moved = date(year, 12, day)
        if moved.weekday() >= SATURDAY:
            moved = date(year, 12, 27)
            while moved.weekday() >= SATURDAY or moved in kept:
                moved += DAY
        kept.append(moved)
        names[moved] = name
    days: Days = {day: ("closed", name) for day, name in names.items()}
    for name, eve in (
        ("Christmas Eve", date(year, 12, 24)),
        ("New Year's Eve", date(year, 12, 31)),
    ):
        while eve.weekday() >= SATURDAY:
            eve -= DAY
        days[eve] = ("08:00-12:30", name)
    return days


def globex(year: int, *, holiday: str | None, jobs_friday: str) -> Days:
    """CME Globex: open for half of most holidays; ``holiday`` None: all of it."""
    days: Days = {}
    for name, day in american(year):
        if name in ("New Year's Day", "Christmas Day"):
            days[day] = ("closed", name)
        elif name == "Good Friday":
            # The first Friday of a month has the report on jobs, and a short session for it.
            hours = f"17:00-{jobs_friday}" if day.day <= 7 else "closed"
            days[day] = (hours, name)
        elif holiday:
            days[day] = (f"17:00-{holiday}", name)
    return days


def cme_futures(year: int) -> Days:
    days = globex(year, holiday="12:00", jobs_friday="08:15")
    days |= {day: ("17:00-12:15", name) for name, day in american_short_days(year)}
    if year == 2025:
        days[date(2025, 1, 9)] = ("17:00-08:30", "National Day of Mourning for Jimmy Carter")
    return days


def cme_fx(year: int) -> Days:
    # Since 2022 currencies are traded through the holidays of the equity markets.
    days = globex(year, holiday="12:00" if year == 2021 else None, jobs_friday="10:15")
    for name, day in american_short_days(year):
        if name != "Day before Independence Day":
            days[day] = ("17:00-12:15", name)
    return days


@dataclass(frozen=True)
class Calendar:
    name: str
    title: str
    source: str
    timezone: str
    hours: str
    year: Callable[[int], Days] = lambda _: {}
    remarks: list[str] = field(default_factory=list)
    to: str = f"{LAST}-12-31"

    @property
    def text(self) -> str:
        lines = [f"# {line}".rstrip() for line in self.remarks]
        lines += ["# Made by scripts/make-calendars.py from the rules of the source."]
        head = {
            "title": self.title,
            "source": self.source,
            "timezone": self.timezone,
            "from": f"{FIRST}-01-01",
            "to": self.to,
            "hours": self.hours,
        }
        lines += [f"{key:10}{value}" for key, value in head.items()]
        for year in range(FIRST, LAST + 1):
            days = self.year(year)
            lines += [""] if days else []
            for day, (what, why) in sorted(days.items()):
                # What falls on a weekend is none: there is no session anyway.
                if day.weekday() < SATURDAY:
                    lines.append(f"{day} {what:12} {why}")
        return "\n".join(lines) + "\n"


GLOBEX = "https://www.cmegroup.com/trading-hours.html"
OVERNIGHT = [
    "A session has the day on which it closes: Monday's opens on Sunday at 17:00. From 16:00 to 17:00",
    "there is a break.",
]
CALENDARS = [
    Calendar(
        "nyse", "New York Stock Exchange", "https://www.nyse.com/markets/hours-calendars",
        "America/New_York", "MON-FRI 09:30-16:00", new_york,
    ),
    Calendar(
        "nasdaq", "Nasdaq", "https://www.nasdaqtrader.com/Trader.aspx?id=Calendar",
        "America/New_York", "MON-FRI 09:30-16:00", new_york,
    ),
    Calendar(
        "lse", "London Stock Exchange",
        "https://www.londonstockexchange.com/securities-trading/trading-access/business-days",
        "Europe/London", "MON-FRI 08:00-16:30", london,
        ["Without the auctions after the close."],
    ),
    Calendar(
        "cme_futures", "CME Globex, equity index futures", GLOBEX,
        "America/Chicago", "MON-FRI 17:00-16:00", cme_futures,
        [*OVERNIGHT, "The days' names are those of New York's holidays."],
    ),
    Calendar(
        "cme_fx", "CME Globex, currency futures", GLOBEX,
        "America/Chicago", "MON-FRI 17:00-16:00", cme_fx, OVERNIGHT,
    ),
    Calendar(
        "forex", "Foreign exchange, from Sunday 17:00 to Friday 17:00 in New York",
        "the interbank market's convention, which no exchange decides",
        "America/New_York", "MON-FRI 17:00-17:00", remarks=[
            "A session has the day on which it closes: Monday's opens on Sunday at 17:00, and each follows the",
            "one before without a break. The market knows no holidays; what a broker closes for is his own:",
            "copy this file into the calendars folder and add his days, like",
            "2026-12-25 closed Christmas Day",
        ],
    ),
    Calendar(
        "crypto", "Crypto-currencies, always open", "they never close", "UTC", "* 00:00-24:00",
        to="9999-12-31",
    ),
]  # fmt: skip


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for calendar in CALENDARS:
        (FOLDER / f"{calendar.name}.calendar").write_text(calendar.text)


if __name__ == "__main__":
    main()
