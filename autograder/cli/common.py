"""What all commands share: where the course is, how errors are told, and how numbers go to programs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from autograder.course import Course, CourseError
from autograder.office.points import gradebook_points, score
from autograder.office.sheets import ExportError
from autograder.verdict import Verdict
from autograder.wall.nursery import NurseryError

HOMEWORK = Path(__file__).resolve().parents[2] / "homework"

Assignment = Annotated[str, typer.Argument(help="Which homework.")]
CourseFolder = Annotated[Path, typer.Option("--course", help="The course: the folder with nbgrader_config.py.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

console = Console()
aside = Console(stderr=True)


@contextmanager
def told() -> Iterator[None]:
    """Print an instructor's error as a sentence, and end with status 1."""
    try:
        yield
    except (CourseError, ExportError, NurseryError, ValueError) as error:
        aside.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None


def print_json(what: Any) -> None:
    """Print something as JSON on standard output, and nothing else."""
    typer.echo(json.dumps(what, indent=1, ensure_ascii=False, default=str))


def rows_for_programs(course: Course, assignment: str, verdicts: list[Verdict]) -> list[dict[str, Any]]:
    """Return each verdict with the points that it and a person gave."""
    given = gradebook_points(course.root, assignment)
    scores = [score(verdict, given.get(verdict.student, {})) for verdict in verdicts]
    return [
        {**asdict(verdict), "points": s.points, "maximum": s.maximum, "final": s.final}
        for verdict, s in zip(verdicts, scores, strict=True)
    ]
