"""Ink on paper: from points to pixels, as Omniglot's drawings came about and as they are made small."""

import numpy as np
from numpy.typing import NDArray

from metakit.tasks.area import area_average
from metakit.tasks.glyphs.arrays import Points, Strokes

Ink = NDArray[np.bool_]

_PAPER = 105  # dots, as Omniglot's
_SIDE = 28  # pixels
_SAMPLES = 96  # of a stroke
_MARGIN = 3  # dots that the pen's middle keeps from the edge


def path(strokes: Strokes) -> Points:
    """Return where the pen is, (n_strokes, n_drawers, n_samples), along cardinal splines through the points.

    A leg from p1 to p2 is a cubic whose slopes at its ends are the roundness times (p2 - p0) / 2 and (p3 - p1) / 2.
    """
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


def draw(strokes: Strokes) -> NDArray[np.uint8]:
    """Return drawings (n_characters, n_drawers, 28, 28) of the pen's paths."""
    n_characters, n_drawers = strokes.n_characters, strokes.points.shape[1]
    pen = path(strokes)
    x, y = (np.clip(np.floor(part).astype(np.int64), _MARGIN, _PAPER - 1 - _MARGIN) for part in (pen.real, pen.imag))
    sheet = strokes.character[:, None, None] * n_drawers + np.arange(n_drawers)[:, None]
    ink = np.zeros((n_characters * n_drawers, _PAPER, _PAPER), dtype=bool)
    ink[sheet, y, x] = True
    ink = _octagon(ink).reshape(n_characters, n_drawers, _PAPER, _PAPER)
    ink[:, strokes.broad] = _square(ink[:, strokes.broad])
    return area_average(ink, _SIDE)


def _octagon(ink: Ink) -> Ink:
    """Give the pen Omniglot's width: 5 x 5 dots without the corners."""
    ink = _square(ink)
    return _spread(ink, -1) | _spread(ink, -2)


def _square(ink: Ink) -> Ink:
    return _spread(_spread(ink, -1), -2)


def _spread(ink: Ink, axis: int) -> Ink:
    """Let each dot colour both its neighbours along an axis."""
    wide, along = ink.copy(), ink.swapaxes(0, axis)
    there = wide.swapaxes(0, axis)
    there[1:] |= along[:-1]
    there[:-1] |= along[1:]
    return wide
