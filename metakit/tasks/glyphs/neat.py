"""Which invented characters are worth having, judged by how they look when they are drawn neatly."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from metakit.tasks.glyphs.arrays import gather
from metakit.tasks.glyphs.draws import Floats
from metakit.tasks.glyphs.paper import draw, path
from metakit.tasks.glyphs.strokes import Stroke

_MIDDLE = 52.5 + 52.5j
_LEAST, _MOST = 25.0, 105.0  # ink, in pixels
_CLEAR = 0.335  # ink, in pixels, for each dot of the pen's way; it is 0.36 where nothing is drawn over
_ALIKE = 0.8  # cosine of two blurred pictures


def select(characters: Sequence[tuple[Stroke, ...]], n: int) -> list[tuple[Stroke, ...]]:
    """Return ``n`` characters that are neither scant, nor a tangle, nor nearly another of them, while there are such.

    Args:
        characters: centred on 0, in dots of the paper; at least ``n``.
        n: how many.
    """
    strokes = gather(characters)
    strokes = replace(strokes, points=strokes.points + _MIDDLE)
    length = np.bincount(strokes.character, np.abs(np.diff(path(strokes))).sum((1, 2)))
    pictures = draw(strokes)[:, 0].astype(np.float64)  # whole numbers, whose sums are exact in any order
    ink = pictures.sum((1, 2)) / 255
    good = (ink > _LEAST) & (ink < _MOST) & (ink > _CLEAR * length)
    blurred = _blur(_blur(pictures)).reshape(len(pictures), -1)
    norm = np.sqrt((blurred**2).sum(1))
    alike = blurred @ blurred.T / (norm[:, None] * norm)
    chosen: list[int] = []
    for index in np.flatnonzero(good):
        if not chosen or alike[index, chosen].max() < _ALIKE:
            chosen.append(int(index))
    rest = [index for index in range(len(characters)) if index not in chosen]
    return [characters[index] for index in (chosen + rest)[:n]]


def _blur(pictures: Floats) -> Floats:
    """Add up threes along the last axis, and turn the pictures; twice is a blur both ways."""
    wide = np.pad(pictures, ((0, 0), (0, 0), (1, 1)))
    return (wide[..., :-2] + wide[..., 1:-1] + wide[..., 2:]).swapaxes(1, 2)
