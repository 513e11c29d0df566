"""The instructor's main job: a folder of submissions in; gradebook, feedback and a CSV file out.

A run can be killed at any moment and started again: what has a verdict is not graded twice. Two runs do not meet.
"""

import fcntl
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from autograder.course import Course, CourseError
from autograder.exercises import unjudged
from autograder.nursery import VARIABLE, Nursery
from autograder.verdict import Outcome, Verdict, Way, read_verdict, verdict_path, write_verdict
from autograder.wall import why_no_wall
from autograder.work import STAGE, Job, grade_all, is_done, version_of

OUR_FAULT = "This could not be graded, and it is not your fault; a person will look."
_PRELOADED = ["autograder.work", "autograder.examine", "autograder.save", "autograder.__main__"]
_OVERTIME = 300.0
"""Seconds after which the process that grades one submission is given up; its own limits end it long before."""


@dataclass
class Progress:
    """What a run tells as it goes."""

    started: Callable[[str, int, int], None] = field(default=lambda student, done, total: None)
    graded: Callable[[Verdict, int, int], None] = field(default=lambda verdict, done, total: None)


def grade_class(
    course: Course,
    assignment: str,
    students: list[str] | None = None,
    again: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> list[Verdict]:
    """Grade what was handed in for ``assignment``; nothing one student does stops the others.

    Args:
        course: where; ``submitted/`` is read, and ``release/``, ``autograded/``, ``feedback/``, ``verdicts/``,
            ``gradebook.db`` and ``grades.csv`` are written. Marks given by a person are kept.
        assignment: which homework.
        students: whose; everybody's by default.
        again: grade what has been graded already, too.
        jobs: submissions at once; by default as many as there are cores and memory for.
        progress: is told.

    Returns:
        The verdicts on all these submissions, also those that a run before reached.

    Raises:
        CourseError: no such assignment, nobody handed anything in, no such student, or another run is at work.
    """
    told = progress or Progress()
    course.source(assignment)
    folders = course.submissions(assignment)
    unknown = sorted(set(students or []) - set(folders))
    if unknown:
        raise CourseError(f"There is no submission of {', '.join(unknown)}; there are: {', '.join(folders)}.")
    with ExitStack() as stack:
        stack.enter_context(_alone(course.root))
        course.generate(assignment)
        version = version_of(course.root, assignment)
        all_jobs = [
            Job(course.root, assignment, student, folder, version)
            for student, folder in folders.items()
            if students is None or student in students
        ]
        waiting = [job for job in all_jobs if again or not is_done(job)]
        if waiting:
            stack.enter_context(_nursery())
            _work_off(course, waiting, jobs or default_jobs(), told, len(all_jobs) - len(waiting), len(all_jobs))
        shutil.rmtree(course.root / STAGE, ignore_errors=True)
        course.export()
        return [read_verdict(verdict_path(course.root, assignment, job.student)) for job in all_jobs]


def default_jobs() -> int:
    """Return how many submissions this machine can run at once: its cores, and a gigabyte and a half for each."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return max(1, min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2, int(memory / 1.5)))


@dataclass
class _Worker:
    """A process that grades one submission after another, and what it is at."""

    process: BaseProcess
    pipe: Connection
    job: Job
    late: float


def _work_off(course: Course, waiting: list[Job], jobs: int, told: Progress, done: int, total: int) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    queue, workers = list(reversed(waiting)), list[_Worker]()

    def hand_out(process: BaseProcess, pipe: Connection) -> None:
        job = queue.pop()
        told.started(job.student, done, total)
        verdict_path(job.root, job.assignment, job.student).unlink(missing_ok=True)
        pipe.send(job)
        workers.append(_Worker(process, pipe, job, time.monotonic() + _OVERTIME))

    try:
        while queue or workers:
            while queue and len(workers) < jobs:
                ours, theirs = context.Pipe()
                process = context.Process(target=grade_all, args=(theirs,))
                process.start()
                theirs.close()
                hand_out(process, ours)
            wait([worker.pipe for worker in workers], timeout=1.0)
            for worker in list(workers):
                if not _has_ended(worker):
                    continue
                workers.remove(worker)
                done += 1
                told.graded(_verdict(course, worker.job), done, total)
                if queue and worker.process.is_alive():
                    hand_out(worker.process, worker.pipe)
                else:
                    _end(worker)
    finally:
        for worker in workers:
            _end(worker)


def _has_ended(worker: _Worker) -> bool:
    """Return whether a worker is through with its job, or has died over it, or is killed now for taking so long."""
    try:
        if worker.pipe.poll():
            worker.pipe.recv()
            return True
    except (EOFError, OSError):
        worker.process.join()
        return True
    if time.monotonic() < worker.late:
        return False
    _end(worker)
    return True


def _end(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.pipe.close()


def _verdict(course: Course, job: Job) -> Verdict:
    """Return what the process wrote; if it wrote nothing, it is our fault, and the next run tries again."""
    if is_done(job):
        return read_verdict(verdict_path(job.root, job.assignment, job.student))
    course.no_marks(job.assignment, job.student, OUR_FAULT, waits=True)
    course.feedback(job.assignment, job.student, OUR_FAULT)
    marks = unjudged(course.source(job.assignment), Outcome.OUR_FAULT, OUR_FAULT)
    name = job.folder.parent.name
    verdict = Verdict(job.assignment, job.student, name, Way.NOT_RUN, marks, OUR_FAULT, flags=("our fault",))
    write_verdict(job.root, verdict)
    return verdict


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep other runs out of this course; the lock goes with the process, however that ends."""
    with (root / ".grading").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            who = file.read().strip() or "unknown"
            raise CourseError(
                f"Another run (process {who}) is grading {root}: wait until it has ended, or stop it. "
                "What it has graded will not be graded again."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def _nursery() -> Iterator[None]:
    """Start the sandbox that all processes of this run share, where the machine has one."""
    if why_no_wall():
        yield
        return
    with Nursery() as nursery:
        nursery.wait()
        os.environ[VARIABLE] = str(nursery.room)
        try:
            yield
        finally:
            del os.environ[VARIABLE]
