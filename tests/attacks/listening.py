"""Sockets of this machine that attackers try to call."""

import os
import socket
from contextlib import chdir
from pathlib import Path


class Listening:
    """Listens on TCP and UDP, at a path and at an abstract name; a context manager."""

    def __init__(self, folder: Path, token: str) -> None:
        """Open the sockets; the path is ``folder/socket``, and the abstract name is ``token``."""
        self.sockets = {
            "TCP": socket.socket(),
            "UDP": socket.socket(type=socket.SOCK_DGRAM),
            "path": socket.socket(socket.AF_UNIX),
            "abstract": socket.socket(socket.AF_UNIX),
        }
        self.sockets["TCP"].bind(("127.0.0.1", 0))
        self.port = self.sockets["TCP"].getsockname()[1]
        self.sockets["UDP"].bind(("127.0.0.1", self.port))
        with chdir(folder):  # a socket's path is short
            self.sockets["path"].bind("socket")
        os.chmod(folder / "socket", 0o777)
        self.sockets["abstract"].bind(f"\0{token}")
        for name, one in self.sockets.items():
            one.setblocking(False)
            if name != "UDP":
                one.listen()

    def __enter__(self) -> "Listening":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all."""
        for one in self.sockets.values():
            one.close()

    def heard(self) -> list[str]:
        """Return which of the sockets somebody called."""
        found = []
        for name, one in self.sockets.items():
            try:
                one.recv(9) if name == "UDP" else one.accept()
                found.append(name)
            except BlockingIOError:
                continue
        return found
