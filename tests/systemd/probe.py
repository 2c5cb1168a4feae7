"""Run in the daemon's place: tries what the service must not be able to do, and writes down what came of it."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator

LIBC = ctypes.CDLL(None, use_errno=True)
LOADER = "/lib64/ld-linux-x86-64.so.2"


def attempt(action: Callable[[], object]) -> str:
    """``allowed``, or the error."""
    try:
        action()
    except (OSError, RuntimeError) as error:
        return str(error)
    return "allowed"


def apart(action: Callable[[], object]) -> str:
    """The same in a child process, so that what succeeds changes nothing for the next."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, attempt(action).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as result:
        outcome = result.read()
    os.waitpid(pid, 0)
    return outcome or "killed"


def call(name: str, *arguments: object) -> Callable[[], None]:
    """A call of libc that gives -1 on an error."""

    def action() -> None:
        if getattr(LIBC, name)(*arguments) == -1:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    return action


def spawn(*command: str) -> Callable[[], None]:
    def action() -> None:
        pid = os.posix_spawn(command[0], command, {})
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code:
            raise RuntimeError(f"exit code {code}")

    return action


def read(path: str) -> Callable[[], None]:
    def action() -> None:
        with open(path, "rb") as file:
            file.read(1)

    return action


def talk(path: str) -> Callable[[], None]:
    def action() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.connect(path)

    return action


def map_code(path: str) -> Callable[[], None]:
    def action() -> None:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC):
            pass

    return action


def set_user_id_file() -> None:
    path = "/tmp/probe-suid"
    with open(path, "w"):
        pass
    try:
        os.chmod(path, 0o4755)  # noqa: S103 - the point of it
    finally:
        os.unlink(path)


def device() -> None:
    try:
        os.mknod("/tmp/probe-device", stat.S_IFBLK | 0o600, os.makedev(8, 0))
    finally:
        if os.path.lexists("/tmp/probe-device"):
            os.unlink("/tmp/probe-device")


def give_away() -> None:
    path = "/tmp/probe-chown"
    with open(path, "w"):
        pass
    try:
        os.chown(path, 1, 1)
    finally:
        os.unlink(path)


def trace() -> None:
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    try:
        call("ptrace", 16, pid, None, None)()
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


MUST: dict[str, Callable[[], object]] = {
    "read the homelab": read("/opt/homelab/hosts/nas/services.yaml"),
    "read the settings": read("/etc/runtime-supervisor/supervisor.yaml"),
    "read mountinfo": read("/proc/self/mountinfo"),
    "talk to systemd": talk("/run/systemd/notify"),
    "talk to the journal": talk("/run/systemd/journal/socket"),
    "load an extension module": lambda: __import__("yaml._yaml"),
    "watch a folder": call("inotify_init1", 0),
}
MUST_NOT: dict[str, Callable[[], object]] = {
    "run a file in /tmp": spawn("/tmp/true"),
    "run a file in the homelab": spawn("/opt/homelab/true"),
    "run a shell": spawn("/bin/sh", "-c", "exit 0"),
    "run a program of the system": spawn("/usr/bin/true"),
    "run a program through the loader": spawn(LOADER, "/usr/bin/true"),
    "run a file of /tmp through the loader": spawn(LOADER, "/tmp/true"),
    "map a file of /tmp as code": map_code("/tmp/true"),
    "map memory writable and executable": lambda: mmap.mmap(
        -1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ),
    "open an IPv4 socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
    "open an IPv4 datagram socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
    "open an IPv6 socket": lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM).close(),
    "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    "open a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    "talk to D-Bus": lambda: socket.socket(socket.AF_UNIX).connect("/run/dbus/system_bus_socket"),
    "talk to systemd's manager": lambda: socket.socket(socket.AF_UNIX).connect("/run/systemd/private"),
    "read root's secret": read("/root/secret"),
    "read another home's secret": read("/home/alice/secret"),
    "read the shadow file": read("/etc/shadow"),
    "read the kernel's log": read("/dev/kmsg"),
    "read a process of root": read("/proc/1/environ"),
    "become root": lambda: os.setuid(0),
    "change the root folder": lambda: os.chroot("/"),
    "mount": call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "unmount": call("umount2", b"/tmp", 2),
    "make a user namespace": call("unshare", 0x10000000),
    "make a mount namespace": call("unshare", 0x00020000),
    "trace a process": trace,
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
    "set the host's name": lambda: socket.sethostname(socket.gethostname()),
    "make a device": device,
    "make a set-user-ID file": set_user_id_file,
    "give a file away": give_away,
    "take real-time priority": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "change the execution domain": call("personality", 0x0000008),
    "raise its priority": lambda: os.nice(-5),
    "kill a process of root": lambda: os.kill(1, 0),
}


def folders(top: str) -> Iterator[str]:
    for folder, below, _files in os.walk(top):
        if folder == "/":
            below[:] = [name for name in below if name not in {"proc", "sys"}]
        # /tmp itself is declared; what is below it is not looked at.
        below[:] = [name for name in below if os.path.join(folder, name) != "/tmp" or folder != "/"]
        yield folder
    if top == "/":
        yield "/tmp"


def writable() -> list[str]:
    """Every folder in which a file can be made, and then every file in /proc and /sys that can be opened to write."""
    results = []
    for folder in folders("/"):
        path = os.path.join(folder, ".probe")
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError:
            continue
        os.unlink(path)
        results.append(folder)
    for top in ("/proc/sys", "/sys"):
        for folder, _below, files in os.walk(top):
            for name in files:
                path = os.path.join(folder, name)
                if attempt(lambda path=path: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))) == "allowed":  # type: ignore[misc]
                    results.append(path)
    return sorted(results)


def sockets() -> list[str]:
    """Every socket in the filesystem."""
    results = []
    for folder in folders("/"):
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        results += [entry.path for entry in entries if stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode)]
    return sorted(path for path in results if not path.startswith("/tmp/"))


def status() -> dict[str, str]:
    wanted = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
    with open("/proc/self/status") as file:
        pairs = (line.split(":\t", 1) for line in file)
        return {name: value.strip() for name, value in pairs if name in wanted}


def main() -> None:
    results = {
        "must": {name: attempt(action) for name, action in MUST.items()},
        "must_not": {name: apart(action) for name, action in MUST_NOT.items()},
        "writable": writable(),
        "executable": [path for path in ("/tmp/true", "/opt/homelab/true") if attempt(spawn(path)) == "allowed"],
        "sockets": sockets(),
        "status": status(),
        "processes": "own" if {n for n in os.listdir("/proc") if n.isdigit()} <= {str(os.getpid())} else "others",
    }
    if os.path.exists("/tmp/probe.json"):
        os.unlink("/tmp/probe.json")
    with open("/tmp/probe.json", "w") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main()
