"""Requests of several orders: each order has an id of its own, so that a lost reply is asked for again."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartWorker
from fakes import Message, Peer, order

GROUPS = """
    from rbot import OrderRequest, Strategy

    WISH = OrderRequest("EUR_USD", "BUY", 1000, price=1.05, stop_loss=1, take_profit="1.2")

    class Groups(Strategy):
        instruments = ["EUR_USD"]

        def on_quote(self, quote):
            self.log(str(CALL))
    """

ONE = {"results": [{"order": order({}), "duplicate": False}]}
WISH = {"instrument": "EUR_USD", "side": "buy", "type": "limit", "units": "1000"}
WISH |= {"price": "1.05", "stop_loss": "1", "take_profit": "1.2", "reduce_only": False}


@pytest.mark.parametrize(
    ("call", "method", "params", "result"),
    [
        (
            "len(self.basket([WISH, WISH], all_or_none=False))",
            "order.basket",
            {
                "orders": [WISH | {"client_order_id": f"test-3-{n}"} for n in (1, 2)],
                "all_or_none": False,
            },
            {"results": ONE["results"] * 2},
        ),
        (
            "len(self.split(WISH, 400))",
            "order.split",
            WISH | {"client_order_id": "test-3-1", "size": "400"},
            ONE,
        ),
        (
            "self.target('EUR_USD', -5, stop_loss=2, take_profit=1).after",
            "order.smart",
            {
                "client_order_id": "test-3-1",
                "instrument": "EUR_USD",
                "target": "-5",
                "stop_loss": "2",
                "take_profit": "1",
            },
            ONE | {"before": "0", "after": "-5"},
        ),
        (
            "self.replace('paper-9', WISH).order_id",
            "order.replace",
            WISH | {"client_order_id": "test-3-1", "order_id": "paper-9"},
            ONE["results"][0],
        ),
        ("self.cancel_all()", "order.cancel_all", {}, {"cancelled": 3, "order_ids": []}),
        (
            "self.close('EUR_USD', 200)",
            "position.close",
            {"instrument": "EUR_USD", "units": "200", "client_order_id": "test-3-1"},
            {"order": None},
        ),
    ],
)
def test_it_is_asked_again_with_the_same_ids(
    start: StartWorker, call: str, method: str, params: Message, result: Message
) -> None:
    asked: list[Message] = []

    def answer(peer: Peer, message: Message) -> Any:
        asked.append(message["params"])
        if len(asked) == 1:
            # The gateway dies after it has read the request.
            peer.sock.shutdown(2)
            return None
        return result

    worker = start(GROUPS.replace("CALL", call))
    worker.gateway.handlers[method] = answer
    worker.supervisor.peer.wait("ready")
    worker.gateway.quote(worker.gateway.peer())
    worker.gateway.peer(2).wait(method)
    assert asked == [params, params]
    worker.supervisor.peer.wait("log")
    assert worker.stop() == 0
