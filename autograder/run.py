"""Many submissions at once: processes that grade one after another, beside one sandbox that they share."""

import gc
import importlib
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import psutil

from autograder.course import Course
from autograder.exercises import unjudged
from autograder.verdict import Outcome, Verdict, Way, read_verdict, verdict_path, write_verdict
from autograder.wall.sandbox import Sandbox
from autograder.work import Job, grade_all, is_done

OUR_FAULT = "This could not be graded, and it is not your fault; a person will look."
_NEEDED = (
    "autograder.preprocessors.examine",
    "autograder.preprocessors.save",
    "nbconvert.exporters.html",
    "torch._dynamo",
)
_OVERTIME = 300.0
"""Seconds after which the process that grades one submission is given up; its own limits end it long before."""


@dataclass
class Progress:
    """What a run tells as it goes."""

    graded: Callable[[Verdict, int, int], None] = field(default=lambda verdict, done, total: None)


def warm_up() -> None:
    """Import what the processes that grade will need, before they are forked: it takes longer than grading."""
    for name in _NEEDED:
        importlib.import_module(name)


def _context() -> Any:
    """Return the way to start processes: forked from this one, if it has no threads, which would be missing there."""
    if sys.platform.startswith("linux") and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.work", *_NEEDED])
    return context


def default_jobs() -> int:
    """Return how many submissions this machine can run at once: its cores, and a gigabyte and a half for each."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, int(psutil.virtual_memory().total / 2**30 / 1.5)))


@dataclass
class _Worker:
    """A process that grades one submission after another, and what it is at."""

    process: BaseProcess
    pipe: Connection
    job: Job
    late: float

    def has_ended(self) -> bool:
        """Return whether it is through with its job, or has died over it, or is killed now for taking so long."""
        try:
            if self.pipe.poll():
                self.pipe.recv()
                return True
        except (EOFError, OSError):
            self.process.join()
            return True
        if time.monotonic() < self.late:
            return False
        self.end()
        return True

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


@dataclass
class Run:
    """One run over a class: where it is, and whom it tells."""

    course: Course
    sandbox: Sandbox
    told: Progress
    done: int
    total: int

    def work_off(self, waiting: list[Job], jobs: int | None) -> None:
        """Grade all, ``jobs`` at once."""
        context: Any = _context()
        queue, again = list(reversed(waiting)), set[str]()
        workers: list[_Worker] = []
        try:
            while queue or workers:
                while queue and len(workers) < (jobs or default_jobs()):
                    ours, theirs = context.Pipe()
                    process = context.Process(target=grade_all, args=(theirs,))
                    gc.freeze()  # or collections in the forked process would go through all that it shares, and copy it
                    process.start()
                    gc.unfreeze()
                    theirs.close()
                    workers.append(self._hand_out(queue.pop(), process, ours))
                wait([worker.pipe for worker in workers], timeout=1.0)
                for worker in [worker for worker in workers if worker.has_ended()]:
                    workers.remove(worker)
                    job = worker.job
                    if not is_done(job) and not self.sandbox.stands() and job.student not in again:
                        again.add(job.student)  # the sandbox fell, which is not this one's doing
                        queue.append(job)
                    else:
                        self.done += 1
                        self.told.graded(_verdict(self.course, job), self.done, self.total)
                    if queue and worker.process.is_alive():
                        workers.append(self._hand_out(queue.pop(), worker.process, worker.pipe))
                    else:
                        worker.end()
        finally:
            for worker in workers:
                worker.end()

    def _hand_out(self, job: Job, process: BaseProcess, pipe: Connection) -> _Worker:
        job = replace(job, room=self.sandbox.room())
        verdict_path(job.root, job.assignment, job.student).unlink(missing_ok=True)
        pipe.send(job)
        return _Worker(process, pipe, job, time.monotonic() + _OVERTIME)


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
