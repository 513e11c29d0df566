"""One at a time: what writes into a course keeps others that do so out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from autograder.course import CourseError

_TURN = 3.0
"""Seconds to wait for the lock: a run that was killed has processes that end a moment after it."""


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keep other runs out of this course; the lock goes with the process, however that ends.

    Raises:
        CourseError: another is at work there.
    """
    who = root / ".grading"
    try:
        with FileLock(root / ".grading.lock", timeout=_TURN):
            who.write_text(str(os.getpid()))
            yield
    except Timeout:
        raise CourseError(
            f"Another run (process {who.read_text() if who.exists() else 'unknown'}) is collecting or grading in {root}"
            ": wait until it has ended, or stop it. What it has graded will not be graded again."
        ) from None
