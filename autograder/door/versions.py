"""What one student handed in, as the files that a submission's folder will hold; earlier versions first."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from autograder.door.archives import LARGEST_FILE, BombError, Entry
from autograder.door.extras import shown
from autograder.door.lms import Sent, without_counter
from autograder.door.opening import MEGABYTE
from autograder.door.packed import BROKEN, in_archive, is_archive
from autograder.door.stamp import STAMP, is_time

MOST_BYTES = 2 * LARGEST_FILE
MOST_FILES = 500
_NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)


@dataclass
class Version:
    """One time that a student handed in.

    Args:
        files: by path.
        order: Canvas's number of the notebook; else 0.
        when: the files were last changed, in seconds since 1970; 0 if nobody knows.
        notes: on what was not taken, and on names.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    order: int = 0
    when: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def content(self) -> str:
        """The SHA-256 of names and contents."""
        return content_of(self.files.items())

    def keep(self, path: str, data: bytes) -> None:
        """Take a file, if there is room for it."""
        full = len(self.files) == MOST_FILES or sum(map(len, self.files.values())) + len(data) > MOST_BYTES
        if full:
            self.notes.append(
                f"{shown(path)} was left out: at most {MOST_BYTES // MEGABYTE} MB and {MOST_FILES} files are taken."
            )
        else:
            self.files.setdefault(path, data)


def content_of(files: Iterable[tuple[str, bytes]]) -> str:
    """Return the SHA-256 of names and contents, nbgrader's timestamp aside."""
    total = hashlib.sha256()
    for path, data in sorted(files):
        if path != STAMP:
            total.update(f"{len(path)} {path} {hashlib.sha256(data).hexdigest()} ".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def versions(handed_in: list[tuple[Sent, Entry]], assignment: str) -> list[Version]:
    """Return what one student handed in; of several notebooks with one name in Canvas, each is a version."""
    target, last, earlier = f"{assignment}.ipynb", Version(), []
    for sent, entry in sorted(handed_in, key=lambda one: (-one[0].order, one[0].file)):
        name = _called(sent, target)
        one = last
        if sent.order and name in last.files and _NOTEBOOK.search(name):
            one, name = Version(), target
            earlier.append(one)
        one.order, one.when = max(one.order, sent.order), max(one.when, entry.when)
        try:
            data = entry.read()
        except BROKEN as error:
            one.notes.append(f"{shown(name)} could not be read ({error}).")
            continue
        if is_archive(name):
            _unpack(one, name, data)
        elif PurePosixPath(name).name != STAMP or (name == STAMP and not sent.lms and is_time(data)):
            one.keep(name, data)  # and no timestamp that a student could have written
    _put_at_top(last, target)
    return [*reversed(earlier), last]


def _called(sent: Sent, target: str) -> str:
    counted = sent.lms == "canvas" and sent.file != target and _NOTEBOOK.search(sent.file)
    return without_counter(sent.file) if counted else sent.file


def _unpack(version: Version, name: str, data: bytes) -> None:
    """Take what is in an archive, but not what is in an archive in it."""
    folder, room = PurePosixPath(name).parent, MOST_BYTES
    unpacked = []
    try:
        listing = in_archive(name, data)
        for entry in listing.entries:
            unpacked.append((str(folder / entry.path), entry.read()))
            room -= len(unpacked[-1][1])
            if room < 0:
                raise BombError(f"it unpacks to more than {MOST_BYTES // MEGABYTE} MB")
    except BROKEN as error:
        version.notes.append(f"{shown(name)} could not be unpacked ({error}). Hand in the notebook itself.")
        version.keep(name, data)
        return
    version.notes += listing.notes
    for path, inner in unpacked:
        if PurePosixPath(path).name != STAMP:
            version.keep(path, inner)


def _put_at_top(version: Version, target: str) -> None:
    """Give the notebook the name that nbgrader looks for, and put it and what is beside it at the top."""
    notebooks = [path for path in version.files if _NOTEBOOK.search(path)]
    named = [path for path in notebooks if PurePosixPath(path).name == target]
    if target in named or not notebooks or len(named or notebooks) > 1:
        return
    main = PurePosixPath((named or notebooks)[0])
    if main.name != target:
        version.notes.append(f"{shown(main.name)} was taken for {target}; call it that next time.")
    files = {target: version.files.pop(str(main))}
    for path, data in version.files.items():
        beside = PurePosixPath(path)
        short = str(beside.relative_to(main.parent)) if beside.is_relative_to(main.parent) else path
        files.setdefault(short, data)
    version.files = files
