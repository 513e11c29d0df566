"""What a student has in the end: what the machine gives, and what a person gave or changed in nbgrader's gradebook."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.verdict import Outcome, Verdict, Way

LATE = "late penalty"
"""Stands among the cells of a student for what nbgrader takes off for lateness; its points are negative."""

Given = Mapping[str, Mapping[str, float]]
"""Points that a person gave: {student: {cell: points}}. They stand instead of the machine's."""


@dataclass(frozen=True)
class Score:
    """The points of one student.

    Args:
        cells: points of each cell, None for those that wait.
        maximum: what there is to be had.
        late: what is taken off, 0 or less.
        waiting: cells that a person has to read.
        faults: cells that the grader failed on, so that a person has to give the points.
    """

    cells: dict[str, float | None]
    maximum: float
    late: float = 0.0
    waiting: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """What has been given so far; as in nbgrader, a late penalty goes down to 0 and not further."""
        given = sum(points for points in self.cells.values() if points is not None)
        return max(0.0, given + self.late) if self.late else given

    @property
    def final(self) -> bool:
        """Whether nothing waits for a person."""
        return not self.waiting and not self.faults


def score(verdict: Verdict, given: Mapping[str, float]) -> Score:
    """Return what a student has, the machine's points and a person's taken together.

    Args:
        verdict: the machine's.
        given: by a person, by cell; also cells that the verdict does not have, as when the file could not be read.
    """
    cells: dict[str, float | None] = {}
    open_cells: dict[Outcome, list[str]] = {Outcome.BY_HAND: [], Outcome.OUR_FAULT: []}
    for mark in verdict.marks:
        cells[mark.check] = mark.points
        # Where the file could not be read there is nothing for a person to read either.
        if mark.outcome is Outcome.OUR_FAULT or (mark.outcome is Outcome.BY_HAND and verdict.way is not Way.NOT_RUN):
            cells[mark.check] = None
            if mark.check not in given:
                open_cells[mark.outcome].append(mark.check)
    cells |= {cell: points for cell, points in given.items() if cell != LATE}
    return Score(
        cells,
        verdict.maximum,
        given.get(LATE, 0.0),
        tuple(open_cells[Outcome.BY_HAND]),
        tuple(open_cells[Outcome.OUR_FAULT]),
    )


def gradebook_points(root: Path, assignment: str) -> dict[str, dict[str, float]]:
    """Return what a person gave, {student: {cell: points}}, read from nbgrader's ``gradebook.db`` in ``root``.

    That is: manual scores with extra credit; the machine's score with extra credit, where a person added some; the 0
    that nbgrader itself gives for a written answer which nobody touched; and under ``LATE``, as a negative number, the
    penalty of nbgrader's late submission plugin. A cell that still waits is not there. Without a gradebook, or without
    this assignment in it, the result is empty.
    """
    database = root / "gradebook.db"
    if not database.is_file():
        return {}
    from nbgrader.api import Gradebook, MissingEntry  # takes a second

    with Gradebook(f"sqlite:///{database}") as gradebook:
        try:
            submissions = gradebook.assignment_submissions(assignment)
        except MissingEntry:
            return {}
        found: dict[str, dict[str, float]] = {}
        for submission in submissions:
            cells = {}
            for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
                score = grade.auto_score if grade.manual_score is None else grade.manual_score
                by_person = grade.manual_score is not None or grade.extra_credit or grade.cell_type == "markdown"
                if by_person and score is not None:
                    cells[grade.name] = float(score + (grade.extra_credit or 0.0))
            if submission.late_submission_penalty:
                cells[LATE] = -float(submission.late_submission_penalty)
            if cells:
                found[submission.student.id] = cells
    return found
