"""What a student's kernel says, listened to with bounds on time, output and memory, and believed in nothing.

It speaks Jupyter's protocol by jupyter_client. nbclient, which runs notebooks for those who trust them, waits for and
keeps whatever a kernel sends.
"""

import time
from collections.abc import Callable, Iterator
from queue import Empty
from typing import Any

import psutil
import zmq
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from autograder.student import Unreachable
from autograder.wall.memory import megabytes_of
from autograder.wall.nursery import Limits
from autograder.wall.patience import Patience

MAX_GROWTH = 1024
"""Megabytes that this process may grow by: a message in parts is kept, and bounded by nothing, until the last comes."""

DEAF = "This cell went on when it was told to stop."
ENDED = "The notebook's Python process ended in this cell."
ENDED_BEFORE = "The notebook's Python process ended in an earlier cell, so this one could not run."


class SandboxGone(RuntimeError):
    """The sandbox as a whole has ended: no judgement, since it is no student's doing."""


class Late(Exception):
    """There was no reply in time; the kernel has been interrupted, and goes on."""


class Conversation:
    """The grader's side of the talk with one kernel."""

    def __init__(
        self, manager: KernelManager, client: BlockingKernelClient, patience: Patience, limits: Limits
    ) -> None:
        """Begin; the time for starting runs from now."""
        self.manager, self.client, self.patience, self.limits = manager, client, patience, limits
        self.stopped = ""  # why nothing runs any more
        self.read = 0  # characters, of all that came
        self._slow, self._weighed = False, 0.0
        self._deadline = time.monotonic() + patience.start
        self._me = psutil.Process()
        self._room = self._mine() + MAX_GROWTH

    def begin_notebook(self) -> None:
        """Let the time for the whole notebook run from now."""
        self._deadline = time.monotonic() + self.patience.submission

    def wait_for_start(self) -> None:
        """Return when the kernel answers on both channels.

        Raises:
            SandboxGone: it does not.
        """
        late = time.monotonic() + self.patience.start
        heard: set[str] = set()
        while heard != {"shell", "iopub"}:
            if time.monotonic() > late:
                raise SandboxGone("A kernel did not start in time.")
            self.client.kernel_info()
            nudge = time.monotonic() + 0.2
            while heard != {"shell", "iopub"} and time.monotonic() < nudge:
                try:
                    heard |= {channel for channel, _ in self._messages(nudge)}
                except Unreachable:
                    raise SandboxGone("A kernel ended before it had started.") from None

    def reply(
        self, request: str, patience: float, keep: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """Return the content of the reply to ``request``; all that the kernel prints before goes to ``keep``.

        Raises:
            Late: there is none after ``patience`` seconds, and the kernel took an interrupt.
            Unreachable: the kernel has ended, or was ended, and ``stopped`` says why.
            SandboxGone: it ended with the whole sandbox.
        """
        late = min(time.monotonic() + (self.patience.afterwards if self._slow else patience), self._deadline)
        reply: dict[str, Any] | None = None
        idle, interrupted = keep is None, False
        while reply is None or not idle:
            for channel, message in self._messages(late):
                if message["parent_header"].get("msg_id") != request:
                    continue
                if channel == "shell":
                    reply = message["content"]
                    late = min(late, time.monotonic() + self.patience.interrupt)  # for what was printed to arrive
                elif message["msg_type"] == "status" and message["content"].get("execution_state") == "idle":
                    idle = True
                elif keep is not None:
                    keep(message)
            if time.monotonic() < late:
                continue
            if reply is not None:
                break
            if interrupted:
                self._end(DEAF, "An earlier cell went on when it was told to stop, so this one could not run.")
            self.manager.interrupt_kernel()
            interrupted, self._slow = True, True
            late = time.monotonic() + self.patience.interrupt
        if interrupted:
            if time.monotonic() > self._deadline:
                self.stopped = "The time for the whole notebook was up before this cell could run."
            raise Late
        assert reply is not None
        return reply

    def _messages(self, late: float) -> Iterator[tuple[str, dict[str, Any]]]:
        """Wait for a moment, and yield what has come, if it can be read at all."""
        channels = {"shell": self.client.shell_channel, "iopub": self.client.iopub_channel}
        poller = zmq.Poller()
        for channel in channels.values():
            poller.register(channel.socket, zmq.POLLIN)
        wait = max(0.0, min(late - time.monotonic(), 0.1))
        ready = dict(poller.poll(int(1000 * wait) + 1))
        if not ready and not self.manager.is_alive():
            self._end(ENDED, ENDED_BEFORE)
        if self._mine() > self._room:
            self._end("This cell sent more than can be read.", "An earlier cell sent more than can be read.")
        if time.monotonic() > self._weighed + 0.5:
            self._weighed = time.monotonic()
            if self._megabytes() > self.limits.together_megabytes:
                self._end("This cell used too much memory.", "An earlier cell used too much memory.")
        for name, channel in channels.items():
            if channel.socket not in ready:
                continue
            try:
                message = channel.get_msg(timeout=0)
                self.read += len(str(message["content"]))
                well_formed = isinstance(message["parent_header"], dict) and isinstance(message["content"], dict)
            except Empty:
                continue
            except Exception:  # forged, or nested too deeply: the kernel may send anything
                self.read += 1000
                continue
            if self.read > self.patience.output_bytes:
                self._end("This cell printed without end.", "An earlier cell printed without end.")
            if well_formed:
                yield name, message

    def _mine(self) -> float:
        """Return the megabytes of this process."""
        return float(self._me.memory_info().rss) / 2**20

    def _megabytes(self) -> float:
        pid = getattr(self.manager.provisioner, "pid", None)
        return megabytes_of(pid) if pid else 0.0

    def _end(self, said: str, afterwards: str) -> None:
        """Kill the kernel; what is asked of it from now on could not run.

        Raises:
            SandboxGone: it was not this kernel alone that ended.
            Unreachable: always else.
        """
        if not getattr(self.manager.provisioner, "wall_stands", True):
            raise SandboxGone("The sandbox ended while a notebook was graded.")
        self.manager.shutdown_kernel(now=True)
        self.stopped = afterwards
        raise Unreachable(said)
