"""Events as they happen, over SSE and WebSocket: whole, resumed, filtered, and for those alone who may read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from daemon import Daemon, eventually
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as websocket
from wire import Events, RawWebSocket, connect, health, read_all, with_events

EVENTS = 4_000
SETTINGS = """mock_events = true
[http]
heartbeat = "1s"
stall_timeout = "3s"
streams = 1010
reads_per_second = 0
"""


class World:
    """A gateway with a long log, to which a made-up event is added every 5 seconds."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.listen = with_events(daemon, EVENTS, 1_000)

    def open(self, path: str = "/ws", **headers: str) -> ClientConnection:
        # A client that leaves with messages unread does not hear the answer to its goodbye.
        return websocket(
            f"ws://{self.listen}{path}",
            additional_headers=headers,
            open_timeout=60,
            close_timeout=0.5,
        )


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    daemon = Daemon(config=SETTINGS)
    try:
        yield World(daemon)
    finally:
        daemon.__exit__(None)


def said(connection: ClientConnection, *types: str) -> dict[str, Any]:
    """The next message of one of these types."""
    while True:
        message: dict[str, Any] = json.loads(connection.recv(timeout=60))
        if message["type"] in types:
            return message


def test_a_reader_gets_every_event_of_the_log_in_order(world: World) -> None:
    events = Events(world.listen, "?after=0")
    found = events.numbered(EVENTS)
    events.close()
    numbers = [number for number, _ in found]
    assert numbers == list(range(numbers[0], numbers[0] + EVENTS))
    assert set(found[10][1]) == {"source", "type", "payload", "ts"}


def test_a_reader_goes_on_where_it_was(world: World) -> None:
    first = Events(world.listen, "?after=0")
    last = first.numbered(100)[-1][0]
    first.close()
    again = Events(world.listen, Last_Event_ID=str(last))
    assert [number for number, _ in again.numbered(50)] == list(range(last + 1, last + 51))
    again.close()
    assert Events(world.listen, "?after=soon").status == 400


def test_a_reader_gets_the_types_that_it_wants(world: World) -> None:
    events = Events(world.listen, "?after=0&types=even")
    assert {event["type"] for _, event in events.numbered(500)} == {"even"}
    events.close()
    with world.open("/ws?after=0&types=odd") as connection:
        assert said(connection, "even", "odd")["type"] == "odd"


def test_a_websocket_shows_events_without_being_asked(world: World) -> None:
    with world.open() as connection:
        event = said(connection, "signal", "risk")
        assert (
            event["source"] == "mock" and event["payload"]["mock"] is True and event["id"] > EVENTS
        )


def test_a_websocket_resumes_and_narrows_what_it_shows(world: World) -> None:
    with world.open("/ws?channels=quotes:EUR_USD") as connection:
        quote = said(connection, "quote")
        assert quote["payload"]["instrument"] == "EUR_USD"
        assert 0 < quote["payload"]["bid"] < quote["payload"]["ask"]
        connection.send('{"type":"unsubscribe","channels":["quotes:EUR_USD"]}')
        assert said(connection, "unsubscribed")["payload"]["channels"] == []
        after = EVENTS // 2
        connection.send(json.dumps({"type": "subscribe", "channels": ["events"], "after": after}))
        assert said(connection, "subscribed")["payload"]["channels"] == ["events"]
        found = [said(connection, "even", "odd")["id"] for _ in range(300)]
        assert found == list(range(after + 1, after + 301))


def test_a_websocket_says_what_is_wrong_and_goes_on(world: World) -> None:
    wrong = {
        "[": "bad_json",
        '"x"': "bad_json",
        "{}": "missing_field",
        '{"type":"dance"}': "bad_field",
        '{"type":"subscribe","channels":["nothing"]}': "bad_field",
        '{"type":"subscribe","channels":"events"}': "bad_field",
        '{"type":"subscribe","channels":["events"],"after":-1}': "bad_field",
        "[" * 60_000: "bad_json",
    }
    with world.open() as connection:
        for text, error in wrong.items():
            connection.send(text)
            assert said(connection, "error")["payload"]["error"] == error, text[:80]
        connection.send('{"type":"ping"}')
        assert said(connection, "pong")
        assert connection.ping().wait(60)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(1, b"{}", True, False)], 1002),
        ([(1, b"\xff\xfe", True, True)], 1007),
        ([(2, b"{}", True, True)], 1003),
        ([(1, b"x" * 70_000, True, True)], 1009),
        ([(1, b"x" * 40_000, False, True), (0, b"x" * 40_000, True, True)], 1009),
        ([(0, b"x", True, True)], 1002),
        ([(1, b"x", False, True), (1, b"x", True, True)], 1002),
        ([(9, b"x" * 126, True, True)], 1002),
        ([(11, b"", True, True)], 1002),
        ([(8, b"\x03\xe8", True, True)], 1000),
        ([(9, b"", True, True)] * 400, 1008),
    ],
)
def test_a_websocket_that_breaks_the_rules_is_closed_with_a_code(
    world: World, frames: list[tuple[int, bytes, bool, bool]], code: int
) -> None:
    raw = RawWebSocket(world.listen)
    for opcode, data, final, masked in frames:
        raw.send(opcode, data, final, masked)
    assert raw.close_code() == code
    raw.close()


def test_a_page_of_another_site_cannot_open_a_websocket(world: World) -> None:
    assert RawWebSocket(world.listen, Origin="http://evil.example").status == 403
    assert RawWebSocket(world.listen, Origin=f"http://{world.listen}").status == 101


def test_who_takes_nothing_is_dropped_and_nobody_else_notices(world: World) -> None:
    stalled = connect(world.listen, receive_buffer=4_096)
    stalled.sendall(f"GET /events?after=0 HTTP/1.1\r\nHost: {world.listen}\r\n\r\n".encode())
    other = Events(world.listen, "?after=0")
    assert len(other.numbered(EVENTS)) == EVENTS
    other.close()

    # Of 4 MB it gets what its system and ours hold, and then the end.
    def dropped() -> bool:
        try:
            stalled.send(b"x")
        except OSError:
            return True
        return False

    eventually("the reader that takes nothing is dropped", dropped, 60)
    assert len(read_all(stalled)) < EVENTS * 1_000
    stalled.close()


def test_a_thousand_readers_get_each_event(world: World) -> None:
    readers = [Events(world.listen) for _ in range(1_000)]
    assert {reader.status for reader in readers} == {200}
    assert health(world.listen), "streams leave room for requests"
    first = {reader.numbered(1)[0][0] for reader in readers}
    # Whoever came before the next one saw it; those that came later saw the one after it.
    second = {reader.numbered(1)[0][0] for reader in readers}
    assert len(first) <= 4 and len(second) <= 4 and min(second) > min(first)
    for reader in readers:
        reader.close()


def test_streams_end_with_the_right_to_read_them(world: World) -> None:
    daemon = world.daemon
    unasked = Events(world.listen)
    daemon.call("user.add", {"email": "a@b", "password": "secure123", "role": "viewer"})
    # Nobody reads without a login any more: this ends.
    for _ in unasked:
        pass
    assert Events(world.listen).status == 401
    token = daemon.call("token.create", {"name": "screen", "scopes": ["events"]})["secret"]
    headers = {"Authorization": f"Bearer {token}"}
    events = Events(world.listen, **headers)
    with world.open(**headers) as shown, world.open(f"/ws?access_token={token}") as asked:
        with world.open() as late:
            late.send(json.dumps({"type": "subscribe", "channels": ["events"]}))
            assert said(late, "error")["payload"]["error"] == "unauthorized"
            late.send(json.dumps({"type": "auth", "token": token}))
            assert said(late, "authenticated")["payload"]["name"] == "screen"
            # Prices are not among the token's scopes.
            late.send(json.dumps({"type": "subscribe", "channels": ["quotes:EUR_USD"]}))
            assert said(late, "error")["payload"]["error"] == "forbidden"
        for connection in (shown, asked):
            assert said(connection, "heartbeat")
        daemon.call("token.revoke", {"name": "screen"})
        for _ in events:
            pass
        assert RawWebSocket(world.listen, **headers).status == 401
        nobody = RawWebSocket(world.listen)
        assert nobody.status == 101 and nobody.close_code() == 1008, "it did not say who it is"
        crowd = [RawWebSocket(world.listen) for _ in range(40)]
        assert {socket.status for socket in crowd[:30]} == {101}
        assert crowd[-1].status == 503, "too many have not said who they are"
        for connection in (shown, asked):
            with pytest.raises(Exception, match="1008"):
                said(connection, "nothing")
