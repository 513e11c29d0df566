"""The warm process inside the wall: it has imported what notebooks need, and forks a kernel for each submission.

Run as ``python -m autograder.inside.nursery ROOM``, inside bubblewrap. ROOM is a folder that is shared with the
grader; the process listens at ROOM/door. A request is a JSON object with the kernel's ``connection``, its ``folder`` in
ROOM and its ``limits``; the answer is ``{}`` with a pidfd of the kernel, or ``{"error": sentence}``. To an empty
request, whether anybody is there, it is ``{}`` at once. A kernel sees neither ROOM nor any other process, and holds no
file that leads out of its namespaces.
"""

import gc
import importlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from autograder.inside import desk  # noqa: F401  # so that kernels find it imported
from autograder.inside.kernel import close_all_but, listen, serve
from autograder.inside.namespaces import become_nobody, cover, drop_capabilities, limit, mount_memory, unshare
from autograder.inside.refusals import refuse

MAX_REQUEST = 65536
_PATIENCE = 10.0
_WARM = (
    "IPython.core.debugger",
    "IPython.core.interactiveshell",
    "ipykernel.debugger",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "tqdm.auto",
    "metakit.minimize",
    "metakit.networks",
    "metakit.tasks.load",
    "tornado.platform.asyncio",
)


def warm_up() -> None:
    """Import what homework needs, and take one step of training, so that no kernel waits for it."""
    for name in _WARM:
        importlib.import_module(name)
    torch.set_num_threads(1)
    weight = torch.ones(3, 3, requires_grad=True)
    (grad,) = torch.autograd.grad((weight @ weight).sum(), weight, create_graph=True)
    torch.autograd.grad(grad.sum(), weight)
    torch.func.grad(lambda w: (w**2).sum())(weight)
    gc.collect()
    gc.freeze()


def main(room: str) -> None:
    """Serve until the grader is gone."""
    become_nobody()
    warm_up()
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.bind(f"{room}/door")
    door.listen(64)
    while True:
        caller, _ = door.accept()
        with caller, suppress(OSError):  # who asks may be gone before the answer
            caller.settimeout(_PATIENCE)
            request = caller.recv(MAX_REQUEST)
            if request:
                _answer(caller, room, request)


def _answer(caller: socket.socket, room: str, request: bytes) -> None:
    try:
        asked = json.loads(request)
        if not asked:
            caller.send(b"{}")
            return
        pidfd = _fork(room, asked)
    except Exception as error:
        caller.send(json.dumps({"error": f"{type(error).__name__}: {error}"[:500]}).encode())
        return
    try:
        socket.send_fds(caller, [b"{}"], [pidfd])
    finally:
        os.close(pidfd)


def _fork(room: str, request: dict[str, Any]) -> int:
    """Fork a kernel, and return its pidfd once its sockets listen."""
    reading, writing = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.close(reading)
        _enter(room, request, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:  # two lines, in either order: which process it is, and that it listens
        said: dict[str, Any] = {}
        while not said.keys() >= {"pid", "listens"}:
            said |= json.loads(pipe.readline() or '{"error": "the process ended at once"}')
            if "error" in said:
                break
    os.waitpid(middle, 0)
    if "error" in said:
        raise OSError(said["error"])
    return os.pidfd_open(said["pid"])


def _enter(room: str, request: dict[str, Any], writing: int) -> None:
    """In the middle process: make the namespaces and the kernel in them, and end."""
    try:
        unshare()
        kernel = os.fork()
        if kernel == 0:
            _settle(room, request, writing)
        os.write(writing, json.dumps({"pid": kernel}).encode() + b"\n")
    except BaseException as error:
        os.write(writing, json.dumps({"error": str(error)}).encode() + b"\n")
    os._exit(0)


def _settle(room: str, request: dict[str, Any], writing: int) -> None:
    """In the kernel's process: arrange its rooms, shut the door behind it, and serve."""
    try:
        limits, folder = request["limits"], f"{room}/{request['folder']}"
        listening = listen(folder, request["connection"])
        close_all_but({writing, *listening.values()})
        for fd in range(3):  # the nursery's last leads to a file that all kernels would share
            os.dup2(os.open(os.devnull, os.O_RDWR), fd)
        disk = limits["disk_megabytes"]
        for where in (tempfile.gettempdir(), str(Path.home()), "/dev/shm"):
            mount_memory(where, disk)
        if Path(folder, "files").is_dir():
            shutil.copytree(Path(folder, "files"), Path.home(), symlinks=True, dirs_exist_ok=True)
        cover(room)
        cover("/proc")
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        limit(limits["megabytes"], limits["processes"], disk, limits["files"], limits["cpu_seconds"])
        drop_capabilities()
        refuse()
        os.write(writing, b'{"listens": true}\n')
        os.close(writing)
        serve(request["connection"], listening)
    except BaseException:
        os.write(writing, json.dumps({"error": traceback.format_exc()[-400:]}).encode() + b"\n")
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
