"""Points and comments into nbgrader's gradebook, all of a notebook's or none, and then the verdict."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import SaveAutoGrades
from nbgrader.utils import compute_checksum, determine_grade, is_task
from traitlets import Unicode

from autograder.preprocessors.examine import FOUND
from autograder.preprocessors.gradebook import opened, rows_of
from autograder.verdict import Outcome, Verdict, Way, write_verdict

SAID = {
    Way.WALLED: "Marked behind the wall: the code ran in a sandbox, and was judged from outside.",
    Way.NOT_WALLED: "Marked without a wall: the code ran in a plain process, and was judged from outside.",
    Way.NOT_RUN: "Not run.",
}


class SaveMarks(SaveAutoGrades):
    """nbgrader's own, in one transaction; a mark without judgement waits for a person, and comments say the way.

    It also writes the verdict, last: a run that is stopped before has not graded this notebook.
    """

    root = Unicode(help="the course's folder, where verdicts/ is").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Save one notebook."""
        found = resources[FOUND]
        self.found = found
        names = resources["nbgrader"]
        self.notebook_id, self.assignment_id = names["notebook"], names["assignment"]
        self.student_id, self.db_url = names["student"], names["db_url"]
        with opened(self.db_url) as self.gradebook:
            self.rows = rows_of(self.gradebook, self.notebook_id, self.assignment_id, self.student_id)
            for index, cell in enumerate(nb.cells):
                nb.cells[index], resources = self.preprocess_cell(cell, resources, index)
            self.gradebook.db.commit()
        when = datetime.now(UTC).isoformat(timespec="seconds")
        verdict = Verdict(self.assignment_id, self.student_id, self.student_id, when=when, **found)
        write_verdict(Path(self.root), verdict)
        return nb, resources

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
        name = cell.metadata.nbgrader.grade_id
        grade: Any = self.rows.grades[name]
        grade.auto_score, _ = determine_grade(cell, self.log)
        if any(mark.check == name and mark.outcome is Outcome.OUR_FAULT for mark in self.found["marks"]):
            grade.auto_score = None
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None

    def _add_comment(self, cell: NotebookNode, resources: Any) -> None:
        name = cell.metadata.nbgrader.grade_id
        comment: Any = self.rows.comments[name]
        said = [SAID[self.found["way"]]]
        if cell.metadata.nbgrader.get("checksum") == compute_checksum(cell) and not is_task(cell):
            said.insert(0, "No response.")
        comment.auto_comment = " ".join(said)
