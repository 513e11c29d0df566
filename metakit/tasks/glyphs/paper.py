"""Ink on paper: from points to pixels, as Omniglot's drawings came about and as they are made small."""

import numpy as np
from numpy.typing import NDArray

from metakit.tasks.area import area_average
from metakit.tasks.glyphs.hands import Strokes

_PAPER = 105
_SIDE = 28
_SAMPLES = 96


def path(strokes: Strokes) -> NDArray[np.complex128]:
    """Return where the pen is, (n_strokes, n_drawers, n_samples), along cardinal splines through the points."""
    at = np.linspace(0, 1, _SAMPLES) * (strokes.length - 1)[:, None]
    leg = np.minimum(at.astype(np.int64), strokes.length[:, None] - 2)
    t = at - leg
    last = strokes.length[:, None] - 1
    before = np.where((leg == 0) & strokes.closed[:, None], last - 1, np.maximum(leg - 1, 0))
    after = np.where((leg + 1 == last) & strokes.closed[:, None], 1, np.minimum(leg + 2, last))
    p0, p1, p2, p3 = (np.take_along_axis(strokes.points, i[:, None], -1) for i in (before, leg, leg + 1, after))
    smooth = t * t * (3 - 2 * t)
    bend1, bend2 = t * (1 - t) * (1 - t), t * t * (t - 1)
    r = strokes.roundness[..., None]
    ease = np.broadcast_to(t[:, None], p1.shape) * (1 - r) + smooth[:, None] * r
    return p1 + (p2 - p1) * ease + 0.5 * r * (bend1[:, None] * (p2 - p0) + bend2[:, None] * (p3 - p1))


def draw(strokes: Strokes, n_characters: int) -> NDArray[np.uint8]:
    """Return drawings (n_characters, n_drawers, 28, 28) of the pen's paths."""
    n_drawers = strokes.points.shape[1]
    pen = path(strokes)
    x, y = (np.clip(np.floor(part).astype(np.int64), 2, _PAPER - 3) for part in (pen.real, pen.imag))
    sheet = strokes.character[:, None, None] * n_drawers + np.arange(n_drawers)[:, None]
    ink = np.zeros((n_characters * n_drawers, _PAPER, _PAPER), dtype=bool)
    ink[sheet, y, x] = True
    return area_average(_wide(ink), _SIDE).reshape(n_characters, n_drawers, _SIDE, _SIDE)


def _wide(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give the pen its width: a square of 5 x 5 dots without its corners."""
    for axis in (1, 2):
        ink = _spread(ink, axis)
    return _spread(ink, 1) | _spread(ink, 2)


def _spread(ink: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Let each dot colour both its neighbours along an axis."""
    wide, n = ink.copy(), ink.shape[axis]
    there, back = [slice(None)] * 3, [slice(None)] * 3
    there[axis], back[axis] = slice(1, n), slice(0, n - 1)
    wide[tuple(there)] |= ink[tuple(back)]
    wide[tuple(back)] |= ink[tuple(there)]
    return wide
