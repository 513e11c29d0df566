"""Solutions in small files, and notebooks filled in with them."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.solutions import fill, model_solution, read_solution


def notebook(source):
    meta = {"nbgrader": {"grade_id": "f", "solution": True, "grade": False, "locked": False}}
    return new_notebook(cells=[new_code_cell("import torch"), new_code_cell(source, metadata=meta)])


def test_a_file_is_read_as_docstring_imports_losses_and_cells(tmp_path):
    (tmp_path / "s.py").write_text(
        '"""Says."""\n\nimport a\nfrom b import c\n\nLOSES = ["x"]\n\n\n# %% f\nF\n\n\n# %% g\nG'
    )
    solution = read_solution(tmp_path / "s.py")
    assert solution.says == "Says."
    assert solution.loses == {"x": 1.0}
    assert solution.cells == {"f": "import a\nfrom b import c\n\n\nF\n", "g": "G\n"}


def test_a_cell_may_hold_what_is_not_python(tmp_path):
    (tmp_path / "s.py").write_text('"""Says."""\n# %% f\ndef f(:\n')
    assert read_solution(tmp_path / "s.py").cells == {"f": "def f(:\n"}


def test_a_file_without_cells_is_refused(tmp_path):
    (tmp_path / "s.py").write_text("def f(): ...")
    with pytest.raises(ValueError, match="has no cell: write a line '# %% "):
        read_solution(tmp_path / "s.py")


def test_the_model_solution_is_the_source_s_without_its_marks():
    source = notebook("def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n")
    assert model_solution(source).cells == {"f": "def f():\n    return 1\n"}


def test_filling_changes_the_solution_cells_named_and_leaves_the_given_notebook_alone():
    given = notebook("raise NotImplementedError")
    filled = fill(given, {"f": "F", "other": "O"})
    assert [cell.source for cell in filled.cells] == ["import torch", "F"]
    assert given.cells[1].source == "raise NotImplementedError"
