"""The supervisors of the comparison, each behind the same few calls.

Every one of them runs the same worker program, which tells through a named pipe when its ``main`` began, on the
clock that this process reads too. So what is measured is what a strategy would feel: from the kill, or from the
command, to the first instruction of the new process.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from select import select
from typing import Any

from daemon import BIN, Control, Daemon, eventually

HERE = Path(__file__).resolve().parent


class Programs:
    """The worker and the bare loop, compiled into a folder that every user may read."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rbot-bench-"))
        self.folder.chmod(0o755)
        self.worker = self.build("worker")
        self.loop = self.build("loop")

    def build(self, name: str) -> Path:
        target = self.folder / name
        source = HERE / f"{name}.c"
        subprocess.run(["cc", "-O2", "-static", "-o", str(target), str(source)], check=True)
        target.chmod(0o755)
        return target

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Births:
    """The named pipe in which workers tell that they run."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "births"
        os.mkfifo(self.path)
        self.path.chmod(0o666)
        self.pipe = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        self.rest = b""

    def read(self, count: int, seconds: float = 60) -> list[tuple[str, int, float]]:
        """The next ``count`` births: name, pid, and when, in seconds of the monotonic clock."""
        found: list[tuple[str, int, float]] = []
        deadline = time.monotonic() + seconds
        while len(found) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not select([self.pipe], [], [], left)[0]:
                raise AssertionError(f"{len(found)} of {count} workers were born in {seconds} s")
            self.rest += os.read(self.pipe, 65536)
            *lines, self.rest = self.rest.split(b"\n")
            for line in lines:
                name, pid, nanoseconds = line.decode().split()
                found.append((name, int(pid), int(nanoseconds) / 1e9))
        return found

    def close(self) -> None:
        os.close(self.pipe)
        self.path.unlink()


class Peer:
    """One supervisor with some workers, in a folder of its own."""

    name = ""
    #: Seconds that a worker must have lived to be started again at once.
    settle_s = 0.0

    def __init__(self, programs: Programs, count: int) -> None:
        self.programs = programs
        self.count = count
        self.folder = Path(tempfile.mkdtemp(prefix="rbot-bench-", dir=programs.folder))
        self.folder.chmod(0o755)
        self.births = Births(self.folder)
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *command: str | Path) -> None:
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def start(self) -> float:
        """Starts it and all its workers; returns when the last worker's main began minus now."""
        raise NotImplementedError

    def command(self, verb: str, name: str) -> list[str]:
        """The command line that starts or stops one worker and waits for it."""
        raise NotImplementedError

    def stop(self) -> None:
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def close(self) -> None:
        self.stop()
        self.births.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill_to_running(self, pid: int, name: str) -> tuple[float, int]:
        """kill -9 of a worker; seconds to the new one's main, and the new pid."""
        if self.settle_s:
            time.sleep(self.settle_s)
        begin = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        while True:
            ((born, new, at),) = self.births.read(1, 30)
            if born == name and new != pid:
                return at - begin, new


class Loop(Peer):
    """posix_spawn, pidfd and epoll in C, and nothing else."""

    name = "bare loop"

    def start(self) -> float:
        begin = time.monotonic()
        self.run(self.programs.loop, str(self.count), self.programs.worker, self.births.path)
        self.born = self.births.read(self.count)
        return max(at for _, _, at in self.born) - begin

    def stop(self) -> None:
        # It has no way to stop, so its workers are in its process group and go with it.
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class ConfinedLoop(Loop):
    """The same through rbot-exec: what a restart costs with the sandbox and without a supervisor.

    Each start opens the paths of a strategy's usual sandbox anew, and nobody is asked about calls.
    """

    name = "confined loop"
    READABLE = (
        *("/usr", "/opt", "/proc/self", "/sys/devices/system/cpu", "/sys/devices/system/node"),
        "/sys/kernel/mm/transparent_hugepage",
        *(f"/etc/{name}" for name in "ld.so.cache ld.so.conf ld.so.conf.d localtime".split()),
        *(f"/etc/{name}" for name in "timezone passwd group nsswitch.conf os-release".split()),
        *(f"/etc/{name}" for name in "ssl ca-certificates alternatives mime.types".split()),
        *(f"/etc/{name}" for name in "inputrc terminfo fonts python3 python3.11".split()),
        *(f"/proc/{name}" for name in "cpuinfo meminfo stat uptime loadavg version".split()),
        *("/proc/filesystems", "/proc/sys/vm/overcommit_memory", "/proc/sys/vm/max_map_count"),
        *("/proc/sys/kernel/osrelease", "/proc/sys/kernel/pid_max"),
        "/proc/sys/kernel/random/boot_id",
    )
    WRITABLE = tuple(f"/dev/{name}" for name in "null zero full random urandom".split())

    def run(self, *command: str | Path) -> None:
        writable = [*self.WRITABLE, str(self.births.path)]
        readable = [*self.READABLE, str(self.programs.folder)]
        user = ["--user", "60600:60600"] if os.geteuid() == 0 else []
        super().run(
            *command,
            BIN / "rbot-exec",
            *("--umask", "77", "--rlimit", "nofile=1024", "--rlimit", "core=0"),
            *("--chdir", "/", "--sandbox", *user),
            *(word for path in readable for word in ("--read", path)),
            *(word for path in writable for word in ("--write", path)),
            "--",
        )

    def stop(self) -> None:
        # Each worker is in a session of its own, so the loop's group does not have it.
        workers: list[int] = []
        if self.process:
            pid = self.process.pid
            os.kill(pid, signal.SIGSTOP)
            listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
            workers = [int(word) for word in listed.split()]
        super().stop()
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)


class S6(Peer):
    """s6-svscan with one s6-supervise for each worker."""

    name = "s6"
    # It waits a second between two starts of a service.
    settle_s = 1.2

    def start(self) -> float:
        scan = self.folder / "scan"
        for index in range(self.count):
            service = scan / f"w{index}"
            service.mkdir(parents=True)
            script = service / "run"
            script.write_text(
                "#!/bin/sh\necho >&3\nexec 3>&-\n"
                f"exec {self.programs.worker} w{index} {self.births.path}\n"
            )
            script.chmod(0o755)
            # Only a service that was ready is started again without a second's wait.
            (service / "notification-fd").write_text("3\n")
        begin = time.monotonic()
        self.run("s6-svscan", "-c", str(self.count + 10), str(scan))
        self.born = self.births.read(self.count)
        return max(at for _, _, at in self.born) - begin

    def command(self, verb: str, name: str) -> list[str]:
        flag = {"start": "-uwu", "stop": "-dwD"}[verb]
        return ["s6-svc", flag, str(self.folder / "scan" / name)]

    def stop(self) -> None:
        subprocess.run(
            ["s6-svscanctl", "-t", str(self.folder / "scan")], check=False, capture_output=True
        )
        if self.process:
            self.process.wait(10)


class Runit(Peer):
    """runsvdir with one runsv for each worker."""

    name = "runit"
    # It waits a second between two starts of a service.
    settle_s = 1.2

    def start(self) -> float:
        for index in range(self.count):
            service = self.folder / "sv" / f"w{index}"
            service.mkdir(parents=True)
            script = service / "run"
            script.write_text(
                f"#!/bin/sh\nexec {self.programs.worker} w{index} {self.births.path}\n"
            )
            script.chmod(0o755)
        begin = time.monotonic()
        self.run("runsvdir", str(self.folder / "sv"))
        self.born = self.births.read(self.count)
        return max(at for _, _, at in self.born) - begin

    def command(self, verb: str, name: str) -> list[str]:
        return ["sv", verb, str(self.folder / "sv" / name)]

    def stop(self) -> None:
        # On SIGHUP it stops every service and ends.
        if self.process:
            self.process.send_signal(signal.SIGHUP)
            self.process.wait(20)


class Supervisord(Peer):
    """supervisord, told to restart at once."""

    name = "supervisord"
    settle_s = 0.1

    def start(self) -> float:
        lines = [
            "[supervisord]",
            "nodaemon=true",
            f"logfile={self.folder}/log",
            f"pidfile={self.folder}/pid",
            f"[unix_http_server]\nfile={self.folder}/sock",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
            f"[supervisorctl]\nserverurl=unix://{self.folder}/sock",
        ]
        for index in range(self.count):
            lines += [
                f"[program:w{index}]",
                f"command={self.programs.worker} w{index} {self.births.path}",
                "autorestart=true\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE",
            ]
        config = self.folder / "supervisord.conf"
        config.write_text("\n".join(lines) + "\n")
        begin = time.monotonic()
        self.run("supervisord", "-c", config)
        self.born = self.births.read(self.count)
        return max(at for _, _, at in self.born) - begin

    def command(self, verb: str, name: str) -> list[str]:
        return ["supervisorctl", "-c", str(self.folder / "supervisord.conf"), verb, name]


class Rbotd(Peer):
    """rbotd with its whole sandbox; `restart` is the text of the manifest's table."""

    name = "rbotd"

    def __init__(self, programs: Programs, count: int, restart: str = "") -> None:
        super().__init__(programs, count)
        self.daemon = Daemon()
        # Each worker's user must get to its folder.
        self.daemon.folder.chmod(0o755)
        for index in range(count):
            self.daemon.add(f"w{index}", {"strategy.toml": self.manifest(index, restart)})
        self.daemon.strategies.chmod(0o755)

    def manifest(self, index: int, restart: str) -> str:
        return (
            f'name = "w{index}"\ncommand = ["{self.programs.worker}", "w{index}", "{self.births.path}"]\n'
            f"enabled = false\n[restart]\n{restart}\n"
            f'[sandbox]\nread = ["{self.programs.folder}"]\nwrite = ["{self.births.path}"]\n'
            "[trading]\nbrokers = []\n"
        )

    def start(self) -> float:
        self.daemon.start()
        eventually("the gateway is ready", self.gateway_is_ready, 60)
        control = Control(self.daemon.socket, 120)
        begin = time.monotonic()
        answer = control.call("strategy.start", {"all": True, "wait": True})
        control.close()
        started = [item for item in answer["results"] if item["ok"]]
        if len(started) < self.count:
            raise AssertionError(
                f"{len(started)} of {self.count} started: {self.daemon.said()[-2000:]}"
            )
        self.born = self.births.read(self.count)
        return max(at for _, _, at in self.born) - begin

    def gateway_is_ready(self) -> bool:
        return bool(self.daemon.status()["gateway"]["state"] == "ready")

    def ctl(self, *words: str) -> list[str]:
        return [str(BIN / "rbotctl"), "--home", str(self.daemon.home), *words]

    def command(self, verb: str, name: str) -> list[str]:
        return self.ctl(verb, name)

    @property
    def pid(self) -> int:
        assert self.daemon.process
        return self.daemon.process.pid

    def layers(self) -> dict[str, Any]:
        """Which sandbox layers are in force for the first worker."""
        found = self.daemon.strategy("w0").get("sandbox") or []
        return {item["layer"]: item["in_force"] for item in found}

    def stop(self) -> None:
        self.daemon.__exit__(None)
