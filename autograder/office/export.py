"""Grades out to Canvas, Moodle or a plain table, and only those that can be stood behind."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from autograder.office.filling import fill
from autograder.office.plain import plain_sheet
from autograder.office.platforms import CANVAS, MOODLE, factor_to, find_column, new_canvas, new_moodle, stated_maximum
from autograder.office.points import Given, Score, gradebook_points, score
from autograder.office.sheets import ExportError, Person, read_people, read_sheet, write_sheet
from autograder.verdict import Verdict, Way, read_verdicts

Target = Literal["canvas", "moodle", "csv"]


@dataclass(frozen=True)
class Exported:
    """A file of grades, and whom it does not have.

    Args:
        left_out: students who wait, or handed in nothing readable, and were to be left out.
        unknown_there: students of ours whom the platform's file does not have, or who have no number on it.
        unknown_here: people in the platform's file without a verdict.
        notes: sentences for the instructor.
    """

    path: Path
    left_out: tuple[str, ...] = ()
    unknown_there: tuple[str, ...] = ()
    unknown_here: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def export(
    root: Path,
    assignment: str,
    for_: Target,
    *,
    given: Given | None = None,
    into: Path | None = None,
    column: str | None = None,
    scale: bool = False,
    allow_not_walled: bool = False,
    leave_out_waiting: bool = False,
    leave_out_not_run: bool = False,
) -> Exported:
    """Write ``exports/<assignment>_<for_>.csv`` in ``root`` from the verdicts and the points that a person gave.

    Args:
        root: the course; its ``students.csv`` says who is who on the platform.
        assignment: which homework.
        for_: the platform, or "csv" for a table with every check.
        given: points that a person gave; without it, those of nbgrader's gradebook.
        into: the platform's own file, which is not changed; the export is that file with one column filled in.
        column: the name of the assignment on Canvas, or of Moodle's column for grades; without it, ``assignment`` and
            "Grade".
        scale: count out of as many points as the platform does.
        allow_not_walled: give out marks although the student's code ran without the wall.
        leave_out_waiting: leave out who waits for a person, or for us, instead of refusing.
        leave_out_not_run: leave out who handed in nothing that could be read, instead of giving 0 points.

    Raises:
        ExportError: there are no verdicts; marks were given outside of the wall; somebody waits; the platform's file
            has not the column, or counts out of another number of points.
    """
    if for_ not in get_args(Target):
        raise ExportError(f"There is no export for {for_!r}; there are: {', '.join(get_args(Target))}.")
    if into and for_ == "csv":
        raise ExportError("Only a file of Canvas's or Moodle's can be filled in; leave out `into`, or say which.")
    verdicts = {verdict.student: verdict for verdict in read_verdicts(root, assignment)}
    if not verdicts:
        raise ExportError(f"There are no verdicts on {assignment!r} in {root}: grade it first.")
    given = gradebook_points(root, assignment) if given is None else given
    scores = {student: score(verdict, given.get(student, {})) for student, verdict in verdicts.items()}
    out = _refuse(verdicts, scores, allow_not_walled, leave_out_waiting)
    if leave_out_not_run:
        out |= {student for student, verdict in verdicts.items() if verdict.way is Way.NOT_RUN}
    points = {student: one.points for student, one in scores.items() if student not in out}
    maximum = max(one.maximum for one in scores.values())
    people = {student: Person(student) for student in points} | read_people(
        root, assignment if for_ == "moodle" else None
    )
    exported = Exported(root / "exports" / f"{assignment}_{for_}.csv", tuple(sorted(out)))
    if for_ == "csv":
        sheet = plain_sheet([verdicts[student] for student in points], [scores[student] for student in points], people)
    elif into:
        platform, theirs = (CANVAS if for_ == "canvas" else MOODLE), read_sheet(into)
        place = find_column(theirs, platform, assignment, column)
        factor = factor_to(stated_maximum(theirs, place), maximum, scale)
        filled = fill(theirs, platform, place, {student: factor * n for student, n in points.items()}, people)
        sheet, notes = (
            filled.sheet,
            [f"Found by the name alone, so look whether it is them: {', '.join(filled.by_name)}."],
        )
        exported = replace(exported, unknown_there=filled.ours, unknown_here=filled.theirs)
        exported = replace(exported, notes=tuple(notes) if filled.by_name else ())
    elif for_ == "canvas":
        sheet = new_canvas(column or assignment, points, maximum, people)
    else:
        sheet = new_moodle(points, maximum, people)
        unknown = tuple(student for student in points if not people[student].lms_id)
        exported = replace(exported, unknown_there=unknown)
    write_sheet(exported.path, sheet)
    above = [student for student, n in points.items() if n > maximum]
    if above and for_ == "moodle":
        note = f"Moodle passes over grades above its maximum, without a word: {', '.join(above)}."
        exported = replace(exported, notes=(*exported.notes, note))
    return exported


def _refuse(
    verdicts: dict[str, Verdict], scores: dict[str, Score], allow_not_walled: bool, leave_out: bool
) -> set[str]:
    """Return who is left out because they wait, unless somebody's marks must not be given out at all."""
    not_walled = [student for student, verdict in verdicts.items() if verdict.way is Way.NOT_WALLED]
    if not_walled and not allow_not_walled:
        raise ExportError(
            f"These marks were not given behind the wall, so students may have given them to themselves: "
            f"{', '.join(not_walled)}. Grade on a machine with the wall, or allow it: --allow-not-walled."
        )
    by_hand = [student for student, one in scores.items() if one.waiting]
    faults = [student for student, one in scores.items() if one.faults]
    if (by_hand or faults) and not leave_out:
        raise ExportError(
            (f"These wait for a person, in nbgrader's formgrader: {', '.join(by_hand)}. " if by_hand else "")
            + (f"These the grader failed on; grade again, or give points: {', '.join(faults)}. " if faults else "")
            + "Or leave them out: --leave-out-waiting."
        )
    return {*by_hand, *faults}
