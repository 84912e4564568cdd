"""The failure soak for as long as a run of the tests can wait; `make soak` gives it ten minutes."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Soak"))

from soak import Soak  # noqa: E402


@pytest.mark.timeout(280)
def test_nothing_that_was_promised_breaks_under_random_failures() -> None:
    seed = int(os.environ.get("RBOT_SOAK_SEED", random.randrange(1 << 31)))
    print(f"seed {seed} (RBOT_SOAK_SEED={seed} repeats its steps)")
    Soak(seed).run(45)
