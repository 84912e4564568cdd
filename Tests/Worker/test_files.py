"""Files of a sandboxed worker."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from conftest import Bench, Start, built_with
from launcher import Launcher, Outcome
from programs import LEAN

# What makes the kernel forget the names that nobody holds (cgroup v1).
FORGETS = Path("/sys/fs/cgroup/memory")
TRY = """
import os, sys
def attempt(what, act):
    try:
        act()
        print(what, "done")
    except OSError as problem:
        print(what, problem.strerror)
""".strip()


def python(text: str) -> list[str]:
    """A program for Python without site packages, which would look for files of its own."""
    return ["/usr/bin/python3", "-I", "-S", "-c", f"{TRY}\n{text}"]


def lines(outcome: Outcome) -> dict[str, str]:
    assert outcome.code == 0, outcome
    return dict(line.split(" ", 1) for line in outcome.out.splitlines())


@pytest.fixture
def folders(place: Path) -> Path:
    """Folders `read`, `write` and `other` with a file in each, which the user may do anything with."""
    for name in ("read", "write", "other"):
        (place / name).mkdir()
        (place / name).chmod(0o777)
        (place / name / "file").write_text("text")
        (place / name / "file").chmod(0o666)
    return place


def test_reading_writing_and_the_rest(setting: Start, folders: Path) -> None:
    options = [*LEAN, "--read", str(folders / "read"), "--write", str(folders / "write")]
    outcome = setting("--sandbox", *options).run(
        python(f"""
import os
os.chdir({str(folders)!r})
for name in "read", "write", "other":
    attempt(name + "-read", lambda: open(name + "/file").read())
    attempt(name + "-list", lambda: os.listdir(name))
    attempt(name + "-write", lambda: open(name + "/file", "r+").write("x"))
    attempt(name + "-truncate", lambda: os.truncate(name + "/file", 0))
    attempt(name + "-make", lambda: open(name + "/new", "w"))
    attempt(name + "-folder", lambda: os.mkdir(name + "/folder"))
    attempt(name + "-link", lambda: os.symlink("x", name + "/link"))
    attempt(name + "-fifo", lambda: os.mkfifo(name + "/fifo"))
    attempt(name + "-rename", lambda: os.rename(name + "/file", name + "/renamed"))
    attempt(name + "-remove", lambda: os.remove(name + "/renamed"))
attempt("passwd", lambda: open("/etc/passwd"))
attempt("root", lambda: os.listdir("/"))
attempt("proc", lambda: open("/proc/1/status"))
attempt("own-proc", lambda: open("/proc/self/status"))
attempt("memory", lambda: open("/proc/self/mem", "r+b"))
""")
    )
    got = lines(outcome)
    refused = "Permission denied"
    assert {key for key, value in got.items() if value == "done"} == {
        "read-read",
        "read-list",
        *(
            f"write-{what}"
            for what in (
                *("read", "list", "write", "truncate", "make"),
                *("folder", "link", "fifo", "rename", "remove"),
            )
        ),
    }
    assert {
        value for key, value in got.items() if key != "read-remove" and key != "other-remove"
    } == {
        "done",
        refused,
    }


def test_children_and_what_they_execute_inherit_it(setting: Start, folders: Path) -> None:
    secret = folders / "other" / "file"
    outcome = setting("--sandbox", *LEAN).run(
        ["/bin/sh", "-c", f"(cat {secret}); sh -c 'sh -c \"cat {secret}\"'; setsid cat {secret}"]
    )
    assert outcome.out == ""
    assert outcome.err.count("Permission denied") == 3


def test_executing_needs_reading(setting: Start, bench: Bench, folders: Path) -> None:
    outcome = setting("--sandbox", "--read", str(folders)).run([str(bench.probe), "39"])
    assert outcome.code == 127
    assert outcome.report[-1] == "exec 13"


def test_a_single_file_may_be_read(setting: Start, folders: Path) -> None:
    options = [*LEAN, "--read", str(folders / "read" / "file")]
    outcome = setting("--sandbox", *options).run(
        python(f"""
attempt("file", lambda: open({str(folders / "read" / "file")!r}))
attempt("written", lambda: open({str(folders / "read" / "file")!r}, "w"))
attempt("folder", lambda: os.listdir({str(folders / "read")!r}))
""")
    )
    assert outcome.layer("files").startswith("on landlock ")
    assert "not granted" not in outcome.layer("files")
    denied = "Permission denied"
    assert lines(outcome) == {"file": "done", "written": denied, "folder": denied}


def test_a_device_may_be_written(setting: Start) -> None:
    outcome = setting("--sandbox", *LEAN, "--write", "/dev/null").run(
        [
            "/bin/sh",
            "-c",
            "echo gone >/dev/null && echo x >>/dev/null && cat /dev/null && echo kept",
        ]
    )
    assert (outcome.out, outcome.err) == ("kept\n", "")
    assert setting("--sandbox", *LEAN).run(["/bin/sh", "-c", "echo x >/dev/null"]).code != 0


def test_its_own_proc_folder_and_nobody_elses(setting: Start) -> None:
    options = [*LEAN, "--read", "/proc/self", "--read", "/proc/cpuinfo"]
    outcome = setting("--sandbox", *options).run(
        python("""
attempt("own", lambda: open("/proc/self/status").read())
attempt("maps", lambda: open(f"/proc/{os.getpid()}/maps").read())
attempt("tasks", lambda: os.listdir("/proc/self/task"))
attempt("cpus", lambda: open("/proc/cpuinfo").read())
attempt("parent", lambda: open(f"/proc/{os.getppid()}/status"))
attempt("first", lambda: open("/proc/1/environ"))
attempt("list", lambda: os.listdir("/proc"))
attempt("memory", lambda: open("/proc/meminfo"))
""")
    )
    got = lines(outcome)
    assert {key for key, value in got.items() if value == "done"} == {
        "own",
        "maps",
        "tasks",
        "cpus",
    }


def test_its_own_proc_folder_stays_open_and_nothing_else(setting: Start) -> None:
    options = [*LEAN, "--read", "/proc/self", "--read", "/proc/cpuinfo", "--write", "/dev/null"]
    outcome = setting("--sandbox", *options).run(
        python("""
own = os.open("/proc/self/fd", os.O_RDONLY)
for fd in os.listdir(own):
    if int(fd) > 3 and int(fd) != own:
        try: print(os.readlink(f"/proc/self/fd/{fd}").replace(str(os.getpid()), "self"))
        except FileNotFoundError: pass
""")
    )
    assert outcome.out.split() == ["/proc/self"]


@pytest.mark.skipif(not os.access(FORGETS, os.W_OK), reason="no memory cgroup to empty")
def test_rights_in_proc_survive_a_shortage_of_memory(bench: Bench) -> None:
    group = FORGETS / f"rbot-test-{os.getpid()}"
    group.mkdir()
    try:
        program = """
import sys
for _ in range(2):
    sys.stdin.readline()
    for path in ("/proc/self/status", "/proc/cpuinfo"): print(len(open(path).read()) > 0)
    sys.stdout.flush()
"""
        options = ["--sandbox", *LEAN, "--read", "/proc/self", "--read", "/proc/cpuinfo", "--"]
        # As a supervisor does, for the files that all its workers may read.
        pin = os.open("/proc/cpuinfo", os.O_PATH)
        worker = subprocess.Popen(
            [bench.program, *options, *python(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            preexec_fn=lambda: (group / "cgroup.procs").write_text("0") and None,
        )
        assert worker.stdin and worker.stdout
        for _ in range(2):
            worker.stdin.write("go on\n")
            assert [worker.stdout.readline() for _ in range(2)] == ["True\n"] * 2
            (group / "memory.force_empty").write_text("0")
        assert worker.wait() == 0
        os.close(pin)
    finally:
        group.rmdir()


def test_a_path_that_is_not_there_is_passed_over(setting: Start, bench: Bench) -> None:
    options = bench.options("--required", "--read", "/no/such", "--write", "/etc/passwd/x")
    outcome = setting(*options).run([str(bench.probe), "39"])
    assert outcome.code == 0
    assert "not granted" not in outcome.layer("files")


def test_a_path_that_cannot_be_opened_is_named(bench: Bench, place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, whose folder others cannot enter")
    closed = place / "closed"
    (closed / "in\nside").mkdir(parents=True)
    closed.chmod(0o700)
    path = str(closed / "in\nside")
    launcher = Launcher(bench.program, ["--user", "60700:60700"])
    outcome = launcher.with_options(*bench.options("--read", path)).run([str(bench.probe), "39"])
    assert outcome.code == 0
    told = path.replace("\n", "?")
    assert outcome.layer("files").endswith(f"; 1 not granted: {told} (errno 13)")


def test_too_many_paths_are_an_error(launch: Start, bench: Bench) -> None:
    for option, most in (("--read", 64), ("--write", 16)):
        paths = [option, "/usr"] * (most - (option == "--read"))
        assert launch(*bench.options(*paths)).run([str(bench.probe), "39"]).code == 0
        many = launch(*bench.options(*paths, option, "/usr")).run([str(bench.probe), "39"])
        assert many.code == 126


@pytest.mark.parametrize("abi", range(1, 7))
def test_an_older_landlock_gets_only_what_it_knows(bench: Bench, folders: Path, abi: int) -> None:
    program = built_with(bench, f"rbot-exec-abi-{abi}", f"-DLANDLOCK_ABI_MAX={abi}")
    options = ["--sandbox", "--required", *LEAN, "--write", str(folders / "write")]
    outcome = Launcher(program, options).run(
        python(f"""
attempt("inside", lambda: open({str(folders / "write" / "new")!r}, "w"))
attempt("outside", lambda: open({str(folders / "other" / "file")!r}))
attempt("truncated", lambda: os.truncate({str(folders / "other" / "file")!r}, 0))
attempt("moved", lambda: os.rename({str(folders / "write" / "file")!r}, {str(folders / "other" / "moved")!r}))
""")
    )
    assert outcome.layer("files") == f"on landlock {abi}"
    got = lines(outcome)
    assert got["inside"] == "done"
    assert got["outside"] == "Permission denied"
    assert got["truncated"] == ("Permission denied" if abi >= 3 else "done")
    assert got["moved"] != "done"
    assert outcome.layer("signals") == ("on landlock scope" if abi >= 6 else "on listener")


def test_tcp_is_landlocks_affair_too(bench: Bench, call: dict[str, int]) -> None:
    """Even where the filter was got around, no TCP port is reached."""
    for options, expected in (([], 13), (["--network"], 111)):
        outcome = Launcher(bench.program, ["--sandbox", *LEAN, *options]).run(
            python("""
import socket
attempt("connect", lambda: socket.socket().connect(("127.0.0.1", 9)))
"""),
            lambda _: 0,
        )
        assert outcome.out.strip() == f"connect {os.strerror(expected)}"
