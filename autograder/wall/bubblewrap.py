"""The wall: bubblewrap around the student's code, and what is let in."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

HOME = "/home/student"
ROOM = "/room"
SCRATCH = "/scratch"
"""For temporary files; /tmp leads there, unless this Python or the course is itself installed below /tmp."""

CLOSED = ("algorithms", "recipes", "exercises", "checkpoints", "widgets")
"""Parts of metakit that hold answers, trained weights among them, or use what does."""

MESSAGE = "the reference algorithms are not available while grading"
_STUB = f'raise ImportError("{MESSAGE}: write it yourself, without metakit." + __name__.partition(".")[2])\n'


@lru_cache(maxsize=1)
def why_no_wall() -> str:
    """Return, in a sentence, why students' code cannot be walled in on this machine; empty if it can."""
    if not sys.platform.startswith("linux"):
        return f"bubblewrap needs Linux, and this is {sys.platform}: grade in a Linux container or virtual machine."
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap)."
    tried = subprocess.run([*_bubblewrap(), "--ro-bind", "/", "/", "true"], capture_output=True, text=True)
    if tried.returncode:
        return (
            f"bubblewrap may not make namespaces here ({tried.stderr.strip()[:200]}): allow user namespaces, "
            "in a container with --security-opt seccomp=unconfined or as its root with --cap-add SYS_ADMIN."
        )
    return ""


def walled(room: Path, *command: str) -> list[str]:
    """Return the command line that runs ``command`` behind the wall.

    What is in there: the system and this Python, read only, metakit without the parts that hold answers, what the
    autograder itself needs inside, an empty home, and ``room``, a folder that is shared.
    """
    arguments = [*_bubblewrap(), "--new-session", "--die-with-parent", "--clearenv"]
    for name, value in _environment().items():
        arguments += ["--setenv", name, value]
    arguments += _system()
    made: set[str] = set()
    readable = list(_readable())
    if not any(path.is_relative_to("/tmp") for path in readable):
        arguments += ["--symlink", SCRATCH, "/tmp"]
    for path in readable:
        arguments += [*_parents(path, made), "--ro-bind", str(path), str(path)]
    stub = room / "closed"
    (stub / "__pycache__").mkdir(parents=True, exist_ok=True)
    (stub / "__init__.py").write_text(_STUB)
    stub.chmod(0o755)
    (stub / "__init__.py").chmod(0o644)
    for name in CLOSED:
        arguments += ["--ro-bind", str(stub), str(_package("metakit") / name)]
    arguments += ["--perms", "0777", "--dir", HOME, "--bind", str(room), ROOM, "--remount-ro", "/", "--chdir", "/"]
    return [*arguments, "--", *command]


def _bubblewrap() -> list[str]:
    mine = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if os.getuid() == 0:  # inside, it becomes nobody; root without a user namespace has no mounts to be revealed
        return ["bwrap", *mine, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return ["bwrap", "--unshare-user", *mine, "--cap-drop", "ALL"]


def _environment() -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": HOME,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(_package("metakit").parent),  # inside, the very packages that are imported outside
        "TMPDIR": SCRATCH,
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "METAKIT_FUSED": "0",
        "NBGRADER_EXECUTION": "autograde",
    }


def _system() -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            arguments += ["--ro-bind", str(path), str(path)]
    arguments += ["--perms", "0755", "--dir", "/etc"]
    for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "alternatives", "fonts"):
        arguments += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return [*arguments, "--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", SCRATCH]


def _readable() -> Iterator[Path]:
    """Yield this Python's folders, and metakit's and the autograder's own where they are installed elsewhere."""
    prefixes = {Path(p).absolute() for p in (sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib"))}
    outside_usr = sorted(p for p in prefixes if not p.is_relative_to("/usr"))
    folders = [p for p in outside_usr if not any(p != q and p.is_relative_to(q) for q in outside_usr)]
    yield from folders
    for path in (_package("metakit"), _package("autograder") / "inside", _package("autograder") / "__init__.py"):
        if not any(path.is_relative_to(folder) for folder in folders):
            yield path


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _parents(path: Path, made: set[str]) -> list[str]:
    """Make the folders above a path: bubblewrap would make them for root alone."""
    arguments = []
    for parent in reversed(path.parents):
        if str(parent) not in made and str(parent) != "/":
            made.add(str(parent))
            arguments += ["--perms", "0755", "--dir", str(parent)]
    return arguments
