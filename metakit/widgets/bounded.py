"""Bounds on a call of somebody else's function: how long it takes, and how much it prints."""

import io
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

LETTERS = 100_000
"""That a function may print in all; nobody sees them."""


class Late(BaseException):
    """No ``Exception``, which a function's own ``except`` would keep."""


class Full(BaseException):
    """More was printed than anyone would read."""


class Unread(io.TextIOBase):
    """A stream that counts letters and keeps none."""

    def __init__(self) -> None:
        """Begin with none."""
        self.letters = 0

    def write(self, text: str) -> int:
        """Count; raise ``Full`` when there are too many."""
        self.letters += len(text)
        if self.letters > LETTERS:
            raise Full
        return len(text)


@contextmanager
def unread(stream: Unread) -> Iterator[None]:
    """Send what is printed in here to ``stream``."""
    with redirect_stdout(stream), redirect_stderr(stream):
        yield


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raise ``Late`` in here after so many seconds, and again each half second, where the system has such alarms."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: Any) -> None:
        raise Late

    before, begun = signal.signal(signal.SIGALRM, late), time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 1e-3) if left else 0)
        signal.signal(signal.SIGALRM, before)
