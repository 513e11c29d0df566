"""How a submission is run: nbgrader's own way, but whatever a student's code does, every grade cell gets a verdict."""

from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade
from traitlets import Dict, Integer

TIMED_OUT = "CellTimeoutError"
KERNEL_DIED = "KernelDied"
NOT_RUN = "NotRun"

TOO_LONG = "This cell had not ended when its time was up. Is there a loop that never ends?"


class GradingExecute(Execute):
    """Run the cells of one submission, each within ``timeout`` seconds.

    Departs from nbgrader's ``Execute`` in four things. A kernel that dies, or does not even answer an interrupt, fails
    the rest of the cells with a sentence, where ``Execute`` gives the submission up, without marks or feedback. Once a
    cell has timed out, the others get ``timeout_afterwards``, as what never ends is probably called again. Warnings and
    progress bars do not cost marks: nbgrader takes any stderr in a grade cell for a failure. A tag in a student's
    notebook cannot keep a grade cell from being run: nbgrader takes a cell without output for a success.
    """

    timeout_afterwards = Integer(3, help="seconds a cell may take once another has timed out").tag(config=True)
    error_on_timeout = Dict({"ename": TIMED_OUT, "evalue": TOO_LONG, "traceback": [TOO_LONG]}).tag(config=True)
    _stopped = ""

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int) -> tuple[NotebookNode, Any]:
        """Run one cell, as long as there is a kernel to run it."""
        if cell.cell_type != "code":
            return cell, resources
        if is_grade(cell):
            cell.metadata.pop("tags", None)
        if self._stopped:
            return _fail(cell, NOT_RUN, self._stopped), resources
        try:
            cell, resources = super().preprocess_cell(cell, resources, index)
        except DeadKernelError:
            self._stopped = "The notebook's Python process ended in an earlier cell, so this one could not run."
            return _fail(cell, KERNEL_DIED, "The notebook's Python process ended in this cell."), resources
        except CellTimeoutError:
            self._stopped = "An earlier cell went on when it was told to stop, so this one could not run."
            return _fail(cell, TIMED_OUT, "This cell went on when it was told to stop."), resources
        if any(output.get("ename") == TIMED_OUT for output in cell.outputs):
            self.timeout = self.timeout_afterwards
        if is_grade(cell):
            for output in cell.outputs:
                if output.get("name") == "stderr":
                    output["name"] = "stdout"
        return cell, resources


def _fail(cell: NotebookNode, name: str, sentence: str) -> NotebookNode:
    cell.outputs = [new_output("error", ename=name, evalue=sentence, traceback=[sentence])]
    return cell
