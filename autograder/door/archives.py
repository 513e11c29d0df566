"""What is in a folder or a zip, without anything of it being unpacked beyond bounds or outside."""

import os
import stat
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.door.extras import is_rubbish, shown
from autograder.door.opening import MEGABYTE
from autograder.door.stamp import STAMP

LARGEST_FILE = 64 * MEGABYTE
MOST_ENTRIES = 20_000
STEEPEST = 200  # times its size in the archive; an honest notebook stays below 100


class BombError(ValueError):
    """Something unpacks to far more than anybody hands in."""


@dataclass(frozen=True)
class Entry:
    """A file in a folder or archive.

    Args:
        path: with "/", inside.
        read: returns what is in it, up to ``LARGEST_FILE``.
        when: it was last changed, in seconds since 1970; 0 if nobody knows.
    """

    path: str
    read: Callable[[], bytes]
    when: float = 0.0


@dataclass
class Listing:
    """What is in a folder or archive: files, and sentences on what is not taken."""

    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, mode: int, read: Callable[[], bytes], when: float, locked: bool = False) -> None:
        """Take an entry, or leave it out with a sentence, or without one if it is rubbish."""
        path = _inside(name)
        if path is not None and any(is_rubbish(part) and part != STAMP for part in path.split("/")):
            return
        if path is None:
            self.notes.append(f"{shown(name)} was left out: its name leads outside, or is none.")
        elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            self.notes.append(f"{shown(path)} was left out: it is a link, or no ordinary file.")
        elif locked:
            self.notes.append(f"{shown(path)} was left out: it is locked with a password.")
        elif len(self.entries) == MOST_ENTRIES:
            raise BombError(f"it holds more than {MOST_ENTRIES} files")
        else:
            self.entries.append(Entry(path, read, when))


def in_folder(folder: Path) -> Listing:
    """List a folder; links in it are left out."""
    listing = Listing()
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_rubbish(name))
        links = [name for name in folders if Path(place, name).is_symlink()]
        for name in sorted(files) + links:
            path = Path(place, name)
            status = path.lstat()
            listing.add(path.relative_to(folder).as_posix(), status.st_mode, _file_reader(path), status.st_mtime)
    return listing


def in_zip(archive: zipfile.ZipFile) -> Listing:
    """List a zip.

    Raises:
        BombError: too many files, or one that unpacks to too much, when it is read.
    """
    listing = Listing()
    for info in archive.infolist():
        if not info.is_dir():
            mode = info.external_attr >> 16 if info.create_system == 3 else 0
            listing.add(_name_in_zip(info), mode, _zip_reader(archive, info), _when(info), bool(info.flag_bits & 1))
    return listing


def _inside(name: str) -> str | None:
    parts = [part for part in name.replace("\\", "/").split("/") if part != "."]
    bad = not all(parts) or ".." in parts or len(parts) > 30 or any(len(os.fsencode(part)) > 200 for part in parts)
    if not parts or bad or not "".join(parts).isprintable() or ":" in parts[0]:
        return None
    return "/".join(parts)


def _name_in_zip(info: zipfile.ZipInfo) -> str:
    if not info.flag_bits & 0x800:  # not marked as UTF-8, and yet it is, if a Mac made it
        try:
            return info.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.filename


def _when(info: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*info.date_time, 0, 0, -1)) if info.date_time > (1980, 1, 2) else 0.0
    except (ValueError, OverflowError):
        return 0.0


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        most = max(MEGABYTE, STEEPEST * info.compress_size)
        with archive.open(info) as file:
            data = file.read(min(most, LARGEST_FILE) + 1)
        if len(data) > most:
            raise BombError(f"{shown(info.filename)} unpacks to more than {STEEPEST} times its size")
        return data[:LARGEST_FILE]

    return read


def _file_reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(LARGEST_FILE)

    return read
