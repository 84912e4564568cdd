"""Starting, stopping and pausing a strategy, as the supervisor sees it."""

from __future__ import annotations

from conftest import StartWorker

ECHO = """
    from rbot import Strategy

    class Echo(Strategy):
        instruments = ["EUR_USD"]
        candles = ["M1"]

        def on_start(self):
            self.log("started", params=str(self.params))

        def on_quote(self, quote):
            self.log(f"quote {quote.seq} {quote.bid} {quote.ask} {quote.time.isoformat()}")

        def on_candle(self, candle):
            self.log(f"candle {candle.granularity} {candle.close}")

        def on_order(self, order):
            self.log(f"order {order.order_id} {order.state} {order.units}")

        def on_fill(self, fill):
            self.log(f"fill {fill.fill_id} {fill.price}")

        def on_pause(self, reason):
            self.log(f"paused {reason} {self.paused}")

        def on_resume(self):
            self.log(f"resumed {self.paused}")

        def on_params(self, params):
            self.log(f"params {params}")

        def on_stop(self, reason):
            self.log(f"stopping {reason}")
    """


def test_hello_comes_first_then_ready_after_the_subscription(start: StartWorker) -> None:
    worker = start(ECHO, params={"levels": 5})
    peer = worker.supervisor.peer
    peer.wait("ready")
    hello = peer.messages[0]
    assert hello["method"] == "hello"
    assert hello["params"]["protocol"] == [1, 1]
    assert hello["params"]["pid"] == worker.process.pid
    worker.gateway.peer().wait("quotes.subscribe")
    asked = [one["method"] for one in worker.gateway.peer().messages]
    assert asked == ["hello", "quotes.subscribe"]
    greeting, subscription = worker.gateway.peer().messages
    assert greeting["params"]["token"] == "a-token"
    assert subscription["params"] == {"instruments": ["EUR_USD"], "candles": ["M1"]}
    assert worker.stop() == 0
    assert worker.supervisor.logs() == ["started", "stopping test"]
    assert peer.of("log")[0]["params"]["fields"] == {"params": "{'levels': 5}"}


def test_everything_that_arrives_reaches_its_callback(start: StartWorker) -> None:
    from fakes import fill, order

    worker = start(ECHO)
    worker.supervisor.peer.wait("ready")
    peer = worker.gateway.peer()
    candle = {
        "instrument": "EUR_USD",
        "granularity": "M1",
        "time": "2014-05-02T00:00:00.000000Z",
        "open": "1",
        "high": "1",
        "low": "1",
        "close": "1.5",
        "volume": 42,
        "complete": True,
    }
    peer.notify("candle", candle)
    worker.supervisor.peer.wait("log", 2)
    peer.notify("fill", {"fill": fill()})
    worker.supervisor.peer.wait("log", 3)
    peer.notify("order", {"order": order({})})
    worker.supervisor.peer.wait("log", 4)
    worker.gateway.quote(peer)
    worker.supervisor.peer.wait("log", 5)
    worker.supervisor.peer.notify("pause", {"reason": "by hand"})
    worker.supervisor.peer.notify("resume", {})
    worker.supervisor.peer.notify("params", {"levels": 7})
    worker.supervisor.peer.wait("log", 8)
    assert worker.supervisor.logs()[1:] == [
        "candle M1 1.5",
        "fill 1 1.38705",
        "order paper-1 filled 1000",
        "quote 1 1.38694 1.38705 2014-05-02T00:00:01.277000+00:00",
        "paused by hand True",
        "resumed False",
        "params {'levels': 7}",
    ]
    assert worker.stop() == 0


def test_sigterm_stops_it_as_the_message_does(start: StartWorker) -> None:
    worker = start(ECHO)
    worker.supervisor.peer.wait("ready")
    worker.terminate()
    assert worker.wait() == 0
    assert worker.supervisor.logs()[-1] == "stopping SIGTERM"


def test_a_dead_supervisor_ends_it_at_once(start: StartWorker) -> None:
    worker = start(ECHO)
    worker.supervisor.peer.wait("ready")
    worker.supervisor.peer.close()
    assert worker.wait() == 1


def test_an_exception_is_logged_with_its_traceback_and_ends_it(start: StartWorker) -> None:
    worker = start("""
        from rbot import Strategy

        class Bad(Strategy):
            instruments = ["EUR_USD"]

            def on_quote(self, quote):
                raise RuntimeError("boom")
        """)
    worker.supervisor.peer.wait("ready")
    worker.gateway.quote(worker.gateway.peer())
    assert worker.wait() == 1
    (text,) = worker.supervisor.logs("error")
    assert "RuntimeError: boom" in text
    assert 'strategy.py", line 8' in text


def test_a_strategy_may_be_its_own_program(start: StartWorker) -> None:
    from fakes import PYTHON

    source = ECHO + '\n    if __name__ == "__main__":\n        Echo.main()\n'
    worker = start(source, command=[PYTHON, "strategy.py"])
    worker.supervisor.peer.wait("ready")
    assert worker.stop() == 0


def test_a_strategy_paused_before_its_start_hears_so(start: StartWorker) -> None:
    worker = start(ECHO, paused=True)
    worker.supervisor.peer.wait("log", 2)
    assert worker.supervisor.logs()[1] == "paused paused before this start True"
    assert worker.stop() == 0


def test_the_heartbeat_carries_the_loops_progress(start: StartWorker) -> None:
    worker = start(ECHO, heartbeat_ms=40)
    worker.supervisor.peer.wait("ready")
    peer = worker.supervisor.peer
    first = peer.wait("heartbeat", len(peer.of("heartbeat")) + 1)
    worker.gateway.quote(worker.gateway.peer())
    peer.wait("log", 2)
    second = peer.wait("heartbeat", len(peer.of("heartbeat")) + 2)
    assert second["params"]["progress"] > first["params"]["progress"]
    assert worker.stop() == 0


def test_a_stuck_callback_beats_without_progress(start: StartWorker) -> None:
    worker = start(
        """
        import threading
        from rbot import Strategy

        class Stuck(Strategy):
            instruments = ["EUR_USD"]

            def on_quote(self, quote):
                self.log("stuck")
                threading.Event().wait()
        """,
        heartbeat_ms=40,
    )
    worker.supervisor.peer.wait("ready")
    worker.gateway.quote(worker.gateway.peer())
    peer = worker.supervisor.peer
    peer.wait("log")
    first = peer.wait("heartbeat", len(peer.of("heartbeat")) + 2)
    second = peer.wait("heartbeat", len(peer.of("heartbeat")) + 2)
    assert first["params"]["progress"] == second["params"]["progress"]
