"""Clients that mean harm or know no better: each is answered or dropped, and others are served meanwhile."""

from __future__ import annotations

import contextlib
import http.client
import re
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon import Daemon, eventually
from wire import answered, connect, health, listening, read_all

SETTINGS = """[http]
connections = 100
request_timeout = "2s"
idle_timeout = "4s"
reads_per_second = 100
orders_per_second = 5
"""


class Gateway:
    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.listen = listening(daemon)
        self.pid: int = daemon.status()["gateway"]["pid"]

    @property
    def megabytes(self) -> float:
        text = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", text)
        assert found
        return int(found[1]) / 1024

    def lines(self, *lines: str) -> bytes:
        return "\r\n".join([*lines, f"Host: {self.listen}", "", ""]).encode()


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Daemon(config=SETTINGS) as daemon:
        gateway = Gateway(daemon)
        yield gateway
        assert gateway.pid == daemon.status()["gateway"]["pid"], "it lived through all of this"


def test_ten_thousand_connections_that_say_nothing_keep_nobody_out(gateway: Gateway) -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    count = min(10_000, limit[1] - 200)
    before = gateway.megabytes
    idle: list[socket.socket] = []
    try:
        for number in range(count):
            idle.append(connect(gateway.listen))
            if number % 1_000 == 999:
                assert health(gateway.listen), f"after {number} connections"
        assert gateway.megabytes - before < 60
        # Those that found a place say nothing in time, and lose it.
        for client in idle[-200:]:
            assert read_all(client) == b""
    finally:
        for client in idle:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


def test_a_request_that_comes_in_drops_is_cut_off(gateway: Gateway) -> None:
    starts = [
        gateway.lines("GET /health HTTP/1.1")[:-4],
        gateway.lines("POST /auth/login HTTP/1.1", "Content-Length: 1000"),
        gateway.lines("POST /auth/login HTTP/1.1", "Transfer-Encoding: chunked") + b"3e8\r\n",
    ]
    clients = [connect(gateway.listen) for _ in starts]
    for client, start in zip(clients, starts, strict=True):
        client.sendall(start)

    def all_gone() -> bool:
        for client in list(clients):
            try:
                client.send(b"x")
            except OSError:
                clients.remove(client)
        return not clients

    eventually("the slow requests are cut off", all_gone, 60)
    assert health(gateway.listen)


def test_a_connection_serves_request_after_request_until_it_is_idle(gateway: Gateway) -> None:
    client = connect(gateway.listen)
    request = gateway.lines("GET /health HTTP/1.1")
    client.sendall(request * 20)
    # All at once, answered one by one in order; then nothing, and its time is up.
    assert read_all(client).count(b"HTTP/1.1 200 OK") == 20
    client.close()


@pytest.mark.parametrize(
    "lines",
    [
        ["\x00\x01\x02"],
        ["GET"],
        ["GET /health"],
        ["GET /health HTTP/9.9"],
        ["G@T /health HTTP/1.1"],
        ["GET health HTTP/1.1"],
        ["GET /health HTTP/1.1", "No colon"],
        ["GET /health HTTP/1.1", "Space : before"],
        ["GET /health HTTP/1.1", ": nameless"],
        ["GET /health HTTP/1.1", "Bad: \x00"],
        ["GET /health HTTP/1.1", "X: " + "x" * 20_000],
        ["GET /health HTTP/1.1", *[f"X-{n}: x" for n in range(200)]],
        ["GET /" + "x" * 20_000 + " HTTP/1.1"],
        ["POST /auth/login HTTP/1.1", "Content-Length: -5"],
        ["POST /auth/login HTTP/1.1", "Content-Length: 99999999999999999999"],
        ["POST /auth/login HTTP/1.1", "Content-Length: 1, 2"],
        ["PRI * HTTP/2.0"],
    ],
)
def test_what_is_no_request_is_answered_with_an_error_or_dropped(
    gateway: Gateway, lines: list[str]
) -> None:
    answer = answered(gateway.listen, gateway.lines(*lines))
    assert answer == b"" or re.match(rb"HTTP/1\.1 4\d\d ", answer), answer[:200]
    assert health(gateway.listen)


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 4", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 4"],
        ["Content-Length: 4", "Content-Length: 40"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding : chunked"],
        ["Transfer-Encoding:\x0bchunked", "Content-Length: 4"],
    ],
)
def test_a_body_of_two_lengths_smuggles_nothing_in(gateway: Gateway, lines: list[str]) -> None:
    hidden = gateway.lines("GET /health HTTP/1.1")
    body = b"0\r\n\r\n" + hidden
    answer = answered(gateway.listen, gateway.lines("POST /nothing HTTP/1.1", *lines) + body)
    assert b" 200 OK" not in answer, answer[:500]
    assert health(gateway.listen)


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\n", b"ffffffffffffffffff\r\n", b"5\r\nabc", b"3\r\nabcdef\r\n0\r\n\r\n", b"-1\r\n\r\n"],
)
def test_chunks_that_are_none_are_refused(gateway: Gateway, chunks: bytes) -> None:
    head = gateway.lines("POST /auth/login HTTP/1.1", "Transfer-Encoding: chunked")
    answer = answered(gateway.listen, head + chunks)
    assert answer == b"" or re.match(rb"HTTP/1\.1 4\d\d ", answer), answer[:200]


def test_a_body_without_end_is_refused_and_not_kept(gateway: Gateway) -> None:
    before = gateway.megabytes
    client = connect(gateway.listen)
    client.sendall(gateway.lines("POST /auth/login HTTP/1.1", "Transfer-Encoding: chunked"))
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with contextlib.suppress(OSError):
        for _ in range(2_000):
            client.sendall(chunk)
        pytest.fail("it took 130 MB")
    client.close()
    assert gateway.megabytes - before < 40
    assert health(gateway.listen)


def test_whoever_asks_too_often_is_told_when_to_come_back(gateway: Gateway) -> None:
    listen = gateway.listen
    connection = http.client.HTTPConnection(listen, timeout=60)

    def flood(method: str, path: str) -> http.client.HTTPResponse:
        for _ in range(5_000):
            connection.request(method, path)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 429:
                return answer
        raise AssertionError("it was never too much")

    for method, path in (("POST", "/orders"), ("GET", "/nothing")):
        answer = flood(method, path)
        assert int(answer.headers["Retry-After"]) >= 1
    # Whether it lives can be asked at any time.
    assert health(listen)
    connection.close()
