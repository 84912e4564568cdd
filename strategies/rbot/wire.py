"""Messages as lines: JSON-RPC 2.0, one message per line, within the limits of the protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Union

from .errors import OrderRefused, ProtocolError, RequestFailed
from .times import time_text

PROTOCOL = 1
"""The only protocol version that this SDK speaks."""
SDK = "rbot-python/0.1.0"
"""How the SDK introduces itself in ``hello``."""
MESSAGE_BYTES = 1_048_576
"""A message may be this long, its line feed not counted."""
NESTING = 64
"""Objects and arrays may be this deep."""

Json = dict[str, Any]
Params = Union[Mapping[str, Any], Sequence[Any]]

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
INTERNAL_ERROR, REFUSED, NO_COMMON_VERSION, HELLO_REQUIRED = -32603, -32000, -32010, -32011


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


# One scanner for all messages: json.loads with arguments would build a decoder for each line.
_decoder: Any = json.JSONDecoder(parse_float=Decimal, parse_constant=_constant)
_scan = _decoder.scan_once


def _default(value: object) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return time_text(value)
    return str(value)


_encode = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_default
).encode


def decode(line: bytes) -> Json:
    """One line (without its line feed) as a message.

    Raises :class:`ProtocolError` when it is too long, too deep, not UTF-8, not JSON or no object.
    """
    if len(line) > MESSAGE_BYTES:
        raise ProtocolError(f"a message is longer than {MESSAGE_BYTES} bytes")
    # Only a line with that many brackets can be too deep, so the exact count is rarely made.
    if line.count(b"{") + line.count(b"[") > NESTING and _depth(line) > NESTING:
        raise ProtocolError(f"a message nests deeper than {NESTING}")
    try:
        text = line.decode("utf-8").strip(" \t\r")
        message, end = _scan(text, 0)
    except UnicodeDecodeError:
        raise ProtocolError("a message is not UTF-8") from None
    except (StopIteration, ValueError, ArithmeticError, RecursionError):
        raise ProtocolError("a message is not JSON") from None
    if end != len(text):
        raise ProtocolError("a message is not JSON: there is more behind its end")
    if type(message) is not dict:
        raise ProtocolError("a message is not an object")
    return message


def _depth(line: bytes) -> int:
    deepest = depth = 0
    in_text = escaped = False
    for byte in line:
        if in_text:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_text = False
        elif byte == 0x22:
            in_text = True
        elif byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"}]":
            depth -= 1
    return deepest


def encode(message: Mapping[str, Any]) -> bytes:
    """A message as a line, its line feed included.

    Decimals and times become text. Raises :class:`ProtocolError` when it would be too long or
    holds NaN or infinity.
    """
    try:
        # "replace": a lone surrogate in a strategy's text must not end the strategy.
        line = _encode(message).encode("utf-8", "replace")
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a message cannot be sent: {error}") from None
    if len(line) > MESSAGE_BYTES:
        raise ProtocolError(f"a message would be longer than {MESSAGE_BYTES} bytes")
    return line + b"\n"


def notification(method: str, params: Params) -> bytes:
    """A message that wants no reply, as a line."""
    return encode({"jsonrpc": "2.0", "method": method, "params": params})


def request(number: int, method: str, params: Params) -> bytes:
    """A message that wants the reply with the same ``id``, as a line."""
    return encode({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def unknown_method(number: Any, method: object) -> bytes:
    """The reply to a request that this SDK does not serve, as a line."""
    error = {"code": METHOD_NOT_FOUND, "message": f"a strategy does not serve {method!r}"}
    return encode({"jsonrpc": "2.0", "id": number, "error": error})


def failure(error: object) -> RequestFailed:
    """The ``error`` object of a reply as an exception; whatever its shape."""
    if not isinstance(error, dict):
        return RequestFailed(INTERNAL_ERROR, "the peer answered with an error that is no object")
    code = error.get("code")
    message = str(error.get("message") or "refused without a message")
    data = error.get("data")
    reason = str(data.get("reason") or "") if isinstance(data, dict) else ""
    kind = OrderRefused if code == REFUSED else RequestFailed
    return kind(code if isinstance(code, int) else INTERNAL_ERROR, message, reason)


class LineBuffer:
    """Cuts a stream of bytes into lines. Holds at most one unfinished message."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that ``data`` completes, without their line feeds."""
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MESSAGE_BYTES:
            # Handed out as it is: decode() refuses it, and the connection closes.
            lines.append(self._rest)
            self._rest = b""
        return lines
