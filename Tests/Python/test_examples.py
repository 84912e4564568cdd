"""The example strategies trade on recorded quotes: often, within bounds, and always the same way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomllib
from conftest import StartWorker
from fakes import PYTHON, STRATEGIES, FakeGateway, FakeSupervisor, Worker
from paper import Paper, recorded_quotes

EUR_USD = "eur_usd_quotes_oanda_20140502_nfp.csv"
USD_JPY = "usd_jpy_quotes_truefx_20130101.csv"
BTC_USD = "btc_usd_quotes_m1_coinbase_201709.csv"
ETH_USD = "eth_usd_quotes_m1_coinbase_201709.csv"
RUN = [PYTHON, "-m", "rbot", "strategy.py"]
TIMEOUT_S = 60.0


def play(
    start: StartWorker, folder: str, command: list[str], quotes: Path, count: int, **hello: Any
) -> tuple[Paper, Worker]:
    papers: list[Paper] = []
    manifest = tomllib.loads((STRATEGIES / folder / "strategy.toml").read_text())
    hello["params"] = {**manifest["params"], **hello.get("params", {})}

    def before(supervisor: FakeSupervisor, gateway: FakeGateway) -> None:
        papers.append(Paper(gateway, recorded_quotes(quotes, count), supervisor.peer.poke))

    worker = start(
        command=command,
        folder=STRATEGIES / folder,
        ack=True,
        before=before,
        name=manifest["name"],
        **hello,
    )
    paper = papers[0]
    worker.supervisor.peer.wait_for(paper.ended.is_set, TIMEOUT_S, "the last quote")
    assert worker.stop() == 0
    return paper, worker


def roles(paper: Paper) -> set[str]:
    return {one["role"] for one in paper.fills}


@pytest.mark.parametrize(("file", "count"), [(EUR_USD, 8000), (BTC_USD, 2876)])
def test_momentum_sniper_trades(start: StartWorker, recorded: Path, file: str, count: int) -> None:
    paper, worker = play(start, "momentum_sniper", RUN, recorded / file, count)
    assert paper.played == count
    assert len(paper.fills) > 20
    assert {"entry", "stop_loss", "take_profit"} <= roles(paper)
    assert paper.most_open == 1
    assert paper.refused == []
    assert worker.supervisor.logs("error") == []


def test_grid_bot_trades_within_its_bounds(start: StartWorker, recorded: Path) -> None:
    paper, worker = play(start, "grid_bot", RUN, recorded / EUR_USD, 6000)
    assert len(paper.fills) > 20
    assert {"entry", "take_profit"} <= roles(paper)
    assert paper.most_open <= 6
    assert any(one["state"] == "cancelled" for one in paper.orders.values())
    assert paper.refused == []
    assert worker.supervisor.logs("error") == []


@pytest.mark.parametrize(
    ("file", "count"), [(USD_JPY, 1000), (EUR_USD, 20000), (BTC_USD, 2876), (ETH_USD, 2874)]
)
def test_channel_breakout_trades(
    start: StartWorker, recorded: Path, channel_breakout: list[str], file: str, count: int
) -> None:
    name = {USD_JPY: "USD_JPY", EUR_USD: "EUR_USD", BTC_USD: "BTC-USD", ETH_USD: "ETH-USD"}[file]
    units = "1000" if "_" in name else "0.01"
    paper, worker = play(
        start,
        "channel_breakout",
        channel_breakout,
        recorded / file,
        count,
        params={"instrument": name, "units": units},
    )
    assert paper.played == count
    assert len(paper.fills) >= 6
    assert paper.most_open == 1
    assert paper.refused == []
    assert worker.supervisor.logs("error") == []


@pytest.mark.parametrize("folder", ["momentum_sniper", "grid_bot"])
def test_the_same_quotes_give_the_same_fills(
    start: StartWorker, recorded: Path, folder: str
) -> None:
    first, _ = play(start, folder, RUN, recorded / EUR_USD, 3000)
    second, _ = play(start, folder, RUN, recorded / EUR_USD, 3000)
    assert first.fills
    assert first.fills == second.fills


def test_a_paused_strategy_asks_once_and_goes_on(
    start: StartWorker, recorded: Path, channel_breakout: list[str]
) -> None:
    def before(supervisor: FakeSupervisor, gateway: FakeGateway) -> None:
        quotes = recorded_quotes(recorded / USD_JPY, 1000)
        papers.append(Paper(gateway, quotes, supervisor.peer.poke))
        papers[0].paused = True

    papers: list[Paper] = []
    worker = start(
        command=channel_breakout, folder=STRATEGIES / "channel_breakout", ack=True, before=before
    )
    worker.supervisor.peer.wait_for(papers[0].ended.is_set, TIMEOUT_S, "the last quote")
    assert worker.stop() == 0
    assert papers[0].refused == ["trading_paused"]
    assert len(worker.supervisor.logs("warning")) == 1


def snippets() -> list[str]:
    text = (STRATEGIES / "README.md").read_text(encoding="utf-8")
    return [part.split("```")[0] for part in text.split("```python\n")[1:]]


@pytest.mark.parametrize("source", snippets(), ids=["run", "nodes", "class"])
def test_what_the_readme_shows_works(start: StartWorker, recorded: Path, source: str) -> None:
    papers: list[Paper] = []

    def before(supervisor: FakeSupervisor, gateway: FakeGateway) -> None:
        quotes = recorded_quotes(recorded / EUR_USD, 300)
        papers.append(Paper(gateway, quotes, supervisor.peer.poke, candles=True))

    worker = start(source, ack=True, before=before)
    worker.supervisor.peer.wait_for(papers[0].ended.is_set, TIMEOUT_S, "the last quote")
    assert worker.stop() == 0
    assert worker.supervisor.logs("error") == []
    assert papers[0].fills
