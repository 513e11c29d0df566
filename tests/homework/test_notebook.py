"""The source notebook, as its author and its students meet it."""

import copy
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

HOMEWORK = Path(__file__).resolve().parents[2] / "homework"


@pytest.mark.slow
def test_the_source_notebook_runs_and_its_training_pays(source, monkeypatch):
    source = copy.deepcopy(source)
    monkeypatch.setenv("PYTHONPATH", str(HOMEWORK))
    NotebookClient(source, timeout=300).execute()
    (outputs,) = [cell.outputs for cell in source.cells if cell.id == "before-after"]
    table = "".join(output.text for output in outputs)
    rows = [[int(n) for n in re.findall(r"\d+", line)] for line in table.splitlines()[1:]]
    before, after = {row[0]: row[1] for row in rows}, {row[0]: row[3] for row in rows}
    assert after[1] > before[1] + 12  # percent, after one inner step
    assert abs(after[0] - 20) < 12  # without one, what was learned is of no use


def test_thirty_points_in_all(source):
    graded = [cell.metadata.nbgrader.points for cell in source.cells if "points" in cell.metadata.get("nbgrader", {})]
    assert sum(graded) == 30


def test_the_notebook_is_kept_without_outputs(source):
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in source.cells)
    nbformat.validate(source)
