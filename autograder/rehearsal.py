"""The visible tests of a notebook, run where a student is, before anything is handed in."""

import tempfile
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.utils import is_grade

from autograder.door.cells import tags_of
from autograder.preprocessors.examine import NOT_GRADED
from autograder.wall.kernel import PLAIN, StudentKernel
from autograder.wall.patience import Patience


def rehearse(notebook: NotebookNode) -> list[str]:
    """Run a notebook from top to bottom, without a wall, and return a sentence for each visible test.

    Args:
        notebook: as it was taken in, with the grade cells of the release.
    """
    sentences = []
    with tempfile.TemporaryDirectory() as empty, StudentKernel(PLAIN, Patience(), Path(empty)) as kernel:
        for cell in notebook.cells:
            if cell.cell_type != "code" or NOT_GRADED in tags_of(cell) or not cell.source.strip():
                continue
            errors = [output for output in kernel.run(cell.source) if output.output_type == "error"]
            said = errors[-1].evalue or errors[-1].ename if errors else ""
            if is_grade(cell):
                sentences.append(f"{cell.metadata.nbgrader.grade_id}: {said or 'passed'}")
            elif errors:
                sentences.append(f"A cell raised {errors[-1].ename}: {said}")
    return sentences
