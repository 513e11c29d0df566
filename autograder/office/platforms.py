"""Grade files as Canvas and Moodle take them.

Source: Canvas, what it reads and writes: github.com/instructure/canvas-lms, lib/gradebook_importer.rb (process_header,
update_column_count, process_student, parse_assignments) and lib/gradebook_exporter.rb (csv_data). The columns Student,
ID, SIS User ID, SIS Login ID, Section come first and in this order; an assignment's column is "Title (id)", or its
title; a line whose first cell holds "Points Possible" has the maxima; students are found by ID, then by the SIS ids.
Moodle, the offline grading worksheet: github.com/moodle/moodle, mod/assign/gradingtable.php (the columns) and
mod/assign/feedback/offline/importgradeslib.php (Identifier, Grade and "Last modified (grade)" must be there; the number
after "Participant " is the student, and is another one in each assignment) and locallib.php beside it (a grade above
the maximum is passed over without a word; an empty "Feedback comments" deletes the comment, so new files lack it).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.office.sheets import ExportError, Person, Sheet, number


@dataclass(frozen=True)
class Platform:
    """Where a platform's file has what.

    Args:
        identifier: the column that says who it is, by the platform's own number.
        others: columns that may hold our id or the e-mail address.
        name: the column of the name.
    """

    title: str
    identifier: str
    others: tuple[str, ...]
    name: str


CANVAS = Platform("Canvas", "ID", ("SIS User ID", "SIS Login ID"), "Student")
MOODLE = Platform("Moodle", "Identifier", ("Email address", "Username", "ID number"), "Full name")


def new_canvas(column: str, points: Mapping[str, float], maximum: float, people: Mapping[str, Person]) -> Sheet:
    """Return a sheet for Canvas's import; who has no Canvas number is given by our id, as the login."""
    rows = [["    Points Possible", "", "", "", "", number(maximum)]]
    for student, value in points.items():
        person = people[student]
        login = "" if person.lms_id else person.id
        rows.append([person.name or person.id, person.lms_id, "", login, "", number(value)])
    return Sheet(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column], rows)


def new_moodle(points: Mapping[str, float], maximum: float, people: Mapping[str, Person]) -> Sheet:
    """Return an offline grading worksheet; who has no Moodle number cannot be in it."""
    header = ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (grade)"]
    known = [(people[student], value) for student, value in points.items() if people[student].lms_id]
    return Sheet(
        header,
        [[f"Participant {p.lms_id}", p.name, p.email, number(value), number(maximum), "-"] for p, value in known],
    )


def find_column(sheet: Sheet, platform: Platform, assignment: str, name: str | None) -> int:
    """Return where a platform's file has the points.

    Args:
        sheet, platform: the file.
        assignment: the homework, which is Canvas's column if no name is given; Moodle's is then "Grade".
        name: the heading; on Canvas, where it is "Title (id)", the title will do.

    Raises:
        ExportError: it is nowhere, or in several places.
    """
    wanted = name or (assignment if platform is CANVAS else "Grade")
    pattern = re.compile(re.escape(wanted) + r"( \(\d+\))?", re.IGNORECASE)
    found = [i for i, head in enumerate(sheet.header) if pattern.fullmatch(head.strip())]
    if len(found) != 1:
        known = ", ".join(sheet.header)
        raise ExportError(f"{len(found)} columns of the file are called {wanted!r}; say which (--column): {known}.")
    return found[0]


def stated_maximum(sheet: Sheet, column: int) -> float | None:
    """Return out of how many points the platform counts, if its file says so."""
    place = sheet.column("Maximum Grade")
    for row in sheet.rows:
        i = column if row and "Points Possible" in row[0] else place
        cell = row[i].strip() if i is not None and i < len(row) else ""
        if re.fullmatch(r"\d+([.,]\d+)?", cell):
            return float(cell.replace(",", "."))
    return None


def factor_to(stated: float | None, maximum: float, scale: bool) -> float:
    """Return what points are multiplied with, so that the platform counts right.

    Args:
        stated: out of how many points the platform counts, if it says so.
        maximum: out of how many the homework does.
        scale: whether the two may differ.

    Raises:
        ExportError: they do, and may not.
    """
    if stated is None or stated == maximum:
        return 1.0
    if not scale or not maximum:
        raise ExportError(
            f"The platform counts out of {stated:g}, the homework out of {maximum:g}. Set {maximum:g} on the platform "
            "and take its file again, or have the points scaled: --scale."
        )
    return stated / maximum
