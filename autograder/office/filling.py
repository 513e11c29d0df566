"""A platform's own file of grades with one column filled in, everything else in it left as it was."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from autograder.office.platforms import Platform
from autograder.office.sheets import ExportError, Person, Sheet, number

Keys = set[str]


@dataclass(frozen=True)
class Filled:
    """A platform's sheet with points in it.

    Args:
        ours: students of ours who are not in it.
        theirs: people in it who are not ours, as the sheet calls them.
        by_name: students of ours who were found by their name alone.
    """

    sheet: Sheet
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    by_name: tuple[str, ...]


def fill(
    sheet: Sheet, platform: Platform, column: int, points: Mapping[str, float], people: Mapping[str, Person]
) -> Filled:
    """Write points into one column, and leave every other cell as it was.

    A line belongs to a student if it has the student's number on the platform; else if one of its other ids is the
    student's id or address; else if the name is the same. On each way it must be one line for one student.

    Raises:
        ExportError: the platform's own number is not among the columns.
    """
    if sheet.column(platform.identifier) is None:
        raise ExportError(
            f"This is no file of {platform.title}'s: there is no column {platform.identifier}, only "
            f"{', '.join(sheet.header)}. Other languages call it otherwise: take it with {platform.title} in English."
        )
    who = [place for place in map(sheet.column, (platform.identifier, platform.name)) if place is not None]
    lines = {
        i: row
        for i, row in enumerate(sheet.rows)
        if any(row[place].strip() for place in who if place < len(row)) and "Points Possible" not in row[0]
    }
    found: dict[str, int] = {}
    by_name: list[str] = []
    for keys, keys_of in _ways(sheet, platform):
        open_lines = {i: keys(row) for i, row in lines.items() if i not in found.values()}
        matched = _one_to_one(open_lines, {who: keys_of(people[who]) for who in points if who not in found})
        found |= matched
        by_name = list(matched)  # of the last way, which is the name
    rows = [list(row) for row in sheet.rows]
    for student, i in found.items():
        rows[i] += [""] * (column + 1 - len(rows[i]))
        rows[i][column] = number(points[student])
    names = sheet.column(platform.name) or 0
    theirs = tuple(row[names] for i, row in lines.items() if i not in found.values())
    ours = tuple(student for student in points if student not in found)
    return Filled(replace(sheet, rows=rows), ours, theirs, tuple(by_name))


def _ways(sheet: Sheet, platform: Platform) -> Iterable[tuple[Callable[[list[str]], Keys], Callable[[Person], Keys]]]:
    def cells(*names: str) -> Callable[[list[str]], Keys]:
        places = [place for place in map(sheet.column, names) if place is not None]
        return lambda row: {row[i].strip().casefold() for i in places if i < len(row)} - {""}

    def digits(row: list[str]) -> Keys:
        return {last[0] for cell in cells(platform.identifier)(row) if (last := re.search(r"\d+$", cell))}

    yield digits, lambda person: {person.lms_id} - {""}
    yield cells(*platform.others), lambda person: {person.id.casefold(), person.email.casefold()} - {""}
    yield cells(platform.name), lambda person: {person.name.casefold()} - {""}


def _one_to_one(lines: Mapping[int, Keys], students: Mapping[str, Keys]) -> dict[str, int]:
    pairs = [(student, i) for student, ours in students.items() for i, theirs in lines.items() if ours & theirs]
    students_of = [student for student, _ in pairs]
    lines_of = [i for _, i in pairs]
    return {student: i for student, i in pairs if students_of.count(student) == 1 and lines_of.count(i) == 1}
