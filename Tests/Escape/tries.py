"""All tries to get out, in one place: what is tried, what comes of it, and what the log tells.

A try is a system call, made twice: by the strategy's own process in Python, and by a child of it in C.
Its words are those of Tests/Worker/probe.c, after names in braces have been filled in: {rbotd}, {gateway} and
{victim} are pids, {home} and so on are paths. What it gives is an errno's name, or "done".

What the warden decides about is told in the strategy's log; files are refused by the kernel alone, which
tells the process and nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass

READ, WRITE, FOLDER = 0, 1, 0o200000
CREATE = WRITE | 0o100
HERE = -100
NO_FOLLOW = 0x100
CONTINUE = 18  # a signal that harms nobody, should it arrive


@dataclass(frozen=True)
class Try:
    """One system call."""

    title: str
    name: str
    words: tuple[object, ...] = ()
    outcome: str = "EPERM"
    told: str | None = None
    # Where this gives something else: by the name of the setting.
    elsewhere: tuple[tuple[str, str], ...] = ()

    def expected(self, setting: str) -> set[str]:
        return set(dict(self.elsewhere).get(setting, self.outcome).split("|"))


def refused(title: str, name: str, *words: object, told: str | None = None) -> Try:
    """A call that rbotd refuses and tells of."""
    return Try(title, name, words, "EPERM", name if told is None else told)


def socket(title: str, family: int, kind: int, protocol: int, told: str) -> Try:
    # Families that the unit forbids do not exist there.
    where = (("service", "EACCES|EAFNOSUPPORT"),)
    return Try(title, "socket", (family, kind, protocol), "EACCES", f"socket {told}", where)


def connect(title: str, path: str) -> Try:
    return Try(title, "connect", ("unix", f"~{path}", 110), "EACCES", f"connect {path}")


def opened(title: str, path: str, flags: int = READ, outcome: str = "EACCES") -> Try:
    return Try(title, "openat", (HERE, f"@{path}", flags, 0o600), outcome)


SOCKETS = [
    socket("a TCP socket", 2, 1, 0, "IPv4 stream"),
    socket("a TCP socket over IPv6", 10, 1, 0, "IPv6 stream"),
    socket("a UDP socket", 2, 2, 0, "IPv4 datagram"),
    socket("a raw socket", 2, 3, 1, "IPv4 raw"),
    socket("a packet socket", 17, 3, 0, "packet raw"),
    socket("a netlink socket", 16, 3, 0, "netlink raw"),
    socket("a vsock socket", 40, 1, 0, "vsock stream"),
    socket("a crypto socket", 38, 5, 0, "crypto sequence"),
    socket("a Unix datagram socket", 1, 2, 0, "Unix datagram"),
    Try("a pair of datagram sockets", "socketpair", (1, 2, 0, "#8"), "EACCES", "socketpair Unix"),
    connect("rbotd's control socket", "{control}"),
    connect("another home's gateway", "{elsewhere}/gateway.sock"),
    connect("another strategy's socket", "{victim_state}/listen.sock"),
    connect("an abstract socket", "@rbot-escape-{victim}"),
    connect("the journal", "/run/systemd/journal/stdout"),
    connect("the journal's own protocol", "/run/systemd/journal/socket"),
    connect("syslog", "/dev/log"),
    connect("the system bus", "/run/dbus/system_bus_socket"),
    Try("io_uring", "io_uring_setup", (8, "#120"), "ENOSYS"),
]

FILES = [
    opened("read another strategy's state", "{victim_state}/secret"),
    opened("write another strategy's state", "{victim_state}/secret", WRITE),
    opened("make a file in another strategy's state", "{victim_state}/mine", CREATE),
    opened("read another strategy's code", "{strategies}/victim/strategy.py"),
    opened("list the strategies", "{strategies}", FOLDER),
    opened("list the home", "{home}", FOLDER),
    opened("list the states", "{states}", FOLDER),
    opened("read the supervisor's database", "{home}/supervisor.sqlite"),
    opened("write the supervisor's database", "{home}/supervisor.sqlite", WRITE),
    opened("read the supervisor's journal file", "{home}/supervisor.sqlite-wal"),
    opened("read the gateway's database", "{home}/trading.sqlite"),
    opened("read the settings", "{settings}"),
    opened("write the lock", "{runtime}/rbotd.lock", WRITE),
    opened("write the lock through its descriptor", "/proc/self/fd/5", WRITE, "EACCES|ENOENT"),
    opened("read /etc/shadow", "/etc/shadow"),
    opened("list /etc", "/etc", FOLDER),
    opened("list /root", "/root", FOLDER),
    opened("list /home", "/home", FOLDER),
    opened("list /", "/", FOLDER),
    opened("list / by way of its own root", "/proc/self/root", FOLDER),
    opened("list /tmp", "/tmp", FOLDER),
    opened("write to /dev/shm", "/dev/shm/rbot-escape", CREATE),
    opened("open a disk", "/dev/vda", outcome="EACCES|ENOENT"),
    opened("read the kernel's memory", "/dev/mem", outcome="EACCES|ENOENT"),
    opened("use FUSE", "/dev/fuse", 2, outcome="EACCES|ENOENT"),
    opened("write its own code", "{own}/strategy.py", WRITE),
    opened("write its own manifest", "{own}/strategy.toml", WRITE),
    opened("make a file in its own folder", "{own}/more.py", CREATE),
    opened("write its own state", "{own_state}/note", CREATE, outcome="done"),
    opened("follow its own link to a database", "{own_state}/to-database"),
    opened("follow its own link to another's state", "{own_state}/to-victim/secret"),
    Try(
        "hard-link a database into its state",
        "linkat",
        (HERE, "@{home}/supervisor.sqlite", HERE, "@{own_state}/hard", 0),
        "EACCES|EXDEV|EPERM",
    ),
    Try(
        "move another's file into its state",
        "renameat2",
        (HERE, "@{victim_state}/secret", HERE, "@{own_state}/moved", 0),
        "EACCES|EXDEV",
    ),
    Try("remove another's file", "unlinkat", (HERE, "@{victim_state}/secret", 0), "EACCES"),
    Try("make a device", "mknodat", (HERE, "@{own_state}/device", 0o20600, 0x103), "EPERM"),
]


def attributes() -> list[Try]:
    """Landlock does not look at who changes a file's mode, times and the like."""
    tries = []
    for what, path in (
        ("a database", "{home}/supervisor.sqlite"),
        ("another's secret", "{victim_state}/secret"),
        ("a program", "/usr/bin/env"),
    ):
        calls: list[tuple[str, str, tuple[object, ...]]] = [
            ("change the mode of", "fchmodat", (HERE, f"@{path}", 0o600)),
            ("change the mode of", "fchmodat2", (HERE, f"@{path}", 0o600, 0)),
            ("give away", "fchownat", (HERE, f"@{path}", 1, -1, 0)),
            ("change the times of", "utimensat", (HERE, f"@{path}", 0, 0)),
            ("mark", "setxattr", (f"@{path}", "@user.rbot", "@x", 1, 0)),
        ]
        # With a user of its own the kernel refuses it, for which nobody hears.
        outcomes = "EPERM|EACCES|EOPNOTSUPP"
        tries += [
            Try(
                f"{deed} {what} ({name})",
                name,
                words,
                outcomes,
                None,
                (("service", "EROFS|" + outcomes),),
            )
            for deed, name, words in calls
        ]
    tries += [
        Try(
            "change the mode of its own file", "fchmodat", (HERE, "@{own_state}/own", 0o600), "done"
        ),
        Try(
            "change the times of its own file",
            "utimensat",
            (HERE, "@{own_state}/own", 0, 0),
            "done",
        ),
        Try(
            "change the mode of a database through its own link",
            "fchmodat",
            (HERE, "@{own_state}/to-database", 0o600),
            "EPERM|EACCES",
        ),
    ]
    return tries


def looks() -> list[Try]:
    """Under the unit other users' processes are not even there."""
    tries = []
    for who in ("rbotd", "gateway", "victim"):
        for name in ("environ", "cmdline", "mem", "maps", "stat"):
            tries.append(
                opened(f"read {name} of {who}", f"/proc/{{{who}}}/{name}", READ, "EACCES|ENOENT")
            )
        tries.append(
            opened(f"list descriptors of {who}", f"/proc/{{{who}}}/fd", FOLDER, "EACCES|ENOENT")
        )
        tries.append(
            Try(
                f"see the folder of {who}",
                "readlinkat",
                (HERE, f"@/proc/{{{who}}}/cwd", "#4096", 4096),
                "EACCES|ENOENT",
            )
        )
    return [*tries, opened("list /proc", "/proc", FOLDER)]


def others() -> list[Try]:
    """What one may do to another process."""
    tries = []
    for who in ("rbotd", "gateway", "victim"):
        pid = f"{{{who}}}"
        signal = f"process {pid}, SIGCONT"
        tries += [
            refused(f"trace {who}", "ptrace", 0x4206, pid, 0, 0, told=f"ptrace process {pid}"),
            refused(f"read the memory of {who}", "process_vm_readv", pid, 0, 0, 0, 0, 0),
            refused(f"write the memory of {who}", "process_vm_writev", pid, 0, 0, 0, 0, 0),
            refused(f"limit {who}", "prlimit64", pid, 7, 0, "#16", told=f"prlimit64 process {pid}"),
            refused(f"signal {who}", "kill", pid, CONTINUE, told=f"kill {signal}"),
            refused(f"signal the thread of {who}", "tkill", pid, CONTINUE, told=f"tkill {signal}"),
            refused(f"queue a signal to {who}", "rt_sigqueueinfo", pid, CONTINUE, "#128"),
            refused(f"slow {who} down", "setpriority", 0, pid, 19),
            refused(f"make {who} idle", "sched_setscheduler", pid, 5, "#4"),
            refused(f"make {who} idle the new way", "sched_setattr", pid, "#56", 0),
            refused(f"bind {who} to a processor", "sched_setaffinity", pid, 8, "#8"),
            refused(f"slow the disk of {who} down", "ioprio_set", 1, pid, 0x6000),
        ]
    return [
        *tries,
        refused("signal everybody", "kill", -1, CONTINUE, told="kill every process"),
        refused("slow everybody of its user down", "setpriority", 2, 0, 19),
        refused("take a descriptor", "pidfd_getfd", 0, 0, 0),
        refused("compare processes", "kcmp", "{rbotd}", "{gateway}", 0, 0, 0),
        refused("give advice to another's memory", "process_madvise", 0, 0, 0, 0, 0),
    ]


MACHINE = [
    refused("mount", "mount", "@none", "@/mnt", "@tmpfs", 0, 0),
    refused("unmount", "umount2", "@/nowhere", 0),
    refused("change the root", "pivot_root", "@/nowhere", "@/nowhere"),
    refused("change its own root", "chroot", "@."),
    refused("mount the new way", "fsopen", "@tmpfs", 0),
    refused("change a mount", "mount_setattr", HERE, "@/nowhere", 0, "#32", 32),
    refused("a user's name space", "unshare", 0x10000000),
    refused("a name space of networks", "unshare", 0x40000000),
    refused("a name space of mounts", "unshare", 0x20000),
    refused("a name space of processes", "unshare", 0x20000000),
    refused("enter a name space", "setns", 0, 0),
    refused("a child in a name space", "clone", 0x10000011, 0, 0, 0, 0, told="clone new name"),
    refused("a child of rbotd's", "clone", 0x8011, 0, 0, 0, 0, told="clone new name"),
    Try("a child the new way", "clone3", ("#88", 88), "ENOSYS"),
    refused("load a module", "finit_module", -1, "@", 0),
    refused("load a module from memory", "init_module", 0, 0, "@"),
    refused("another kernel", "kexec_load", 0, 0, 0, 0),
    refused("reboot", "reboot", 0xFEE1DEAD, 672274793, 0),
    refused("load BPF", "bpf", 0, "#48", 48),
    refused("count events", "perf_event_open", "#128", 0, -1, -1, 0),
    refused("handle faults", "userfaultfd", 0),
    refused("the kernel's keys", "keyctl", 0, -3, 1),
    refused("add a key", "add_key", "@user", "@rbot", "@x", 1, -2),
    refused("the kernel's log", "syslog", 3, "#64", 64),
    refused("set the clock", "settimeofday", 0, 0),
    refused("name the machine", "sethostname", "@rbot", 4),
    refused("swap", "swapoff", "@/nowhere"),
    refused("open by handle", "open_by_handle_at", -1, "#136", 0),
    refused("watch the file system", "fanotify_init", 0, 0),
    refused("another personality", "personality", 0x0040000),
    refused("outlive its parent", "prctl", 1, 0, told="prctl option 1"),
    refused("adopt orphans", "prctl", 36, 1, told="prctl option 36"),
    refused("memory that outlives it", "shmget", 0x52424F54, 4096, 0o1600),
    refused("messages that outlive it", "msgget", 0x52424F54, 0o1600),
    refused("semaphores that outlive it", "semget", 0x52424F54, 1, 0o1600),
    refused("a message queue", "mq_open", "@rbot-escape", 0o102, 0o600, 0),
    Try("a call that is newer than rbotd", "new", (), "ENOSYS"),
    Try("become root", "setuid", (0,), "EPERM", None, (("root without users", "done"),)),
    Try(
        "become root in all ways",
        "setresuid",
        (0, 0, 0),
        "EPERM",
        None,
        (("root without users", "done"),),
    ),
    Try("another user", "setresuid", (1, 1, 1), "EPERM"),
    Try("other groups", "setgroups", (1, "#4"), "EPERM"),
]

TRIES = [*SOCKETS, *FILES, *attributes(), *looks(), *others(), *MACHINE]
NEWER = {"fchmodat2": 452, "new": 480}
