"""A class of attackers with honest witnesses among them, graded once; and the same witnesses graded alone."""

import multiprocessing.util
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from autograder.course import Course
from autograder.grading import Progress, grade_class
from autograder.sample import Pupil, hand_in
from autograder.solutions import Solution, read_solution
from autograder.verdict import Verdict
from autograder.wall.bubblewrap import why_no_wall
from tests.attacks.attackers import ATTACKERS, HOMEWORK, HW, attack, make_course
from tests.attacks.listening import Listening
from tests.attacks.traces import tree

ANSWER = {"why_second_order": "When the step overshoots."}
WITNESSES = {
    "aa_right": Solution("Right, and early.", {}),
    "mm_wrong": read_solution(HOMEWORK / "wrong" / HW / "no_create_graph.py"),
    "zz_right": Solution("Right, and late.", {}),
}


@dataclass
class Graded:
    """What is known of a class that was graded.

    Args:
        course: where.
        verdicts: by student.
        token: stands in all that attackers leave.
        before: of the course, and of what lies beside it, the SHA-256 of each file.
        family: every process that was seen below the sandbox, with the time when it was born.
        outside: a folder beside the course, with a socket in it.
        temporary: where the grader keeps what is temporary.
        listening: sockets of this machine, for attackers to call.
    """

    course: Course
    token: str
    outside: Path
    temporary: Path
    before: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    family: set[tuple[int, float]] = field(default_factory=set)
    listening: Any = None


@pytest.fixture(scope="session")
def wall() -> None:
    """Skip where the machine has no wall."""
    if why_no_wall():
        pytest.skip(why_no_wall())


@pytest.fixture(scope="session")
def _environment() -> Iterator[None]:
    """nbgrader_config.py sets variables for the kernels; put them back."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def alone(wall: None, _environment: None, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """The witnesses in a class of their own."""
    folder = tmp_path_factory.mktemp("alone")
    graded = Graded(make_course(folder / "course"), "none", folder, folder)
    _witnesses(graded.course)
    graded.verdicts = {verdict.student: verdict for verdict in grade_class(graded.course, HW)}
    return graded


@pytest.fixture(scope="session")
def graded(wall: None, _environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graded]:
    """The class of attackers."""
    folder, temporary = tmp_path_factory.mktemp("attacked"), Path(tempfile.mkdtemp(prefix="at"))
    outside = folder / "outside"
    outside.mkdir()
    (outside / "struck").write_text("")
    graded = Graded(make_course(folder / "course"), f"atk{secrets.token_hex(4)}", outside, temporary)
    _witnesses(graded.course)
    multiprocessing.util.get_temp_dir()  # where this process keeps its own, for as long as it lives
    before, tempfile.tempdir = tempfile.tempdir, str(temporary)
    try:
        with Listening(graded.outside, graded.token) as graded.listening:
            truths = {
                "COURSE": str(graded.course.root),
                "REPO": str(HOMEWORK.parent),
                "HOME": str(Path.home()),
                "OUTSIDE": str(outside),
                "ROOM": str(temporary),
                "TOKEN": graded.token,
                "GRADER": str(os.getpid()),
                "PORT": str(graded.listening.port),
            }
            for attacker in ATTACKERS.values():
                attack(graded.course, attacker, truths)
            graded.before = tree(graded)
            told = Progress(graded=lambda verdict, done, total: _look(graded))
            graded.verdicts = {v.student: v for v in grade_class(graded.course, HW, jobs=3, progress=told)}
            yield graded
    finally:
        tempfile.tempdir = before
        shutil.rmtree(temporary, ignore_errors=True)


def _witnesses(course: Course) -> None:
    for name, solution in WITNESSES.items():
        hand_in(course, HW, Pupil(name, 0, solution, ANSWER))


def _look(graded: Graded) -> None:
    """Remember who lives in the sandbox."""
    for process in psutil.process_iter(["cmdline"]):
        if any(part.startswith(str(graded.temporary)) for part in process.info["cmdline"] or []):
            for one in (process, *process.children(recursive=True)):
                graded.family.add((one.pid, one.create_time()))
