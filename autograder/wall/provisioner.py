"""A Jupyter kernel provisioner whose kernels live behind the wall: the plug-in point for any Jupyter program.

A kernelspec names it in its metadata, as ``autograder/wall/kernels/walled/kernel.json`` does.
"""

import asyncio
import atexit
import os
import select
import shutil
import signal
import uuid
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import Dict

from autograder.wall.memory import pid_of
from autograder.wall.nursery import VARIABLE, Limits, Nursery, ask_for_kernel, is_there, send_signal

MAX_FILES, MAX_FILE_BYTES = 200, 32 * 2**20

_own: Nursery | None = None


class WalledProvisioner(KernelProvisionerBase):
    """Kernels forked behind the wall; the kernel's command line is not used."""

    limits = Dict(help="what a kernel may use: the fields of autograder.wall.nursery.Limits").tag(config=True)

    pidfd: int | None = None
    pid: int | None = None
    folder: Path | None = None
    room: Path | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel to be asked about."""
        return self.pidfd is not None

    @property
    def wall_stands(self) -> bool:
        """Whether the nursery is there: a kernel that ended with it ended by no doing of its own."""
        return self.room is not None and is_there(self.room)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose where the sockets will be, and lay the notebook's other files beside them."""
        self.room = nursery_room()
        self.folder = self.room / uuid.uuid4().hex[:8]
        self.folder.mkdir(mode=0o700)
        copy_files(Path(kwargs.get("cwd") or "."), self.folder / "files")
        if os.getuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, 65534, 65534)
        manager: Any = self.parent
        manager.transport, manager.ip = "ipc", str(self.folder / "k")
        ports = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
        for number, port in enumerate(ports, 1):
            setattr(manager, port, number)
        manager.write_connection_file()
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Ask the nursery for a kernel."""
        assert self.room is not None
        assert self.folder is not None
        manager: Any = self.parent
        info = manager.get_connection_info()
        plain = {k: v.decode() if isinstance(v, bytes) else v for k, v in info.items()}
        limits = Limits(**self.limits)
        self.pidfd = await asyncio.to_thread(ask_for_kernel, self.room, self.folder.name, plain, limits)
        self.pid = pid_of(self.pidfd)
        self.connection_info = info
        return info

    async def poll(self) -> int | None:
        """Return None while the kernel runs."""
        if self.pidfd is None:
            return 0
        ended, _, _ = select.select([self.pidfd], [], [], 0)
        return 1 if ended else None

    async def wait(self) -> int | None:
        """Return when the kernel has ended."""
        while await self.poll() is None:
            await asyncio.sleep(0.01)
        self._close()
        return 0

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel."""
        if self.pidfd is not None:
            send_signal(self.pidfd, signum)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel, and with it all in its namespaces."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """The same: a kernel that is process 1 of its namespace takes no other signal."""
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """Remove what is left."""
        await self.kill()
        self._close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _close(self) -> None:
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None


def nursery_room() -> Path:
    """Return the room of the nursery that was started for this run, or of one for this process alone."""
    global _own
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE])
    if _own is None:
        _own = Nursery()
        atexit.register(_own.__exit__)
    _own.wait()
    return _own.room


def copy_files(source: Path, target: Path) -> None:
    """Copy what stands beside a notebook: regular files that are no notebooks, a bounded number of bounded size."""
    target.mkdir(mode=0o755)
    left, room = MAX_FILES, MAX_FILE_BYTES
    for path in sorted(source.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.suffix == ".ipynb":
            continue
        size = path.stat().st_size
        if left == 0 or size > room:
            break
        left, room = left - 1, room - size
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
