"""The latest change wins: work that gives way between slices, and is given up when newer work comes."""

import asyncio
import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

PAUSES = 3
"""Turns of the event loop between two slices: a message is read, handed on and handled in one each."""


class Latest:
    """Runs one piece of work at a time, a generator that yields wherever it can be interrupted.

    With a running event loop, as in a kernel, it is driven by a task; without one it runs to its end at once. Work that
    is given up is closed: it sees ``GeneratorExit`` at its last ``yield``.
    """

    def __init__(self) -> None:
        """Begin without work."""
        self._task: asyncio.Task[None] | None = None

    def start(self, work: Generator[None, None, None]) -> None:
        """Give up what is running, and run this."""
        if self._task:
            self._task.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            finish(work)
        else:
            self._task = loop.create_task(_drive(work))


def finish(work: Generator[None, None, None]) -> None:
    """Run work to its end."""
    for _ in work:
        pass


async def _drive(work: Generator[None, None, None]) -> None:
    with closing(work):
        while True:
            with interruptible():
                if next(work, work) is work:
                    return
            for _ in range(PAUSES):
                await asyncio.sleep(0)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let "interrupt the kernel" raise KeyboardInterrupt in here; between two messages a kernel ignores it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
