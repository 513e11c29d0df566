"""Commands that make marks: release, grade, regrade, feedback."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from autograder.cli.common import (
    HOMEWORK,
    AsJson,
    Assignment,
    CourseFolder,
    aside,
    console,
    print_json,
    rows_for_programs,
    told,
)
from autograder.course import Course
from autograder.exercises import exercises, maxima
from autograder.grading import grade_class
from autograder.office.points import gradebook_points, score
from autograder.office.table import gradebook_table
from autograder.run import Progress
from autograder.sample import sample_course
from autograder.verdict import Verdict, Way, read_verdicts
from autograder.wall.bubblewrap import why_no_wall

Students = Annotated[list[str] | None, typer.Option("--student", help="Only this one; may be given again.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Submissions at once; by default as the machine allows.")]

app = typer.Typer()


@app.command()
def release(assignment: Assignment, course: CourseFolder = HOMEWORK) -> None:
    """Make the notebook that students get, without solutions and hidden tests."""
    with told():
        made = Course(course)
        made.generate(assignment)
        console.print(f"{made.root / 'release' / assignment / assignment}.ipynb", soft_wrap=True)


@app.command()
def grade(
    assignment: Assignment = "hw2_maml",
    course: Annotated[
        Path | None,
        typer.Option(help="The course whose submitted/ is graded in place; without it, the sample class is graded."),
    ] = None,
    into: Annotated[Path, typer.Option(help="Where the sample class is made, anew each time.")] = Path("runs/class"),
    student: Students = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """Grade what was handed in and not graded yet, write feedback and grades.csv, and print the gradebook.

    It can be stopped at any moment; the same command goes on.
    """
    with told():
        graded = Course(course) if course else sample_course(HOMEWORK, assignment, into)
        _grade(graded, assignment, student, jobs, again=False, as_json=as_json)


@app.command()
def regrade(
    assignment: Assignment,
    course: CourseFolder = HOMEWORK,
    student: Students = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """Grade again, with new inputs, what has been graded; marks that a person gave are kept."""
    with told():
        _grade(Course(course), assignment, student, jobs, again=True, as_json=as_json)


@app.command()
def feedback(assignment: Assignment, course: CourseFolder = HOMEWORK, student: Students = None) -> None:
    """Write the students' pages again, as after points were given by hand."""
    with told():
        made = Course(course)
        for verdict in read_verdicts(made.root, assignment):
            if not student or verdict.student in student:
                console.print(str(made.feedback(assignment, verdict.student, verdict.trouble)), soft_wrap=True)


def _grade(
    course: Course, assignment: str, students: list[str] | None, jobs: int | None, again: bool, as_json: bool
) -> None:
    if not course.wall or why_no_wall():
        reason = why_no_wall() or "nbgrader_config.py says c.Examine.wall = False."
        aside.print(f"Students' code is not walled in, and marks will say so: {reason}", style="yellow")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=aside, transient=True, auto_refresh=False) as bar:
        task = bar.add_task(f"grading {assignment}", total=None)

        def one_more(verdict: Verdict, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=f"grading {assignment}: {verdict.student}")
            bar.refresh()  # by hand, since processes are forked, which a thread of the bar's would disturb

        verdicts = grade_class(course, assignment, students, again, jobs, Progress(graded=one_more))
    if as_json:
        print_json(rows_for_programs(course, assignment, verdicts))
        return
    source, given = course.source(assignment), gradebook_points(course.root, assignment)
    rows = [(verdict, score(verdict, given.get(verdict.student, {}))) for verdict in verdicts]
    console.print(gradebook_table(assignment, rows, exercises(source), maxima(source)))
    unwalled = sum(verdict.way is Way.NOT_WALLED for verdict in verdicts)
    if unwalled:
        console.print(f"{unwalled} of {len(verdicts)} were not marked behind the wall.", style="yellow")
    console.print(f"feedback: {course.root / 'feedback'}\ngrades:   {course.root / 'grades.csv'}", soft_wrap=True)
