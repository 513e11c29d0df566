"""A Jupyter kernel in a process that was forked from a warm one, on sockets that exist already."""

import gc
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any

import numpy
import torch
import zmq
from ipykernel.kernelapp import IPKernelApp

_SOCKETS = ("shell_port", "iopub_port", "stdin_port", "control_port")


class ForkedKernelApp(IPKernelApp):
    """ipykernel's own application, handed its listening sockets; it beats no heart, as its parent has a pidfd."""

    listening: dict[int, int]

    def _try_bind_socket(self, s: zmq.Socket[Any], port: int) -> int:
        s.setsockopt(zmq.USE_FD, self.listening[port])
        s.bind(f"ipc://{self.ip}-{port}")
        return port

    def init_heartbeat(self) -> None:
        """Have none."""


def listen(folder: str, connection: dict[str, Any]) -> dict[int, int]:
    """Open the kernel's sockets in ``folder``, and return the file descriptor of each port."""
    listening = {}
    for name in _SOCKETS:
        port = connection[name]
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path = f"{folder}/k-{port}"
        one.bind(path)
        os.chmod(path, 0o666)
        one.listen(16)
        one.setblocking(False)
        listening[port] = one.detach()
    return listening


def close_all_but(kept: set[int]) -> None:
    """Close every file that was inherited, the first three and ``kept`` aside."""
    for fd in map(int, os.listdir("/proc/self/fd")):
        if fd > 2 and fd not in kept:
            try:
                os.close(fd)
            except OSError:
                continue  # the listing's own


def serve(connection: dict[str, Any], listening: dict[int, int]) -> None:
    """Be the kernel until it is told to stop; never returns."""
    gc.enable()
    numpy.random.seed()  # Python seeds its own anew in every forked process
    torch.seed()
    home = Path.home()
    file = Path(tempfile.gettempdir(), "kernel.json")
    file.write_text(json.dumps({**connection, "ip": "/kernels/k"}))
    os.chdir(home)
    app = ForkedKernelApp.instance()
    app.listening = listening
    app.initialize(["-f", str(file), "--HistoryManager.enabled=False", "--log-level=ERROR"])
    file.unlink()
    app.start()
    os._exit(0)
