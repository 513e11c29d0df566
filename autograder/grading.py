"""The instructor's main job: a folder of submissions in; gradebook, feedback and a CSV file out.

A run can be killed at any moment and started again: what has a verdict is not graded twice. Two runs do not meet.
"""

import shutil

from autograder.alone import alone
from autograder.course import Course, CourseError
from autograder.digests import version_of
from autograder.run import Progress, Run, warm_up
from autograder.verdict import Verdict, read_verdict, verdict_path
from autograder.wall.sandbox import Sandbox
from autograder.work import STAGE, Job, is_done


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
    with alone(course.root):
        version = version_of(course.root, assignment)
        all_jobs = [
            Job(course.root, assignment, student, folder, version)
            for student, folder in folders.items()
            if students is None or student in students
        ]
        waiting = [job for job in all_jobs if again or not is_done(job)]
        if waiting:
            with Sandbox(course.wall) as sandbox:  # it warms up meanwhile
                warm_up()
                course.generate(assignment)
                Run(course, sandbox, told, len(all_jobs) - len(waiting), len(all_jobs)).work_off(waiting, jobs)
        shutil.rmtree(course.root / STAGE, ignore_errors=True)
        course.export()
        return [read_verdict(verdict_path(course.root, assignment, job.student)) for job in all_jobs]
