"""The running gateway against its own OpenAPI document, and its measurements against Prometheus' own reader."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import samples
from arena_client import ArenaClient
from daemon import Daemon

# Streams do not end, and a socket is no answer.
STREAMS = "^/(events|arena/events|ws)$"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
SECONDS = 30


@pytest.fixture(scope="module")
def admin() -> Iterator[ArenaClient]:
    # The name that the document has as its example, so that not all that is asked for is unknown.
    with Daemon({"grid-bot": samples.python("grid-bot", samples.COUNTER)}) as daemon:
        client = ArenaClient(daemon)
        user = {"email": "admin@b", "password": "secure123", "role": "admin"}
        daemon.call("user.add", user)
        yield client.login(user["email"], user["password"])


def test_no_request_has_an_answer_that_is_not_described_or_is_our_mistake(
    admin: ArenaClient, tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            *("run", f"http://{admin.listen}/openapi.json"),
            *("--header", f"Authorization: {admin.headers['Authorization']}"),
            *("--checks", ",".join(CHECKS), "--exclude-path-regex", STREAMS),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "10"),
            *("--max-time", str(SECONDS), "--request-timeout", "30", "--seed", "1"),
            *("--generation-database", "none", "--no-color", "--no-shrink", "--warnings", "off"),
        ],
        capture_output=True,
        text=True,
        timeout=500,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]
    # It has something to say only of what it was shown.
    described = json.loads(admin.text("/openapi.json"))["paths"]
    assert len(described) > 30 and "Tested: 0" not in done.stdout


def test_prometheus_reads_the_measurements_without_a_complaint(admin: ArenaClient) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: scripts/prerequisites test brings it")
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=admin.text("/metrics"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
