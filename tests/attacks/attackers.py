"""Attackers: the files in ``submissions/``, and courses in which they hand in their notebooks."""

import ast
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell

from autograder.course import Course
from autograder.sample import Pupil, hand_in
from autograder.solutions import Solution, read_solution

HERE = Path(__file__).resolve().parent
HOMEWORK = HERE.parents[1] / "homework"
HW = "hw2_maml"
PATIENCE = {"cell": 6, "call": 3, "afterwards": 1, "interrupt": 1, "submission": 25}
LIMITS = {"megabytes": 2048, "together_megabytes": 1500, "processes": 96, "disk_megabytes": 16}


@dataclass(frozen=True)
class Attacker:
    """One file.

    Args:
        name: the student's id.
        says: what it tries.
        deserves: the points that its functions are worth, by machine.
        shows: what must stand in its outputs, so that it is known to have run.
        cells: what it writes; ``first`` and ``last`` are cells of its own, before and after all others.
        links: beside the notebook.
        answer: to the question that a person reads.
    """

    name: str
    says: str
    deserves: float
    shows: tuple[str, ...]
    cells: dict[str, str]
    links: dict[str, str] = field(default_factory=dict)
    answer: str = "Because."


def read_attacker(path: Path) -> Attacker:
    """Read one file: as ``homework/wrong/``, with ``DESERVES`` and perhaps ``SHOWS`` and ``LINKS``."""
    solution = read_solution(path)
    head = ast.parse(path.read_text().split("# %%")[0])
    assigned: dict[str, Any] = {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value) for node in head.body if isinstance(node, ast.Assign)
    }
    shows = tuple(assigned.get("SHOWS", ["TRIED"]))
    more = {name.lower(): assigned[name] for name in ("LINKS", "ANSWER") if name in assigned}
    return Attacker(path.stem, solution.says, assigned["DESERVES"], shows, solution.cells, **more)


ATTACKERS = {path.stem: read_attacker(path) for path in sorted((HERE / "submissions").glob("*.py"))}


def make_course(root: Path) -> Course:
    """Make a course that is patient for a short time only."""
    root.mkdir()
    for name in ("source", "checks"):
        shutil.copytree(HOMEWORK / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    config = (HOMEWORK / "nbgrader_config.py").read_text()
    (root / "nbgrader_config.py").write_text(
        f"{config}\nc.Examine.patience = {PATIENCE}\nc.Examine.limits = {LIMITS}\n"
    )
    course = Course(root)
    course.generate(HW)
    return course


def attack(course: Course, attacker: Attacker, truths: dict[str, str]) -> None:
    """Hand in an attacker's notebook, with the true paths and numbers in the places of ``@NAMES@``."""

    def true(text: str) -> str:
        for name, truth in truths.items():
            text = text.replace(f"@{name}@", truth)
        return text

    cells = {name: true(source) for name, source in attacker.cells.items()}
    first, last = (cells.pop(name, "") for name in ("first", "last"))
    answer = {"why_second_order": true(attacker.answer)}
    hand_in(course, HW, Pupil(attacker.name, 0, Solution(attacker.says, cells), answer))
    path = course.root / "submitted" / attacker.name / HW / f"{HW}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [
        new_code_cell((HERE / "attempt.py").read_text(), id="attempt"),
        *([new_code_cell(first, id="first")] if first else []),
        *notebook.cells,
        *([new_code_cell(last, id="last")] if last else []),
    ]
    nbformat.write(notebook, path)
    for name, target in attacker.links.items():
        link = path.parent / true(name)
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(true(target))
    if attacker.links:
        os.mkfifo(path.parent / "pipe")
