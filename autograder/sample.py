"""The sample class: a course of its own with submissions made from small files, so that grading can be tried."""

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

import nbformat

from autograder.course import Course, CourseError
from autograder.solutions import Solution, fill, model_solution, read_solution


@dataclass(frozen=True)
class Pupil:
    """One member of the sample class.

    Args:
        name: the student's id.
        points: what the machine should give for it.
        solution: the cells that are not the model solution's; without one, the code cells come back as given out.
        answers: what is written into other cells, by the cell's id.
    """

    name: str
    points: float
    solution: Solution | None
    answers: dict[str, str]


def sample_class(homework: Path, assignment: str) -> list[Pupil]:
    """Read ``class/<assignment>.toml``.

    Raises:
        CourseError: this assignment has no sample class.
    """
    path = homework / "class" / f"{assignment}.toml"
    if not path.is_file():
        raise CourseError(f"{assignment} has no sample class: there is no {path}.")
    pupils = []
    for name, entry in tomllib.loads(path.read_text()).items():
        points, file = entry.pop("points"), entry.pop("solution", None)
        pupils.append(Pupil(name, points, read_solution(homework / file) if file else None, entry))
    return pupils


def sample_course(homework: Path, assignment: str, into: Path) -> Course:
    """Make a fresh course at ``into``, which is emptied, with the sample class's submissions handed in."""
    pupils = sample_class(homework, assignment)
    shutil.rmtree(into, ignore_errors=True)
    course = copy_course(homework, into)
    course.generate(assignment)
    for pupil in pupils:
        hand_in(course, assignment, pupil)
    return course


def copy_course(homework: Path, into: Path) -> Course:
    """Make a course of its own of what an author wrote: sources, checks and configuration."""
    for name in ("source", "checks"):
        shutil.copytree(homework / name, into / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    shutil.copy(homework / "nbgrader_config.py", into)
    return Course(into)


def hand_in(course: Course, assignment: str, pupil: Pupil) -> None:
    """Write a pupil's notebook into the folder of submissions: the released one with their cells in it."""
    cells = dict(pupil.answers)
    if pupil.solution:
        cells |= model_solution(course.source(assignment)).cells | pupil.solution.cells
    folder = course.root / "submitted" / pupil.name / assignment
    folder.mkdir(parents=True)
    nbformat.write(fill(course.release(assignment), cells), folder / f"{assignment}.ipynb")
