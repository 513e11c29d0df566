"""The gradebook as a table for the terminal."""

from rich.table import Table
from rich.text import Text

from autograder.office.points import Score
from autograder.verdict import Verdict, Way

MARKS = "?  waits for a person: nbgrader's formgrader      !  not marked behind the wall"


def gradebook_table(
    title: str, rows: list[tuple[Verdict, Score]], exercises: dict[str, list[str]], maxima: dict[str, float]
) -> Table:
    """Return a row for each student: points by exercise, their sum, what was lost and what happened."""
    table = Table(title=title, caption=MARKS, show_lines=True)
    table.add_column("student", no_wrap=True)
    for exercise, cells in exercises.items():
        heading = exercise.replace("_", "\n")
        table.add_column(f"{heading}\n/ {sum(maxima[cell] for cell in cells):g}", justify="right", no_wrap=True)
    table.add_column(f"total\n/ {sum(maxima.values()):g}", justify="right", style="bold", no_wrap=True)
    table.add_column("note")
    for verdict, score in rows:
        points = [_points([score.cells.get(cell, 0.0) for cell in cells]) for cells in exercises.values()]
        who = f"{verdict.student} !" if verdict.way is Way.NOT_WALLED else verdict.student
        table.add_row(who, *points, f"{score.points:g}", Text("\n".join(_notes(verdict, exercises))))
    return table


def _points(points: list[float | None]) -> str:
    given = [p for p in points if p is not None]
    waits = "?" if len(given) < len(points) else ""
    return f"{sum(given):g}{waits}" if given else waits


def _notes(verdict: Verdict, exercises: dict[str, list[str]]) -> list[str]:
    """Return what happened, and the cells lost in exercises that are not lost entirely, as the points show these."""
    notes = [verdict.trouble] if verdict.trouble else [", ".join([*verdict.notes, *verdict.flags])]
    lost = {mark.check for mark in verdict.marks if mark.share < 1 and mark.outcome != "by hand"}
    for exercise, cells in exercises.items():
        named = [cell.removeprefix(f"{exercise}_") for cell in cells if cell in lost]
        if 0 < len(named) < len(cells):
            notes.append(f"{exercise}: not {', '.join(named)}")
    return [note for note in notes if note]
