"""The student's kernel as the grader sees it: bounded in time and in output, and believed in nothing.

It speaks Jupyter's protocol by jupyter_client. nbclient, which runs notebooks for those who trust them, waits for and
keeps whatever a kernel sends.
"""

import ast
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from nbformat import NotebookNode
from nbformat.v4 import new_output
from traitlets.config import Config

from autograder.examiner import UNREADABLE, Failed, Unreachable
from autograder.inside.wire import MAX_BYTES
from autograder.wall.bubblewrap import CLOSED, MESSAGE
from autograder.wall.memory import megabytes_of, my_megabytes
from autograder.wall.nursery import VARIABLE, Limits
from autograder.wall.outputs import clean_output

WALLED, PLAIN = "walled", "python3"
"""The kernelspecs: our own, and the one that every installation has."""

MAX_GROWTH = 1024
"""Megabytes that this process may grow by: a message in parts is kept, and bounded by nothing, until the last comes."""

KERNELS = Path(__file__).parent / "kernels"
TIMED_OUT, KERNEL_DIED, NOT_RUN = "CellTimeoutError", "KernelDied", "NotRun"
TOO_LONG = "This cell had not ended when its time was up. Is there a loop that never ends?"
DEAF = "This cell went on when it was told to stop."
ENDED = "The notebook's Python process ended in this cell."
ENDED_BEFORE = "The notebook's Python process ended in an earlier cell, so this one could not run."
_CALLED = {
    ENDED: "The notebook's Python process ended when the function was called.",
    DEAF: "The function went on when it was told to stop.",
}
_ASK = "__import__('autograder.inside.desk', fromlist=['answer']).answer({!r})"
_BASE64 = re.compile(r"[A-Za-z0-9+/=]*")


class SandboxGone(RuntimeError):
    """The sandbox as a whole has ended: no judgement, since it is no student's doing."""


@dataclass(frozen=True)
class Patience:
    """How long the grader waits, in seconds, and how much it reads."""

    cell: float = 20.0
    call: float = 10.0  # of a function, by a check
    afterwards: float = 2.0  # once something has timed out, as what never ends is probably called again
    interrupt: float = 2.0
    start: float = 60.0
    submission: float = 120.0
    output_bytes: int = 100 * 2**20  # read and thrown away, before the kernel is taken for one that never stops
    outputs: int = 200  # kept, of each cell


@dataclass
class StudentKernel:
    """One kernel; a context manager.

    Args:
        name: of the kernelspec.
        patience: how long to wait.
        folder: what stands beside the notebook.
        limits: fields of ``Limits`` that are not to be the default.
    """

    name: str
    patience: Patience
    folder: Path
    limits: dict[str, int] = field(default_factory=dict)
    stopped: str = ""  # why nothing runs any more

    def __enter__(self) -> "StudentKernel":
        """Start the kernel."""
        self._deadline = time.monotonic() + self.patience.start
        self._slow, self._read, self._weighed = False, 0, 0.0
        self._room = my_megabytes() + MAX_GROWTH
        self._limits = Limits(**self.limits)
        self._context = zmq.Context()
        self._context.setsockopt(zmq.MAXMSGSIZE, 2 * MAX_BYTES)
        specs = KernelSpecManager()
        specs.kernel_dirs = [str(KERNELS), *specs.kernel_dirs]
        config = Config({"WalledProvisioner": {"limits": self.limits}})
        self._manager = KernelManager(
            kernel_name=self.name, kernel_spec_manager=specs, config=config, context=self._context
        )
        self._manager.start_kernel(cwd=str(self.folder), env=_environment())
        self._client = BlockingKernelClient(context=self._context)
        self._client.load_connection_info(self._manager.get_connection_info())
        try:
            self._client.start_channels(stdin=False, hb=False)
            self._wait_for_start()
            if self.name != WALLED:
                settle = self._client.execute(_settle(self._limits), silent=True, store_history=False)
                self._reply(settle, self.patience.start)
        except BaseException:
            self.__exit__()
            raise
        self._deadline = time.monotonic() + self.patience.submission
        return self

    def __exit__(self, *_: object) -> None:
        """End it and all that came from it."""
        self._client.stop_channels()
        with suppress(RuntimeError):
            self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()
        self._context.destroy(linger=0)

    def run(self, code: str) -> list[NotebookNode]:
        """Run a cell, and return its outputs; whatever goes wrong is an output too."""
        if self.stopped:
            return [failure(NOT_RUN, self.stopped)]
        outputs: list[NotebookNode] = []

        def keep(message: dict[str, Any]) -> None:
            output = clean_output(message["msg_type"], message["content"])
            if output is not None and len(outputs) < self.patience.outputs:
                outputs.append(output)

        request = self._client.execute(code, silent=False, store_history=True, allow_stdin=False)
        try:
            self._reply(request, self.patience.cell, keep)
        except _Late:
            outputs.append(failure(TIMED_OUT, TOO_LONG))
        except Unreachable as error:
            outputs.append(failure(TIMED_OUT if str(error) == DEAF else KERNEL_DIED, str(error)))
        return outputs

    def ask(self, message: str) -> str:
        """Hand a request to the desk in the kernel, and return its answer: the examiner's transport.

        Raises:
            Failed: the answer is none, or the kernel ended meanwhile.
            TimeoutError: the answer came too late.
            Unreachable: the kernel had ended before.
        """
        if self.stopped:
            raise Unreachable(self.stopped)
        expressions = {"answer": _ASK.format(message)}
        request = self._client.execute("", silent=True, store_history=False, user_expressions=expressions)
        try:
            reply = self._reply(request, self.patience.call)
        except _Late:
            raise TimeoutError from None
        except Unreachable as error:
            raise Failed(_CALLED.get(str(error), str(error))) from None
        match reply:
            case {"user_expressions": {"answer": {"status": "ok", "data": {"text/plain": str(text)}}}}:
                with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
                    if len(text) <= MAX_BYTES and _BASE64.fullmatch(text.strip("'")):
                        return str(ast.literal_eval(text))
        raise Failed(UNREADABLE)

    def _reply(
        self, request: str, patience: float, keep: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """Return the content of the reply to ``request``; all that the kernel prints before goes to ``keep``."""
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
            self._manager.interrupt_kernel()
            interrupted, self._slow = True, True
            late = time.monotonic() + self.patience.interrupt
        if interrupted:
            if time.monotonic() > self._deadline:
                self.stopped = "The time for the whole notebook was up before this cell could run."
            raise _Late
        assert reply is not None
        return reply

    def _messages(self, late: float) -> Iterator[tuple[str, dict[str, Any]]]:
        """Wait for a moment, and yield what has come, if it can be read at all."""
        channels = {"shell": self._client.shell_channel, "iopub": self._client.iopub_channel}
        poller = zmq.Poller()
        for channel in channels.values():
            poller.register(channel.socket, zmq.POLLIN)
        wait = max(0.0, min(late - time.monotonic(), 0.1))
        ready = dict(poller.poll(int(1000 * wait) + 1))
        if not ready and not self._manager.is_alive():
            self._end(ENDED, ENDED_BEFORE)
        if my_megabytes() > self._room:
            self._end("This cell sent more than can be read.", "An earlier cell sent more than can be read.")
        if time.monotonic() > self._weighed + 0.5:
            self._weighed = time.monotonic()
            if self._megabytes() > self._limits.together_megabytes:
                self._end("This cell used too much memory.", "An earlier cell used too much memory.")
        for name, channel in channels.items():
            if channel.socket not in ready:
                continue
            try:
                message = channel.get_msg(timeout=0)
                self._read += len(str(message["content"]))
                well_formed = isinstance(message["parent_header"], dict) and isinstance(message["content"], dict)
            except Empty:
                continue
            except Exception:  # forged, or nested too deeply: the kernel may send anything
                self._read += 1000
                continue
            if self._read > self.patience.output_bytes:
                self._end("This cell printed without end.", "An earlier cell printed without end.")
            if well_formed:
                yield name, message

    def _megabytes(self) -> float:
        pid = getattr(self._manager.provisioner, "pid", None)
        return megabytes_of(pid) if pid else 0.0

    def _end(self, said: str, afterwards: str) -> None:
        """Kill the kernel; what is asked of it from now on could not run.

        Raises:
            SandboxGone: it was not this kernel alone that ended.
            Unreachable: always else.
        """
        if not getattr(self._manager.provisioner, "wall_stands", True):
            raise SandboxGone("The sandbox ended while a notebook was graded.")
        self._manager.shutdown_kernel(now=True)
        self.stopped = afterwards
        raise Unreachable(said)

    def _wait_for_start(self) -> None:
        late = time.monotonic() + self.patience.start
        heard: set[str] = set()
        while heard != {"shell", "iopub"}:
            if time.monotonic() > late:
                raise SandboxGone("A kernel did not start in time.")
            self._client.kernel_info()
            nudge = time.monotonic() + 0.2
            while heard != {"shell", "iopub"} and time.monotonic() < nudge:
                try:
                    heard |= {channel for channel, _ in self._messages(nudge)}
                except Unreachable:
                    raise SandboxGone("A kernel ended before it had started.") from None


class _Late(Exception):
    """There was no reply in time; the kernel has been interrupted, and goes on."""


def _environment() -> dict[str, str]:
    """Return the environment of a kernel without a wall: nothing of it leads to the checks."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", VARIABLE)}
    return {**kept, "OMP_NUM_THREADS": "1", "NBGRADER_EXECUTION": "autograde"}


def _settle(limits: Limits) -> str:
    closed = [f"metakit.{name}" for name in CLOSED]
    own = (limits.megabytes, limits.disk_megabytes, limits.files, limits.cpu_seconds, closed, MESSAGE)
    return f"__import__('autograder.inside.plain', fromlist=['settle']).settle{own!r}"


def failure(name: str, sentence: str) -> NotebookNode:
    """Return an error output that holds a sentence."""
    return new_output("error", ename=name, evalue=sentence, traceback=[sentence])
