"""Files with ``run()``, and files that cannot be run."""

from __future__ import annotations

import pytest
from conftest import StartWorker
from fakes import Worker

COUNTER = """
    from rbot import get_broker, log, params

    RUN_EVERY = 2.0
    INSTRUMENTS = ["EUR_USD"]

    def run():
        quote = get_broker("paper").get_quote("EUR_USD")
        log(f"run at {quote['time'].second}")
    """


def refused(worker: Worker) -> str:
    """Its one sentence on stderr, which is also in the log."""
    assert worker.wait() == 2
    _, errors = worker.output()
    assert errors.rstrip() in worker.supervisor.logs("error")
    assert worker.supervisor.peer.of("ready") == []
    return errors.rstrip("\n")


def test_a_file_with_neither_is_refused_in_one_sentence(start: StartWorker) -> None:
    assert refused(start("x = 1\n")) == (
        "strategy.py has neither a run() function nor a Strategy class: define one of them"
    )


def test_a_base_class_alone_is_no_strategy(start: StartWorker) -> None:
    assert "neither" in refused(start("from rbot import Strategy\n"))


def test_two_strategies_in_a_file_are_one_too_many(start: StartWorker) -> None:
    source = "from rbot import Strategy\nclass A(Strategy): pass\nclass B(Strategy): pass\n"
    assert refused(start(source)) == "strategy.py has several Strategy classes (A, B): keep one"


def test_a_syntax_error_names_file_and_line(start: StartWorker) -> None:
    worker = start("x = 1\ndef run(:\n    pass\n")
    sentence = refused(worker)
    assert sentence.startswith("strategy.py cannot be loaded: strategy.py, line 2: ")
    assert any("SyntaxError" in text for text in worker.supervisor.logs("error"))


def test_a_missing_import_names_file_and_line(start: StartWorker) -> None:
    worker = start("import os\nimport no_such_module\n")
    assert refused(worker) == (
        "strategy.py cannot be loaded: strategy.py, line 2: "
        "ModuleNotFoundError: No module named 'no_such_module'"
    )
    assert any("Traceback" in text for text in worker.supervisor.logs("error"))


def test_a_missing_file_is_named(start: StartWorker) -> None:
    assert refused(start()).startswith("strategy.py does not exist in ")


def test_run_is_called_by_the_markets_clock(start: StartWorker) -> None:
    worker = start(COUNTER, ack=True)
    worker.supervisor.peer.wait("ready")
    for count in range(1, 7):
        worker.gateway.quote(worker.gateway.peer())
        worker.gateway.peer().wait("quotes.ack", count)
    assert worker.stop() == 0
    assert worker.supervisor.logs() == ["run at 1", "run at 3", "run at 5"]


def test_run_is_called_by_the_wall_clock_when_a_live_feed_is_silent(start: StartWorker) -> None:
    worker = start("from rbot import log\nRUN_EVERY = 0.05\n\ndef run():\n    log('run')\n")
    worker.supervisor.peer.wait("log", 3)
    assert worker.stop() == 0


def test_a_slot_is_one_run(start: StartWorker) -> None:
    worker = start("from rbot import log\n\ndef run():\n    log('run')\n", slot="2026-11-21T09:30")
    assert worker.wait() == 0
    worker.supervisor.peer.wait("ready")
    assert worker.supervisor.logs() == ["run"]


def test_an_exception_in_run_is_logged_and_ends_it(start: StartWorker) -> None:
    worker = start("def run():\n    raise ValueError('boom')\n", slot="now")
    assert worker.wait() == 1
    assert "ValueError: boom" in worker.supervisor.logs("error")[0]


def test_what_it_prints_goes_to_stdout(start: StartWorker) -> None:
    worker = start("def run():\n    print('hello')\n", slot="now")
    assert worker.wait() == 0
    assert worker.output()[0] == "hello\n"


@pytest.mark.parametrize("name", ["None", "'paper'", "'PAPER'"])
def test_a_broker_is_found_by_its_name(start: StartWorker, name: str) -> None:
    worker = start(
        f"from rbot import get_broker, log\n\ndef run():\n    log(get_broker({name}).name)\n",
        slot="now",
    )
    assert worker.wait() == 0
    assert worker.supervisor.logs() == ["paper"]


def test_an_unknown_broker_names_those_there_are(start: StartWorker) -> None:
    worker = start("from rbot import get_broker\n\ndef run():\n    get_broker('x')\n", slot="now")
    assert worker.wait() == 1
    assert (
        "there is no broker 'x' for this strategy; it may use: paper"
        in (worker.supervisor.logs("error")[0])
    )


def test_a_refused_order_is_a_dictionary(start: StartWorker) -> None:
    worker = start(
        """
        from rbot import get_broker, log

        def run():
            result = get_broker("paper").place_order("EUR_USD", "BUY", 1000, limit_price=1.08)
            log("result", **result)
        """,
        slot="now",
        before=lambda supervisor, gateway: gateway.handlers.update(
            {"order.place": lambda peer, message: peer.refuse(message, "oco_required", "both")}
        ),
    )
    assert worker.wait() == 0
    fields = worker.supervisor.peer.of("log")[-1]["params"]["fields"]
    assert fields["success"] is False
    assert (fields["error"], fields["message"]) == ("oco_required", "both")
    assert fields["latency_ms"] >= 0
    asked = worker.gateway.peer().wait("order.place")["params"]
    assert (asked["type"], asked["price"], asked["side"]) == ("limit", "1.08", "buy")


def test_a_feed_without_its_instruments_is_named(start: StartWorker) -> None:
    worker = start("INSTRUMENTS = ['XAU_USD']\n\ndef run():\n    pass\n")
    assert worker.wait() == 1
    assert worker.supervisor.logs("error") == [
        "this feed has none of XAU_USD; it has: EUR_USD, GBP_USD, USD_JPY, BTC-USD, ETH-USD"
    ]
