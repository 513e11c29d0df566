"""Tables as CSV files, as learning platforms and spreadsheets write and take them."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from autograder.whole import write_whole


class ExportError(Exception):
    """Grades cannot be given out like this; the message says whose, why, and what to do."""


@dataclass(frozen=True)
class Sheet:
    """A CSV file: its first line, the others, and how it is written.

    Args:
        bom: whether it begins with a byte order mark, by which Excel knows UTF-8.
    """

    header: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    newline: str = "\r\n"
    bom: bool = True

    def column(self, name: str) -> int | None:
        """Return where a column is; neither case nor space around its name count."""
        names = [head.strip().casefold() for head in self.header]
        return names.index(name.casefold()) if name.casefold() in names else None


@dataclass(frozen=True)
class Person:
    """A student as the learning platform knows them; what is not known is empty."""

    id: str
    name: str = ""
    lms_id: str = ""
    email: str = ""


def read_people(root: Path, moodle: str | None = None) -> dict[str, Person]:
    """Return the students in ``students.csv``, by id; without that file, none.

    Args:
        root: the course.
        moodle: an assignment, to have the numbers that Moodle uses in it, where the file has them (another in each).

    Raises:
        ExportError: the file has no ids.
    """
    path = root / "students.csv"
    if not path.is_file():
        return {}
    sheet = read_sheet(path)
    places = {name: sheet.column(name) for name in ("id", "name", "lms_id", "email")}
    numbers = sheet.column(f"moodle:{moodle}")
    places["lms_id"] = places["lms_id"] if numbers is None else numbers
    if places["id"] is None:
        raise ExportError(f"{path} has no column id; its columns are: {', '.join(sheet.header)}.")
    entries = [
        {name: row[place].strip() for name, place in places.items() if place is not None and place < len(row)}
        for row in sheet.rows
    ]
    return {entry["id"]: Person(**entry) for entry in entries if entry.get("id")}


def read_sheet(path: Path) -> Sheet:
    """Read a CSV file with commas, semicolons or tabs.

    Raises:
        ExportError: it is not UTF-8, or empty.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise ExportError(f"{path} is not UTF-8: take the file as the platform gives it, not saved by Excel.") from None
    bom, text = text.startswith("\ufeff"), text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    if not rows or not any(rows[0]):
        raise ExportError(f"{path} is empty; its first line should name the columns.")
    return Sheet(rows[0], rows[1:], delimiter, "\r\n" if first.endswith("\r") else "\n", bom)


def write_sheet(path: Path, sheet: Sheet) -> Path:
    """Write the file at once: whoever is stopped in the middle leaves the old one, or none."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=sheet.delimiter, lineterminator=sheet.newline).writerows([sheet.header, *sheet.rows])
    write_whole(path, text.getvalue().encode("utf-8-sig" if sheet.bom else "utf-8"))
    return path


def number(points: float) -> str:
    """Write points with two decimals at most, which is what Canvas and Moodle keep."""
    return f"{round(points, 2):.10g}"
