"""The order of a reconciled notebook, and the ids of its cells."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from autograder.door.cells import is_nbgraders, is_written

Piece = tuple[int | None, NotebookNode]
"""A cell, and its index in the release, if it is of the release."""


def in_order(
    pieces: list[Piece], stand_ins: dict[int, NotebookNode], release: list[NotebookNode]
) -> tuple[list[NotebookNode], list[int]]:
    """Return the cells in the order of the release, and the indices of those of nbgrader's that had been moved.

    As many cells as possible stay where they are. A student's own cells go where the cell goes that they follow.
    """
    stays = set(_rising([r for r, _ in pieces if r is not None], release))
    moved: dict[int, list[Piece]] = {}
    out: list[Piece] = []
    goes_with = out
    for r, cell in pieces:
        if r is not None and r not in stays and not is_nbgraders(release[r]):
            r = None  # text that was moved is the student's own
        if r is not None:
            goes_with = out if r in stays else moved.setdefault(r, [])
        goes_with.append((r, cell))
    for r in sorted({*moved, *stand_ins}):
        before = max((i for i, (q, _) in enumerate(out) if q is not None and q < r), default=-1)
        after = min((i for i, (q, _) in enumerate(out) if q is not None and q > r), default=len(out))
        unwritten = r in stand_ins and is_written(release[r])  # must not come after what stands in for it
        at = before + 1 if unwritten else after
        out[at:at] = [(r, stand_ins[r])] if r in stand_ins else moved[r]
    return [cell for _, cell in out], sorted(moved)


def with_ids(cells: list[NotebookNode], release: list[NotebookNode]) -> list[NotebookNode]:
    """Give each cell that has no id of its own another; the release's go to nbgrader's cells first."""
    fresh = _fresh({str(cell.get("id")) for cell in [*cells, *release]})
    taken = {cell["id"] for cell in cells if "nbgrader" in cell.metadata}
    for cell in cells:
        if "nbgrader" not in cell.metadata:
            if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"]) or cell["id"] in taken:
                cell["id"] = next(fresh)
            taken.add(cell["id"])
    return cells


def _fresh(known: set[str]) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        if f"own-{number}" not in known:
            yield f"own-{number}"


def _rising(indices: list[int], release: list[NotebookNode]) -> list[int]:
    """Return the heaviest rising subsequence; a cell of nbgrader's weighs more than all text."""
    weight = [1000 if is_nbgraders(release[r]) else 1 for r in indices]
    best: list[tuple[int, list[int]]] = []
    for i, r in enumerate(indices):
        base = max((best[j] for j in range(i) if indices[j] < r), key=lambda one: one[0], default=(0, []))
        best.append((base[0] + weight[i], [*base[1], r]))
    return max(best, key=lambda one: one[0], default=(0, []))[1]
