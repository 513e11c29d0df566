"""One nbgrader course directory and what is done with it, by nbgrader's own API and with sentences for errors."""

import html
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.warnings import MissingIDFieldWarning
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.plugins import CsvExportPlugin
from sqlalchemy.exc import SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.door.names import safe_id


class CourseError(Exception):
    """Something an instructor has to put right; the message says what."""


class GradingError(Exception):
    """A submission that should have been graded could not be: our fault."""


class Course:
    """A folder with an ``nbgrader_config.py``; the same one works with nbgrader's commands.

    Raises:
        CourseError: there is no ``nbgrader_config.py`` in ``root``.
    """

    def __init__(self, root: Path, submitted: str = "submitted") -> None:
        """Read the course's configuration; nbgrader is to find submissions in the folder ``submitted``."""
        self.root = root.resolve()
        if not (self.root / "nbgrader_config.py").is_file():
            raise CourseError(f"{root} is not a course: it has no nbgrader_config.py. Name the homework folder.")
        config: Config = PyFileConfigLoader("nbgrader_config.py", path=str(self.root)).load_config()
        config.NbGraderAPI.log_level = "ERROR"
        config.CourseDirectory.submitted_directory = submitted
        self.wall = bool(config.Examine.get("wall", True))
        self.api = NbGraderAPI(config=config)

    def assignments(self) -> list[str]:
        """Return the names of the homeworks."""
        return sorted(path.parent.name for path in self.root.glob("source/*/*.ipynb") if path.stem == path.parent.name)

    def source(self, assignment: str) -> NotebookNode:
        """Return the instructor's notebook.

        Raises:
            CourseError: there is no such assignment.
        """
        if assignment not in self.assignments():
            known = ", ".join(self.assignments()) or "none"
            raise CourseError(f"There is no assignment {assignment!r} in {self.root / 'source'}; there are: {known}.")
        return nbformat.read(self.root / "source" / assignment / f"{assignment}.ipynb", as_version=4)

    def release(self, assignment: str) -> NotebookNode:
        """Return the notebook that students were given.

        Raises:
            CourseError: it has not been made.
        """
        path = self.root / "release" / assignment / f"{assignment}.ipynb"
        if not path.is_file():
            raise CourseError(f"There is no {path}: make it with 'autograder release {assignment}'.")
        return nbformat.read(path, as_version=4)

    def submissions(self, assignment: str) -> dict[str, Path]:
        """Return the folder of each student who handed something in, by the student's id in the gradebook.

        Raises:
            CourseError: nobody did.
        """
        place = self.root / "submitted"
        found = {safe_id(path.name): path / assignment for path in sorted(place.glob("[!.]*")) if path.is_dir()}
        found = {student: folder for student, folder in found.items() if os.path.lexists(folder)}
        if not found:
            raise CourseError(
                f"Nothing was handed in: put notebooks at {place}/STUDENT/{assignment}/{assignment}.ipynb, "
                f"or let 'autograder collect' put a folder or a zip there."
            )
        return found

    def generate(self, assignment: str) -> None:
        """Make the notebook that students get, and enter the assignment into the gradebook.

        Raises:
            CourseError: there is no such assignment, or nbgrader refuses it.
        """
        self.source(assignment)
        result = self.api.generate_assignment(assignment, force=True, create=True)
        if not result["success"]:
            raise CourseError(f"nbgrader could not make the release of {assignment}:\n{result.get('log', '')}")

    def autograde(self, assignment: str, student: str) -> None:
        """Grade one submission, which can be read.

        Raises:
            GradingError: nbgrader could not; the message is its reason.
        """
        with _quietly():
            result = self.api.autograde(assignment, student, force=True, create=True)
        if result["success"]:
            return
        if result["error"].rstrip().endswith("KeyboardInterrupt"):  # the instructor's; nbgrader would go on
            raise KeyboardInterrupt
        raise GradingError(_reason(result))

    def feedback(self, assignment: str, student: str, trouble: str) -> Path:
        """Write the page that the student gets back, and return where it is.

        Raises:
            GradingError: nbgrader could not; the message is its reason.
        """
        page = self.root / "feedback" / student / assignment / f"{assignment}.html"
        if trouble:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(
                _PAGE.format(title=html.escape(assignment), sentence=html.escape(trouble)), encoding="utf-8"
            )
            return page
        result = self.api.generate_feedback(assignment, student, force=True)
        if not result["success"]:
            raise GradingError(_reason(result))
        return page

    def export(self) -> Path:
        """Write ``grades.csv``, a line for each student and assignment."""
        path = self.root / "grades.csv"
        with self.gradebook() as gradebook:
            CsvExportPlugin(to=str(path)).export(gradebook)
        return path

    def gradebook(self) -> Gradebook:
        """Return nbgrader's gradebook, to be used in a ``with`` statement."""
        return self.api.gradebook

    def no_marks(self, assignment: str, student: str, comment: str, waits: bool = False) -> None:
        """Enter a submission that was not judged: no points, or none yet, if it ``waits`` for a person."""
        with _quietly(), self.gradebook() as gradebook:
            gradebook.update_or_create_student(student)
            submission = gradebook.update_or_create_submission(assignment, student)
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    grade.auto_score, grade.needs_manual_grade = (None, True) if waits else (0, False)
                for entry in notebook.comments:
                    entry.auto_comment = comment
            gradebook.db.commit()


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>Your submission could not be graded. {sentence}</p></body></html>
"""


@contextmanager
def _quietly() -> Iterator[None]:
    """Leave out two warnings about nbgrader itself: it adds a submission, and a deleted cell, in two steps."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        warnings.simplefilter("ignore", MissingIDFieldWarning)
        yield


def _reason(result: dict[str, str]) -> str:
    lines = result.get("error", "").strip().splitlines() or ["it does not say why."]
    logged = [line for line in result.get("log", "").splitlines() if "Error:" in line]
    return (logged or lines)[-1].strip()
