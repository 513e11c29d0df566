"""From the learning management system's download to nbgrader's ``submitted/``, with nothing lost on the way."""

import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.alone import alone
from autograder.course import CourseError
from autograder.door.archives import BombError, Entry, Listing, in_folder, in_zip
from autograder.door.extras import shown
from autograder.door.ledger import Ledger
from autograder.door.lms import Sent, who_sent
from autograder.door.roster import Roster
from autograder.door.stamp import STAMP
from autograder.door.versions import Version, versions


@dataclass(frozen=True)
class Collected:
    """What became of one student's files, or of one that is nobody's.

    Args:
        student: the id; empty for what is nobody's.
        handed_in_as: the name in the download.
        state: "new", "newer" (than what was there), "older", "same" or "left out".
        notes: on names and on what was not taken, in sentences.
        flags: "late", if the learning management system says so.
    """

    student: str
    handed_in_as: str
    state: str
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


def collect(what: Path, root: Path, assignment: str, when: datetime | None = None) -> list[Collected]:
    """Put submissions in their places; the same again changes nothing.

    Each student's newest goes to ``submitted/ID/ASSIGNMENT/``, with the notebook under its right name; what
    was there before goes to ``submitted_before/ID/ASSIGNMENT/N/``. Who is who is kept in ``students.csv``.

    Args:
        what: a folder or a zip, from Canvas or Moodle, or with a folder or notebook for each student.
        root: the course.
        assignment: which homework.
        when: it was handed in. Else the time is that of the file, unless an LMS made the download: it writes its own.

    Raises:
        CourseError: it is neither, damaged, ``students.csv`` is no list of students, or another run is at work.
    """
    if what.resolve().is_relative_to((root / "submitted").resolve()) or root.resolve().is_relative_to(what.resolve()):
        raise CourseError(f"{what} is the course's own; name the folder or zip that you downloaded.")
    with alone(root), _opened(what) as listing:
        senders = who_sent([entry.path for entry in listing.entries], assignment, what.stem)
        by_sender: dict[tuple[str, str, str], list[tuple[Sent, Entry]]] = {}
        collected = [Collected("", shown(what.name), "left out", (note,)) for note in listing.notes]
        for entry in listing.entries:
            sent = senders[entry.path]
            if sent is None:
                note = "Nobody's: its name does not tell who handed it in."
                collected.append(Collected("", shown(entry.path), "left out", (note,)))
            else:
                by_sender.setdefault(sent.sender, []).append((sent, entry))
        names = Counter(files[0][0].name for files in by_sender.values())
        roster = Roster(root, {name for name, count in names.items() if count > 1})
        for _, files in sorted(by_sender.items()):
            collected.append(_put_away(files, root, assignment, roster, when))
    return collected


def _put_away(
    files: list[tuple[Sent, Entry]], root: Path, assignment: str, roster: Roster, when: datetime | None
) -> Collected:
    first, late = files[0][0], any(sent.late for sent, _ in files)
    student, note = roster.id_of(first, assignment)
    roster.save()  # before the folder, which could not be told whose it is
    called = shown(first.name or first.lms_id)
    if (root / "submitted" / student).is_symlink():
        return Collected(student, called, "left out", (f"submitted/{student} is a link; put a folder in its place.",))
    ledger, states, notes = Ledger(root, assignment, student), [], [note] if note else []
    for version in versions(files, assignment):
        states.append(ledger.add(version, called, late, when or _time(version, first)))
        notes += version.notes
    state = states[-1] if states[-1] != "same" or set(states) == {"same"} else "older"
    return Collected(student, called, state, tuple(dict.fromkeys(notes)), ("late",) if late else ())


def _time(version: Version, sent: Sent) -> datetime | None:
    """Return when it was handed in, if the file's time tells: an LMS gives all files the time of the download."""
    if sent.lms or not version.when or STAMP in version.files:
        return None
    return datetime.fromtimestamp(version.when, UTC)


@contextmanager
def _opened(what: Path) -> Iterator[Listing]:
    if what.is_dir():
        yield in_folder(what)
        return
    try:
        archive = zipfile.ZipFile(what)
    except FileNotFoundError:
        raise CourseError(f"There is no {what}.") from None
    except (zipfile.BadZipFile, OSError):
        raise CourseError(f"{what} is neither a folder nor a zip, or damaged. Download it again.") from None
    with archive:
        try:
            listing = in_zip(archive)
        except BombError as error:
            raise CourseError(f"{what} was not opened: {error}.") from None
        yield listing
