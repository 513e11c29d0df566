"""The grader's end of the nursery: starts the warm process behind the wall, and asks it for kernels."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from autograder.wall.bubblewrap import ROOM, walled

VARIABLE = "AUTOGRADER_NURSERY"
"""Names the room of a nursery that somebody else has started."""

_PATIENCE = 60.0
_PREFIX = "autograder-room-"


class NurseryError(RuntimeError):
    """The warm process cannot be had: the machine's or the grader's fault, never a student's."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Args:
        megabytes: of memory, of one process.
        together_megabytes: of memory, of all its processes.
        processes: and threads.
        disk_megabytes: in each of its three folders.
        files: open at once, in one process.
        cpu_seconds: of one process.
    """

    megabytes: int = 4096
    together_megabytes: int = 6144
    processes: int = 96
    disk_megabytes: int = 64
    files: int = 512
    cpu_seconds: int = 600


class Nursery:
    """The warm process; a context manager that ends it, and every kernel that came from it.

    Raises:
        NurseryError: it does not come up.
    """

    def __init__(self) -> None:
        """Start it; it is ready when the first kernel comes."""
        _sweep()
        self.room = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_short()))
        self.room.chmod(0o711)
        if os.getuid() == 0:
            os.chown(self.room, 65534, 65534)
        command = walled(self.room, sys.executable, "-m", "autograder.inside.nursery", ROOM)
        self._errors = open(self.room / "errors", "w+")  # noqa: SIM115  # as long as the process
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._errors
        )

    def __enter__(self) -> "Nursery":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        self._errors.close()
        shutil.rmtree(self.room, ignore_errors=True)

    def wait(self) -> None:
        """Return when it is ready."""
        deadline = time.monotonic() + _PATIENCE
        while not (self.room / "door").exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self._errors.seek(0)
                raise NurseryError(f"The sandbox did not come up. It said: {self._errors.read()[-500:].strip()}")
            time.sleep(0.02)


def ask_for_kernel(room: Path, folder: str, connection: dict[str, Any], limits: Limits) -> int:
    """Return the pidfd of a new kernel.

    Args:
        room: of a nursery that is ready.
        folder: in the room, where the kernel opens its sockets; ``files`` in it is what stands beside the notebook.
        connection: Jupyter's connection information.
        limits: what the kernel may use.

    Raises:
        NurseryError: there is no nursery, or it could not make one.
    """
    request = json.dumps({"folder": folder, "connection": connection, "limits": asdict(limits)}).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.settimeout(_PATIENCE)
        try:
            door.connect(str(room / "door"))
            door.send(request)
            answer, fds, _, _ = socket.recv_fds(door, 65536, 1)
        except OSError as error:
            raise NurseryError(f"The sandbox is gone or does not answer: {error}") from None
    if not fds:
        raise NurseryError(f"The sandbox could not make a kernel: {json.loads(answer or b'{}').get('error', '')}")
    return fds[0]


def is_there(room: Path) -> bool:
    """Return whether a nursery still answers at its door: one that is about to die still lets callers in."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.settimeout(_PATIENCE)
        try:
            door.connect(str(room / "door"))
            door.send(b"{}")
            return bool(door.recv(16))
        except OSError:
            return False


def send_signal(pidfd: int, number: int) -> None:
    """Send a signal to a process that may have ended."""
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return


def _sweep() -> None:
    """Remove the rooms of graders that were killed."""
    for room in Path(_short()).glob(f"{_PREFIX}*"):
        owner = room.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(room, ignore_errors=True)


def _short() -> str:
    """Return where rooms can be made: the path of a Unix socket has at most 107 bytes."""
    place = tempfile.gettempdir()
    return place if len(place) < 40 else "/tmp"
