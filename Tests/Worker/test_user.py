"""Who a worker is, and that it cannot become anyone else."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest
from conftest import OTHER, Bench, Start
from launcher import Launcher, Outcome
from programs import LEAN

NONE = "0" * 16
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
STATUS = ["--read", "/proc/self"]


def status(outcome: Outcome) -> dict[str, str]:
    """The command's own /proc/self/status."""
    assert outcome.code == 0, outcome
    return {
        line.split(":", 1)[0]: " ".join(line.split(":", 1)[1].split())
        for line in outcome.out.splitlines()
        if ":" in line
    }


def own_status(launcher: Launcher) -> dict[str, str]:
    return status(launcher.run(["/bin/cat", "/proc/self/status"]))


def test_nothing_is_left_to_gain(setting: Start) -> None:
    got = own_status(setting("--sandbox", *LEAN, *STATUS))
    assert {got[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {NONE}
    assert got["NoNewPrivs"] == "1"
    assert got["Seccomp"] == "2"


def test_a_set_user_id_program_gains_nothing(setting: Start, bench: Bench, place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to make one")
    program = place / "probe"
    program.write_bytes(bench.probe.read_bytes())
    program.chmod(0o4755)
    geteuid = "107"
    outcome = setting("--sandbox", "--read", str(place)).run([str(program), geteuid])
    uid = status(setting("--sandbox", *LEAN, *STATUS).run(["/bin/cat", "/proc/self/status"]))["Uid"]
    assert outcome.out.split()[0] == uid.split()[1]


@needs_root
def test_the_bounding_set_is_empty(bench: Bench) -> None:
    launcher = Launcher(bench.program, ["--sandbox", *LEAN, *STATUS])
    assert own_status(launcher)["CapBnd"] == NONE
    assert own_status(launcher.with_options("--user", "60700:60700"))["CapBnd"] == NONE


@needs_root
def test_the_user_is_changed_for_good(bench: Bench) -> None:
    launcher = Launcher(bench.program, ["--user", "60701:60702", "--sandbox", "--required"])
    launcher = launcher.with_options(*LEAN, *STATUS)
    got = own_status(launcher)
    assert got["Uid"] == "60701 60701 60701 60701"
    assert got["Gid"] == "60702 60702 60702 60702"
    assert got["Groups"] == ""
    back = """
import os
for act in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0),
            lambda: os.setgroups([0]), lambda: os.setresuid(-1, 0, -1)):
    try:
        act()
        print("back")
    except PermissionError:
        print("refused")
"""
    outcome = launcher.run(["/usr/bin/python3", "-I", "-S", "-c", back])
    assert outcome.out.split() == ["refused"] * 5
    assert outcome.layer("user") == "on uid 60701"


@needs_root
def test_root_without_a_user_of_its_own_has_no_power_over_files(bench: Bench, place: Path) -> None:
    secret = place / "secret"
    secret.write_text("x")
    os.chown(secret, OTHER, OTHER)
    secret.chmod(0o600)
    launcher = Launcher(bench.program, ["--sandbox", *LEAN, "--read", str(place)])
    outcome = launcher.run(["/bin/cat", str(secret)])
    assert "Permission denied" in outcome.err


@needs_root
def test_the_parent_may_still_look_and_still_ends_it(bench: Bench) -> None:
    options = ["--parent", str(os.getpid()), "--user", "60700:60700", "--sandbox", *LEAN, *STATUS]
    program = """
import ctypes, os
signal = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(signal), 0, 0, 0)
print(signal.value, os.stat("/proc/self/status").st_uid, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""
    outcome = Launcher(bench.program, options).run(["/usr/bin/python3", "-I", "-S", "-c", program])
    assert outcome.out.split() == ["9", "60700", "1"]


def test_a_user_that_cannot_be_had_is_a_failure(bench: Bench) -> None:
    user = OTHER if os.geteuid() == 0 else None
    launcher = Launcher(bench.program, ["--user", "60703:60703", *bench.options()], user)
    outcome = launcher.run([str(bench.probe), "39"])
    assert outcome.code == 127
    assert outcome.report == ["user 1"]


@pytest.mark.parametrize(
    "text", ["", "1", "1:", ":1", "a:1", "1:b", "-1:1", "4294967295:1", "1:2:3"]
)
def test_a_user_that_makes_no_sense_is_refused(bench: Bench, text: str) -> None:
    outcome = Launcher(bench.program, ["--user", text]).run(["/bin/true"], answer=None)
    assert outcome.code == 126
    assert "makes no sense" in outcome.err


def test_a_parent_that_is_gone_ends_the_start(setting: Start, bench: Bench) -> None:
    outcome = setting("--parent", "1", *bench.options()).run([str(bench.probe), "39"])
    assert (outcome.code, outcome.report) == (127, [f"parent {errno.ESRCH}"])


def as_service(prepare: str, command: list[str]) -> dict[str, str]:
    """The status of a command that Python starts after it did as told."""
    program = f"""
import ctypes, os, struct
libc = ctypes.CDLL(None)
{prepare}
os.execv({command[0]!r}, {command!r})
"""
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-S", "-c", program], capture_output=True, text=True
    )
    return status(Outcome(done.returncode, done.stdout, done.stderr, []))


@needs_root
def test_no_group_of_the_supervisors_is_kept(bench: Bench) -> None:
    options = ["--user", "60700:60700", "--sandbox", *LEAN, *STATUS, "--"]
    command = [str(bench.program), *options, "/bin/cat", "/proc/self/status"]
    assert as_service("os.setgroups([4, 27])", command)["Groups"] == ""


@needs_root
def test_a_root_that_may_not_drop_its_bounding_set_still_loses_all(bench: Bench) -> None:
    """A container's: without CAP_SETPCAP neither the bounding set nor the secure bits can be changed."""
    options = ["--sandbox", *LEAN, *STATUS, "--", "/bin/cat", "/proc/self/status"]
    got = as_service("libc.prctl(24, 8, 0, 0, 0)", [str(bench.program), *options])
    assert {got[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {NONE}
    assert got["CapBnd"] != NONE


@needs_root
def test_without_a_sandbox_only_what_is_inherited_goes(bench: Bench) -> None:
    """The gateway, started by a service with ambient capabilities."""
    prepare = """
held = 1 << 10
libc.capset(struct.pack("Ii", 0x20080522, 0), struct.pack("6I", held, held, held, 0, 0, 0))
libc.prctl(47, 2, 10, 0, 0)
"""
    got = as_service(prepare, [str(bench.program), "--", "/bin/cat", "/proc/self/status"])
    assert (got["CapInh"], got["CapAmb"]) == (NONE, NONE)
    assert got["CapBnd"] != NONE
    assert got["Seccomp"] == "0"
