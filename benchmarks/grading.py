"""How long it takes to grade a class: ``autograder grade`` beside stock ``nbgrader autograde``, on the same files."""

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
_FIRST_RESULT = "import torch\nprint(torch.ones(3).sum())"


def measure_grading(submissions: int, rounds: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Return a row for each way: seconds a submission, and to the first result of torch, in interleaved rounds.

    Args:
        submissions: in the class, right and wrong ones in turn; none that never ends.
        rounds: in each of which each way grades a fresh copy of the class.
        say: is told.
    """
    rows: dict[str, dict[str, Any]] = {
        OURS: {"name": OURS, "versions": {"torch": version("torch")}},
        STOCK: {"name": STOCK, "versions": {"nbgrader": version("nbgrader"), "ipykernel": version("ipykernel")}},
    }
    ways, starts = {OURS: _grade, STOCK: _autograde}, {OURS: _walled_start, STOCK: _stock_start}
    draw = random.Random(0)
    for row in rows.values():
        row["seconds"], row["starts"] = [], []
    for number in range(rounds):
        for name in draw.sample(list(ways), 2):
            with tempfile.TemporaryDirectory() as folder:
                course = _class(Path(folder) / "course", submissions)
                start = time.monotonic()
                ways[name](course)
                rows[name]["seconds"].append((time.monotonic() - start) / submissions)
            rows[name]["starts"].append(starts[name]())
            say(f"round {number + 1}: {name} {rows[name]['seconds'][-1]:.2f} s a submission")
    for row in rows.values():
        row["ratio"] = median(a / b for a, b in zip(row["seconds"], rows[STOCK]["seconds"], strict=True))
    return list(rows.values())


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
