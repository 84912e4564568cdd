"""Fixtures for tests against real processes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Support"))

import daemon as support  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def binaries() -> Path:
    """The folder of the built programs."""
    missing = [
        name
        for name in ("rbotd", "rbotctl", "rbot-gateway", "rbot-exec")
        if not (support.BIN / name).exists()
    ]
    if missing:
        pytest.fail(
            f"{', '.join(missing)} not found in {support.BIN}: run `swift build` or `make test` first"
        )
    return support.BIN


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The folder of recorded market data."""
    if not (support.DATA / "quotes").is_dir():
        pytest.skip(f"no recorded market data in {support.DATA} (set RBOT_DATA)")
    return support.DATA / "quotes"
