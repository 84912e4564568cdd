"""What programs need under a sandbox."""

from __future__ import annotations

RUNTIME = [
    *"--read /usr --read /lib --read /lib64 --read /bin --read /opt --read /proc/self".split(),
    *"--read /etc/ld.so.cache --read /etc/localtime --read /dev/urandom --read /proc/cpuinfo".split(),
    *"--read /sys/devices/system/cpu --write /dev/null".split(),
]
# Enough for Python without its site packages.
LEAN = "--read /usr --read /lib --read /lib64 --read /bin --read /etc/ld.so.cache".split()
