"""What becomes of each system call, as the contract of the sandbox lists it."""

from __future__ import annotations

INET, INET6, NETLINK, PACKET, VSOCK, UNIX = 2, 10, 16, 17, 40, 1
STREAM, DATAGRAM, RAW, SEQPACKET = 1, 2, 3, 5
CLOEXEC_NONBLOCK = 0o2004000

# Refused whatever the arguments are.
REFUSED = """
ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp process_madvise
mount umount2 pivot_root chroot move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick mount_setattr
unshare setns init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct
quotactl quotactl_fd bpf perf_event_open userfaultfd fanotify_init name_to_handle_at open_by_handle_at
keyctl add_key request_key syslog settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname
vhangup lookup_dcookie file_setattr
shmget shmat shmctl msgget msgsnd msgrcv msgctl semget semop semtimedop semctl mq_open mq_unlink
""".split()
REFUSED_ON_X86 = ["iopl", "ioperm", "modify_ldt"]

# Numbers from here on are of kernels to come.
UNKNOWN = 470

# What Landlock lets the owner of a file change, wherever it is.
ATTRIBUTES = """
chmod fchmod fchmodat fchmodat2 utimensat utime utimes futimesat chown lchown fchown fchownat
setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat
""".split()

ABSENT = ["io_uring_setup", "io_uring_enter", "io_uring_register", "clone3"]

# What every program does all the time.
ORDINARY = """
read write openat close mmap munmap mprotect brk futex epoll_pwait ppoll clock_gettime nanosleep execve execveat
exit exit_group wait4 waitid getpid gettid getrandom pipe2 dup3 bind listen accept4 sendmsg recvmsg sendto recvfrom
rt_sigaction rt_sigprocmask rt_sigreturn setsid setpgid sched_setaffinity setpriority sched_setattr pidfd_open
memfd_create statx newfstatat close_range rseq set_robust_list seccomp landlock_restrict_self
""".split()

# By arguments: those that are refused, and those that pass without anybody's being asked.
REFUSED_ARGUMENTS: list[tuple[str, tuple[int, ...]]] = [
    ("socket", (INET, STREAM, 0)),
    ("socket", (INET, DATAGRAM, 0)),
    ("socket", (INET, DATAGRAM | CLOEXEC_NONBLOCK, 0)),
    ("socket", (INET, RAW, 6)),
    ("socket", (INET6, STREAM | CLOEXEC_NONBLOCK, 0)),
    ("socket", (NETLINK, RAW, 0)),
    ("socket", (PACKET, RAW, 0)),
    ("socket", (VSOCK, STREAM, 0)),
    ("socket", (UNIX, DATAGRAM, 0)),
    ("socket", (UNIX, DATAGRAM | CLOEXEC_NONBLOCK, 0)),
    ("socket", (UNIX, RAW, 0)),
    ("socket", (INET | 1 << 32, STREAM, 0)),
    ("socketpair", (UNIX, DATAGRAM, 0)),
    ("socketpair", (UNIX, DATAGRAM | CLOEXEC_NONBLOCK, 0)),
    ("clone", (0x10000000 | 17,)),
    ("clone", (0x00020000 | 17,)),
    ("clone", (0x02000000 | 17,)),
    ("clone", (0x40000000 | 17,)),
    ("clone", (0x8000 | 17,)),
    ("clone", (1 << 40 | 0x10000000 | 17,)),
    ("personality", (0x0040000,)),
    ("prctl", (1, 9)),
    ("prctl", (1, 0)),
    ("prctl", (36, 1)),
    ("prctl", (1 << 32 | 1, 9)),
    ("kill", (2**64 - 1, 0)),
    ("kill", (2**32 - 1, 0)),
]
OWN = 4711  # the leader's pid in the filters that the tests print
ALLOWED_ARGUMENTS: list[tuple[str, tuple[int, ...]]] = [
    ("socket", (UNIX, STREAM, 0)),
    ("socket", (UNIX, SEQPACKET | CLOEXEC_NONBLOCK, 0)),
    ("socketpair", (UNIX, STREAM | CLOEXEC_NONBLOCK, 0)),
    ("personality", (0,)),
    ("personality", (0xFFFFFFFF,)),
    ("prctl", (15, 0)),
    ("prctl", (38, 1)),
    ("kill", (0, 15)),
    ("kill", (OWN, 15)),
    ("kill", (2**64 - OWN, 15)),
    ("kill", (2**32 - OWN, 15)),
    ("tgkill", (OWN, 1, 6)),
    ("tkill", (OWN, 6)),
    ("rt_sigqueueinfo", (OWN, 10, 0)),
    ("rt_tgsigqueueinfo", (OWN, 1, 10, 0)),
    ("prlimit64", (0, 7, 0, 0)),
    ("prlimit64", (OWN, 7, 0, 0)),
]
# To somebody else: asked where there is someone to ask.
ASKED: list[tuple[str, tuple[int, ...]]] = [
    ("connect", (3, 0, 0)),
    ("kill", (1, 0)),
    ("kill", (2**64 - 1234, 9)),
    ("tgkill", (1, 1, 6)),
    ("tkill", (1, 6)),
    ("rt_sigqueueinfo", (1, 10, 0)),
    ("rt_tgsigqueueinfo", (1, 1, 10, 0)),
    ("pidfd_send_signal", (3, 9, 0, 0)),
]
# Of a process: name, arguments that mean the caller, arguments that mean another.
SCHEDULING: list[tuple[str, list[tuple[int, ...]], list[tuple[int, ...]]]] = [
    *(
        (name, [(0,), (OWN,)], [(1,), (OWN + 1,)])
        for name in ("sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity")
    ),
    ("setpriority", [(0, 0), (0, OWN)], [(0, 1), (1, 0), (2, 0)]),
    ("ioprio_set", [(1, 0), (1, OWN)], [(1, 1), (2, 0), (3, 0)]),
]
