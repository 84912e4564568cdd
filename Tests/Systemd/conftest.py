"""Installs the service once for all tests of this folder; they go in the order of the file."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from service import ROOT, run  # noqa: E402

STRATEGIES = Path("/etc/rbotd/strategies")
# Shorter than an administrator would have it, so that the hang is found within the test's patience. The averages
# of candles are shortened for the same reason.
IMPATIENT = """[Service]
WatchdogSec=3
RestartSec=200ms
"""


@pytest.fixture(scope="session")
def installed() -> Iterator[None]:
    """Install as `make install` does, with the service's user, folders and the example strategies."""
    if os.environ.get("RBOT_UNDER_SYSTEMD") != "1":
        pytest.skip("not under a systemd of its own: Tests/Systemd/run starts one")
    # What is built is taken as it is: there may be no network here to build with.
    built = f".build/{os.environ['CONFIGURATION']}/.built"
    run("make", "-o", built, "install", "DESTDIR=", "PREFIX=/usr")
    run("systemd-sysusers")
    run("systemd-tmpfiles", "--create")
    shutil.copytree("/usr/share/rbotd/strategies", STRATEGIES, dirs_exist_ok=True)
    averages = STRATEGIES / "ema_cross" / "strategy.toml"
    averages.write_text(averages.read_text().replace('candle = "S5"', 'candle = "S1"'))
    drop = Path("/etc/systemd/system/rbotd.service.d/impatient.conf")
    drop.parent.mkdir(parents=True, exist_ok=True)
    drop.write_text(IMPATIENT)
    run("systemctl", "daemon-reload")
    yield
    run("systemctl", "stop", "rbotd", check=False)


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT
