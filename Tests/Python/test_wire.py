"""The golden messages, the limits, and the parts that need no process."""

from __future__ import annotations

import base64
import json
import socket
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes import ROOT
from rbot import (
    ATR,
    EMA,
    RSI,
    SMA,
    BasketResult,
    Momentum,
    OrderRefused,
    ProtocolError,
    TrailByRange,
    to_decimal,
    wire,
)
from rbot.decimals import decimal_text
from rbot.model import Account, Candle, Fill, Instrument, Order, Position, Quote
from rbot.outbox import QUEUE_MESSAGES, Outbox
from rbot.times import parse_time, time_text

GOLDEN = ROOT / "Tests" / "Fixtures" / "wire"


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


MESSAGES = [
    pytest.param(row, id=f"{path.stem}: {row['about']}")
    for path in sorted(GOLDEN.glob("*.jsonl"))
    if path.stem != "invalid"
    for row in rows(path)
]
INVALID = [pytest.param(row, id=row["about"]) for row in rows(GOLDEN / "invalid.jsonl")]


@pytest.mark.parametrize("row", MESSAGES)
def test_a_golden_message_survives_the_round_trip(row: dict[str, Any]) -> None:
    assert set(row) == {"about", "direction", "message"}
    message = row["message"]
    assert message["jsonrpc"] == "2.0"
    line = wire.encode(message)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert wire.decode(line[:-1]) == json.loads(line, parse_float=Decimal)
    known: dict[str, Any] = {"order": Order, "fill": Fill, "account": Account}
    body = message.get("result") or message.get("params") or {}
    for key, kind in known.items():
        if isinstance(body, dict) and isinstance(body.get(key), dict):
            kind.from_wire(body[key])
    if message.get("method") == "quote":
        assert Quote(body).bid < Quote(body).ask
    if message.get("method") == "candle":
        assert Candle.from_wire(body).low <= Candle.from_wire(body).high
    if message.get("method") == "order.place" and "momentum" in body:
        assert body["trail_atr"] == TrailByRange("M1", "2.5").to_wire()
        assert body["momentum"] == Momentum("S30", 3, "0.5", "0.001").to_wire()
    if isinstance(body, dict):
        from_gateway = row["direction"] == "gateway→worker"
        for data in body.get("results") or [] if from_gateway else []:
            result = BasketResult.from_wire(data)
            assert (result.order is None) == (result.refused is not None)
        for data in body.get("instruments") or []:
            if isinstance(data, dict):
                assert Instrument.from_wire(data).tick > 0
        for data in body.get("positions") or []:
            assert Position.from_wire(data).units == Decimal("-1000")
    if "error" in message:
        error = wire.failure(message["error"])
        assert error.message == message["error"]["message"]
        assert isinstance(error, OrderRefused) == (message["error"]["code"] == -32000)


@pytest.mark.parametrize("row", INVALID)
def test_an_invalid_line_is_refused(row: dict[str, Any]) -> None:
    line = base64.b64decode(row["line"])
    not_an_object = row["code"] == -32600 and not line.startswith(b"{")
    if row["code"] == -32700 or not_an_object:
        with pytest.raises(ProtocolError):
            wire.decode(line)
    else:
        # A client takes any object: whether a request makes sense is for the server to say.
        wire.decode(line)


def test_a_message_of_exactly_the_limit_passes_and_one_more_byte_does_not() -> None:
    body = b'{"a":"' + b"x" * (wire.MESSAGE_BYTES - 8) + b'"}'
    assert len(body) == wire.MESSAGE_BYTES
    wire.decode(body)
    with pytest.raises(ProtocolError):
        wire.decode(body + b" ")


def test_nesting_of_exactly_the_limit_passes() -> None:
    wire.decode(b'{"a":' + b"[" * 63 + b"]" * 63 + b"}")
    with pytest.raises(ProtocolError):
        wire.decode(b'{"a":' + b"[" * 64 + b"]" * 64 + b"}")
    wire.decode(b'{"a":"' + b"[" * 200 + b'"}')


def test_numbers_are_read_from_their_digits() -> None:
    assert wire.decode(b'{"a":0.1000000000000000055}')["a"] == Decimal("0.1000000000000000055")


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lines_are_cut_wherever_the_stream_is_cut(size: int) -> None:
    stream = b'{"a":1}\n{"b":"\xc3\xbc"}\n\n{"c":3}\n{"d"'
    buffer = wire.LineBuffer()
    lines = [
        one for at in range(0, len(stream), size) for one in buffer.feed(stream[at : at + size])
    ]
    assert lines == [b'{"a":1}', b'{"b":"\xc3\xbc"}', b"", b'{"c":3}']


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.1655, "1.1655"),
        (Decimal("1E+3"), "1000"),
        (1e-7, "0.0000001"),
        ("1.16550", "1.16550"),
        (1000, "1000"),
        (Decimal("1." + "0" * 30), "1"),
    ],
)
def test_numbers_are_sent_as_plain_digits(value: Any, text: str) -> None:
    assert decimal_text(value) == text


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "NaN", "Infinity", "many", Decimal("-Infinity"), 1e-30]
)
def test_what_is_no_finite_number_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ValueError, match="stop_loss"):
        decimal_text(value, "stop_loss")


@pytest.mark.parametrize("value", [True, None, [1]])
def test_what_is_no_number_at_all_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="units"):
        to_decimal(value, "units")


def test_times_are_read_to_the_microsecond() -> None:
    text = "2026-11-21T11:55:27.021050Z"
    assert time_text(parse_time(text)) == text
    assert time_text(parse_time("2026-11-21T12:55:27+01:00")) == "2026-11-21T11:55:27.000000Z"
    assert parse_time("2026-11-21T11:55:27.123456789Z").microsecond == 123456
    with pytest.raises(ValueError):
        parse_time("yesterday")


def test_an_instrument_rounds_to_what_the_gateway_takes() -> None:
    pound = Instrument("GBP_USD", "GBP", "USD", 5, 0, Decimal(1))
    assert str(pound.round_price(1.234567)) == "1.23457"
    assert str(pound.round_units("12.7")) == "13"


def test_indicators_wait_until_they_know_enough() -> None:
    average = EMA(3)
    assert [average.update(value) for value in (1, 2, 3, 4)] == [None, None, 2.0, 3.0]
    assert [SMA(2).update(1), SMA(1).update(5)] == [None, 5.0]
    span = ATR(2)
    assert span.update(2, 1, 1.5) is None
    assert span.update(4, 3, 3.5) == pytest.approx(1.75)
    assert span.update(4, 3, 3.5) == pytest.approx(1.375)
    strength = RSI(2)
    assert [strength.update(value) for value in (1, 2)] == [None, None]
    assert strength.update(3) == 100.0
    assert strength.update(2) == pytest.approx(50.0)


def test_a_full_outbox_drops_the_oldest_counts_them_and_says_so() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    box = Outbox(ours, lambda count: b"dropped %d\n" % count)
    total = QUEUE_MESSAGES + 5000
    for number in range(total):
        box.put(b"%d\n" % number)
    box.put_urgent(b"heartbeat\n")
    received = b""
    while not box.flush():
        received += theirs.recv(1 << 20)
    ours.close()
    while data := theirs.recv(1 << 20):
        received += data
    theirs.close()
    lines = received.decode().splitlines()
    assert lines[0] == "heartbeat"
    assert lines[1:-1] == [str(number) for number in range(5000, total)]
    assert lines[-1] == "dropped 5000"
    assert box.dropped == 5000


def test_a_blocked_outbox_never_blocks_its_caller() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    box = Outbox(ours, lambda count: b"")
    for _ in range(2000):
        box.put(b"x" * 4095 + b"\n")
        box.flush()
    assert not box.flush()
    assert box.dropped > 0
    theirs.close()
    assert box.flush()
    assert box.closed
    ours.close()
