"""``python -m autograder``: grade a class."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autograder.course import Course, CourseError
from autograder.gradebook import exercises
from autograder.grading import grade_class
from autograder.sample import sample_course
from autograder.table import gradebook_table

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
    try:
        with console.status("making the release") as status:
            graded = Course(course) if course else sample_course(HOMEWORK, assignment, into)
            rows = grade_class(graded, assignment, lambda student: status.update(f"grading {student}"))
    except CourseError as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    console.print(gradebook_table(assignment, rows, exercises(graded.source(assignment))))
    console.print(f"feedback: {graded.root / 'feedback'}\ngrades:   {graded.root / 'grades.csv'}", soft_wrap=True)


if __name__ == "__main__":
    app()
