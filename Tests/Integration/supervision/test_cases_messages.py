"""Workers that say what is not theirs to say."""

from __future__ import annotations

from daemon import Daemon, eventually
from samples import command as program
from workers import good, said, state, worker

IMPOSTOR = """
import json, os, socket, sys, time

def ask(peer, method, params):
    peer.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\\n")
    return peer.recv(65536)

def say(method, **params):
    os.write(3, json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode() + b"\\n")

own = socket.socket(fileno=3)
own.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":[1,1],"sdk":"x","strategy":"victim"}}\\n')
print("supervisor", own.recv(65536).decode().strip(), flush=True)
say("ready", strategy="victim", generation=99)
say("log", level="info", message="in another's name", strategy="victim")
for token in ("00", "0" * 64, os.environ["RBOT_TOKEN"][:-1] + "x", ""):
    gateway = socket.socket(socket.AF_UNIX)
    gateway.connect(os.environ["RBOT_GATEWAY_SOCKET"])
    reply = ask(gateway, "hello", {"protocol": [1, 1], "token": token, "strategy": "victim", "sdk": "x"})
    print("gateway", reply.decode().strip(), flush=True)
gateway = socket.socket(socket.AF_UNIX)
gateway.connect(os.environ["RBOT_GATEWAY_SOCKET"])
hello = {"protocol": [1, 1], "token": os.environ["RBOT_TOKEN"], "strategy": "victim", "sdk": "x"}
print("greeted", ask(gateway, "hello", hello).decode().strip(), flush=True)
print("tried all", flush=True)
while True:
    say("heartbeat", progress=1)
    time.sleep(0.2)
"""


def test_nobody_speaks_in_anothers_name() -> None:
    """Case 28: a name, and a token."""
    impostor = program("impostor", ["python3", "worker.py"], files={"worker.py": IMPOSTOR})
    with Daemon({"impostor": impostor, "victim": good("victim")}) as daemon:
        victim = state(daemon, "victim", "ready")
        said(daemon, "impostor", "tried all", 30)
        lines = [item["message"] for item in daemon.logs("impostor") if item["stream"] == "stdout"]
        told = [line for line in lines if line.startswith("supervisor")][0]
        assert '"strategy":"impostor"' in told and "victim" not in told
        refused = [line for line in lines if line.startswith("gateway")]
        assert len(refused) == 4 and all(
            "unknown_token" in line or "-326" in line for line in refused
        ), lines
        greeted = [line for line in lines if line.startswith("greeted")][0]
        assert '"strategy":"impostor"' in greeted and "victim" not in greeted
        assert not any("in another's name" in item["message"] for item in daemon.logs("victim"))
        assert any("in another's name" in item["message"] for item in daemon.logs("impostor"))
        after = daemon.strategy("victim")
        assert (after["pid"], after["generation"], after["ignored_messages"]) == (
            victim["pid"],
            1,
            0,
        )
        assert daemon.strategy("impostor")["generation"] == 1
        eventually(
            "the refusal is logged",
            lambda: any("token" in i["message"] for i in daemon.logs("gateway")),
            5,
        )


def test_a_ready_without_a_hello_is_forged_and_refused() -> None:
    """Case 28: a forged `ready`."""
    forger = worker("forger", "ready", "hang", extra='[restart]\npolicy = "never"\n')
    with Daemon({"forger": forger}) as daemon:
        failed = state(daemon, "forger", "failed")
        assert failed["last_exit"]["signal"] == 9
        assert "control channel" in failed["reason"]
        steps = [item["message"] for item in daemon.logs("forger") if "→" in item["message"]]
        assert not any(step.endswith("→ ready") for step in steps), steps
