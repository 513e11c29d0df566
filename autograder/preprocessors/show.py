"""Points and comments out of nbgrader's gradebook, for the page that a student gets back."""

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import GetGrades
from nbgrader.utils import is_grade, is_solution, is_task

from autograder.preprocessors.gradebook import opened, rows_of


class ShowMarks(GetGrades):
    """nbgrader's own, which asks the gradebook for all of a notebook at once."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Put them into the notebook's metadata, and the sums into the resources."""
        names = resources["nbgrader"]
        with opened(names["db_url"]) as gradebook:
            rows = rows_of(gradebook, names["notebook"], names["assignment"], names["student"])
            for cell in nb.cells:
                if is_solution(cell) or is_task(cell):
                    cell.metadata.nbgrader["comment"] = rows.comments[cell.metadata.nbgrader.grade_id].comment
                if is_grade(cell) or is_task(cell):
                    grade = rows.grades[cell.metadata.nbgrader.grade_id]
                    cell.metadata.nbgrader["score"], cell.metadata.nbgrader["points"] = grade.score, grade.max_score
            notebook: Any = rows.notebook
            names["late_penalty"] = notebook.late_submission_penalty or 0
            names["score"], names["max_score"] = notebook.score - names["late_penalty"], notebook.max_score
        return nb, resources
