"""What the tests know of the kernel's interfaces: numbers of system calls, and a seccomp filter run by hand."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

KILL = "kill"
NOTIFY = "notify"
ALLOW = "allow"
VERDICTS = {0x80000000: KILL, 0x7FC00000: NOTIFY, 0x7FFF0000: ALLOW}
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NEWER = {
    "fchmodat2": 452,
    "setxattrat": 463,
    "removexattrat": 466,
    "open_tree_attr": 467,
    "file_setattr": 469,
}
GENERIC = [
    "RENAMEAT",
    "NEW_STAT",
    "SET_GET_RLIMIT",
    "SYS_CLONE3",
    "MEMFD_SECRET",
    "TIME32_SYSCALLS",
]


def generic_header() -> str:
    """The header that the newer architectures have in common, aarch64 among them."""
    wanted = "".join(f"#define __ARCH_WANT_{name}\n" for name in GENERIC)
    return wanted + "#include <asm-generic/unistd.h>\n"


@cache
def numbers(architecture: str) -> dict[str, int]:
    """The system calls of an architecture by name; this machine's own, or aarch64's."""
    source = "#include <sys/syscall.h>\n" if architecture == "x86_64" else generic_header()
    text = subprocess.run(
        ["cc", "-E", "-dM", "-"], input=source, capture_output=True, text=True, check=True
    ).stdout
    defined = dict(re.findall(r"#define __NR(?:3264)?_(\w+) (\w+)", text))
    found = dict(NEWER)
    for name, value in defined.items():
        while not value.isdigit() and value.startswith("__NR"):
            value = dict(re.findall(r"#define (__NR\w+) (\w+)", text))[value]
        if value.isdigit():
            found[name] = int(value)
    return found


class Filter:
    """A seccomp program, interpreted as the kernel does; only what ours uses."""

    def __init__(self, text: str) -> None:
        self.code = [tuple(map(int, line.split())) for line in text.splitlines()]

    def verdict(self, architecture: int, number: int, arguments: Sequence[int] = ()) -> str:
        """What becomes of a call: "kill", "notify", "allow", or "errno N"."""
        words = [number, architecture, 0, 0]
        for value in [*arguments, 0, 0, 0, 0, 0, 0][:6]:
            words += [value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF]
        register, at = 0, 0
        while True:
            code, yes, no, value = self.code[at]
            at += 1
            if code == 0x20:
                register = words[value // 4]
            elif code == 0x54:
                register &= value
            elif code in (0x15, 0x35, 0x45):
                held = {
                    0x15: register == value,
                    0x35: register >= value,
                    0x45: bool(register & value),
                }
                at += yes if held[code] else no
            elif code == 0x06:
                if value >> 16 == 5:
                    return f"errno {value & 0xFFFF}"
                return VERDICTS[value]
            else:
                raise AssertionError(f"instruction {code:#x} is not among those that we write")


def compile_c(target: Path, sources: Sequence[Path], *options: str) -> Path:
    """A small static program, so that nothing but itself has to be readable."""
    command = ["cc", "-O1", "-Wall", "-Wextra", "-Werror", *options, "-o", str(target)]
    subprocess.run([*command, *map(str, sources)], check=True)
    return target
