"""A client of the gateway's HTTP, for tests."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

from daemon import Daemon, eventually


class ArenaClient:
    """One user of a gateway; each request has a connection of its own."""

    def __init__(self, daemon: Daemon) -> None:
        eventually("a gateway", lambda: daemon.status()["gateway"]["state"] == "ready", 60)
        self.listen: str = daemon.status()["gateway"]["listen"]
        self.headers: dict[str, str] = {}

    def login(self, email: str, password: str) -> ArenaClient:
        """Sends this user's token from now on."""
        session = self.json("POST", "/auth/login", {"email": email, "password": password})
        self.headers["Authorization"] = f"Bearer {session['access_token']}"
        return self

    def open(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> http.client.HTTPResponse:
        """The answer, not read yet."""
        connection = http.client.HTTPConnection(self.listen, timeout=60)
        text = None if body is None else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, text, {**self.headers, **named})
        return connection.getresponse()

    def text(self, path: str, **headers: str) -> str:
        """The text of a good answer."""
        with self.open("GET", path, **headers) as answer:
            text = answer.read().decode()
            assert answer.status == 200, text
            return text

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the JSON of any answer."""
        with self.open(method, path, body) as answer:
            return answer.status, json.loads(answer.read())

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a good answer."""
        status, answer = self.ask(method, path, body)
        assert status < 300 and answer["ok"] is True, (status, answer)
        return answer

    def get(self, path: str) -> Any:
        return self.json("GET", path)

    def follow(self, path: str, **headers: str) -> Iterator[tuple[str, Any]]:
        """The id and the data of server-sent events."""
        with self.open("GET", path, Accept="text/event-stream", **headers) as answer:
            assert answer.status == 200, answer.read()
            identity = ""
            for line in answer:
                if line.startswith(b"id: "):
                    identity = line[4:].decode().strip()
                elif line.startswith(b"data: "):
                    yield identity, json.loads(line[6:])
