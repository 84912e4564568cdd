"""Who may look without a login, and when."""

from __future__ import annotations

import http.client
import json
from typing import Any

from daemon import Daemon, eventually


def ask(listen: str, path: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
    """The status, and the answer where it is JSON; a stream is not read."""
    connection = http.client.HTTPConnection(listen, timeout=30)
    try:
        connection.request(
            method, path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        answer = connection.getresponse()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, json.loads(answer.read()) if is_json else None
    finally:
        connection.close()


def listening(daemon: Daemon) -> str:
    eventually("a gateway", lambda: daemon.status()["gateway"]["state"] == "ready")
    listen: str = daemon.status()["gateway"]["listen"]
    return listen


def test_this_machine_may_look_until_there_is_a_user() -> None:
    with Daemon() as daemon:
        listen = listening(daemon)
        assert ask(listen, "/events")[0] == 200
        # What a proxy forwards was not sent on this machine.
        assert ask(listen, "/events", X_Forwarded_For="198.51.100.7")[0] == 401
        assert ask(listen, "/events", Authorization="Bearer none")[0] == 401
        daemon.call("user.add", {"email": "a@b", "password": "secure123", "role": "viewer"})
        status, answer = ask(listen, "/events")
        assert (status, answer["error"]) == (401, "unauthorized")
        token = daemon.call("token.create", {"name": "screen", "scopes": ["events"]})["secret"]
        assert ask(listen, "/events", Authorization=f"Bearer {token}")[0] == 200


def test_everybody_may_look_where_the_settings_say_so() -> None:
    with Daemon(config="anonymous_read = true\n") as daemon:
        listen = listening(daemon)
        daemon.call("user.add", {"email": "a@b", "password": "secure123", "role": "viewer"})
        assert ask(listen, "/events", X_Forwarded_For="198.51.100.7")[0] == 200
        status, answer = ask(listen, "/auth/register", "POST", Content_Type="application/json")
        assert status in (400, 401), answer
