"""Our trading calendars, day by day, against those of pandas_market_calendars and exchange_calendars.

Both are kept by others from the same exchanges' announcements. Where we differ on purpose, the day and the reason are
in ``ON_PURPOSE``; a reason that no day needs any more fails the test as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import exchange_calendars
import pandas_market_calendars
import pytest

BIN = Path(os.environ.get("RBOT_BIN", Path(__file__).resolve().parents[2] / ".build" / "debug"))
FOLDER = Path(__file__).resolve().parents[2] / "Sources" / "Shared" / "Schedule" / "Calendars"
FIRST, LAST = date(2021, 1, 1), date(2031, 12, 31)

Session = tuple[datetime, datetime] | None
"""Opening and closing in UTC; None: closed."""

JOBS = (
    "The package has a short session on each Good Friday since 2023. The exchange has one only when the report on "
    "jobs comes on that day, the first Friday of its month, and is closed on others."
)
CARTER = (
    "The exchange closed at 8:30 for the National Day of Mourning, as it announced on 2024-12-30."
)
ON_PURPOSE: dict[tuple[str, str], str] = {
    ("cme_futures", "2025-01-09"): CARTER,
    **{
        (name, day): JOBS
        for name in ("cme_futures", "cme_fx")
        for day in (
            "2024-03-29", "2025-04-18", "2027-03-26", "2028-04-14", "2029-03-30", "2030-04-19", "2031-04-11",
        )
    },
}  # fmt: skip


def ours(name: str) -> dict[date, Session]:
    done = subprocess.run(
        [BIN / "rbotctl", "schedule", "calendar", name, "--json"]
        + ["--from", FIRST.isoformat(), "--to", LAST.isoformat()],
        capture_output=True,
        text=True,
        check=True,
    )
    days: dict[date, Session] = {}
    for item in json.loads(done.stdout)["days"]:
        session: Session = None
        if item["session"]:
            session = (datetime.fromisoformat(item["open"]), datetime.fromisoformat(item["close"]))
        days[date.fromisoformat(item["date"])] = session
    return days


def days() -> Iterator[date]:
    for number in range((LAST - FIRST).days + 1):
        yield FIRST + timedelta(days=number)


def schedule(sessions: Any, open_: str, close: str) -> dict[date, Session]:
    """Of a table with one row for each session."""
    found: dict[date, Session] = dict.fromkeys(days())
    for day, row in sessions.iterrows():
        found[day.date()] = (row[open_].to_pydatetime(), row[close].to_pydatetime())
    return found


def market(name: str) -> dict[date, Session]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calendar = pandas_market_calendars.get_calendar(name)
        return schedule(calendar.schedule(FIRST, LAST), "market_open", "market_close")


def exchange(name: str) -> dict[date, Session]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calendar = exchange_calendars.get_calendar(name, start=str(FIRST), end=str(LAST))
        return schedule(calendar.schedule, "open", "close")


@dataclass(frozen=True)
class Peer:
    name: str
    """Ours."""
    read: Callable[[str], dict[date, Session]]
    theirs: str
    hours: bool = True
    """Whether the hours are comparable too, and not the days alone."""


PEERS = [
    Peer("nyse", market, "NYSE"),
    Peer("nyse", exchange, "XNYS"),
    Peer("nasdaq", market, "NASDAQ"),
    Peer("lse", market, "LSE"),
    Peer("lse", exchange, "XLON"),
    Peer("cme_futures", market, "CME Globex Equity"),
    Peer("cme_fx", market, "CMEGlobex_FX"),
    # A week without holidays; its days begin at midnight of UTC, not at 17:00 in New York.
    Peer("forex", exchange, "24/5", hours=False),
    Peer("crypto", exchange, "24/7"),
]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: f"{peer.name}-{peer.theirs}")
def test_every_day_of_eleven_years_is_as_others_have_it(peer: Peer) -> None:
    mine, theirs = ours(peer.name), peer.read(peer.theirs)
    assert len(mine) == len(theirs) == (LAST - FIRST).days + 1
    different = {
        day.isoformat(): (mine[day], theirs[day])
        for day in days()
        if (mine[day] if peer.hours else mine[day] is None)
        != (theirs[day] if peer.hours else theirs[day] is None)
    }
    expected = {day for name, day in ON_PURPOSE if name == peer.name}
    print(f"{peer.name} and {peer.theirs}: {len(mine)} days, {len(expected)} differ on purpose")
    wrong = {day: both for day, both in different.items() if day not in expected}
    assert not wrong, f"{len(wrong)} days differ: {dict(list(wrong.items())[:10])}"
    assert expected == set(different), f"not different any more: {expected - set(different)}"


def test_forex_is_open_from_sunday_to_friday_at_five_in_new_york() -> None:
    theirs = market("Forex")
    for day, session in ours("forex").items():
        if day.weekday() == 6:
            # The package has a session from Saturday's evening on, when nobody trades.
            assert session is None and theirs[day] is not None, day
        else:
            assert session == theirs[day], day


def test_the_files_are_what_their_maker_writes(tmp_path: Path) -> None:
    script = FOLDER.parents[3] / "scripts" / "make-calendars.py"
    program = (
        "import runpy, pathlib, sys; made = runpy.run_path(sys.argv[1]); "
        "[(pathlib.Path(sys.argv[2]) / f'{c.name}.calendar').write_text(c.text) for c in made['CALENDARS']]"
    )
    subprocess.run(["python3", "-c", program, script, tmp_path], check=True)
    names = sorted(path.name for path in FOLDER.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    for name in names:
        assert (FOLDER / name).read_text() == (tmp_path / name).read_text(), name
