"""``autograder``: from a folder of submissions to grades."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from autograder.course import Course, CourseError
from autograder.exercises import exercises
from autograder.grading import Progress, grade_class
from autograder.points import gradebook_points, score
from autograder.sample import sample_course
from autograder.table import gradebook_table
from autograder.wall import why_no_wall

HOMEWORK = Path(__file__).resolve().parent.parent / "homework"
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def autograder() -> None:
    """Grade homework that was made with nbgrader."""


@app.command()
def grade(
    assignment: Annotated[str, typer.Argument(help="Which homework.")] = "hw2_maml",
    course: Annotated[
        Path | None,
        typer.Option(help="The course whose submitted/ is graded in place; without it, the sample class is graded."),
    ] = None,
    into: Annotated[Path, typer.Option(help="Where the sample class is made, anew each time.")] = Path("runs/class"),
) -> None:
    """Grade what was handed in, write feedback and grades.csv, and print the gradebook."""
    console = Console()
    start = time.time()
    try:
        graded = Course(course) if course else sample_course(HOMEWORK, assignment, into)
        if why_no_wall():
            console.print(why_no_wall())
        with Bar(
            "{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True)
        ) as bar:
            task = bar.add_task("grading", total=None)
            rows = grade_class(
                graded,
                assignment,
                progress=Progress(graded=lambda v, done, total: bar.update(task, completed=done, total=total)),
            )
    except CourseError as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    source = graded.source(assignment)
    given = gradebook_points(graded.root, assignment)
    maxima = {
        c.metadata.nbgrader.grade_id: c.metadata.nbgrader.points
        for c in source.cells
        if "points" in c.metadata.get("nbgrader", {})
    }
    console.print(
        gradebook_table(assignment, [(v, score(v, given.get(v.student, {}))) for v in rows], exercises(source), maxima)
    )
    console.print(time.time() - start)
    console.print(f"feedback: {graded.root / 'feedback'}\ngrades:   {graded.root / 'grades.csv'}", soft_wrap=True)


if __name__ == "__main__":
    app()
