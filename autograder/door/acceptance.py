"""What a student can know before handing in: whether the file will be accepted, and what is not written yet."""

import ast
import warnings
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from autograder.door.cells import grade_id, is_written, tags_of, text_of
from autograder.door.intake import read_submission


def check_file(path: Path, assignment: str, release: NotebookNode) -> list[str]:
    """Return sentences on a notebook that is about to be handed in; the first says whether it will be accepted.

    Args:
        path: of the notebook.
        assignment: what it should be called.
        release: the notebook that students were given.
    """
    taken = read_submission(path, release)
    if taken.notebook is None:
        return [f"It will not be accepted. {taken.trouble}", *taken.notes]
    sentences = [f"{path.name} will be accepted.", *taken.notes]
    if path.name != f"{assignment}.ipynb":
        sentences.append(f"Call it {assignment}.ipynb.")
    given = {grade_id(cell): cell for cell in release.cells if is_written(cell)}
    for number, cell in enumerate(taken.notebook.cells, 1):
        name = f"`{grade_id(cell)}`" if grade_id(cell) else f"number {number}"
        if is_written(cell) and (text_of(cell) in ("", text_of(given[grade_id(cell)])) or _refuses(cell)):
            sentences.append(f"The cell {name} is not written yet.")
        elif cell.cell_type == "code" and "not-graded" not in tags_of(cell) and (error := _syntax_error(cell.source)):
            sentences.append(f"The cell {name} is no Python: {error}.")
    return sentences


def _refuses(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and "raise NotImplementedError" in cell.source


def _syntax_error(source: str) -> str:
    """Return what is wrong and in which line, if anything is; IPython's own commands are not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError as error:
        return f"line {error.lineno}, {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error) or type(error).__name__
    return ""
