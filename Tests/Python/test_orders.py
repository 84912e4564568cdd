"""Orders over the gateway's socket: replies, refusals, order of what arrives, and reconnecting."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartWorker
from fakes import FakeGateway, FakeSupervisor, Message, Peer, fill, order

BUYER = """
    from rbot import Strategy

    class Buyer(Strategy):
        instruments = ["EUR_USD"]

        def on_quote(self, quote):
            self.log(f"quote {quote.seq}")
            if quote.seq == 1:
                made = self.buy("EUR_USD", 1000, stop_loss=1.3850, take_profit="1.39")
                self.log(f"placed {made.client_order_id} {made.state}")

        def on_order(self, order):
            self.log(f"order {order.state}")

        def on_fill(self, fill):
            self.log(f"fill {fill.price}")

        def on_gateway(self, up):
            self.log(f"gateway {up}")
    """


def test_an_order_is_sent_in_exact_decimals(start: StartWorker) -> None:
    worker = start(BUYER)
    worker.supervisor.peer.wait("ready")
    worker.gateway.quote(worker.gateway.peer())
    asked = worker.gateway.peer().wait("order.place")
    assert asked["params"] == {
        "client_order_id": "test-3-1",
        "instrument": "EUR_USD",
        "side": "buy",
        "type": "market",
        "units": "1000",
        "stop_loss": "1.385",
        "take_profit": "1.39",
        "reduce_only": False,
    }
    worker.supervisor.peer.wait("log", 2)
    assert worker.supervisor.logs() == ["quote 1", "placed test-3-1 filled"]
    assert worker.stop() == 0


@pytest.mark.parametrize("late", [False, True], ids=["before the reply", "after the reply"])
def test_what_an_order_caused_is_handled_before_the_quote_is_acknowledged(
    start: StartWorker, late: bool
) -> None:
    seen: list[str] = []

    def place(peer: Peer, message: Message) -> None:
        made = order(message["params"])
        if late:
            peer.reply(message, {"order": made, "duplicate": False})
        peer.notify("order", {"order": made})
        peer.notify("fill", {"fill": fill()})
        if not late:
            peer.reply(message, {"order": made, "duplicate": False})

    def before(supervisor: FakeSupervisor, gateway: FakeGateway) -> None:
        gateway.handlers["order.place"] = place
        gateway.on_ack = lambda peer, seq: seen.append(f"ack {seq}")

    worker = start(BUYER, ack=True, before=before)
    worker.supervisor.peer.wait("ready")
    peer = worker.gateway.peer()
    worker.gateway.quote(peer)
    peer.wait("quotes.ack")
    # The log goes over another socket than the acknowledgement, so it is waited for, too.
    worker.supervisor.peer.wait("log", 4)
    assert worker.supervisor.logs() == [
        "quote 1",
        "placed test-3-1 filled",
        "order filled",
        "fill 1.38705",
    ]
    worker.gateway.quote(peer)
    peer.wait("quotes.ack", 2)
    assert seen == ["ack 1", "ack 2"]
    assert worker.stop() == 0


def test_a_quote_that_came_during_an_order_waits_for_the_orders_events(start: StartWorker) -> None:
    def place(peer: Peer, message: Message) -> Message:
        worker.gateway.quote(peer)
        peer.notify("fill", {"fill": fill()})
        return {"order": order(message["params"]), "duplicate": False}

    worker = start(BUYER)
    worker.gateway.handlers["order.place"] = place
    worker.supervisor.peer.wait("ready")
    worker.gateway.quote(worker.gateway.peer())
    worker.supervisor.peer.wait("log", 4)
    assert worker.supervisor.logs() == [
        "quote 1",
        "placed test-3-1 filled",
        "fill 1.38705",
        "quote 2",
    ]
    assert worker.stop() == 0


def test_a_refusal_has_its_reason_and_can_be_caught(start: StartWorker) -> None:
    worker = start(
        """
        from rbot import OrderRefused, Strategy

        class Asks(Strategy):
            instruments = ["EUR_USD"]

            def on_quote(self, quote):
                try:
                    self.buy("EUR_USD", 1000)
                except OrderRefused as refused:
                    self.log(f"{refused.reason}: {refused.message}")
        """,
        before=lambda supervisor, gateway: gateway.handlers.update(
            {
                "order.place": lambda peer, message: peer.refuse(
                    message, "oco_required", "needs both"
                )
            }
        ),
    )
    worker.supervisor.peer.wait("ready")
    worker.gateway.quote(worker.gateway.peer())
    worker.supervisor.peer.wait("log")
    assert worker.supervisor.logs() == ["oco_required: needs both"]
    assert worker.stop() == 0


def test_a_refusal_that_nobody_catches_is_said_once_and_the_strategy_goes_on(
    start: StartWorker,
) -> None:
    worker = start(
        """
        from rbot import Strategy

        class Stubborn(Strategy):
            instruments = ["EUR_USD"]

            def on_quote(self, quote):
                self.buy("EUR_USD", 1000)
        """,
        ack=True,
        before=lambda supervisor, gateway: gateway.handlers.update(
            {"order.place": lambda peer, message: peer.refuse(message, "trading_paused")}
        ),
    )
    worker.supervisor.peer.wait("ready")
    for count in range(1, 6):
        worker.gateway.quote(worker.gateway.peer())
        worker.gateway.peer().wait("quotes.ack", count)
    assert worker.stop() == 0
    assert worker.supervisor.logs("warning") == ["order refused (trading_paused): no"]


def test_an_order_in_flight_is_sent_again_with_the_same_id_after_a_crash(
    start: StartWorker,
) -> None:
    asked: list[Message] = []

    def place(peer: Peer, message: Message) -> Message | None:
        asked.append(message)
        if len(asked) == 1:
            # The gateway dies after it has read the order.
            peer.sock.shutdown(2)
            return None
        return {"order": order(message["params"]), "duplicate": True}

    worker = start(BUYER)
    worker.gateway.handlers["order.place"] = place
    worker.supervisor.peer.wait("ready")
    worker.gateway.quote(worker.gateway.peer())
    second = worker.gateway.peer(2)
    second.wait("order.place")
    methods = [one["method"] for one in second.messages]
    assert methods == ["hello", "quotes.subscribe", "order.place"]
    assert asked[0]["params"] == asked[1]["params"]
    worker.gateway.quote(second)
    logs = worker.supervisor
    logs.peer.wait_for(lambda: "quote 2" in logs.logs(), what="the quote of the new connection")
    assert list(logs.logs("info")) == [
        "quote 1",
        "placed test-3-1 filled",
        "gateway False",
        "gateway True",
        "quote 2",
    ]
    assert worker.stop() == 0


def test_an_order_while_the_gateway_is_down_raises_gateway_down(start: StartWorker) -> None:
    worker = start("""
        from rbot import GatewayDown, Strategy

        class Asks(Strategy):
            instruments = ["EUR_USD"]

            def on_gateway(self, up):
                try:
                    self.buy("EUR_USD", 1, stop_loss=1, take_profit=2)
                    self.log(f"placed, up is {up}")
                except GatewayDown as down:
                    self.log(f"{down}; {self.gateway_up}")
        """)
    worker.supervisor.peer.wait("ready")
    worker.gateway.stop_listening()
    worker.gateway.peer().close()
    logs = worker.supervisor
    logs.peer.wait_for(lambda: logs.logs("info"))
    assert logs.logs("info") == ["the gateway is down: nothing was sent; False"]
    worker.gateway.listen()
    logs.peer.notify("gateway", {"up": True})
    logs.peer.wait_for(lambda: len(logs.logs("info")) == 2)
    assert logs.logs("info")[1] == "placed, up is True"
    assert worker.stop() == 0


GARBAGE: list[Any] = [
    b"hello\n",
    b"[]\n",
    b'{"a":\xff}\n',
    b"[" * 100_000 + b"\n",
    b"x" * 1_100_000,
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=["text", "array", "not UTF-8", "deep", "long"])
def test_a_gateway_that_sends_garbage_is_left_and_tried_again(
    start: StartWorker, garbage: bytes
) -> None:
    worker = start(BUYER)
    worker.supervisor.peer.wait("ready")
    worker.gateway.peer().send_raw(garbage)
    worker.gateway.peer(2).wait("quotes.subscribe")
    worker.gateway.seq = 1
    worker.gateway.quote(worker.gateway.peer(2))
    logs = worker.supervisor
    logs.peer.wait_for(lambda: "quote 2" in logs.logs())
    assert "garbage" in logs.logs("warning")[0]
    assert worker.stop() == 0


def test_messages_that_make_no_sense_are_survived(start: StartWorker) -> None:
    worker = start(BUYER)
    worker.supervisor.peer.wait("ready")
    peer = worker.gateway.peer()
    for method in ("quote", "candle", "order", "fill", "feed", "trading", "nonsense"):
        for params in (
            {},
            {method: 1},
            {"seq": "x", "instrument": {}, "bid": 1, "ask": 2, "time": 3},
        ):
            peer.notify(method, params)
        peer.send({"method": method, "params": [1]})
        peer.send({"method": method})
    peer.send({"id": 99, "method": "what", "params": {}})
    peer.send({"id": 12345, "result": {}})
    peer.send({"id": {}, "result": {}})
    peer.wait_for(lambda: [one for one in peer.messages if one.get("id") == 99], what="-32601")
    assert peer.messages[-1]["error"]["code"] == -32601
    worker.gateway.seq = 1
    worker.gateway.quote(peer)
    logs = worker.supervisor
    logs.peer.wait_for(lambda: "quote 2" in logs.logs())
    assert worker.stop() == 0


def test_it_waits_for_a_gateway_that_is_not_there_yet(start: StartWorker) -> None:
    worker = start(BUYER, before=lambda supervisor, gateway: gateway.stop_listening())
    worker.supervisor.peer.wait("log")
    assert "cannot reach the gateway" in worker.supervisor.logs("warning")[0]
    assert worker.supervisor.peer.of("ready") == []
    worker.gateway.listen()
    worker.supervisor.peer.wait("ready")
    assert worker.stop() == 0


def test_a_slow_strategy_gets_the_latest_quotes(start: StartWorker) -> None:
    worker = start("""
        from rbot import Strategy

        class Slow(Strategy):
            instruments = ["EUR_USD"]
            seen = 0

            def on_quote(self, quote):
                self.seen += 1
                if quote.seq == 1:
                    self.log("at work")
                    self.history("EUR_USD", "M1", 1)
                if quote.seq == 2000:
                    self.log("last", seen=self.seen)
        """)
    waiting: list[tuple[Peer, Message]] = []
    worker.gateway.handlers["candles"] = lambda peer, message: waiting.append((peer, message))
    worker.supervisor.peer.wait("ready")
    peer = worker.gateway.peer()
    worker.gateway.quote(peer)
    peer.wait("candles")
    for _ in range(1999):
        worker.gateway.quote(peer)
    peer.reply(waiting[0][1], {"candles": []})
    found = worker.supervisor.peer.wait("log", 2)
    assert found["params"]["message"] == "last"
    assert found["params"]["fields"]["seen"] < 500
    assert worker.stop() == 0
