"""Who may do what over HTTP: users, logins, service tokens, the PIN, the audit log."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import subprocess
from typing import Any

import pytest
from daemon import BIN, Daemon, Refused, eventually


class Client:
    """One client of the gateway's HTTP; reads each answer whole."""

    def __init__(self, daemon: Daemon) -> None:
        eventually("a gateway", lambda: daemon.status()["gateway"]["state"] == "ready")
        self.listen = daemon.status()["gateway"]["listen"]
        self.headers: dict[str, str] = {}

    def post(self, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(self.listen, timeout=30)
        try:
            text = body if isinstance(body, (bytes, str)) else json.dumps(body or {})
            connection.request("POST", path, text, {**self.headers, **headers})
            answer = connection.getresponse()
            self.cookies = answer.headers.get_all("Set-Cookie") or []
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def login(self, email: str, password: str) -> dict[str, Any]:
        status, session = self.post("/auth/login", {"email": email, "password": password})
        assert status == 200, session
        return session

    def may_make_users(self, session: dict[str, Any]) -> int:
        """The status of what only an admin may do, and what does nothing here."""
        wrong = {"email": "nobody", "password": "1234567890"}
        header = f"Bearer {session['access_token']}"
        return self.post("/auth/register", wrong, Authorization=header)[0]


def test_the_first_user_registers_and_the_next_needs_an_admin() -> None:
    with Daemon() as daemon:
        client = Client(daemon)
        trader = {"email": "trader@local", "password": "secure123", "role": "trader"}
        status, answer = client.post("/auth/register", trader)
        assert (status, answer["user"]["role"]) == (201, "trader"), answer
        status, answer = client.post("/auth/register", {**trader, "email": "other@local"})
        assert (status, answer["error"]) == (401, "unauthorized")
        session = client.login("trader@local", "secure123")
        assert session["token_type"] == "bearer" and 890 <= session["expires_in"] <= 900
        assert client.may_make_users(session) == 403
        admin = {"email": "admin@local", "password": "another one", "role": "admin"}
        assert daemon.call("user.add", admin)["user"]["role"] == "admin"
        admin_session = client.login("admin@local", "another one")
        assert client.may_make_users(admin_session) == 400, "he may, but not with such an address"
        # A role counts at once, for a token that is out already.
        daemon.call("user.role", {"email": "trader@local", "role": "admin"})
        assert client.may_make_users(session) == 400
        daemon.call("user.remove", {"email": "trader@local"})
        assert client.may_make_users(session) == 401


def test_a_login_lives_on_a_restart_and_a_stolen_refresh_token_ends_it() -> None:
    with Daemon() as daemon:
        client = Client(daemon)
        daemon.call("user.add", {"email": "a@b", "password": "secure123", "role": "viewer"})
        first = client.login("a@b", "secure123")
        access, refresh = client.cookies
        for cookie in (access, refresh):
            assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        os.kill(daemon.status()["gateway"]["pid"], signal.SIGKILL)
        eventually("another gateway", lambda: daemon.status()["gateway"]["restarts"] == 1)
        client = Client(daemon)
        token = {"refresh_token": first["refresh_token"]}
        status, second = client.post("/auth/refresh", token)
        assert status == 200 and second["refresh_token"] != first["refresh_token"]
        status, answer = client.post("/auth/refresh", token)
        assert (status, answer["error"]) == (401, "token_reused")
        token = {"refresh_token": second["refresh_token"]}
        assert client.post("/auth/refresh", token)[1]["error"] == "token_invalid"
        assert client.may_make_users(second) == 401


def test_a_browser_logs_out_with_its_cookie() -> None:
    with Daemon() as daemon:
        client = Client(daemon)
        daemon.call("user.add", {"email": "a@b", "password": "secure123", "role": "viewer"})
        session = client.login("a@b", "secure123")
        cookie = client.cookies[1].split(";")[0]
        assert client.may_make_users(session) == 403
        assert client.post("/auth/logout", "", Cookie=cookie)[0] == 200
        assert all("Max-Age=0" in item for item in client.cookies)
        assert client.may_make_users(session) == 401


@pytest.mark.parametrize(
    ("body", "headers", "status", "error"),
    [
        ("", {}, 400, "bad_json"),
        ("[]", {}, 400, "bad_json"),
        (b"\xff\xfe", {}, 400, "bad_json"),
        ("[" * 100_000, {}, 400, "bad_json"),
        ('{"email":"a@b"}', {}, 400, "missing_field"),
        ('{"email":5,"password":"x"}', {}, 400, "bad_field"),
        ('{"email":"a@b","password":"x"}', {}, 401, "invalid_credentials"),
        ("x" * 2_000_000, {}, 413, "body_too_large"),
        ("{}", {"Origin": "http://evil.example"}, 403, "wrong_origin"),
        ("{}", {"Host": "evil.example"}, 421, "wrong_host"),
        ("{}", {"Host": "127.evil.example"}, 421, "wrong_host"),
    ],
)
def test_a_bad_login_has_an_answer_that_says_what_is_wrong(
    gateway: Client, body: Any, headers: dict[str, str], status: int, error: str
) -> None:
    found, answer = gateway.post("/auth/login", body, **headers)
    assert (found, answer["ok"], answer["error"]) == (status, False, error)
    assert answer["message"] and answer["request_id"]


@pytest.fixture(scope="module")
def gateway() -> Any:
    with Daemon() as daemon:
        yield Client(daemon)


def test_tries_are_limited_and_say_when_to_come_back(gateway: Client) -> None:
    wrong = {"email": "limited@b", "password": "wrong one"}
    answers = [gateway.post("/auth/login", wrong) for _ in range(12)]
    assert answers[-1][0] == 429 and answers[-1][1]["error"] == "too_many_attempts"


def test_rbotctl_manages_users_tokens_and_the_pin() -> None:
    with Daemon() as daemon:
        Client(daemon)

        def rbotctl(*words: str, stdin: str = "", status: int = 0) -> str:
            command = [str(BIN / "rbotctl"), "--home", str(daemon.home), *words]
            done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60)
            assert done.returncode == status, done.stderr
            return done.stdout + done.stderr

        assert "nobody can log in yet" in rbotctl("user")
        assert "as admin" in rbotctl("user", "add", "a@b", "--role", "admin", stdin="secure123\n")
        assert "last admin" in rbotctl("user", "remove", "a@b", status=1)
        assert "no password" in rbotctl("user", "passwd", "a@b", status=2)
        assert "PIN is set" in rbotctl("pin", "set", stdin="841921\n")
        assert "4 to 12 digits" in rbotctl("pin", "set", stdin="84x\n", status=1)
        made = rbotctl("token", "create", "grafana", "--scope", "read", "--expires", "90d")
        secret = made.split()[0]
        assert secret.startswith("rbot_") and secret not in rbotctl("token")
        assert "no scope" in rbotctl("token", "create", "x", "--scope", "everything", status=1)
        assert rbotctl("token", "rotate", "grafana").split()[0] != secret
        assert "void" in rbotctl("token", "revoke", "grafana")
        actions = [row["action"] for row in json.loads(rbotctl("audit", "--json"))["audit"]]
        assert actions == [
            *("token_revoked", "token_rotated", "token_created", "pin_set", "user_added"),
        ]
        assert "all 5 entries" in rbotctl("audit", "verify")
        said = daemon.said() + (daemon.home / "supervisor.sqlite").read_bytes().decode("latin1")
        for word in ("secure123", "841921", secret):
            assert word not in said
        with sqlite3.connect(daemon.home / "accounts.sqlite") as file:
            file.execute("DROP TRIGGER audit_is_not_changed")
            file.execute("UPDATE audit SET subject = 'nobody' WHERE id = 2")
        assert "entry 2 breaks the chain" in rbotctl("audit", "verify", status=1)


def test_who_it_was_is_the_daemons_to_say() -> None:
    with Daemon() as daemon:
        eventually("a gateway", lambda: daemon.status()["gateway"]["state"] == "ready")
        with pytest.raises(Refused) as refusal:
            daemon.call("user.add", {"email": "a@b", "password": "x", "role": "admin"})
        assert refusal.value.reason == "weak_password"
        daemon.call("pin.set", {"pin": "841921", "by": "somebody else"})
        (row,) = daemon.call("audit.list", {"limit": 1})["audit"]
        assert row["actor"] == f"local:{os.getuid()}"
