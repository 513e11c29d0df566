"""Commands around grading: collect, report, export, doctor, check."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer
from nbformat import NotebookNode
from rich.table import Table

from autograder.cli.common import HOMEWORK, AsJson, Assignment, CourseFolder, aside, console, print_json, told
from autograder.course import Course
from autograder.door.acceptance import check_file
from autograder.door.collect import collect as collect_files
from autograder.door.intake import read_submission
from autograder.office.export import export as export_grades
from autograder.office.solution_cells import solution_cells
from autograder.sample import copy_course

app = typer.Typer()


@app.command()
def collect(
    what: Annotated[Path, typer.Argument(help="A folder or a zip: Canvas's, Moodle's, or one of notebooks.")],
    assignment: Assignment,
    course: CourseFolder = HOMEWORK,
    as_json: AsJson = False,
) -> None:
    """Put what a learning management system gives you into submitted/; twice does no harm, and nothing is lost."""
    with told():
        collected = collect_files(what, Course(course).root, assignment)
    if as_json:
        print_json([vars(one) for one in collected])
        return
    table = Table("student", "handed in as", "is", "notes")
    for one in collected:
        table.add_row(one.student, one.handed_in_as, one.state, "\n".join([*one.flags, *one.notes]))
    console.print(table)


@app.command()
def report(assignment: Assignment, course: CourseFolder = HOMEWORK) -> None:
    """Write a page about the class: points, checks, common mistakes, time, and what to look at."""
    from autograder.office.report import report as write_report  # takes seconds

    with told():
        made = Course(course)
        made.source(assignment)
        solutions, everyones = solution_cells(made.root, assignment)
        page = write_report(made.root, assignment, solutions=solutions, boilerplate=everyones)
        console.print(str(page), soft_wrap=True)


@app.command()
def export(
    assignment: Assignment,
    to: Annotated[Literal["canvas", "moodle", "csv"], typer.Option(help="For which system.")] = "csv",
    course: CourseFolder = HOMEWORK,
    into: Annotated[Path | None, typer.Option(help="The system's own file, to be filled in; a copy is.")] = None,
    column: Annotated[str | None, typer.Option(help="The assignment's name in that file.")] = None,
    scale: Annotated[bool, typer.Option(help="Count out of as many points as that file does.")] = False,
    allow_not_walled: Annotated[bool, typer.Option(help="Also marks that were not given behind the wall.")] = False,
    leave_out_waiting: Annotated[bool, typer.Option(help="Leave out who waits for a person.")] = False,
    leave_out_not_run: Annotated[bool, typer.Option(help="Leave out whose file could not be read.")] = False,
) -> None:
    """Write grades for Canvas, Moodle or a table; refuses marks that cannot be stood behind."""
    with told():
        made = Course(course)
        done = export_grades(
            made.root,
            assignment,
            to,
            into=into,
            column=column,
            scale=scale,
            allow_not_walled=allow_not_walled,
            leave_out_waiting=leave_out_waiting,
            leave_out_not_run=leave_out_not_run,
        )
    for heading, names in (
        ("left out", done.left_out),
        ("not in that file", done.unknown_there),
        ("in that file only", done.unknown_here),
    ):
        if names:
            aside.print(f"{heading}: {', '.join(names)}", markup=False)
    for note in done.notes:
        aside.print(note, markup=False)
    console.print(str(done.path), soft_wrap=True)


@app.command()
def doctor(
    course: Annotated[Path | None, typer.Option(help="Look at this course, too.")] = None, as_json: AsJson = False
) -> None:
    """Say what this machine lacks for grading, and how to get it."""
    from autograder.doctor import examine_machine  # takes seconds

    findings = list(examine_machine(course))
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            sign = "[green]✓[/]" if finding.well else "[red]✗[/]" if finding.vital else "[yellow]![/]"
            console.print(f"{sign} {finding.what}: ", end="")
            console.print(finding.says, markup=False, highlight=False, soft_wrap=True)
    if any(finding.vital and not finding.well for finding in findings):
        raise typer.Exit(1)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The notebook that is about to be handed in.")],
    course: CourseFolder = HOMEWORK,
    assignment: Annotated[str | None, typer.Option(help="Which homework; by default, as the file is called.")] = None,
    run: Annotated[bool, typer.Option(help="Run it too, here, and say which visible tests pass.")] = False,
) -> None:
    """For students: say whether a notebook will be accepted, and what in it is not written yet."""
    with told():
        name = assignment or file.stem
        release = _given_out(Course(course), name)
        sentences = check_file(file, name, release)
        accepted = sentences[0].endswith("will be accepted.")
        notebook = read_submission(file, release).notebook
        if run and notebook is not None:
            from autograder.rehearsal import rehearse  # takes seconds

            sentences += rehearse(notebook)
    for sentence in sentences:
        typer.echo(sentence)
    if not accepted:
        sys.exit(1)


def _given_out(course: Course, assignment: str) -> NotebookNode:
    """Return what students were given; where it has not been made, make it in a course of its own."""
    if (course.root / "release" / assignment / f"{assignment}.ipynb").is_file():
        return course.release(assignment)
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_course(course.root, Path(folder) / "course")
        copy.generate(assignment)
        return copy.release(assignment)
