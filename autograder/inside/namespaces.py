"""A process's own rooms: Linux namespaces, mounts, limits and capabilities, by the system calls themselves."""

import ctypes
import os
import resource
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW_NS, _NEW_CGROUP, _NEW_UTS, _NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PID, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _REC, _PRIVATE = 1, 2, 4, 1 << 14, 1 << 18
_SET_DUMPABLE, _CAPBSET_DROP, _SET_NO_NEW_PRIVS = 4, 24, 38
_NOBODY = 65534


def become_nobody() -> None:
    """Drop root's identity, where that is who we are; nobody else may read this process's memory afterwards."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    _LIBC.prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def unshare() -> None:
    """Enter namespaces of one's own, in which the next child is process 1; the user stays who they are.

    Raises:
        OSError: the kernel does not allow it.
    """
    uid, gid = os.getuid(), os.getgid()
    _LIBC.prctl(_SET_DUMPABLE, 1, 0, 0, 0)  # or /proc/self belongs to root
    _called("unshare", _LIBC.unshare(_NEW_USER | _NEW_PID | _NEW_NS | _NEW_NET | _NEW_IPC | _NEW_UTS | _NEW_CGROUP))
    for file, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path("/proc/self", file).write_text(line)
    Path("/proc/self/oom_score_adj").write_text("1000")
    _called("mount /", _LIBC.mount(None, b"/", None, ctypes.c_ulong(_REC | _PRIVATE), None))


def mount_memory(where: str, megabytes: int) -> None:
    """Cover a folder with an empty one that is gone with the namespace and holds no more than ``megabytes``.

    Raises:
        OSError: the kernel does not allow it.
    """
    _mount(where, 0, f"size={megabytes}m,nr_inodes={256 * megabytes},mode=0755")


def cover(where: str) -> None:
    """Cover a folder with an empty one that cannot be written.

    Raises:
        OSError: the kernel does not allow it.
    """
    _mount(where, _RDONLY, "size=4k,nr_inodes=1,mode=0555")


def _mount(where: str, flags: int, options: str) -> None:
    all_flags = ctypes.c_ulong(flags | _NOSUID | _NODEV)
    _called(f"mount {where}", _LIBC.mount(b"tmpfs", where.encode(), b"tmpfs", all_flags, options.encode()))


def limit(megabytes: int, processes: int | None, file_megabytes: int, files: int, cpu_seconds: int) -> None:
    """Bound what this process and its children may use, for good; ``processes`` counts all of this user's threads."""
    if processes is not None:
        resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    for what, most in (
        (resource.RLIMIT_DATA, megabytes * 2**20),
        (resource.RLIMIT_FSIZE, file_megabytes * 2**20),
        (resource.RLIMIT_NOFILE, files),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def drop_capabilities() -> None:
    """Give up, for good, every privilege that the namespaces brought.

    Raises:
        OSError: the kernel does not allow it.
    """
    for capability in range(64):
        _LIBC.prctl(_CAPBSET_DROP, capability, 0, 0, 0)
    _called("no_new_privs", _LIBC.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    _called("capset", _LIBC.capset(header, data))


def _called(what: str, result: int) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
