"""How cells are run, on a notebook of a few lines and a real kernel."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.execute import TIMED_OUT, TOO_LONG, GradingExecute


@pytest.mark.slow
def test_after_a_cell_has_timed_out_the_others_get_less_time_and_still_run():
    cells = ["import time", "while True: pass", "time.sleep(60)", "1 + 1"]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    execute = GradingExecute(timeout=10, timeout_afterwards=2)
    notebook, _ = execute.preprocess(notebook, {"metadata": {}})
    assert execute.timeout == 2
    names = [[output.get("ename") for output in cell.outputs] for cell in notebook.cells]
    assert TIMED_OUT in names[1]
    assert TIMED_OUT in names[2]
    assert notebook.cells[1].outputs[-1].traceback == [TOO_LONG]
    assert notebook.cells[3].outputs[0].data["text/plain"] == "2"
