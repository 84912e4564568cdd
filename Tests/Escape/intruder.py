"""A strategy that tries to get out, and prints what came of each try as one line of JSON."""

import ctypes
import errno
import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time

from rbot import Strategy

STATE = os.environ["RBOT_STATE_DIR"]
LIBC = ctypes.CDLL(None, use_errno=True)
# rbotd tells at most 20 refusals in a second one by one.
PAUSE_S = 0.055


class Address(ctypes.Structure):
    _fields_ = [("family", ctypes.c_ushort), ("path", ctypes.c_char * 108)]


class Words:
    """The arguments of one call, kept alive for as long as it takes."""

    def __init__(self, words):
        self.kept = []
        self.values = [self.value(word) for word in words]

    def value(self, word):
        if word == "unix":
            import socket

            self.kept.append(socket.socket(socket.AF_UNIX))
            return self.kept[-1].fileno()
        if word[0] == "@":
            return self.keep(ctypes.create_string_buffer(word[1:].encode()))
        if word[0] == "#":
            return self.keep(ctypes.create_string_buffer(int(word[1:])))
        if word[0] == "~":
            path = word[1:].encode()
            if path.startswith(b"@"):
                path = b"\0" + path[1:]
            address = Address(1)
            ctypes.memmove(ctypes.addressof(address) + 2, path, len(path))
            return self.keep(address)
        return int(word, 0)

    def keep(self, thing):
        self.kept.append(thing)
        return ctypes.addressof(thing)


def tell(title, by, outcome, **more):
    print(json.dumps({"try": title, "by": by, "outcome": outcome, **more}), flush=True)


def name_of(reason):
    return errno.errorcode.get(reason, f"errno {reason}")


def in_python(number, words):
    arguments = Words(words)
    values = [ctypes.c_long(value) for value in arguments.values]
    ctypes.set_errno(0)
    result = LIBC.syscall(ctypes.c_long(number), *values)
    reason = ctypes.get_errno()
    if result > 2 and reason == 0:
        # A descriptor, or a child, that must not exist.
        try:
            os.close(result)
        except OSError:
            pass
    return "done" if result >= 0 else name_of(reason)


def in_c(number, words):
    done = subprocess.run(
        ["./probe", str(number), *words], capture_output=True, text=True, timeout=30
    )
    if done.returncode != 0 or not done.stdout:
        return f"exit {done.returncode}"
    result, reason = done.stdout.split()[:2]
    return "done" if int(result) >= 0 else name_of(int(reason))


def fork_soon():
    """A fork. Right after one of its bombs the tree may count as full for as long as a count takes."""
    for _ in range(200):
        try:
            return os.fork()
        except BlockingIOError:
            time.sleep(0.1)
    return os.fork()


def then_calm(outcome):
    """The outcome of a bomb, once there is room again for what follows."""
    child = fork_soon()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return outcome


def in_child(body, seconds=20):
    """What `body` returns in a child, which an alarm ends."""
    ours, theirs = os.pipe()
    child = fork_soon()
    if child == 0:
        code = 1
        try:
            signal.alarm(seconds)
            os.write(theirs, json.dumps(body()).encode())
            code = 0
        except BaseException as problem:
            os.write(theirs, json.dumps(f"{type(problem).__name__}").encode())
        finally:
            os._exit(code)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if not text:
        return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "nothing"
    return json.loads(text)


def private_memory():
    kept = []
    for count in range(64):
        kept.append(bytearray(16 << 20))
        if len(kept) * 16 > 512:
            return f"{count * 16} MB"
    return "all"


def descriptors():
    count = 0
    try:
        while count < 10_000:
            os.dup(0)
            count += 1
    except OSError as problem:
        return [name_of(problem.errno), count]
    return ["none", count]


def fork_bomb():
    children = []
    reason = "none"
    for _ in range(300):
        try:
            child = os.fork()
        except OSError as problem:
            reason = name_of(problem.errno)
            break
        if child == 0:
            signal.alarm(15)
            signal.pause()
            os._exit(0)
        children.append(child)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return [reason, len(children)]


def thread_bomb():
    done = threading.Event()
    count = 0
    reason = "none"
    try:
        while count < 300:
            threading.Thread(target=done.wait, args=(15,), daemon=True).start()
            count += 1
    except RuntimeError:
        reason = "EAGAIN"
    done.set()
    return [reason, count]


def one_big_file():
    # The interpreter ignores SIGXFSZ.
    try:
        with open(STATE + "/big", "wb", buffering=0) as file:
            for _ in range(64):
                file.write(bytes(1 << 20))
        return "64 MB"
    except OSError as problem:
        return name_of(problem.errno)
    finally:
        os.unlink(STATE + "/big")


def own_child():
    child = subprocess.Popen(["/bin/sleep", "60"])
    child.terminate()
    return "done" if child.wait(10) == -signal.SIGTERM else "alive"


def signal_by_descriptor():
    pidfd = os.pidfd_open(os.getppid())
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGCONT)
        return "done"
    except OSError as problem:
        return name_of(problem.errno)
    finally:
        os.close(pidfd)


def unlock_all():
    for fd in range(64):
        for operation in (fcntl.LOCK_UN, fcntl.LOCK_EX | fcntl.LOCK_NB):
            try:
                fcntl.flock(fd, operation)
            except OSError:
                pass
        for command in (37, fcntl.F_SETLK):  # F_OFD_SETLK and its older brother
            try:
                fcntl.fcntl(fd, command, b"\2\0" + bytes(30))
            except OSError:
                pass
    return "done"


def set_user_id_programs():
    for words in (["su", "-c", "id -u"], ["sudo", "-n", "id", "-u"], ["newgrp", "root"]):
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL
            )
        except OSError:
            continue
        if done.stdout.strip() == "0" and os.getuid() != 0:
            return " ".join(words)
    with open("/proc/self/status") as status:
        sets = [
            line.split()[1] for line in status if line.startswith(("CapPrm", "CapEff", "CapAmb"))
        ]
    return "none" if not any(int(one, 16) for one in sets) else f"{sets}"


def code_in_memory():
    """Code may be made, but is confined as all else."""
    fd = os.memfd_create("probe")
    with open("probe", "rb") as program:
        os.write(fd, program.read())
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(theirs, 1)
        words = [b"probe", str(CALLS["socket"]).encode(), b"2", b"1", b"0"]
        array = (ctypes.c_char_p * 6)(*words, None)
        nothing = (ctypes.c_char_p * 1)(None)
        LIBC.syscall(CALLS["execveat"], fd, b"", array, nothing, 0x1000)
        os._exit(1)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        text = pipe.read().split()
    os.waitpid(child, 0)
    return name_of(int(text[1])) if text and int(text[0]) < 0 else f"{text}"


def environment():
    with open("/proc/self/environ", "rb") as file:
        text = file.read()
    return "leaked" if b"ESCAPE-SECRET" in text or "SECRET_X" in os.environ else "clean"


def write_state_program():
    path = STATE + "/program"
    with open("probe", "rb") as source, open(path, "wb") as file:
        file.write(source.read())
    os.chmod(path, 0o700)
    done = subprocess.run(
        [path, str(CALLS["socket"]), "2", "1", "0"], capture_output=True, text=True
    )
    return name_of(int(done.stdout.split()[1]))


def detach(name):
    """A grandchild with nothing that shows whose it is."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with open(f"{STATE}/{name}", "w") as file:
        file.write(str(os.getpid()))
    os.closerange(0, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    os.execve("/bin/sleep", ["sleep", "1200"], {})


DEEDS = {
    "take more private memory than it may": lambda: in_child(private_memory),
    "open more descriptors than it may": lambda: in_child(descriptors),
    "fork without end": lambda: then_calm(in_child(fork_bomb)),
    "start threads without end": lambda: then_calm(in_child(thread_bomb)),
    "write more than it may": one_big_file,
    "signal its own child": own_child,
    "signal rbotd by a descriptor": signal_by_descriptor,
    "let go of every lock": unlock_all,
    "gain by set-user-id programs": set_user_id_programs,
    "run code from memory": code_in_memory,
    "run code from its state": write_state_program,
    "find secrets in its environment": environment,
}
CALLS = {}


def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.05)
    with open(path) as file:
        return json.load(file)


class Intruder(Strategy):
    instruments = ["EUR_USD"]

    def on_start(self):
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        plan = wait_for(STATE + "/plan.json")
        CALLS.update(plan["calls"])
        for name, target in plan["links"].items():
            os.symlink(target, f"{STATE}/{name}")
        open(STATE + "/own", "w").close()
        for one in plan["tries"]:
            for by, run in (("python", in_python), ("c", in_c)):
                try:
                    tell(one["title"], by, run(one["number"], one["words"]))
                except Exception as problem:
                    tell(one["title"], by, repr(problem))
                time.sleep(PAUSE_S)
        for title, deed in DEEDS.items():
            try:
                tell(title, "python", deed())
            except Exception as problem:
                tell(title, "python", repr(problem))
        detach("detached")
        print("finished", flush=True)


if __name__ == "__main__":
    sys.exit("rbotd runs this")
