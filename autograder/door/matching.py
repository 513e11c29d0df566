"""Which cell of a submission is which cell of the release, whatever was deleted, copied, moved, renamed or stripped."""

from dataclasses import dataclass, field

from nbformat import NotebookNode

from autograder.door.cells import grade_id, is_nbgraders, is_written, names_defined, tags_of, text_of


@dataclass
class Match:
    """Indices of submitted cells by indices of the release's.

    Args:
        place: the cell that stands for each one of the release.
        copies: others that claim to be it.
        guessed: the release's cells that were found without nbgrader's metadata.
    """

    place: dict[int, int] = field(default_factory=dict)
    copies: dict[int, list[int]] = field(default_factory=dict)
    guessed: list[int] = field(default_factory=list)


class _Search:
    """One attempt after another; what one has found, the next leaves alone."""

    def __init__(self, submitted: list[NotebookNode], release: list[NotebookNode]) -> None:
        self.submitted, self.release, self.match = submitted, release, Match()
        self.texts = [text_of(cell) for cell in submitted]
        self.free = set(range(len(submitted)))

    def missing(self) -> list[int]:
        return [r for r in range(len(self.release)) if r not in self.match.place]

    def take(self, r: int, s: int, guessed: bool = True) -> None:
        self.match.place[r] = s
        self.free.discard(s)
        if guessed and is_nbgraders(self.release[r]):
            self.match.guessed.append(r)

    def by_grade_id(self) -> None:
        claims: dict[str, list[int]] = {}
        for s, cell in enumerate(self.submitted):
            claims.setdefault(grade_id(cell), []).append(s)
        for r, cell in enumerate(self.release):
            found = claims.get(grade_id(cell), []) if is_nbgraders(cell) else []
            if found:
                chosen = self._best(cell, found)
                self.take(r, chosen, guessed=False)
                self.free.difference_update(found)
                self.match.copies[r] = [s for s in found if s != chosen]

    def _best(self, cell: NotebookNode, found: list[int]) -> int:
        """Return the copy that counts: the last one written that defines what it should, or the first untouched one."""
        same = [s for s in found if self.texts[s] == text_of(cell)]
        if not is_written(cell):
            return (same or found)[0]
        written = [s for s in found if s not in same and self.texts[s]]
        asked = _asked(cell)
        defining = [s for s in written if asked & names_defined(self.submitted[s].source)]
        return (defining or written or found[:1])[-1]

    def by_cell_id(self) -> None:
        ids = {self.submitted[s].get("id"): s for s in sorted(self.free, reverse=True)}
        for r in self.missing():
            s = ids.get(self.release[r].get("id"))
            if s in self.free and (is_nbgraders(self.release[r]) or self._same_type(r, s)):
                self.take(r, s)

    def by_text(self) -> None:
        places: dict[tuple[str, str], list[int]] = {}
        for s in sorted(self.free, reverse=True):
            places.setdefault((self.submitted[s].cell_type, self.texts[s]), []).append(s)
        for r in self.missing():
            text = text_of(self.release[r])
            if text and (found := places.get((self.release[r].cell_type, text))):
                self.take(r, found.pop())

    def by_names(self) -> None:
        for r in self.missing():
            asked = _asked(self.release[r])
            found = [s for s in sorted(self.free) if asked and asked & self._names(s)]
            if found:
                self.take(r, found[-1])

    def by_place(self) -> None:
        """Take what alone is left beside a neighbour, for answers and for cells that are not to be run."""
        known = set(self.match.place)
        for r in self.missing():
            wanted = is_written(self.release[r]) or "not-graded" in tags_of(self.release[r])
            if not wanted or not known & {r - 1, r + 1}:
                continue
            low = self.match.place.get(max((q for q in self.match.place if q < r), default=-1), -1)
            high = self.match.place.get(min((q for q in self.match.place if q > r), default=-1), len(self.submitted))
            found = [s for s in self.free if low < s < high and self._same_type(r, s) and self.texts[s]]
            if len(found) == 1:
                self.take(r, found[0])

    def _same_type(self, r: int, s: int) -> bool:
        return self.release[r].cell_type == self.submitted[s].cell_type

    def _names(self, s: int) -> set[str]:
        cell = self.submitted[s]
        return names_defined(cell.source) if cell.cell_type == "code" else set()


def find_cells(submitted: list[NotebookNode], release: list[NotebookNode]) -> Match:
    """Say which submitted cell is which of the release's: by grade id, cell id, text, names it defines, its place."""
    search = _Search(submitted, release)
    search.by_grade_id()
    search.by_cell_id()
    search.by_text()
    search.by_names()
    search.by_place()
    return search.match


def _asked(cell: NotebookNode) -> set[str]:
    """Return the names that a student is to define in a cell of the release."""
    return names_defined(cell.source) if is_written(cell) and cell.cell_type == "code" else set()
