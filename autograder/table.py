"""The gradebook as a table for the terminal."""

from rich.table import Table
from rich.text import Text

from autograder.gradebook import Mark, Row


def gradebook_table(title: str, rows: list[Row], exercises: dict[str, list[str]]) -> Table:
    """Return a row for each student: points by exercise, their sum, what was lost and what happened."""
    maxima = {mark.cell: mark.maximum for mark in rows[0].marks}
    table = Table(title=title, caption="?  waits for a person: open it with nbgrader's formgrader", show_lines=True)
    table.add_column("student", no_wrap=True)
    for exercise, cells in exercises.items():
        heading = exercise.replace("_", "\n")
        table.add_column(f"{heading}\n/ {sum(maxima[cell] for cell in cells):g}", justify="right", no_wrap=True)
    table.add_column(f"total\n/ {sum(maxima.values()):g}", justify="right", style="bold", no_wrap=True)
    table.add_column("note")
    for row in rows:
        marks = {mark.cell: mark for mark in row.marks}
        points = [_points([marks[cell] for cell in cells]) for cells in exercises.values()]
        table.add_row(row.student, *points, f"{row.points:g}", Text("\n".join(_notes(row, exercises))))
    return table


def _points(marks: list[Mark]) -> str:
    given = [mark.points for mark in marks if mark.points is not None]
    waits = "?" if len(given) < len(marks) else ""
    return f"{sum(given):g}{waits}" if given else waits


def _notes(row: Row, exercises: dict[str, list[str]]) -> list[str]:
    """Return what happened, and the cells lost in exercises that are not lost entirely, as the points show these."""
    notes = [row.note] if row.note else []
    for exercise, cells in exercises.items():
        lost = [cell.removeprefix(f"{exercise}_") for cell in cells if cell in row.lost]
        if 0 < len(lost) < len(cells):
            notes.append(f"{exercise}: not {', '.join(lost)}")
    return notes
