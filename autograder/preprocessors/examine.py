"""How a submission is graded: the student's cells run in their kernel, the grade cells never; the examiner judges."""

import secrets
import sys
import time
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import compute_checksum, is_grade, is_solution
from traitlets import Bool, Dict, Unicode

from autograder.examiner import find_check, judge
from autograder.verdict import Mark, Outcome, Way
from autograder.wall.bubblewrap import why_no_wall
from autograder.wall.kernel import KERNEL_DIED, PLAIN, TIMED_OUT, WALLED, StudentKernel, failure
from autograder.wall.patience import Patience

NOT_GRADED = "not-graded"
FOUND = "autograder"
"""Where in nbconvert's resources the marks and the circumstances are left for ``SaveMarks``."""


class Examine(NbGraderPreprocessor):
    """In place of nbgrader's ``Execute``: runs the student's cells, and writes the outputs of the grade cells itself.

    nbgrader reads points from these outputs. What the student's process prints, raises or does to its own copy of
    anything has no part in them; it only ever answers questions, by values.
    """

    course = Unicode(help="the folder in which checks/ is").tag(config=True)
    wall = Bool(True, help="use the wall where the machine has one").tag(config=True)
    patience = Dict(help="seconds and bytes: fields of autograder.wall.patience.Patience").tag(config=True)
    limits = Dict(help="what a submission may use: fields of autograder.wall.nursery.Limits").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Run and judge one notebook."""
        if self.course not in sys.path:
            sys.path.insert(0, self.course)
        walled = self.wall and not why_no_wall()
        seed, start = secrets.randbits(62), time.monotonic()
        assignment = resources["nbgrader"]["assignment"]
        folder = Path(resources["metadata"].get("path") or ".")
        marks: dict[int, Mark] = {}
        name = WALLED if walled else PLAIN
        with StudentKernel(name, Patience(**self.patience), folder, self.limits) as kernel:
            for index, cell in enumerate(nb.cells):
                if is_grade(cell):
                    marks[index] = self._judged(cell, assignment, kernel, seed, list(marks.values()))
                elif cell.cell_type == "code":
                    skipped = NOT_GRADED in cell.metadata.get("tags", []) or not cell.source.strip()
                    cell.outputs = [] if skipped else kernel.run(cell.source)
        for index, mark in marks.items():
            if nb.cells[index].cell_type == "code":
                nb.cells[index].outputs = outputs_of(mark)
        resources[FOUND] = {
            "marks": tuple(marks.values()),
            "way": Way.WALLED if walled else Way.NOT_WALLED,
            "seed": seed,
            "seconds": round(time.monotonic() - start, 2),
            "notes": tuple(_notes(nb)),
        }
        return nb, resources

    def _judged(
        self, cell: NotebookNode, assignment: str, kernel: StudentKernel, seed: int, before: list[Mark]
    ) -> Mark:
        name, maximum = cell.metadata.nbgrader.grade_id, float(cell.metadata.nbgrader.points)
        if is_solution(cell) or cell.cell_type != "code":
            if compute_checksum(cell) == cell.metadata.nbgrader.get("checksum"):
                return Mark(name, "", Outcome.FAILED, 0.0, maximum, "Nothing was written here.")
            return Mark(name, "", Outcome.BY_HAND, 0.0, maximum)
        check = find_check(assignment, name)
        if check is None:
            self.log.error("checks/%s has no check named %s", assignment, name)
            message = "This could not be judged, and it is not your fault; a person will look. (no check)"
            return Mark(name, "", Outcome.OUR_FAULT, 0.0, maximum, message)
        mark = judge(check, kernel.ask, seed, maximum, {mark.check for mark in before if mark.share < 1})
        if mark.outcome is Outcome.OUR_FAULT:
            self.log.error("the check %s of %s failed itself: %s", name, assignment, mark.message)
        return mark


def outputs_of(mark: Mark) -> list[NotebookNode]:
    """Return what stands under a grade cell, for the student to read and for nbgrader to take the points from."""
    heading = f"{mark.outcome.upper()}  {mark.says}\n"
    if mark.outcome is Outcome.PASSED:
        return [new_output("stream", name="stdout", text=heading)]
    if mark.outcome is Outcome.FAILED and mark.share > 0:
        text = f"PARTLY RIGHT, {mark.points:g} of {mark.maximum:g} points  {mark.says}\n{mark.message}\n"
        points = new_output("execute_result", data={"text/plain": f"{mark.points:g}"}, execution_count=None)
        return [new_output("stream", name="stdout", text=text), points]
    return [new_output("stream", name="stdout", text=heading), failure(mark.outcome, mark.message)]


def _notes(nb: NotebookNode) -> list[str]:
    """Say in a few words each what the student's own cells ran into."""
    code = [cell for cell in nb.cells if cell.cell_type == "code" and not is_grade(cell)]
    names = [output.ename for cell in code for output in cell.outputs if output.output_type == "error"]
    words = {TIMED_OUT: "timed out", KERNEL_DIED: "ended its Python process", "NotRun": ""}
    # A class may be called anything, also what a page would run.
    raised = {name: f"raised {name if name.isidentifier() else 'an error'}"[:80] for name in names}
    notes = list((raised | {name: word for name, word in words.items() if name in raised}).values())
    if all("raise NotImplementedError" in cell.source for cell in code if is_solution(cell)):
        notes.append("empty")
    return [note for note in notes if note]
