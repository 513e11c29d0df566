"""One submission from the door to the verdict, in a process of its own: what goes wrong here stops nobody else."""

import ctypes
import os
import shutil
import signal
import sys
import time
import traceback
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from sqlalchemy.exc import OperationalError

from autograder.course import Course, GradingError
from autograder.digests import digest
from autograder.door.harmless import make_harmless
from autograder.door.intake import Intake, extras, take_in
from autograder.door.ledger import arrival_of
from autograder.door.stamp import STAMP, stamp_of
from autograder.exercises import unjudged
from autograder.verdict import Outcome, Verdict, Way, read_verdict, verdict_path, write_verdict
from autograder.wall.nursery import VARIABLE

STAGE = ".stage"
_TRIES = 3


@dataclass(frozen=True)
class Job:
    """What is to be graded.

    Args:
        root: the course.
        assignment: which homework.
        student: the id in the gradebook.
        folder: what was handed in.
        version: of source, checks and limits.
        room: of the sandbox that the run shares, if there is one.
    """

    root: Path
    assignment: str
    student: str
    folder: Path
    version: str
    room: Path | None = None


def grade_all(pipe: Connection) -> None:
    """Grade the submissions that come through ``pipe``, and say of each when it is done, until nobody asks any more."""
    _end_with_parent()
    while True:
        try:
            job: Job = pipe.recv()
        except EOFError:
            return
        if job.room is not None:
            os.environ[VARIABLE] = str(job.room)
        try:
            grade(job)
        except Exception:
            with (job.root / "grading.log").open("a") as log:
                log.write(f"{datetime.now(UTC):%F %T} {job.assignment} {job.student}\n{traceback.format_exc()}\n")
        pipe.send("done")


def grade(job: Job) -> None:
    """Grade one submission: gradebook, feedback page and, last of all, the verdict."""
    start = time.monotonic()
    course = Course(job.root, submitted=STAGE)
    release = course.release(job.assignment)
    taken = take_in(job.folder, job.assignment, release)
    if taken.notebook is None:
        course.no_marks(job.assignment, job.student, taken.trouble)
        course.feedback(job.assignment, job.student, taken.trouble)
        marks = unjudged(course.source(job.assignment), Outcome.NOT_REACHED, taken.trouble)
        verdict = Verdict(job.assignment, job.student, "", Way.NOT_RUN, marks, trouble=taken.trouble)
    else:
        verdict = _graded(course, job, taken, release)
    arrival = arrival_of(job.root, job.assignment, job.student)
    late = ("late",) if arrival is not None and arrival.late else ()
    verdict = replace(
        verdict,
        handed_in_as=job.folder.parent.name if arrival is None else arrival.handed_in_as,
        notes=(*taken.notes, *verdict.notes),
        flags=(*taken.flags, *verdict.flags, *late),
        submission=digest(job.folder),
        version=job.version,
        seconds=round(time.monotonic() - start, 2),
    )
    write_verdict(job.root, verdict)


def is_done(job: Job) -> bool:
    """Return whether there is a verdict on just this submission by just this homework."""
    path = verdict_path(job.root, job.assignment, job.student)
    if not path.is_file():
        return False
    try:
        verdict = read_verdict(path)
    except ValueError:
        return False
    return verdict.version == job.version and verdict.submission == digest(job.folder)


def _graded(course: Course, job: Job, taken: Intake, release: NotebookNode) -> Verdict:
    stage = job.root / STAGE / job.student
    shutil.rmtree(stage, ignore_errors=True)
    try:
        _lay_out(stage / job.assignment, job, taken, release)
        for attempt in range(_TRIES):
            try:
                course.autograde(job.assignment, job.student)
                break
            except (GradingError, OperationalError) as error:
                if "database is locked" not in str(error) or attempt == _TRIES - 1:
                    raise
        course.feedback(job.assignment, job.student, "")
        return read_verdict(verdict_path(job.root, job.assignment, job.student))
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _lay_out(folder: Path, job: Job, taken: Intake, release: NotebookNode) -> None:
    """Put what was reconciled where nbgrader looks for it, with the notes for the student above."""
    assert taken.notebook is not None
    folder.mkdir(parents=True)
    notebook = taken.notebook
    if taken.notes:
        text = "\n".join(["**When this was graded:**", "", *(f"- {note}" for note in taken.notes)])
        notebook.cells.insert(0, new_markdown_cell(text))
    make_harmless(notebook, release)  # the notes too: they name files
    nbformat.write(notebook, folder / f"{job.assignment}.ipynb")
    for path in extras(job.folder):
        copy = folder / path.relative_to(job.folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    if stamp := stamp_of(job.folder):
        (folder / STAMP).write_bytes(stamp)


def _end_with_parent() -> None:
    """Ask Linux to end this process when the run that it belongs to is killed, since a new run may begin at once."""
    if sys.platform.startswith("linux"):
        parent = os.getppid()
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
