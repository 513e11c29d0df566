"""A class of any size: right, wrong, hostile and broken submissions, and what each deserves."""

from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import nbformat
from nbgrader.utils import is_grade

from autograder.course import Course
from autograder.sample import copy_course
from autograder.solutions import fill, model_solution, read_solution
from tests.grading.conftest import HOMEWORK, HW

SHORT = '\nc.Examine.patience = {"cell": 6, "call": 4, "afterwards": 1, "submission": 60}\n'

HOSTILE = {
    "exits": ("maml_loss", "import os\nos._exit(3)", 15),
    "spins": ("maml_loss", "def maml_loss(*args, **kwargs):\n    while True:\n        pass", 15),
    "recurses": ("maml_loss", "def maml_loss(*args, **kwargs):\n    return maml_loss(*args, **kwargs)", 15),
    "forks": ("maml_loss", "import os\n\ndef maml_loss(*args, **kwargs):\n    while True:\n        os.fork()", 15),
    "hoards": ("maml_loss", "def maml_loss(*args, **kwargs):\n    x = bytearray(2**35)", 15),
    "kills": ("inner_adapt", "import os, signal\nos.kill(os.getppid(), 9)\nos.kill(-1, 9)", 0),
}
"""The cell, what stands in it, and the points for the other cell."""

BROKEN = {
    "cut": '{"cells": [{"cell_ty',
    "empty": "",
    "list": "[]",
    "new": '{"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []}',
}


@dataclass(frozen=True)
class Expected:
    """What a submission deserves: points, and the share lost of each cell where that is known."""

    points: float
    loses: dict[str, float] | None = None


def make_class(root: Path, size: int | None = None) -> tuple[Course, dict[str, Expected]]:
    """Make a course in which everyone has handed in something; by default each kind once."""
    course = copy_course(HOMEWORK, root)
    config = root / "nbgrader_config.py"
    config.write_text(config.read_text() + SHORT)
    course.generate(HW)
    kinds = [*_solutions(course), *_hostile(course), *((name, text, Expected(0)) for name, text in BROKEN.items())]
    expected = {}
    for number, (name, text, deserves) in enumerate(islice(cycle(kinds), size or len(kinds))):
        student = f"s{number:03}_{name}"[:60]
        folder = root / "submitted" / student / HW
        folder.mkdir(parents=True)
        (folder / f"{HW}.ipynb").write_text(text)
        expected[student] = deserves
    return course, expected


def _solutions(course):
    source = course.source(HW)
    maxima = {
        c.metadata.nbgrader.grade_id: c.metadata.nbgrader.points
        for c in source.cells
        if is_grade(c) and c.cell_type == "code"
    }
    model = model_solution(source).cells
    yield "model", _filled(course, model), Expected(sum(maxima.values()), {})
    for path in sorted(HOMEWORK.glob(f"right/{HW}/*.py")) + sorted(HOMEWORK.glob(f"wrong/{HW}/*.py")):
        solution = read_solution(path)
        points = sum(maxima.values()) - sum(maxima[cell] * share for cell, share in solution.loses.items())
        yield (
            f"{path.parent.parent.name}_{path.stem}",
            _filled(course, model | solution.cells),
            Expected(points, solution.loses),
        )


def _hostile(course):
    model = model_solution(course.source(HW)).cells
    for name, (cell, source, points) in HOSTILE.items():
        yield name, _filled(course, model | {cell: source}), Expected(points)


def _filled(course, cells):
    return nbformat.writes(fill(course.release(HW), cells))
