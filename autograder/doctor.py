"""What a machine needs to grade, what it lacks, and how to get it; tried, not guessed."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from autograder.course import Course, CourseError
from autograder.inside.wire import decode, encode
from autograder.wall.bubblewrap import why_no_wall
from autograder.wall.conversation import SandboxGone
from autograder.wall.kernel import PLAIN, WALLED, StudentKernel
from autograder.wall.nursery import NurseryError
from autograder.wall.patience import Patience

_NEEDED = ("torch", "nbgrader", "jupyter_client", "ipykernel")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        what: it is.
        well: whether it is as it should be.
        says: what was found, and if it is not well, what to do.
        vital: whether nothing can be graded without it.
    """

    what: str
    well: bool
    says: str
    vital: bool = True


def examine_machine(course: Path | None) -> Iterator[Finding]:
    """Look at this machine, and at a course if there is one, one thing after another."""
    for name in _NEEDED:
        try:
            yield Finding(name, True, version(name))
        except PackageNotFoundError:
            yield Finding(name, False, "not installed: pip install -e '.[grading]' in the course's repository")
    memory, cores = psutil.virtual_memory().total / 2**30, os.cpu_count() or 1
    enough = memory >= 3
    yield Finding("memory", enough, f"{memory:.0f} GB, {cores} cores" + ("" if enough else ": 3 GB are needed"), False)
    free = shutil.disk_usage(course or Path.cwd()).free / 2**30
    yield Finding("disk", free >= 1, f"{free:.0f} GB free" + ("" if free >= 1 else ": 1 GB is needed"))
    reason = why_no_wall()
    yield Finding("wall", not reason, reason or "bubblewrap makes its namespaces", vital=False)
    yield _a_kernel(PLAIN if reason else WALLED)
    if course is not None:
        yield _a_course(course)


def _a_kernel(name: str) -> Finding:
    """Start a real kernel and ask it something."""
    what = "a kernel behind the wall" if name == WALLED else "a kernel without a wall"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with StudentKernel(name, Patience(), Path(folder)) as kernel:
                kernel.run("def twice(x): return 2 * x")
                reply = decode(kernel.ask(encode({"function": "twice", "args": [21], "kwargs": {}})))
        except (NurseryError, SandboxGone, OSError) as error:
            return Finding(what, False, str(error))
    return Finding(what, reply == {"value": 42}, f"answers, in Python {sys.version.split()[0]}")


def _a_course(root: Path) -> Finding:
    try:
        course = Course(root)
    except CourseError as error:
        return Finding("course", False, str(error))
    lacking = [name for name in course.assignments() if not (course.root / "checks" / name).is_dir()]
    if lacking:
        return Finding(
            "course", False, f"there are no checks for {', '.join(lacking)}: write {course.root}/checks/NAME"
        )
    return Finding("course", True, f"{course.root}: {', '.join(course.assignments())}")
