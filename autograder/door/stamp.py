"""When a submission was handed in: the ``timestamp.txt`` beside the notebook, by which nbgrader counts lateness."""

from pathlib import Path

from nbgrader.utils import parse_utc

from autograder.door.opening import UnreadableError, read_bytes

STAMP = "timestamp.txt"


def is_time(data: bytes) -> bool:
    """Say whether nbgrader can read a time in it."""
    try:
        parse_utc(data.decode().strip())
    except (ValueError, OverflowError):
        return False
    return True


def stamp_of(folder: Path) -> bytes | None:
    """Return what is in a submission's time stamp, or None if there is none that nbgrader could read."""
    try:
        data = read_bytes(folder / STAMP)
    except UnreadableError:
        return None
    return data if is_time(data) else None
