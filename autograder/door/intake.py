"""The door: one student's folder in, and out of it a notebook that can be graded or a sentence that says why not."""

import hashlib
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from autograder.door.extras import extras, left_out, shown
from autograder.door.opening import UnreadableError, read_bytes
from autograder.door.reading import read_cells
from autograder.door.reconcile import NOTHING_FOUND, reconcile
from autograder.door.stamp import STAMP

__all__ = ["Intake", "extras", "left_out", "read_submission", "take_in"]

NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Intake:
    """What came in at the door.

    Args:
        notebook: reconciled with the release and with nothing in it but cells; None if it cannot be graded.
        trouble: a sentence for the student, what is wrong and what to do; empty if it can be graded.
        notes: what was put right, in sentences for student and instructor.
        flags: what an instructor should look at, in a few words each.
        digest: the SHA-256 of the file's bytes; of nothing, if none were read.
    """

    notebook: NotebookNode | None
    trouble: str = ""
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    digest: str = NOTHING


def take_in(folder: Path, assignment: str, release: NotebookNode) -> Intake:
    """Read what a student handed in; whatever is in ``folder``, nothing is raised.

    Args:
        folder: ``submitted/STUDENT/ASSIGNMENT``; neither it nor the one above may be a link.
        assignment: what the notebook should be called.
        release: the notebook that students were given.
    """
    try:
        path, notes = _find(folder, assignment)
        taken = read_submission(path, release)
        beside = left_out(folder)
    except UnreadableError as error:
        return Intake(None, str(error))
    except Exception as error:  # our fault, and the others have to be graded
        return _our_fault(assignment, error)
    return Intake(taken.notebook, taken.trouble, (*notes, *taken.notes, *beside), taken.flags, taken.digest)


def read_submission(path: Path, release: NotebookNode) -> Intake:
    """Read one file; as ``take_in``, wherever it is and whatever it is called."""
    digest = NOTHING
    try:
        data = read_bytes(path)
        digest = hashlib.sha256(data).hexdigest()
        read = read_cells(data, shown(path.name))
        notebook, notes, flags = reconcile(read.notebook, release)
    except UnreadableError as error:
        return Intake(None, str(error), digest=digest)
    except Exception as error:
        return _our_fault(shown(path.name), error, digest)
    if NOTHING_FOUND in flags:
        sentence = (
            f"{shown(path.name)} has none of this assignment's cells. Is it another notebook? "
            "Write your solution into the notebook that was given out, and hand that in."
        )
        return Intake(None, sentence, read.notes, (*read.flags, NOTHING_FOUND), digest)
    return Intake(notebook, "", read.notes + notes, tuple(dict.fromkeys(read.flags + flags)), digest)


def _find(folder: Path, assignment: str) -> tuple[Path, list[str]]:
    """Return where the notebook is, and what to say about its name."""
    for place in (folder.parent, folder):
        try:
            mode = place.lstat().st_mode
        except OSError:
            raise UnreadableError(f"{assignment}.ipynb was not handed in: there is nothing.") from None
        if stat.S_ISLNK(mode):
            raise UnreadableError("The folder handed in is a link to another, and links are not followed.")
        if not stat.S_ISDIR(mode):
            raise UnreadableError(f"{assignment}.ipynb was not handed in: in place of a folder there is a file.")
    try:
        names = sorted(path.name for path in folder.iterdir() if path.name != STAMP)
    except OSError as error:
        raise UnreadableError(f"What was handed in could not be opened ({error.strerror}). Hand it in again.") from None
    if f"{assignment}.ipynb" in names:
        return folder / f"{assignment}.ipynb", []
    found = [
        n
        for n in names
        if re.search(r"(?<!-checkpoint)\.ipynb(\.txt|\.json)?$", n, re.IGNORECASE) and not n.startswith(".")
    ]
    if len(found) == 1:
        return folder / found[0], [f"{shown(found[0])} was taken for {assignment}.ipynb; call it that next time."]
    there = ", ".join(map(shown, (found or names)[:10])) or "nothing"
    if found:
        raise UnreadableError(
            f"{assignment}.ipynb was not handed in, but several other notebooks: {there}. "
            f"Which one is it? Call it {assignment}.ipynb, and hand it in again."
        )
    raise UnreadableError(
        f"{assignment}.ipynb was not handed in; in its place there is: {there}. Hand in the notebook."
    )


def _our_fault(name: str, error: Exception, digest: str = NOTHING) -> Intake:
    sentence = f"{name} could not be read, and the grader does not know why. Your instructor has been told."
    return Intake(None, sentence, (), (f"intake failed: {type(error).__name__}: {str(error)[:100]}",), digest)
