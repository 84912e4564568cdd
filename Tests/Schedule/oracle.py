"""What a schedule means, by definition: slow, short, and independent of both sides that it judges."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

MINUTE = timedelta(minutes=1)


def is_time_of_day(expression: str) -> bool:
    """Whether the wall's time is meant and not elapsed time: neither minute nor hour begins with a star."""
    words = expression.split()
    return len(words) == 5 and not words[0].startswith("*") and not words[1].startswith("*")


def is_real(moment: datetime) -> bool:
    """Whether the wall ever shows that time."""
    return moment.astimezone(UTC).astimezone(moment.tzinfo) == moment


def matches(cron: CronSim, wall: datetime) -> bool:
    """Whether the fields mean that minute of the wall."""
    return (
        wall.month in cron.months
        and cron.match_day(date(wall.year, wall.month, wall.day))
        and wall.hour in cron.hours
        and wall.minute in cron.minutes
    )


def first_after(
    expression: str, zone: ZoneInfo, start: datetime, last: datetime
) -> datetime | None:
    """The first firing in (start, last], found minute by minute; the zone's clocks change on whole minutes."""
    cron = CronSim(expression, datetime(2000, 1, 1))
    if is_time_of_day(expression):
        return first_on_the_wall(cron, zone, start, last)
    moment = start.astimezone(UTC).replace(second=0, microsecond=0)
    while moment <= last:
        if matches(cron, moment.astimezone(zone)):
            for second in sorted(cron.seconds):
                if moment + timedelta(seconds=second) > start:
                    return moment + timedelta(seconds=second)
        moment += MINUTE
    return None


def first_on_the_wall(
    cron: CronSim, zone: ZoneInfo, start: datetime, last: datetime
) -> datetime | None:
    wall = (start.astimezone(zone) - timedelta(hours=3)).replace(tzinfo=None, second=0)
    end = last.astimezone(zone).replace(tzinfo=None) + timedelta(hours=3)
    while wall <= end:
        if matches(cron, wall):
            # The first of two; and where the wall never shows it, the minute after the gap.
            meant = wall.replace(tzinfo=zone, fold=0)
            while not is_real(meant):
                meant = (meant.replace(tzinfo=None) + MINUTE).replace(tzinfo=zone, fold=0)
            found = meant.astimezone(UTC)
            if found > start:
                return found if found <= last else None
        wall += MINUTE
    return None
