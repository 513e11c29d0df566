"""How long it takes to grade a class: ``autograder grade`` beside stock ``nbgrader autograde``, on the same files.

Each grades a class and, apart from that, the first few of it, which tells what a run costs before its first submission
from what each submission adds.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
from jupyter_client.manager import start_new_kernel

from autograder.course import Course
from autograder.sample import copy_course
from autograder.solutions import fill, model_solution, read_solution
from autograder.wall.bubblewrap import why_no_wall
from autograder.wall.kernel import PLAIN, WALLED, StudentKernel
from autograder.wall.nursery import VARIABLE, Nursery
from autograder.wall.patience import Patience

HOMEWORK = Path(__file__).resolve().parents[1] / "homework"
HW = "hw2_maml"
OURS, STOCK = "autograder grade", "nbgrader autograde"
_STOCK_CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "stock"
c.Execute.skip_cells_with_tag = "not-graded"
"""
FEW = 4
"""Submissions of the small class."""

_FIRST_RESULT = "import torch\nprint(torch.ones(3).sum())"


def measure_grading(submissions: int, rounds: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Return a row for each way: seconds a submission, and to the first result of torch, in interleaved rounds.

    Args:
        submissions: in the class, more than ``FEW``: right and wrong ones shuffled, none that never ends; there are 44,
            and after these the first come again.
        rounds: in each of which each way grades a fresh copy of the class, and one of ``FEW``.
        say: is told.

    Returns:
        Each with ``seconds`` a submission, ``before`` (of a run, before its first), ``each`` (that one more takes), and
        ``starts`` (of a kernel), one number a round, and its median ``ratio`` of ``seconds`` to nbgrader's.
    """
    rows: dict[str, dict[str, Any]] = {
        OURS: {"name": OURS, "versions": {"torch": version("torch")}},
        STOCK: {"name": STOCK, "versions": {"nbgrader": version("nbgrader"), "ipykernel": version("ipykernel")}},
    }
    ways, starts = {OURS: _grade, STOCK: _autograde}, {OURS: _walled_start, STOCK: _stock_start}
    draw = random.Random(0)
    for row in rows.values():
        row |= {"seconds": [], "before": [], "each": [], "starts": []}
    for number in range(rounds):
        for name in draw.sample(list(ways), 2):
            few, whole = _seconds(ways[name], FEW), _seconds(ways[name], submissions)
            before, each = apart(few, whole, submissions)
            row = rows[name]
            row["seconds"].append(whole / submissions)
            row["before"].append(before)
            row["each"].append(each)
            row["starts"].append(starts[name]())
            say(f"round {number + 1}: {name} {whole:.1f} s; {before:.1f} s and {each:.2f} s for each submission")
    for row in rows.values():
        row["ratio"] = median(a / b for a, b in zip(row["seconds"], rows[STOCK]["seconds"], strict=True))
    return list(rows.values())


def apart(few: float, whole: float, submissions: int) -> tuple[float, float]:
    """Return what a run takes before its first submission, and for each.

    Args:
        few: seconds for ``FEW`` submissions.
        whole: seconds for all.
        submissions: how many these are.
    """
    each = (whole - few) / (submissions - FEW)
    return few - FEW * each, each


def _seconds(way: Callable[[Course], None], submissions: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        course = _class(Path(folder) / "course", submissions)
        start = time.monotonic()
        way(course)
        return time.monotonic() - start


def _class(root: Path, size: int) -> Course:
    course = copy_course(HOMEWORK, root)
    course.generate(HW)
    model = model_solution(course.source(HW)).cells
    files = sorted(HOMEWORK.glob(f"right/{HW}/*.py")) + sorted(HOMEWORK.glob(f"wrong/{HW}/*.py"))
    random.Random(0).shuffle(files)
    for number, file in enumerate(islice(cycle(files), size)):
        folder = root / "submitted" / f"s{number:03}" / HW
        folder.mkdir(parents=True)
        nbformat.write(fill(course.release(HW), model | read_solution(file).cells), folder / f"{HW}.ipynb")
    return course


def _grade(course: Course) -> None:
    _call(["-m", "autograder", "grade", HW, "--course", str(course.root)], course.root, {})


def _autograde(course: Course) -> None:
    (course.root / "nbgrader_config.py").write_text(_STOCK_CONFIG)
    _call(["-m", "nbgrader", "autograde", HW], course.root, {"PYTHONPATH": str(course.root)})


def _call(arguments: list[str], folder: Path, more: dict[str, str]) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic by its name
    environment = {**os.environ, "PATH": path, **more}
    subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, check=True, capture_output=True)


def _stock_start() -> float:
    start = time.monotonic()
    manager, client = start_new_kernel(kernel_name=PLAIN)
    client.execute_interactive(_FIRST_RESULT, output_hook=lambda message: None)
    seconds = time.monotonic() - start
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return seconds


def _walled_start() -> float:
    """Return the seconds of one kernel more, where the warm process is there; without a wall, of a plain one."""
    if why_no_wall():
        return _stock_start()
    empty = Path(tempfile.mkdtemp())
    with Nursery() as nursery:
        nursery.wait()
        os.environ[VARIABLE] = str(nursery.room)
        start = time.monotonic()
        with StudentKernel(WALLED, Patience(), empty) as kernel:
            kernel.run(_FIRST_RESULT)
            seconds = time.monotonic() - start
        del os.environ[VARIABLE]
    shutil.rmtree(empty)
    return seconds
