"""Putting a submission right by the release: nbgrader's cells as they were given out, with the student's answers."""

import copy
from collections.abc import Iterable

from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from autograder.door.cells import grade_id, is_nbgraders, is_written, names_defined, nbgrader_of, tags_of, text_of
from autograder.door.matching import Match, find_cells
from autograder.door.order import Piece, in_order, with_ids

GRADED_CHANGED = "graded cells were changed"
LOCKED_CHANGED = "locked cells were changed"
NOTHING_FOUND = "none of the assignment's cells were found"


def reconcile(submitted: NotebookNode, release: NotebookNode) -> tuple[NotebookNode, tuple[str, ...], tuple[str, ...]]:
    """Return the submission as it is to be graded, sentences on what was put right, and flags for the instructor.

    nbgrader's cells are those of the release, each once and in its order; of the student's they take what is written
    into them. All other cells stay as they are, after the cell that they followed. Where a student changed a locked
    cell of code, the changed one becomes a cell of the student's own, since an import may have been put there.
    """
    match = find_cells(submitted.cells, release.cells)
    account = _Account(submitted.cells, release.cells, match)
    pieces = [piece for s in range(len(submitted.cells)) for piece in account.pieces(s)]
    defined = {name for _, cell in pieces if cell.cell_type == "code" for name in names_defined(cell.source)}
    absent = [r for r, cell in enumerate(release.cells) if is_nbgraders(cell) and r not in match.place]
    stand_ins = {r: account.stand_in(r, defined) for r in absent}
    ordered, moved = in_order(pieces, stand_ins, release.cells)
    account.tell(moved, "was moved; it was put back in its place.", "were moved; they were put back in their places.")
    metadata = copy.deepcopy(release.metadata)
    notebook = new_notebook(cells=with_ids(ordered, release.cells), metadata=metadata)
    if not any(is_nbgraders(release.cells[r]) for r in match.place):
        account.flags.append(NOTHING_FOUND)
    return notebook, tuple(account.notes), tuple(dict.fromkeys(account.flags))


class _Account:
    """What becomes of each submitted cell, and what is to be told about it."""

    def __init__(self, submitted: list[NotebookNode], release: list[NotebookNode], match: Match) -> None:
        self.submitted, self.release, self.match = submitted, release, match
        self.r_of = {s: r for r, s in match.place.items()}
        self.copy_of = {s: r for r, others in match.copies.items() for s in others}
        self.notes: list[str] = []
        self.flags: list[str] = []
        changed = [r for r in sorted(match.place) if is_nbgraders(release[r]) and self._changed(r)]
        graded = [r for r in changed if nbgrader_of(release[r]).get("grade") or is_written(release[r])]
        self.tell(changed, "was changed; it was put back as it was.", "were changed; they were put back as they were.")
        self.flags += [GRADED_CHANGED] * bool(graded) + [LOCKED_CHANGED] * (len(graded) < len(changed))
        lost = [r for r in sorted(match.guessed) if r not in changed]
        self.tell(lost, "had lost its mark, and was recognized.", "had lost their marks, and were recognized.")
        twice = [r for r in sorted(match.copies) if match.copies[r]]
        self.tell(twice, "was there more than once; one counts.", "were there more than once; one of each counts.")

    def tell(self, cells: Iterable[int], singular: str, plural: str) -> None:
        """Add a sentence on some cells of the release, if there are any."""
        names = [f"`{grade_id(self.release[r])}`" for r in cells]
        if names:
            verb = f"The cell {names[0]} {singular}" if len(names) == 1 else f"The cells {', '.join(names)} {plural}"
            self.notes.append(verb)

    def pieces(self, s: int) -> list[Piece]:
        """Return the cells that a submitted cell turns into."""
        cell, r = self.submitted[s], self.r_of.get(s)
        if s in self.copy_of:
            original = self.release[self.copy_of[s]]
            if is_written(original):
                return []  # beside the one that counts
            return [] if text_of(cell) in ("", text_of(original)) else [(None, _own(cell))]
        if r is None:
            return [(None, _own(cell))]
        given = self.release[r]
        if not is_nbgraders(given):
            return [(r, _own(cell, given))]
        if is_written(given):
            written = [c for c in self.match.copies.get(r, []) if text_of(self.submitted[c]) != text_of(given)]
            before = [(None, _own(self.submitted[c])) for c in written if c < s]
            after = [(None, _own(self.submitted[c])) for c in written if c > s]
            return [*before, (r, _restored(given, cell.source)), *after]
        changed = given.cell_type == "code" and text_of(cell) not in ("", text_of(given))
        return [(r, _restored(given)), *([(None, _own(cell))] if changed else [])]

    def stand_in(self, r: int, defined: set[str]) -> NotebookNode:
        """Return what takes the place of a cell that is not there, and say so."""
        given, name = self.release[r], grade_id(self.release[r])
        if not is_written(given):
            self.notes.append(f"The cell `{name}` was missing; it was put back.")
            return _restored(given)
        if given.cell_type == "code" and names_defined(given.source) & defined:
            self.notes.append(f"The cell `{name}` was missing; what it asks for was found in another cell, and counts.")
            return _restored(given, f"# {name}: written in another cell")
        self.notes.append(f"The cell `{name}` was missing, and no answer was found in another; it counts as unwritten.")
        return _restored(given)

    def _changed(self, r: int) -> bool:
        given, cell = self.release[r], self.submitted[self.match.place[r]]
        before, after = nbgrader_of(given), nbgrader_of(cell)
        keys = ("grade", "solution", "locked", "task", "points", "cell_type")
        claimed = after if grade_id(cell) == grade_id(given) else {}
        marks = any(key in claimed and claimed[key] != before.get(key, False) for key in keys)
        text = not is_written(given) and text_of(cell) != text_of(given)
        return marks or text or cell.cell_type != given.cell_type


def _restored(given: NotebookNode, source: str | None = None) -> NotebookNode:
    cell = _bare(given.cell_type, given.source if source is None else source)
    cell.metadata["nbgrader"] = copy.deepcopy(given.metadata["nbgrader"])
    cell["id"] = given.get("id", "")
    return cell


def _own(cell: NotebookNode, given: NotebookNode | None = None) -> NotebookNode:
    """Return a cell of the student's own; what the release does not run is not run if the mark was lost either."""
    mine = _bare(cell.cell_type, cell.source)
    if "not-graded" in tags_of(cell) or (given is not None and "not-graded" in tags_of(given)):
        mine.metadata["tags"] = ["not-graded"]
    mine["id"] = cell.get("id", "")
    return mine


def _bare(cell_type: str, source: str) -> NotebookNode:
    cell = NotebookNode(cell_type=cell_type, metadata=NotebookNode(), source=source)
    return NotebookNode(cell, execution_count=None, outputs=[]) if cell_type == "code" else cell
