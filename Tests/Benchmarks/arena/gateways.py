"""What an order costs at the gateway, beside other servers that are loaded by the same program in the same run.

- ours: `POST /orders` with a login and the PIN at a real rbotd, every order durable, its exits and events too;
- ours over the Unix socket of the workers, one order at a time and with 64 under way;
- FastAPI and uvicorn, the same job in memory, and with one SQLite commit for each order;
- nginx, which only says the bytes of an answer: what HTTP alone costs here;
- a server in C with one row in SQLite for each request, a commit each, and in groups of up to 64.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daemon import BIN, ROOT, Daemon, eventually
from measure import resident

HERE = Path(__file__).resolve().parent
VENV = ROOT / ".venv-bench"
PIN = "246810"
BODIES = [
    {"symbol": "EUR_USD", "side": "buy", "qty": 1000, "sl": 0.5, "tp": 2.5, "pin": PIN},
    {"symbol": "EUR_USD", "side": "sell", "qty": 1000, "sl": 2.5, "tp": 0.5, "pin": PIN},
]
Figures = dict[str, float]


class Programs:
    """The load and the floor, compiled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def build(self, name: str) -> Path:
        target = self.folder / name
        command = ["cc", "-O2", "-o", str(target), str(HERE / f"{name}.c"), "-lsqlite3"]
        subprocess.run(command, check=True)
        return target


def post(load: Path, port: int, connections: int, count: int, token: str) -> dict[str, float]:
    """Loads `POST /orders` of whatever listens on the port."""
    bodies = [json.dumps(body) for body in BODIES]
    headers = f"Authorization: Bearer {token}\r\n"
    command = [load, port, "/orders", connections, count, 200, headers, *bodies]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    if found["wrong"]:
        raise RuntimeError(f"{found['wrong']:.0f} wrong answers: {done.stderr}")
    return found


def loaded(name: str, load: Path, port: int, count: int, token: str = "bench") -> Figures:
    """At one connection and at 32, after some that warm caches and prepared statements."""
    figures: Figures = {}
    post(load, port, 1, max(20, count // 20), token)
    for connections in (1, 32):
        orders = count // 4 if connections == 1 else count
        found = post(load, port, connections, orders, token)
        for key in ("p50_us", "p99_us", "per_s"):
            figures[f"post_{name}_{connections}_{key}"] = found[key]
    return figures


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(command: list[object], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server that takes connections on the port."""
    process = subprocess.Popen([str(part) for part in command], start_new_session=True)

    def listens() -> bool:
        if process.poll() is not None:
            raise AssertionError(f"{command[0]} ended with {process.returncode}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        eventually(f"{command[0]} listens", listens)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def floors(load: Path, programs: Programs, folder: Path, count: int) -> Figures:
    server = programs.build("floor_server")
    figures: Figures = {}
    for name, group in (("c_commit_each", 1), ("c_commit_64", 64)):
        port = free_port()
        with serving([server, port, folder / f"{name}.db", group], port):
            figures |= loaded(name, load, port, count)
    return figures


NGINX = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 100000000;
  server {{ listen 127.0.0.1:{port}; default_type application/json; location / {{ return 200 '{answer}'; }} }}
}}
"""


def nginx(load: Path, folder: Path, count: int, answer: str) -> Figures:
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not program:
        print("  nginx is not installed and left out")
        return {}
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, answer=answer))
    with serving([program, "-c", config, "-p", folder, "-e", "stderr"], port):
        return loaded("nginx", load, port, count)


def fastapi(load: Path, folder: Path, count: int) -> Figures:
    python = VENV / "bin" / "python3"
    if not (VENV / ".made").exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
            requirements = HERE / "requirements.txt"
            install = [str(python), "-m", "pip", "install", "-q", "-r", str(requirements)]
            subprocess.run(install, check=True)
            (VENV / ".made").touch()
        except (subprocess.CalledProcessError, OSError) as problem:
            print(f"  FastAPI cannot be installed and is left out: {problem}")
            return {}
    figures: Figures = {}
    for name, more in (("fastapi_memory", []), ("fastapi_commit", [folder / "fastapi.db"])):
        port = free_port()
        begin = time.perf_counter()
        with serving([python, HERE / "fastapi_gateway.py", port, *more], port) as process:
            figures[f"post_{name}_ready_ms"] = (time.perf_counter() - begin) * 1e3
            figures |= loaded(name, load, port, count // 4)
            figures[f"post_{name}_memory_mb"] = resident(process.pid)
    return figures


def login(listen: str) -> str:
    body = json.dumps({"email": "bench@local", "password": "bench-246810"}).encode()
    request = urllib.request.Request(
        f"http://{listen}/auth/login", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        token: str = json.loads(answer.read())["access_token"]
        return token


def healthy(daemon: Daemon) -> str | None:
    status = daemon.status()
    if status["gateway"]["state"] != "ready":
        return None
    listen: str = status["gateway"]["listen"]
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{listen}/health"):
        return listen
    return None


def quoted(listen: str, token: str) -> bool:
    """Whether the feed has said a price, so that an order can fill."""
    url = f"http://{listen}/brokers/oanda/prices?instrument=EUR_USD"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status == 200
    except OSError:
        return False


def ours(load: Path, count: int, config: str) -> tuple[Figures, str]:
    """Our figures, and an answer to `POST /orders` as it stands in them."""
    begin = time.perf_counter()
    with Daemon(config=config) as daemon:
        listen: str = eventually("a gateway", lambda: healthy(daemon))
        ready = (time.perf_counter() - begin) * 1e3
        person: dict[str, Any] = {"email": "bench@local", "password": "bench-246810"}
        daemon.call("user.add", {**person, "role": "trader"})
        daemon.call("pin.set", {"pin": PIN})
        token = login(listen)
        eventually("a first quote", lambda: quoted(listen, token))
        figures = {"gateway_ready_ms": ready}
        pid = daemon.status()["gateway"]["pid"]
        figures["gateway_memory_start_mb"] = resident(pid)
        figures |= loaded("gateway", load, int(listen.rsplit(":", 1)[1]), count, token)
        figures["gateway_memory_loaded_mb"] = resident(pid)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(
            f"http://{listen}/orders", json.dumps(BODIES[0]).encode(), headers
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return figures, answer.read().decode()


def desk(load: Path, folder: Path, count: int) -> Figures:
    """Over the workers' socket, without rbotd in between."""
    figures: Figures = {}
    token = hashlib.sha256(b"bench").hexdigest()
    for in_flight in (1, 64):
        home = folder / f"home-{in_flight}"
        home.mkdir(mode=0o700)
        orders = count // 4 if in_flight == 1 else count
        command = [load, BIN / "rbot-gateway", home, token, in_flight, orders]
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, timeout=600
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        found: dict[str, float] = json.loads(done.stdout)
        for key in ("p50_us", "p99_us", "per_s", "cpu_us"):
            figures[f"desk_{in_flight}_{key}"] = found[key]
    return figures


# So that the limits on one user do not measure themselves.
CONFIG = "[http]\norders_per_second = 0\nreads_per_second = 0\n"


def arena(scale: int) -> Figures:
    """All of it, one after the other."""
    count = 40_000 // scale
    with tempfile.TemporaryDirectory(prefix="rbot-arena-") as name:
        folder = Path(name)
        programs = Programs(folder)
        load = programs.build("http_load")
        figures, answer = ours(load, count, CONFIG)
        figures |= desk(programs.build("desk_load"), folder, count)
        figures |= nginx(load, folder, count, answer.strip())
        figures |= floors(load, programs, folder, count)
        figures |= fastapi(load, folder, count)
    return figures
