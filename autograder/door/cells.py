"""What a cell of a notebook is to grading, read from metadata and text that a student may have changed."""

import ast
import functools
import re
import warnings
from typing import Any

from nbformat import NotebookNode

_PARSED = 3_000  # characters; longer cells are searched, as a thousand of them would take minutes to parse


def nbgrader_of(cell: NotebookNode) -> dict[str, Any]:
    """Return nbgrader's metadata of a cell, or nothing where it is none."""
    metadata = cell.get("metadata")
    entry = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return entry if isinstance(entry, dict) else {}


def grade_id(cell: NotebookNode) -> str:
    """Return the id that a cell has, or claims to have, in the gradebook."""
    found = nbgrader_of(cell).get("grade_id")
    return found if isinstance(found, str) else ""


def is_nbgraders(cell: NotebookNode) -> bool:
    """Say whether a cell of the release is one that nbgrader looks after."""
    entry = nbgrader_of(cell)
    return any(entry.get(key) is True for key in ("grade", "solution", "locked", "task"))


def is_written(cell: NotebookNode) -> bool:
    """Say whether a cell of the release is one that students write into."""
    return nbgrader_of(cell).get("solution") is True


def text_of(cell: NotebookNode) -> str:
    """Return a cell's text without what editors change: spaces at the ends of lines, empty lines around."""
    return "\n".join(line.rstrip() for line in cell.source.splitlines()).strip()


def tags_of(cell: NotebookNode) -> list[str]:
    """Return a cell's tags."""
    tags = cell.metadata.get("tags")
    return tags if isinstance(tags, list) else []


def names_defined(source: str) -> set[str]:
    """Return the functions, classes and variables that a cell makes at its top level, even if it is no Python."""
    names = _parsed_names(source) if len(source) <= _PARSED else None
    if names is not None:
        return set(names)
    found = re.findall(r"^(?:async )?(?:def|class) +(\w+)", source, re.MULTILINE)
    return {*found, *re.findall(r"^(\w+) ?=(?!=)", source, re.MULTILINE)}


@functools.lru_cache(2000)
def _parsed_names(source: str) -> frozenset[str] | None:
    """Return the names if the cell is Python, else None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a student's "\d" is no warning to the instructor
            return frozenset(_top_names(ast.parse(source).body))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _top_names(body: list[ast.stmt]) -> set[str]:
    names = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.If | ast.Try | ast.With):
            names |= _top_names([*node.body, *getattr(node, "orelse", [])])
    return names
