"""Opening a file that a student handed in, without being led elsewhere, held up or flooded."""

import os
import stat
from pathlib import Path

MEGABYTE = 2**20
LARGEST = 20 * MEGABYTE
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class UnreadableError(Exception):
    """There is nothing to grade; the message is a sentence for the student."""


def read_bytes(path: Path) -> bytes:
    """Return what is in a regular file; links are not followed, and pipes and devices not opened.

    Raises:
        UnreadableError: it is something else, larger than ``LARGEST``, or may not be read.
    """
    try:
        _only_a_file(path.name, path.lstat())
        with os.fdopen(os.open(path, os.O_RDONLY | _NO_LINKS), "rb") as file:
            _only_a_file(path.name, os.fstat(file.fileno()))
            data = file.read(LARGEST + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnreadableError(f"{path.name} could not be opened ({reason}). Hand it in again.") from None
    if len(data) > LARGEST:
        raise UnreadableError(_too_large(path.name, len(data)))
    return data


def _only_a_file(name: str, status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise UnreadableError(f"{name} is a link to another file, and links are not followed. Hand in the file itself.")
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "no ordinary file"
        raise UnreadableError(f"{name} is {what}. Hand in the notebook itself.")
    if status.st_size > LARGEST:
        raise UnreadableError(_too_large(name, status.st_size))


def _too_large(name: str, size: int) -> str:
    return (
        f"{name} is larger than {LARGEST // MEGABYTE} MB ({size / MEGABYTE:.1f} MB). Clear the outputs, which are "
        "nearly always what takes the room (Edit > Clear Outputs of All Cells), save it, and hand it in again."
    )
