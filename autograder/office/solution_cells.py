"""What students wrote into the solution cells, read from the notebooks as they were handed in."""

import json
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.utils import is_solution

from autograder.door.names import safe_id
from autograder.solutions import model_solution

LARGEST = 5_000_000
"""Bytes of a notebook that is still read."""


def solution_cells(root: Path, assignment: str) -> tuple[dict[str, str], list[str]]:
    """Return the code of each student's solution cells, by student, and the code that everyone may have.

    The latter is all code of the source notebook, with its solutions. Cells are found by their id in the notebook; of a
    student whose notebook has lost these ids, all code counts. Who handed in nothing that can be read is left out.
    """
    source = nbformat.read(root / "source" / assignment / f"{assignment}.ipynb", as_version=4)
    solutions = model_solution(source).cells
    code = [cell for cell in source.cells if cell.cell_type == "code"]
    everyones = [*solutions.values(), *(cell.source for cell in code if not is_solution(cell))]
    found = {}
    for path in sorted(root.glob(f"submitted/*/{assignment}/{assignment}.ipynb")):
        text = _written(path, set(solutions))
        if text:
            found[safe_id(path.parent.parent.name)] = text
    return found, everyones


def _written(path: Path, ids: set[str]) -> str:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
        return ""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = {i: _source(cell) for i, cell in enumerate(cells) if cell["cell_type"] == "code"}
        chosen = [i for i in code if _grade_id(cells[i]) in ids]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # whatever was handed in
        return ""
    return "\n".join(code[i] for i in chosen or code)


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _grade_id(cell: dict[str, Any]) -> str:
    return str(cell.get("metadata", {}).get("nbgrader", {}).get("grade_id"))
