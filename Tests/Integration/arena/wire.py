"""HTTP and WebSocket byte by byte, as no well-behaved client would do it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import sqlite3
import struct
from collections.abc import Iterator
from typing import Any

from daemon import Daemon, eventually


def listening(daemon: Daemon) -> str:
    daemon.wait_ready()
    listen: str = daemon.status()["gateway"]["listen"]
    return listen


def with_events(daemon: Daemon, count: int, size: int) -> str:
    """Starts a daemon whose log has so many events of so many bytes; where it listens."""
    daemon.start()
    listening(daemon)
    daemon.stop()
    with contextlib.closing(sqlite3.connect(daemon.home / "trading.sqlite")) as database:
        first = database.execute("SELECT coalesce(max(seq), 0) + 1 FROM events").fetchone()[0]
        rows = [
            (first + n, "test", "even" if n % 2 == 0 else "odd", None, payload(n, size), n)
            for n in range(count)
        ]
        insert = (
            "INSERT INTO events (seq, source, type, strategy, payload, ts) VALUES (?,?,?,?,?,?)"
        )
        database.executemany(insert, rows)
        database.commit()
    daemon.start()
    return listening(daemon)


def payload(number: int, size: int) -> str:
    return json.dumps({"n": number, "padding": "x" * size})


def connect(listen: str, receive_buffer: int = 0) -> socket.socket:
    host, port = listen.rsplit(":", 1)
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(60)
    client.connect((host, int(port)))
    return client


def read_all(client: socket.socket) -> bytes:
    """What comes until the end; a connection that is cut off has an end too."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while data := client.recv(65_536):
            found += data
    return found


def answered(listen: str, request: bytes) -> bytes:
    """All that a request on a connection of its own gets; the server has to close it."""
    with contextlib.closing(connect(listen)) as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(request)
        return read_all(client)


def health(listen: str) -> bool:
    """Whether somebody who behaves is served."""
    request = f"GET /health HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n"
    return answered(listen, request.encode()).startswith(b"HTTP/1.1 200")


class Events:
    """A reader of server-sent events."""

    def __init__(self, listen: str, query: str = "", **headers: str) -> None:
        self.socket = connect(listen)
        lines = [f"GET /events{query} HTTP/1.1", f"Host: {listen}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.lines = self.socket.makefile("rb")
        self.status = int(self.lines.readline().split()[1])
        while self.lines.readline().strip():
            pass

    def __iter__(self) -> Iterator[tuple[int | None, dict[str, Any]]]:
        """Each event with its number; ends with the stream."""
        number = None
        while size := int(self.lines.readline() or b"0", 16):
            for line in self.lines.read(size + 2).splitlines():
                if line.startswith(b"id: "):
                    number = int(line[4:])
                elif line.startswith(b"data: "):
                    yield number, json.loads(line[6:])
                    number = None

    def numbered(self, count: int) -> list[tuple[int, dict[str, Any]]]:
        """So many events of the log; heartbeats are passed over."""
        found = []
        for number, event in self:
            if number is not None:
                found.append((number, event))
                if len(found) == count:
                    break
        return found

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


class RawWebSocket:
    """A WebSocket that sends what it likes."""

    def __init__(self, listen: str, path: str = "/ws", **headers: str) -> None:
        self.socket = connect(listen)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {listen}", "Upgrade: websocket"]
        lines += ["Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        while self.stream.readline().strip():
            pass

    def send(self, opcode: int, data: bytes, final: bool = True, masked: bool = True) -> None:
        head = bytes([(0x80 if final else 0) | opcode])
        bit = 0x80 if masked else 0
        if len(data) < 126:
            head += bytes([bit | len(data)])
        elif len(data) < 65_536:
            head += bytes([bit | 126]) + struct.pack(">H", len(data))
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", len(data))
        # A mask of zeros is a mask.
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(head + (bytes(4) if masked else b"") + data)

    def close_code(self) -> int:
        """The code of the close frame that ends it; 0 where it ends without."""
        code = 0
        with contextlib.suppress(ConnectionError):
            while head := self.stream.read(2):
                length = head[1] & 0x7F
                if length > 125:
                    length = int.from_bytes(self.stream.read(2 if length == 126 else 8), "big")
                data = self.stream.read(length)
                if head[0] & 0x0F == 8:
                    code = int.from_bytes(data[:2], "big")
        return code

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


__all__ = [
    "Events",
    "RawWebSocket",
    "answered",
    "connect",
    "eventually",
    "health",
    "listening",
    "read_all",
    "with_events",
]
