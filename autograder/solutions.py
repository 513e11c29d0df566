"""Solutions as small Python files, one homework's cells each, and notebooks filled in with them."""

import ast
import copy
import re
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.utils import is_solution

_MARK = re.compile(r"^# %% (\w+)$", re.MULTILINE)
_REGION = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.MULTILINE)


@dataclass(frozen=True)
class Solution:
    """What somebody wrote into the solution cells of a homework.

    Args:
        says: what is special about it, in one sentence.
        cells: the source of each solution cell that it changes, by the cell's id.
        loses: the grade cells in which a wrong solution must lose points, and no others, with the share it loses.
    """

    says: str
    cells: dict[str, str]
    loses: dict[str, float] = field(default_factory=dict)


def read_solution(path: Path) -> Solution:
    """Read a file with a docstring, imports, perhaps ``LOSES``, and then cells that begin with ``# %% id``.

    ``LOSES`` is a list of grade cells that are lost entirely, or a dict that says which share of each is.
    The imports become the first lines of the first cell. Cells may hold anything, also what is not Python.

    Raises:
        ValueError: there is no cell in it.
    """
    head, *rest = _MARK.split(path.read_text())
    if not rest:
        raise ValueError(f"{path} has no cell: write a line '# %% inner_adapt' (the cell's id) before each.")
    cells = {name: text.strip() + "\n" for name, text in zip(rest[::2], rest[1::2], strict=True)}
    tree = ast.parse(head)
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    if imports:
        cells[rest[0]] = "\n".join(imports) + "\n\n\n" + cells[rest[0]]
    assigned = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    said = ast.literal_eval(assigned["LOSES"]) if "LOSES" in assigned else {}
    loses = said if isinstance(said, dict) else dict.fromkeys(said, 1.0)
    return Solution(ast.get_docstring(tree) or "", cells, loses)


def model_solution(source: NotebookNode) -> Solution:
    """Return the solution that the source notebook itself holds."""
    cells = {
        cell.metadata.nbgrader.grade_id: _REGION.sub("", cell.source)
        for cell in source.cells
        if cell.cell_type == "code" and is_solution(cell)
    }
    return Solution("The source notebook's own solution.", cells)


def fill(notebook: NotebookNode, cells: dict[str, str]) -> NotebookNode:
    """Return a copy of ``notebook`` with ``cells`` written over its solution cells of those ids."""
    filled = copy.deepcopy(notebook)
    for cell in filled.cells:
        if is_solution(cell):
            cell.source = cells.get(cell.metadata.nbgrader.grade_id, cell.source)
    return filled
