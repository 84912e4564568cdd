"""How long supervision takes, beside a bare loop in C, s6, runit and supervisord in the same run."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable

from peers import S6, ConfinedLoop, Loop, Peer, Programs, Rbotd, Runit, Supervisord

#: Restarts without any pause, however often.
NO_BACKOFF = (
    'backoff = { initial = "0ms", max = "0ms", factor = 1, jitter = 0 }\n'
    'limit = { bursts = 10000, within = "1h" }'
)
Figures = dict[str, float]


def available() -> list[type[Peer]]:
    """The peers that are installed; who is missing is told."""
    found: list[type[Peer]] = []
    for kind, program in ((S6, "s6-svscan"), (Runit, "runsvdir"), (Supervisord, "supervisord")):
        if shutil.which(program):
            found.append(kind)
        else:
            print(f"  {kind.name} is not installed: scripts/prerequisites bench", flush=True)
    return found


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def restarts(programs: Programs, rounds: int) -> Figures:
    """kill -9 to the new process's main, the supervisors taking turns."""
    figures: Figures = {}

    def measure(label: str, peer: Peer, count: int) -> None:
        peer.start()
        times = []
        pids = {name: pid for name, pid, _ in peer.born}
        for index in range(count):
            name = f"w{index % peer.count}"
            took, pids[name] = peer.kill_to_running(pids[name], name)
            times.append(took * 1e3)
        figures[f"kill_to_running_{label}_ms"] = statistics.median(times)
        figures[f"kill_to_running_{label}_p90_ms"] = percentile(times, 0.9)
        peer.close()

    measure("bare_before", Loop(programs, 1), rounds)
    measure("bare_confined", ConfinedLoop(programs, 1), rounds)
    measure("rbotd_no_backoff", Rbotd(programs, 1, NO_BACKOFF), rounds)
    # By default the first restart after a healthy run is immediate: each of many is killed once.
    measure("rbotd_default", Rbotd(programs, rounds), rounds)
    measure("bare_after", Loop(programs, 1), rounds)
    for kind in available():
        label = kind.name.replace(" ", "_")
        measure(label, kind(programs, 1), max(3, rounds // 5))
    bare = [figures[f"kill_to_running_bare_{when}_ms"] for when in ("before", "after")]
    for label in ("rbotd_no_backoff", "rbotd_default"):
        took = figures[f"kill_to_running_{label}_ms"]
        figures[f"ratio_{label}_to_bare"] = took / (sum(bare) / 2)
        figures[f"ratio_{label}_to_confined"] = took / figures["kill_to_running_bare_confined_ms"]
    return figures


def commands(programs: Programs, workers: int, rounds: int) -> Figures:
    """One command line from its start to its end: start, stop, status, among many other workers."""
    figures: Figures = {}

    def measure(peer: Peer, label: str, extra: dict[str, list[str]]) -> None:
        peer.start()
        # What a shell pays to run any program at all.
        for what, words in ({"spawn": ["/bin/true"]} | extra).items():
            figures[f"command_{label}_{what}_ms"] = timed(lambda w=words: run(w), rounds)
        stops, starts = [], []
        for index in range(rounds):
            name = f"w{index % peer.count}"
            stops.append(run(peer.command("stop", name)))
            starts.append(run(peer.command("start", name)))
            peer.births.read(1)
        figures[f"command_{label}_stop_ms"] = statistics.median(stops) * 1e3
        figures[f"command_{label}_start_ms"] = statistics.median(starts) * 1e3
        peer.close()

    rbotd = Rbotd(programs, workers)
    status = {"status": rbotd.ctl("status"), "status_one": rbotd.ctl("status", "w1")}
    measure(rbotd, f"rbotd_{workers}", status)
    for kind in available():
        measure(kind(programs, 10), f"{kind.name}_10", {})
    return figures


def run(words: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def timed(action: Callable[[], float], rounds: int) -> float:
    return statistics.median(action() for _ in range(rounds)) * 1e3


def fleet(programs: Programs, workers: int) -> Figures:
    """From the command to the last of many workers' main."""
    figures: Figures = {}
    kinds: list[type[Peer]] = [Loop, ConfinedLoop, Rbotd, *available()]
    for kind in kinds:
        peer = kind(programs, workers)
        label = kind.name.replace(" ", "_")
        figures[f"start_{workers}_{label}_ms"] = peer.start() * 1e3
        peer.close()
    figures["ratio_fleet_rbotd_to_bare"] = (
        figures[f"start_{workers}_rbotd_ms"] / figures[f"start_{workers}_bare_loop_ms"]
    )
    figures["ratio_fleet_rbotd_to_confined"] = (
        figures[f"start_{workers}_rbotd_ms"] / figures[f"start_{workers}_confined_loop_ms"]
    )
    return figures


def idle(programs: Programs, workers: int, seconds: float) -> Figures:
    """What rbotd takes with many workers that only beat."""
    peer = Rbotd(programs, workers)
    peer.start()
    # What has only just started is looked at more often.
    time.sleep(1.5 * seconds)
    before = ticks(peer.pid)
    time.sleep(seconds)
    used = (ticks(peer.pid) - before) / os.sysconf("SC_CLK_TCK")
    figures = {
        f"idle_{workers}_cpu_percent": used / seconds * 100,
        f"idle_{workers}_memory_mb": resident(peer.pid),
        f"idle_{workers}_layers_in_force": float(sum(peer.layers().values())),
    }
    peer.close()
    return figures


def ticks(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def resident(pid: int) -> float:
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    return 0


def supervision(scale: int) -> Figures:
    programs = Programs()
    try:
        return (
            restarts(programs, max(5, 50 // scale))
            | commands(programs, max(10, 300 // scale), max(3, 20 // scale))
            | fleet(programs, max(10, 200 // scale))
            | idle(programs, max(10, 300 // scale), 20 / scale)
        )
    finally:
        programs.close()
