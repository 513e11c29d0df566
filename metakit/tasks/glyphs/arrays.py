"""The strokes of a whole alphabet as arrays, so that all its drawings are made at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metakit.tasks.glyphs.draws import Floats
from metakit.tasks.glyphs.strokes import Stroke

Points = NDArray[np.complex128]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Strokes:
    """All strokes of an alphabet, one row a stroke, as drawn by ``n_drawers``.

    Args:
        points: (n_strokes, n_drawers, most points of a stroke); a shorter one repeats its last point.
        length: (n_strokes,) points of each.
        roundness: (n_strokes, n_drawers).
        closed: (n_strokes,) bool.
        character: (n_strokes,) the number of the character that each belongs to, ascending.
        broad: (n_drawers,) bool, whose pen is broad.
    """

    points: Points
    length: Integers
    roundness: Floats
    closed: NDArray[np.bool_]
    character: Integers
    broad: NDArray[np.bool_]

    @property
    def n_characters(self) -> int:
        """How many characters the strokes are of."""
        return int(self.character[-1]) + 1


def gather(characters: Sequence[Sequence[Stroke]]) -> Strokes:
    """Return the strokes of all characters just as they are meant: by one drawer."""
    strokes = [stroke for character in characters for stroke in character]
    most = max(len(stroke.points) for stroke in strokes)
    padded = [stroke.points + stroke.points[-1:] * (most - len(stroke.points)) for stroke in strokes]
    return Strokes(
        points=np.array(padded, dtype=np.complex128)[:, None],
        length=np.array([len(stroke.points) for stroke in strokes]),
        roundness=np.array([[stroke.roundness] for stroke in strokes], dtype=np.float64),
        closed=np.array([stroke.closed for stroke in strokes]),
        character=np.repeat(np.arange(len(characters)), [len(character) for character in characters]),
        broad=np.array([False]),
    )
