"""What a class got: one row a student, read from nbgrader's gradebook and the executed notebooks."""

from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Grade, Gradebook
from nbgrader.utils import is_grade, is_solution

from autograder.execute import KERNEL_DIED, NOT_RUN, TIMED_OUT

_VERDICTS = {"AssertionError", "Failed", "KeyboardInterrupt", "NotImplementedError", TIMED_OUT, KERNEL_DIED, NOT_RUN}


@dataclass(frozen=True)
class Mark:
    """The points for one grade cell; ``points`` is None while it waits for a person."""

    cell: str
    points: float | None
    maximum: float


@dataclass(frozen=True)
class Row:
    """One student: ``marks`` in the order of the notebook, and a ``note`` on what happened, if anything did."""

    student: str
    marks: tuple[Mark, ...]
    note: str = ""

    @property
    def points(self) -> float:
        """What has been given so far."""
        return sum(mark.points or 0 for mark in self.marks)

    @property
    def lost(self) -> list[str]:
        """The grade cells without full marks, those that wait for a person aside."""
        return [mark.cell for mark in self.marks if mark.points is not None and mark.points < mark.maximum]


def exercises(source: NotebookNode) -> dict[str, list[str]]:
    """Return the grade cells of each exercise; an exercise is a solution cell and what is graded up to the next one."""
    found: dict[str, list[str]] = {}
    current = ""
    for cell in source.cells:
        if is_solution(cell):
            current = cell.metadata.nbgrader.grade_id
        if is_grade(cell):
            found.setdefault(current, []).append(cell.metadata.nbgrader.grade_id)
    return found


def read_row(gradebook: Gradebook, assignment: str, student: str, order: list[str], note: str) -> Row:
    """Return the row of one student, whose submission is in the gradebook.

    Args:
        gradebook: nbgrader's.
        assignment, student: whose.
        order: the ids of the grade cells.
        note: what happened.
    """
    grades = {
        g.name: g for notebook in gradebook.find_submission(assignment, student).notebooks for g in notebook.grades
    }
    marks = [Mark(cell, _points(grades[cell]), grades[cell].max_score) for cell in order]
    return Row(student, tuple(marks), note)


def what_happened(path: Path) -> str:
    """Say in a few words what an executed notebook ran into, apart from wrong answers."""
    notebook = nbformat.read(path, as_version=4)
    errors = [
        (cell, output.ename) for cell in notebook.cells for output in cell.get("outputs", []) if "ename" in output
    ]
    names = [name for _, name in errors]
    notes = []
    if TIMED_OUT in names:
        notes.append("timed out")
    if KERNEL_DIED in names:
        notes.append("ended its Python process")
    notes += [f"raised {name}" for name in dict.fromkeys(names) if name not in _VERDICTS]
    if all(_untouched(cell) for cell in notebook.cells if cell.cell_type == "code" and is_solution(cell)):
        notes.append("empty")
    return ", ".join(notes)


def _untouched(cell: NotebookNode) -> bool:
    return "raise NotImplementedError" in cell.source


def _points(grade: Grade) -> float | None:
    return None if grade.needs_manual_grade and grade.manual_score is None else float(grade.score)
