"""What there is to be had in a homework, and what stands in the place of judgement where there was none."""

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from autograder.verdict import Mark, Outcome


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


def maxima(source: NotebookNode) -> dict[str, float]:
    """Return the points of each grade cell."""
    return {
        cell.metadata.nbgrader.grade_id: float(cell.metadata.nbgrader.points) for cell in source.cells if is_grade(cell)
    }


def unjudged(source: NotebookNode, outcome: Outcome, message: str) -> tuple[Mark, ...]:
    """Return a mark without points for every grade cell, all with one outcome and one message."""
    graded = [cell.metadata.nbgrader for cell in source.cells if is_grade(cell)]
    return tuple(Mark(meta.grade_id, "", outcome, 0.0, float(meta.points), message) for meta in graded)
