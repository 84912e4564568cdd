"""Ways out that begin elsewhere than in a system call: manifests, tokens, and what a state folder holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from daemon import Daemon, eventually

CONFIG = '[supervisor]\npython = "/usr/bin/python3"\n'
IDLE = """
from rbot import Strategy

class Idle(Strategy):
    instruments = ["EUR_USD"]
"""

# Says hello to the gateway with whatever token it is given.
THIEF = """
import json, os, socket, threading, time
from rbot import Strategy

class Thief(Strategy):
    instruments = ["EUR_USD"]

    def on_start(self):
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        path = os.environ["RBOT_STATE_DIR"] + "/token"
        while not os.path.exists(path):
            time.sleep(0.05)
        with open(path) as file:
            token = file.read()
        door = socket.socket(socket.AF_UNIX)
        door.connect(os.environ["RBOT_GATEWAY_SOCKET"])
        params = {"protocol": [1, 1], "token": token, "sdk": "thief", "pid": os.getpid()}
        hello = {"jsonrpc": "2.0", "id": 1, "method": "hello", "params": params}
        door.sendall(json.dumps(hello).encode() + b"\\n")
        reply = json.loads(door.makefile().readline())
        print("taken" if "result" in reply else reply["error"]["message"], flush=True)
"""


def strategy(name: str, code: str = IDLE, extra: str = "") -> dict[str, str]:
    manifest = f'name = "{name}"\nrun = "strategy.py"\n{extra}\n'
    manifest += '[trading]\nmode = "paper"\nbrokers = ["paper"]\n'
    return {"strategy.toml": manifest, "strategy.py": code}


def opened(daemon: Daemon) -> Daemon:
    daemon.folder.chmod(0o755)
    return daemon


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("read", "/"),
        ("read", "/proc"),
        ("write", "../other"),
        ("write", "/usr/lib"),
        ("write", "strategy.toml"),
        ("read", "link"),
    ],
)
def test_a_manifest_opens_nothing_of_others(key: str, path: str) -> None:
    daemon = Daemon({"other": strategy("other")}, config=CONFIG)
    daemon.add("greedy", strategy("greedy", extra=f'[sandbox]\n{key} = ["{path}"]'))
    (daemon.strategies / "greedy" / "link").symlink_to(daemon.strategies / "other")
    with opened(daemon):
        status = daemon.wait_ready("other")
        (error,) = status["errors"]
        assert error["message"].startswith(f"sandbox.{key}: {path} "), error
        assert not [one for one in status["strategies"] if one["name"] == "greedy" and one["pid"]]


def test_a_stolen_token_is_refused_while_its_owner_is_connected() -> None:
    daemon = Daemon(
        {"victim": strategy("victim"), "thief": strategy("thief", THIEF)}, config=CONFIG
    )
    with opened(daemon):
        status = daemon.wait_ready("victim", "thief")
        pids = {one["name"]: one["pid"] for one in status["strategies"]}
        variables = Path(f"/proc/{pids['victim']}/environ").read_bytes().split(b"\0")
        token = next(one for one in variables if one.startswith(b"RBOT_TOKEN=")).partition(b"=")[2]
        target = daemon.home / "state" / "thief" / "token"
        fresh = target.with_suffix(".new")
        fresh.write_bytes(token)
        fresh.chmod(0o644)
        fresh.rename(target)

        def said() -> str | None:
            lines = [one["message"] for one in daemon.logs("thief") if one["stream"] == "stdout"]
            return lines[0] if lines else None

        reply = eventually("it has said hello", said, 30)
        assert reply == "victim is connected already"


@pytest.mark.skipif(os.geteuid() != 0, reason="users of their own take root")
def test_the_hand_over_of_a_state_folder_follows_no_link_out_of_it() -> None:
    daemon = Daemon({"heir": strategy("heir")}, config=CONFIG)
    secret = daemon.folder / "secret"
    secret.write_text("not the heir's")
    other = daemon.folder / "folder"
    other.mkdir()
    (other / "inner").touch()
    state = daemon.home / "state" / "heir"
    state.mkdir(parents=True)
    (state / "own").touch()
    (state / "link").symlink_to(secret)
    (state / "folder").symlink_to(other)
    os.link(secret, state / "hard")
    with opened(daemon):
        pid = daemon.wait_ready("heir")["strategies"][0]["pid"]
        user = Path(f"/proc/{pid}").stat().st_uid
        assert user != 0 and state.stat().st_uid == user and (state / "own").stat().st_uid == user
        assert {one.stat().st_uid for one in (secret, other, other / "inner")} == {0}
