"""Grades as a plain table, every check in it, for spreadsheets and whatever else reads CSV."""

from collections.abc import Mapping

from autograder.office.points import LATE, Score
from autograder.office.sheets import Person, Sheet, number
from autograder.verdict import Verdict

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain_sheet(verdicts: list[Verdict], scores: list[Score], people: Mapping[str, Person]) -> Sheet:
    """Return a line for each student; ``verdicts`` and ``scores`` are in the same order.

    This file is made for a spreadsheet, and a spreadsheet takes text that begins with =, +, - or @ for a formula: a
    student called ``=HYPERLINK(...)`` would run on the instructor's machine. An apostrophe before it keeps it text.
    Canvas and Moodle compare what stands in their files with what they know, so there the text stays as it is.

    Source: OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection.
    """
    checks = list(dict.fromkeys(cell for score in scores for cell in score.cells))
    rows = []
    for verdict, score in zip(verdicts, scores, strict=True):
        person = people[verdict.student]
        known = [person.id, person.name, person.lms_id, person.email]
        cells = [score.cells.get(check) for check in checks]
        rows.append(
            [
                *map(as_text, known),
                number(score.points),
                number(score.maximum),
                str(verdict.way),
                *("" if points is None else number(points) for points in cells),
                number(score.late),
            ]
        )
    header = ["id", "name", "lms_id", "email", "points", "maximum", "way", *map(as_text, checks), LATE]
    return Sheet(header, rows)


def as_text(cell: str) -> str:
    """Return what a spreadsheet shows as this text and does not compute."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
