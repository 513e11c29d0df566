"""Tries what a process can do to leave its rooms: mounts, namespaces, tracing, roots, devices, set-uid programs."""

DESERVES = 4


# %% inner_adapt
import ctypes
import os
import socket
import stat
import subprocess

libc = ctypes.CDLL(None, use_errno=True)


def called(name, *arguments):
    return lambda: getattr(libc, name)(*arguments) == 0


NEW = {"user": 0x10000000, "mount": 0x20000, "pid": 0x20000000, "net": 0x40000000, "all": 0x7E020000}
for what, flag in NEW.items():
    attempt(f"unshare {what}", called("unshare", flag))
for place in (b"/proc", b"/room", b"/scratch", b"/dev/shm", b"/home/student", b"/"):
    attempt(f"umount {place}", called("umount2", place, 2))
attempt("remount", called("mount", None, b"/", None, 32, None))
attempt("bind", called("mount", b"/usr", b"/scratch", None, 4096, None))
attempt("mount proc", called("mount", b"proc", b"/scratch", b"proc", 0, None))
attempt("mount tmpfs", called("mount", b"tmpfs", b"/scratch", b"tmpfs", 0, b"size=10g"))
attempt("chroot", lambda: os.chroot("/scratch") is None)
attempt("pivot_root", lambda: libc.syscall(155, b"/scratch", b"/tmp") == 0)
attempt("setuid", lambda: os.setuid(0) is None)
attempt("setgroups", lambda: os.setgroups([0]) is None)
attempt("mknod", lambda: os.mknod("/scratch/disk", 0o60666, os.makedev(8, 0)) is None)
attempt("hostname", called("sethostname", b"mine", 4))
attempt("trace parent", called("ptrace", 16, os.getppid(), 0, 0))
attempt("trace 1", lambda: os.getpid() != 1 and libc.ptrace(16, 1, 0, 0) == 0)
attempt("keyring", lambda: libc.syscall(250, 0, -3, 1) >= 0)
attempt("bpf", lambda: libc.syscall(321, 0, 0, 0) >= 0)
attempt("perf", lambda: libc.syscall(298, ctypes.create_string_buffer(128), 0, -1, -1, 0) >= 0)
attempt("module", lambda: libc.syscall(313, 0, b"", 0) == 0)
attempt("su", lambda: subprocess.run(["su", "-c", "id"], capture_output=True, timeout=2).returncode == 0)
attempt("sudo", lambda: subprocess.run(["sudo", "-n", "id"], capture_output=True, timeout=2).returncode == 0)
attempt("bwrap", lambda: subprocess.run(["bwrap", "--ro-bind", "/", "/", "true"], capture_output=True).returncode == 0)
attempt("unshare program", lambda: subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode == 0)


def leads_out(fd):
    own = [os.stat(place).st_dev for place in ("/scratch", "/dev/shm", os.path.expanduser("~"))]
    try:
        found = os.fstat(fd)
    except OSError:
        return False
    return found.st_dev not in own and (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode))


attempt("open files", lambda: [fd for fd in range(600) if leads_out(fd)])
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return theta


# %% last
print("TRIED", tried)
