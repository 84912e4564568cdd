"""The C example keeps to the protocol: life, death and the reconnect, without any SDK."""

from __future__ import annotations

import pytest
from conftest import StartWorker
from fakes import FakeGateway, FakeSupervisor, Message, Peer, Worker, order, quote


def begin(start: StartWorker, program: list[str], **more: object) -> Worker:
    params = {"instrument": "EUR_USD", "length": 3, "units": "1000"}
    return start(command=program, name="channel-breakout", params=params, **more)


def break_out(gateway: FakeGateway, peer: Peer) -> None:
    """Three quotes make the channel, the fourth leaves it upwards."""
    for bid, ask in [("1.1000", "1.1001")] * 3 + [("1.1010", "1.1011")]:
        gateway.quote(peer, bid=bid, ask=ask)


def test_it_greets_subscribes_beats_and_stops(
    start: StartWorker, channel_breakout: list[str]
) -> None:
    worker = begin(start, channel_breakout, heartbeat_ms=40)
    peer = worker.supervisor.peer
    peer.wait("ready")
    assert peer.messages[0]["method"] == "hello"
    assert peer.messages[0]["params"]["pid"] == worker.process.pid
    worker.gateway.peer().wait("quotes.subscribe")
    asked = [one["method"] for one in worker.gateway.peer().messages]
    assert asked == ["hello", "positions", "quotes.subscribe"]
    first = peer.wait("heartbeat", 2)["params"]["progress"]
    assert peer.wait("heartbeat", 4)["params"]["progress"] > first
    assert worker.stop() == 0
    assert worker.supervisor.logs() == ["stopping"]


def test_sigterm_stops_it(start: StartWorker, channel_breakout: list[str]) -> None:
    worker = begin(start, channel_breakout)
    worker.supervisor.peer.wait("ready")
    worker.terminate()
    assert worker.wait() == 0


def test_a_dead_supervisor_ends_it(start: StartWorker, channel_breakout: list[str]) -> None:
    worker = begin(start, channel_breakout)
    worker.supervisor.peer.wait("ready")
    worker.supervisor.peer.close()
    assert worker.wait() == 1


def test_a_breakout_is_an_order_with_both_exits(
    start: StartWorker, channel_breakout: list[str]
) -> None:
    worker = begin(start, channel_breakout)
    worker.supervisor.peer.wait("ready")
    break_out(worker.gateway, worker.gateway.peer())
    asked = worker.gateway.peer().wait("order.place")["params"]
    assert asked["client_order_id"] == "channel-breakout-3-1"
    assert (asked["side"], asked["type"], asked["units"]) == ("buy", "market", "1000")
    assert float(asked["stop_loss"]) < 1.1011 < float(asked["take_profit"])
    assert worker.stop() == 0


def test_the_acknowledgement_waits_for_the_orders_reply(
    start: StartWorker, channel_breakout: list[str]
) -> None:
    waiting: list[Message] = []

    def before(supervisor: FakeSupervisor, gateway: FakeGateway) -> None:
        gateway.handlers["order.place"] = lambda peer, message: waiting.append(message)

    worker = begin(start, channel_breakout, ack=True, before=before)
    worker.supervisor.peer.wait("ready")
    peer = worker.gateway.peer()
    break_out(worker.gateway, peer)
    peer.wait("order.place")
    assert [one["params"]["seq"] for one in peer.of("quotes.ack")] == [1, 2, 3]
    peer.reply(waiting[0], {"order": order(waiting[0]["params"]), "duplicate": False})
    assert peer.wait("quotes.ack", 4)["params"]["seq"] == 4
    assert worker.stop() == 0


def test_an_order_in_flight_is_sent_again_with_the_same_id(
    start: StartWorker, channel_breakout: list[str]
) -> None:
    asked: list[Message] = []

    def place(peer: Peer, message: Message) -> Message | None:
        asked.append(message)
        if len(asked) == 1:
            peer.sock.shutdown(2)
            return None
        return {"order": order(message["params"]), "duplicate": True}

    worker = begin(start, channel_breakout)
    worker.gateway.handlers["order.place"] = place
    worker.supervisor.peer.wait("ready")
    break_out(worker.gateway, worker.gateway.peer())
    worker.gateway.peer(2).wait("quotes.subscribe")
    assert [one["params"] for one in asked] == [asked[0]["params"]] * 2
    assert worker.stop() == 0


@pytest.mark.parametrize(
    "garbage", [b"hello\n", b"[" * 100_000 + b"\n", b"x" * 1_200_000, b"\x00\n"]
)
def test_garbage_from_the_gateway_is_survived(
    start: StartWorker, channel_breakout: list[str], garbage: bytes
) -> None:
    worker = begin(start, channel_breakout)
    worker.supervisor.peer.wait("ready")
    worker.gateway.peer().send_raw(garbage)
    second = worker.gateway.peer(2)
    second.wait("quotes.subscribe")
    for params in ({}, quote(1, bid="x"), quote(1, bid="9" * 40), quote(1, instrument="\\")):
        second.notify("quote", params)
    break_out(worker.gateway, second)
    second.wait("order.place")
    assert worker.stop() == 0
