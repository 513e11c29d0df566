import os
import shutil
import socket
from pathlib import Path

import nbformat
import pytest

from autograder.course import Course
from autograder.grading import grade_class
from autograder.sample import sample_course

HOMEWORK = Path(__file__).resolve().parents[2] / "homework"
HW = "hw2_maml"


@pytest.fixture(scope="session", autouse=True)
def _environment():
    """nbgrader_config.py sets variables for the kernels; put them back."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def homework(tmp_path):
    """A copy of the homework folder as it is in the repository."""
    copy = tmp_path / "homework"
    shutil.copytree(
        HOMEWORK, copy, ignore=shutil.ignore_patterns("release", "submitted", "autograded", "feedback", "*.db")
    )
    return copy


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    """The sample class with some strangers in it, graded once: the course and its verdicts by student."""
    course = sample_course(HOMEWORK, HW, tmp_path_factory.mktemp("grading") / "course")
    strangers(course)
    return course, {verdict.student: verdict for verdict in grade_class(course, HW)}


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.socket() as one:
        one.bind(("localhost", 0))
        return one.getsockname()[1]


def strangers(course: Course) -> None:
    """Hand in what no one should, under names from the beginning to the end of the alphabet."""

    def folder(student):
        path = course.root / "submitted" / student / HW
        path.mkdir(parents=True)
        return path

    def submit(student, change):
        ada = nbformat.read(course.root / "submitted/ada" / HW / f"{HW}.ipynb", as_version=4)
        cells = {cell.metadata.get("nbgrader", {}).get("grade_id", cell.id): cell for cell in ada.cells}
        change(ada, cells)
        nbformat.write(ada, folder(student) / f"{HW}.ipynb")

    def vandal(notebook, cells):
        notebook.cells.remove(cells["inner_adapt_one_step"])
        cells["inner_adapt"].source = "def inner_adapt(theta, *args, **kwargs):\n    return theta"
        for check in ("inner_adapt_many_steps", "inner_adapt_differentiable"):
            cells[check].source = "pass"
            cells[check].metadata.nbgrader.points = 100
        cells["maml_loss_network"].metadata.tags = ["not-graded", "skip-execution"]

    def exits(notebook, cells):
        cells["maml_loss"].source += "\n\nimport os\nos._exit(3)"

    def deaf(notebook, cells):
        cells["maml_loss"].source = (
            "def maml_loss(*args, **kwargs):\n"
            "    while True:\n        try:\n            while True:\n                pass\n"
            "        except BaseException:\n            pass"
        )

    def points(notebook, cells):
        cells["inner_adapt_pure"].metadata.nbgrader.points = "many"

    def typo(notebook, cells):
        cells["maml_loss"].source = "def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False)\n    return 0"

    (folder("a_truncated") / f"{HW}.ipynb").write_text('{"cells": [{"cell_ty')
    (folder("b_misnamed") / "Homework 2 (final).ipynb").write_text("{}")
    (folder("c_list") / f"{HW}.ipynb").write_text("[]")
    submit("d_vandal", vandal)
    submit("e_exits", exits)
    submit("f_deaf", deaf)
    submit("g_points", points)
    submit("z_typo", typo)
    for student, when in (("z_typo", "2020-01-02 03:04:05 UTC"), ("g_points", "tomorrow or so")):
        (course.root / "submitted" / student / HW / "timestamp.txt").write_text(when)
    submit("Zoë [*] O'Hara", lambda notebook, cells: None)
    (course.root / "submitted/h_link" / HW).mkdir(parents=True)
    (course.root / "submitted/h_link" / HW / f"{HW}.ipynb").symlink_to(course.root / "gradebook.db")
    (course.root / "submitted/i_empty" / HW).mkdir(parents=True)
