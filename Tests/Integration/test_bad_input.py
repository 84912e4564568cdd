"""Bad input: a sentence that says what and where, the exit code set, nothing else harmed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from daemon import BIN, Control, Daemon, Refused, eventually
from samples import COUNTER, IDLE, command, python


def ended(daemon: Daemon, seconds: float = 20) -> tuple[int, str]:
    daemon.start()
    assert daemon.process
    try:
        code = daemon.process.wait(seconds)
        return code, daemon.said()
    finally:
        # One that runs on although it should have ended must not outlive its test.
        daemon.stop()
        shutil.rmtree(daemon.folder)


def test_malformed_toml_names_file_and_line() -> None:
    code, said = ended(Daemon(config="[gateway\nlisten = 1\n"))
    assert code != 0
    assert "rbotd.toml:3: not TOML" in said


def test_an_unknown_key_names_the_nearest_known_one() -> None:
    code, said = ended(Daemon(config="[gateway]\nlissten = 1\n".replace("[gateway]\n", "")))
    assert code != 0
    assert "lissten" in said and "listen" in said


def test_a_missing_feed_file_is_named() -> None:
    daemon = Daemon({"idle": python("idle", IDLE)}, feed="replay:/nowhere/quotes.csv@max")
    code, said = ended(daemon)
    assert code != 0
    assert "/nowhere/quotes.csv" in said


def test_an_unknown_feed_is_refused() -> None:
    code, said = ended(Daemon(feed="telepathy"))
    assert code != 0
    assert "telepathy" in said and "synthetic" in said


def test_a_bad_flag_is_a_usage_error() -> None:
    done = subprocess.run(
        [str(BIN / "rbotd"), "--hom", "/tmp"], capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 2
    assert "--hom" in done.stderr


def test_one_bad_manifest_never_keeps_the_others_from_running() -> None:
    bad = {
        "strategy.toml": 'name = "bad"\nrun = "strategy.py"\n[restart]\npolicy = "sometimes"\n',
        "strategy.py": "",
    }
    daemon = Daemon({"bad": bad, "good": python("good", IDLE)})
    with daemon:
        daemon.wait_ready("good")
        done = daemon.ctl("status")
        assert "strategy.toml" in done.stdout + done.stderr + daemon.said()
        assert "policy" in daemon.said() and "sometimes" in daemon.said()


def test_a_bad_line_of_a_replay_is_named_and_the_rest_plays_on(tmp_path: Path) -> None:
    good = "1398988800{:03d},EUR_USD,1.38694,1.38705\n"
    file = tmp_path / "quotes.csv"
    rows = [good.format(i) for i in range(100)]
    rows[10] = "1398988800010,EUR_USD,x,1.38705\n"
    rows[20] = "1398988800020,EUR_USD,1.39,1.38705\n"
    rows[30] = "garbage\n"
    file.write_text("ts_ms,instrument,bid,ask\n" + "".join(rows))
    with Daemon({"counter": python("counter", COUNTER)}, feed=f"replay:{file}@max") as daemon:
        daemon.wait_ready()
        eventually(
            "the count",
            lambda: any('"counted": 97' in i["message"] for i in daemon.logs("counter")),
        )
        said = " ".join(item["message"] for item in daemon.logs()) + daemon.said()
        for line in (12, 22, 32):
            assert f"quotes.csv:{line}" in said or f"line {line}" in said


def test_a_bad_line_stops_the_replay_where_that_is_configured(tmp_path: Path) -> None:
    file = tmp_path / "quotes.csv"
    file.write_text(
        "ts_ms,instrument,bid,ask\n1398988800000,EUR_USD,1.38,1.39\nbad\n1398988800002,EUR_USD,1.38,1.39\n"
    )
    config = '[feed]\non_bad_line = "stop"\n'
    with Daemon(
        {"counter": python("counter", COUNTER)}, feed=f"replay:{file}@max", config=config
    ) as daemon:
        daemon.wait_ready()
        eventually(
            "the count", lambda: any('"counted": 1' in i["message"] for i in daemon.logs("counter"))
        )


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        daemon = Daemon({"idle": python("idle", IDLE)})
        daemon.start()
        config = daemon.folder / "rbotd.toml"
        daemon.stop()
        config.write_text(f'[gateway]\nlisten = "127.0.0.1:{port}"\n')
        command_line = [str(BIN / "rbotd"), "--home", str(daemon.home), "--config", str(config)]
        command_line += ["--strategies", str(daemon.strategies), "--feed", "synthetic:1"]
        with daemon.output.open("a") as output:
            daemon.process = subprocess.Popen(
                command_line, stdout=output, stderr=output, start_new_session=True
            )
        try:
            eventually(
                "the sentence", lambda: str(port) in daemon.said() and "in use" in daemon.said(), 20
            )
        finally:
            daemon.stop()
            shutil.rmtree(daemon.folder)


def test_a_second_rbotd_on_the_same_home_says_who_holds_it() -> None:
    with Daemon({"idle": python("idle", IDLE)}) as daemon:
        daemon.wait_ready()
        assert daemon.process
        second = subprocess.run(
            [
                str(BIN / "rbotd"),
                "--home",
                str(daemon.home),
                "--strategies",
                str(daemon.strategies),
            ],
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert second.returncode == 1
        assert str(daemon.process.pid) in second.stderr + second.stdout
        assert daemon.strategy("idle")["state"] == "ready"


def test_an_unknown_strategy_is_refused_and_the_known_are_named() -> None:
    with Daemon({"idle": python("idle", IDLE)}) as daemon:
        daemon.wait_ready()
        done = daemon.ctl("restart", "idel")
        assert done.returncode == 1
        assert "idel" in done.stderr + done.stdout and "idle" in (
            done.stderr + done.stdout
        ).replace("idel", "")
        assert daemon.ctl("restart").returncode == 2
        assert daemon.ctl("--frobnicate").returncode == 2


def test_without_a_daemon_rbotctl_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(BIN / "rbotctl"), "--home", str(tmp_path), "status"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 4
    assert "control.sock" in done.stderr


def test_a_file_without_run_or_strategy_is_refused_with_that_sentence() -> None:
    extra = '[restart]\nlimit = { bursts = 1, within = "1m" }\n'
    with Daemon(
        {"empty": python("empty", "x = 1\n", extra=extra), "good": python("good", IDLE)}
    ) as daemon:
        daemon.wait_ready("good")
        sentence = (
            "strategy.py has neither a run() function nor a Strategy class: define one of them"
        )
        eventually(
            "the sentence",
            lambda: any(sentence in item["message"] for item in daemon.logs("empty")),
        )
        eventually("it failed", lambda: daemon.strategy("empty")["state"] in ("failed", "backoff"))


def test_a_worker_that_sends_garbage_harms_nobody() -> None:
    garbage = """
import os
os.write(3, os.urandom(200000))
while True:
    if not os.read(3, 65536):
        break
"""
    flood = """
import os
os.write(3, b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":[1,1],"sdk":"x","pid":1}}\\n')
os.write(3, b'{"jsonrpc":"2.0","method":"ready","params":{}}\\n')
os.set_blocking(1, True)
line = b"\\x1b[31m" + b"x" * 20000 + b"\\xff\\x00\\n"
for _ in range(2000):
    os.write(1, line)
while True:
    os.write(3, b'{"jsonrpc":"2.0","method":"heartbeat","params":{"progress":1}}\\n')
    import time
    time.sleep(1)
"""
    with Daemon(
        {
            "garbage": command("garbage", ["python3", "worker.py"], files={"worker.py": garbage}),
            "flood": command(
                "flood",
                ["python3", "worker.py"],
                '[limits]\noutput = "64KB/s"\n',
                {"worker.py": flood},
            ),
            "good": python("good", IDLE),
        }
    ) as daemon:
        daemon.wait_ready("good", "flood")
        pid = daemon.strategy("good")["pid"]
        eventually(
            "garbage is in trouble",
            lambda: daemon.strategy("garbage")["state"] in ("backoff", "failed"),
        )
        eventually(
            "dropped lines are counted",
            lambda: any("dropped" in i["message"] for i in daemon.logs("flood")),
        )
        assert all("\x1b" not in item["message"] for item in daemon.logs("flood"))
        good = daemon.strategy("good")
        assert (good["state"], good["pid"]) == ("ready", pid)


def test_garbage_on_the_control_socket_harms_nobody() -> None:
    with Daemon({"idle": python("idle", IDLE)}) as daemon:
        daemon.wait_ready()
        for bytes_sent in (
            os.urandom(100_000),
            b"[" * 100_000 + b"\n",
            b"x" * 2_000_000,
            b'{"id":1}\n',
            b"\n\n\n",
        ):
            with socket.socket(socket.AF_UNIX) as raw:
                raw.settimeout(10)
                raw.connect(str(daemon.socket))
                try:
                    raw.sendall(bytes_sent)
                    raw.shutdown(socket.SHUT_WR)
                    while raw.recv(65536):
                        pass
                except (BrokenPipeError, ConnectionResetError):
                    pass
        control = Control(daemon.socket)
        try:
            control.call("no.such.method")
            raise AssertionError("an unknown method was taken")
        except Refused as refusal:
            assert refusal.code == -32601
        control.close()
        assert daemon.strategy("idle")["state"] == "ready"


def test_a_control_client_that_says_nothing_is_shown_out() -> None:
    with Daemon({"idle": python("idle", IDLE)}) as daemon:
        daemon.wait_ready()
        greeted = daemon.control()
        with socket.socket(socket.AF_UNIX) as silent:
            silent.settimeout(20)
            silent.connect(str(daemon.socket))
            assert silent.recv(1) == b""
        assert greeted.call("version")["version"]
        greeted.close()


def test_a_wrong_token_is_refused_by_the_gateway() -> None:
    with Daemon({"idle": python("idle", IDLE)}) as daemon:
        daemon.wait_ready()
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(10)
            raw.connect(str(daemon.home / "run" / "gateway.sock"))
            hello = b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":[1,1],"token":"00","sdk":"x"}}\n'
            raw.sendall(hello)
            assert b"unknown_token" in raw.recv(65536)
