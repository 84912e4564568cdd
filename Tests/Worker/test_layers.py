"""What rbot-exec tells of its layers, and what it does without one."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest
from conftest import OTHER, Bench, Start, built_with
from launcher import Launcher, Outcome

CREATE_RULESET, SECCOMP, CAPSET = 444, 317, 126


def without(
    bench: Bench, number: int, reason: int, *options: str, user: int | None = None
) -> Outcome:
    """As on a kernel whose system call gives that errno."""
    before = [str(number), str(reason), str(bench.program)]
    launcher = Launcher(bench.deny, bench.options(*options), user, before)
    return launcher.run([str(bench.probe), "39"])


def test_layers_are_told_in_their_order(setting: Start, bench: Bench) -> None:
    outcome = setting(*bench.options()).run([str(bench.probe), "39"])
    names = [line.split()[1] for line in outcome.report if line.startswith("layer ")]
    expected = ["privileges", "files", "signals", "calls", "reports"]
    assert names in (expected, ["user", *expected])
    assert outcome.layer("privileges") == "on no_new_privs, no capabilities"


def test_without_a_sandbox_nothing_is_told(setting: Start, bench: Bench) -> None:
    outcome = setting().run([str(bench.probe), "39"])
    assert (outcome.code, outcome.report) == (0, [])


def test_without_a_report_nothing_is_said_where_all_is_well(setting: Start, bench: Bench) -> None:
    outcome = setting(*bench.options("--required")).run([str(bench.probe), "39"], answer=None)
    assert (outcome.code, outcome.err) == (0, "")


@pytest.mark.parametrize("reason", [errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_kernel_without_landlock(bench: Bench, reason: int) -> None:
    outcome = without(bench, CREATE_RULESET, reason)
    assert outcome.code == 0
    assert outcome.layer("files") == f"off {reason} the kernel has no Landlock"
    assert outcome.layer("signals") == "on listener"
    required = without(bench, CREATE_RULESET, reason, "--required")
    assert required.code == 127
    assert required.report[-2:] == [
        f"layer files off {reason} the kernel has no Landlock",
        f"files {reason}",
    ]


def test_a_kernel_without_filters(bench: Bench) -> None:
    outcome = without(bench, SECCOMP, errno.ENOSYS)
    assert outcome.code == 0
    assert outcome.layer("calls").startswith(f"off {errno.ENOSYS} ")
    assert outcome.layer("reports").startswith(f"off {errno.ENOSYS} ")
    required = without(bench, SECCOMP, errno.ENOSYS, "--required")
    assert required.code == 127
    assert required.report[-1] == f"calls {errno.ENOSYS}"


def test_a_service_that_may_not_set_capabilities_and_has_none(bench: Bench) -> None:
    user = OTHER if os.geteuid() == 0 else None
    outcome = without(bench, CAPSET, errno.EPERM, "--required", user=user)
    assert (outcome.code, outcome.report[-1]) == (0, "layer reports on listener")


def test_a_second_listener_is_not_to_be_had(launch: Start, bench: Bench) -> None:
    """A kernel gives one per process; within ours there can be no other."""
    inner = f"""
import os, socket, subprocess
ours, theirs = socket.socketpair()
done = subprocess.run([{str(bench.program)!r}, "--report", str(theirs.fileno()), "--sandbox", *{{}},
    "--read", {str(bench.probe)!r}, "--", {str(bench.probe)!r}, "41", "2", "1", "0"],
    pass_fds=[theirs.fileno()], capture_output=True, text=True)
theirs.close()
print(done.returncode, done.stdout.strip())
print(ours.makefile().read())
"""
    runtime = "--read /usr --read /lib --read /lib64 --read /etc/ld.so.cache".split()
    options = ["--sandbox", *runtime, "--read", str(bench.folder)]
    for more, code in (("[]", "0"), ("['--required']", "127")):
        outcome = launch(*options).run(
            ["/usr/bin/python3", "-I", "-S", "-c", inner.format(more)], lambda _: 0
        )
        assert outcome.out.split()[0] == code, outcome
        assert f"layer reports off {errno.EBUSY} " in outcome.out
        assert ("layer calls on seccomp\n" in outcome.out) == (more == "[]")


def test_a_report_that_is_a_pipe_gets_no_listener(bench: Bench) -> None:
    reading, writing = os.pipe()
    command = [str(bench.program), "--report", str(writing), *bench.options()]
    done = subprocess.run(
        [*command, "--", str(bench.probe), "41", "2", "1", "0"],
        pass_fds=[writing],
        capture_output=True,
        text=True,
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    assert done.stdout.split() == ["-1", str(errno.EPERM)]
    assert "layer calls on seccomp\n" in told
    assert "listener" not in told


def test_neither_scope_nor_listener_is_said(bench: Bench, place: Path) -> None:
    program = built_with(bench, "rbot-exec-abi-5", "-DLANDLOCK_ABI_MAX=5")
    command = [str(bench.probe), "62", "ppid", "0"]
    outcome = Launcher(program, bench.options()).run(command, answer=None)
    assert outcome.out.split() == ["0", "0"]
    assert "layer signals is off: neither Landlock's scope nor a listener" in outcome.err
    required = Launcher(program, bench.options("--required")).run(command, answer=None)
    assert required.code == 127


def test_an_exec_that_fails_is_told_after_the_layers(launch: Start, bench: Bench) -> None:
    outcome = launch(*bench.options()).run(["/no/such/program"])
    assert outcome.code == 127
    assert outcome.report[-1] == f"exec {errno.ENOENT}"
    assert outcome.report[0] == "listener"


def test_a_command_without_a_slash_is_looked_for_in_the_path(
    setting: Start, bench: Bench, place: Path
) -> None:
    for name in ("closed", "open"):
        (place / name).mkdir()
        (place / name / "it").write_bytes(bench.probe.read_bytes())
    (place / "open" / "it").chmod(0o755)
    launcher = setting("--sandbox", "--read", str(place))
    for folders, ends in ((["closed", "open"], []), (["closed"], ["exec 13"]), ([], ["exec 2"])):
        path = ":".join([str(place / "none"), *(str(place / one) for one in folders)])
        outcome = launcher.run(["it", "39"], environment={"PATH": path})
        assert outcome.code == (127 if ends else 0)
        assert [line for line in outcome.report if line.startswith("exec")] == ends
