"""curl against a running gateway: what a user's shell does, read back by the tests."""

from __future__ import annotations

import json
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daemon import BIN, Daemon, eventually


@dataclass
class Answer:
    """What curl printed: the status, the headers by small name, the body."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def error(self) -> tuple[int, str]:
        """The status and the error's word; the shape that every error has is looked at as well."""
        body = self.json
        assert set(body) >= {"ok", "error", "message", "request_id"}, body
        assert body["ok"] is False and body["message"], body
        return self.status, body["error"]


def curl(command: str, timeout: float = 60) -> Answer:
    """Runs `curl COMMAND`, written as one would in a shell."""
    run = subprocess.run(
        ["curl", "-sS", "-i", *shlex.split(command)],
        capture_output=True,
        timeout=timeout,
        check=True,
    )
    head, _, body = run.stdout.decode().partition("\r\n\r\n")
    if head.startswith("HTTP/1.1 100"):
        head, _, body = body.partition("\r\n\r\n")
    lines = head.split("\r\n")
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines[1:])}
    return Answer(int(lines[0].split()[1]), headers, body)


@dataclass
class Arena:
    """A gateway with one trader, as the requirements' shell has it: `$H` and `$TOK`."""

    daemon: Daemon
    here: str = ""
    token: str = ""
    words: dict[str, str] = field(default_factory=dict)

    def run(self, command: str, **words: str) -> Answer:
        """`curl COMMAND`, with the requirements' address, token and a few more words put in."""
        for old, new in {**self.words, **words}.items():
            command = command.replace(old, new)
        return curl(command)

    def get(self, path: str) -> Answer:
        return self.run(f"'{self.here}{path}' -H 'Authorization: Bearer {self.token}'")

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        data = "" if body is None else f"-d {shlex.quote(json.dumps(body))}"
        header = f"-H 'Authorization: Bearer {self.token}'"
        return self.run(f"-X {method} '{self.here}{path}' {header} {data}")

    def find_gateway(self) -> None:
        ready = eventually(
            "a gateway",
            lambda: (gateway := self.daemon.status()["gateway"])["state"] == "ready" and gateway,
            120,
        )
        self.here = f"http://{ready['listen']}"
        self.words["http://127.0.0.1:8787"] = self.here

    def events(self, *types: str) -> list[dict[str, Any]]:
        """The stored events of these types, oldest first."""
        with closing(sqlite3.connect(self.daemon.home / "trading.sqlite")) as database:
            rows = database.execute(
                "SELECT source, type, payload FROM events ORDER BY seq"
            ).fetchall()
        return [
            {"source": source, "type": kind, "payload": json.loads(payload)}
            for source, kind, payload in rows
            if not types or kind in types
        ]


PIN = "841921"
QUOTES = """ts_ms,instrument,bid,ask
1760637000000,EUR_USD,1.16640,1.16650
1760637000100,USD_JPY,151.800,151.811
1760637000200,BTC-USD,42495.50,42500.50
1760723400000,EUR_USD,1.16640,1.16650
"""


@contextmanager
def arena(folder: Path, quotes: str = QUOTES, **options: Any) -> Iterator[Arena]:
    """A market that stands still at the requirements' prices, with a trader and the PIN."""
    file = folder / "quotes.csv"
    file.write_text(quotes)
    with Daemon(feed=f"replay:{file}@1", **options) as daemon:
        shell = Arena(daemon)
        shell.find_gateway()
        shell.run(
            "-X POST http://127.0.0.1:8787/auth/register "
            """-d '{"email":"trader@local","password":"pass","role":"trader"}' """
            "-H 'content-type: application/json'"
        )
        login = shell.run(
            "-X POST http://127.0.0.1:8787/auth/login "
            """-d '{"email":"trader@local","password":"pass"}' -H 'content-type: application/json'"""
        )
        shell.token = login.json["access_token"]
        shell.words.update({"<token>": shell.token, "<JWT>": shell.token, "$TOKEN": shell.token})
        shell.words["$TOK"] = shell.token
        set_pin(daemon)
        count = quotes.count("\n") - 2
        eventually("the quotes", lambda: shell.get("/health").json["feed"]["quotes"] >= count, 60)
        yield shell


def set_pin(daemon: Daemon) -> None:
    subprocess.run(
        [str(BIN / "rbotctl"), "--home", str(daemon.home), "pin", "set"],
        input=PIN,
        text=True,
        check=True,
        capture_output=True,
        timeout=60,
    )
