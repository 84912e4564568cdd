"""Our schedules against cronsim's, an independent implementation of the same rules.

Where the two differ, the answer that is right by definition (``oracle``) must be ours, or the case must be one of
those in which we differ on purpose:

* A step longer than its field (``*/90`` of minutes) is a mistake here; cronsim takes it for the first value alone.
* A range of one value with a step (``3-3/2``) is that value; cronsim goes on from it to the field's end.
* A sixth field, of seconds, is a mistake here unless it is asked for.
* A step behind ``L`` or ``LW`` means nothing and is refused here; cronsim ignores it.
* cronsim drops the zone of a start that lies in the second pass of a repeated hour, and then answers with times
  before the start. Ours come after it.
* cronsim's search steps onto midnights and hours that the clocks skip, and moves on from there by whole hours, so
  with gaps at midnight or of half an hour it names times that no clock shows, or misses the first. Ours follows
  elapsed time, minute by minute.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from expressions import ZONES, changes, expression
from oracle import first_after

BIN = Path(os.environ.get("RBOT_BIN", Path(__file__).resolve().parents[2] / ".build" / "debug"))
CASES = int(os.environ.get("RBOT_SCHEDULE_CASES", "100000"))


@dataclass(frozen=True)
class Case:
    expression: str
    zone: str
    start: datetime
    count: int = 1
    seconds: bool = False

    @property
    def question(self) -> str:
        start = self.start.isoformat().replace("+00:00", "Z")
        return json.dumps(
            {
                "expr": self.expression,
                "timezone": self.zone,
                "from": start,
                "count": self.count,
                "seconds": self.seconds,
            }
        )


def ours(cases: list[Case]) -> list[list[datetime] | str]:
    """Our answers: times, or the sentence of an error."""
    done = subprocess.run(
        [BIN / "rbotctl", "schedule", "next", "--batch"],
        input="\n".join(case.question for case in cases) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[list[datetime] | str] = []
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        if isinstance(answer, dict):
            answers.append(str(answer["error"]))
        else:
            answers.append([datetime.fromisoformat(item["utc"]) for item in answer])
    assert len(answers) == len(cases)
    return answers


def in_their_words(expression: str) -> str:
    """The expression with each range of one value with a step as that value: see above."""
    return re.sub(r"\b(\d+)-\1/[1-9]\d*", r"\1", expression)


def theirs(case: Case) -> list[datetime] | str:
    try:
        text = in_their_words(case.expression)
        cron = CronSim(text, case.start.astimezone(ZoneInfo(case.zone)))
        found: list[datetime] = []
        while len(found) < case.count:
            found.append(next(cron).astimezone(UTC))
        return found
    except CronSimError as error:
        return str(error)
    except StopIteration:
        return "never"


def refused_on_purpose(case: Case) -> bool:
    """Seconds that nobody asked for; steps that pick one value only, or stand behind L."""
    words = case.expression.split()
    if len(words) != (6 if case.seconds else 5):
        return True
    if re.search(r"\bLW?/", case.expression, re.IGNORECASE):
        return True
    lengths = (60, 60, 24, 31, 12, 7)[-len(words) :]
    return any(
        int(step) > length
        for field, length in zip(words, lengths, strict=True)
        for step in re.findall(r"/(\d+)", field)
    )


def right_by_definition(case: Case, ours: list[datetime], theirs: list[datetime]) -> bool:
    """Whether ours is the first that there is, where the two differ."""
    start = case.start
    for our, their in zip(ours, theirs, strict=True):
        if our != their:
            last = max(our, their)
            # Nothing before both is in question: on that the two agree.
            begin = max(start, min(our, their) - timedelta(days=2))
            if last - begin > timedelta(days=40):
                return False
            text = in_their_words(case.expression)
            return first_after(text, ZoneInfo(case.zone), begin, last) == our
        start = our
    return True


def compare(cases: list[Case]) -> tuple[int, int, list[str]]:
    """How many differ on purpose, how many both refuse, and what is wrong."""
    purposely, refused, wrong = 0, 0, []
    for case, our, their in zip(cases, ours(cases), map(theirs, cases), strict=True):
        if isinstance(our, str) and isinstance(their, str):
            refused += 1
            continue
        if our == their:
            continue
        if isinstance(our, list) and isinstance(their, list):
            if len(our) == len(their) and right_by_definition(case, our, their):
                purposely += 1
                continue
        elif isinstance(our, str) and refused_on_purpose(case):
            purposely += 1
            continue
        wrong.append(f"{case}\n  ours   {our}\n  theirs {their}")
    return purposely, refused, wrong


def judge(cases: Iterable[Case], what: str) -> None:
    cases = list(cases)
    purposely, refused, wrong = compare(cases)
    print(f"{what}: {len(cases)} cases, {refused} refused by both, {purposely} differ on purpose")
    assert not wrong, f"{len(wrong)} of {len(cases)} differ ({what}):\n" + "\n".join(wrong[:5])
    assert purposely < len(cases) * 0.02, "too many differ for exceptions"
    assert refused > len(cases) * 0.02, "mistakes in expressions are hardly tried"


def random_case(chance: random.Random, start: datetime) -> Case:
    text = expression(chance)
    if chance.random() < 0.1:
        second = chance.choice(["*", "*/10", "0", "30", "5-15", "7,59"])
        return Case(f"{second} {text}", chance.choice(ZONES), start, seconds=True)
    return Case(text, chance.choice(ZONES), start)


def test_random_expressions_zones_and_starts() -> None:
    seed = int(os.environ.get("RBOT_SEED", random.randrange(1 << 32)))
    print(f"seed {seed}: RBOT_SEED={seed} repeats this run")
    chance = random.Random(seed)
    begin, end = datetime(2019, 1, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)
    span = int((end - begin).total_seconds())
    judge(
        (
            random_case(chance, begin + timedelta(seconds=chance.randrange(span)))
            for _ in range(CASES)
        ),
        f"seed {seed}",
    )


NEAR_CHANGES = [
    "*/15 * * * *", "0 * * * *", "30 * * * *", "*/30 1-3 * * *", "30 2 * * *", "0 2,3 * * *", "15 1 * * *",
    "45 1 * * *", "0 0 * * *", "30 0 * * *", "0 */2 * * *", "10 */6 * * *", "5,35 0-3 * * *", "59 23 * * *",
    "*/20 0 * * *", "0 1 * * SUN",
]  # fmt: skip


def test_every_change_of_clocks_from_2020_to_2030() -> None:
    cases = []
    for name in ZONES:
        for change in changes(name, range(2020, 2031)):
            for minutes in (-125, -61, -31, -1, 0, 1, 29, 59, 61):
                start = change + timedelta(minutes=minutes)
                cases += [Case(text, name, start, count=4) for text in NEAR_CHANGES]
    assert len({case.zone for case in cases}) >= 12
    # Around a change most of what cronsim gets wrong is asked: the share of exceptions is no measure here.
    purposely, _, wrong = compare(cases)
    print(f"changes of clocks: {len(cases)} cases, {purposely} differ on purpose")
    assert not wrong, f"{len(wrong)} of {len(cases)} differ:\n" + "\n".join(wrong[:5])
