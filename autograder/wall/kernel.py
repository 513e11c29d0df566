"""The student's kernel as the grader sees it: cells that are run, and requests that are answered."""

import ast
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from nbformat import NotebookNode
from nbformat.v4 import new_output
from traitlets.config import Config

from autograder.inside.wire import MAX_BYTES
from autograder.student import UNREADABLE, Failed, Unreachable
from autograder.wall.bubblewrap import CLOSED, MESSAGE
from autograder.wall.conversation import DEAF, ENDED, Conversation, Late
from autograder.wall.nursery import VARIABLE, Limits
from autograder.wall.outputs import clean_output
from autograder.wall.patience import Patience

WALLED, PLAIN = "walled", "python3"
"""The kernelspecs: our own, and the one that every installation has."""

KERNELS = Path(__file__).parent / "kernels"
TIMED_OUT, KERNEL_DIED, NOT_RUN = "CellTimeoutError", "KernelDied", "NotRun"
TOO_LONG = "This cell had not ended when its time was up. Is there a loop that never ends?"
_CALLED = {
    ENDED: "The notebook's Python process ended when the function was called.",
    DEAF: "The function went on when it was told to stop.",
}
_ASK = "__import__('autograder.inside.desk', fromlist=['answer']).answer({!r})"
_BASE64 = re.compile(r"[A-Za-z0-9+/=]*")


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

    def __enter__(self) -> "StudentKernel":
        """Start the kernel."""
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
        limits = Limits(**self.limits)
        self.talk = Conversation(self._manager, self._client, self.patience, limits)
        try:
            self._client.start_channels(stdin=False, hb=False)
            self.talk.wait_for_start()
            if self.name != WALLED:
                settle = self._client.execute(_settle(limits), silent=True, store_history=False)
                self.talk.reply(settle, self.patience.start)
        except BaseException:
            self.__exit__()
            raise
        self.talk.begin_notebook()
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
        if self.talk.stopped:
            return [failure(NOT_RUN, self.talk.stopped)]
        outputs: list[NotebookNode] = []

        def keep(message: dict[str, Any]) -> None:
            output = clean_output(message["msg_type"], message["content"])
            if output is not None and len(outputs) < self.patience.outputs:
                outputs.append(output)

        request = self._client.execute(code, silent=False, store_history=True, allow_stdin=False)
        try:
            self.talk.reply(request, self.patience.cell, keep)
        except Late:
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
        if self.talk.stopped:
            raise Unreachable(self.talk.stopped)
        expressions = {"answer": _ASK.format(message)}
        request = self._client.execute("", silent=True, store_history=False, user_expressions=expressions)
        try:
            reply = self.talk.reply(request, self.patience.call)
        except Late:
            raise TimeoutError from None
        except Unreachable as error:
            raise Failed(_CALLED.get(str(error), str(error))) from None
        match reply:
            case {"user_expressions": {"answer": {"status": "ok", "data": {"text/plain": str(text)}}}}:
                with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
                    if len(text) <= MAX_BYTES and _BASE64.fullmatch(text.strip("'")):
                        return str(ast.literal_eval(text))
        raise Failed(UNREADABLE)


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
