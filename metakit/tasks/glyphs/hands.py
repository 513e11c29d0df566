"""Drawers: each has a hand of its own, and no hand draws a character twice in the same way."""

from dataclasses import replace

import numpy as np

from metakit.tasks.glyphs.arrays import Integers, Points, Strokes
from metakit.tasks.glyphs.draws import Draws, Floats

_SIZE = 28.0  # dots, half of what is common for a character
_MIDDLE = 51.3 + 50.6j  # Omniglot's drawings are a little high and to the left
_PAPER, _EDGE = 105, 3


def draw_by_hand(strokes: Strokes, n_drawers: int, draws: Draws) -> Strokes:
    """Return the strokes as ``n_drawers`` draw them, in dots of the paper.

    A stroke's points wander, its ends come early or late, it is turned, stretched and moved; then the character is
    bent as a whole, stretched, slanted, turned and moved, by a drawer's habit (n_drawers, 1) plus an accident.

    Args:
        strokes: as they are meant, centred on 0.
        n_drawers: how many.
        draws: the only source of randomness.
    """
    n_strokes, n_characters = len(strokes.length), strokes.n_characters
    care = draws.uniform(0.5, 1.3) * (0.7 + 0.7 * draws.uniforms(n_drawers, 1))
    p = np.repeat(strokes.points, n_drawers, 1)  # (n_strokes, n_drawers, n_points)

    # a stroke
    extent = 0.5 * _SIZE + 0.5 * np.abs(p - p.mean(-1, keepdims=True)).max(-1, keepdims=True)
    p = p + extent * care * 0.08 * _complex(draws, *p.shape)
    p = _move_ends(p, strokes.length, 0.2 * draws.normals(2, n_strokes, n_drawers))
    centre = p.mean(-1, keepdims=True)
    turn = 1 + 0.12 * care * _complex(draws, n_strokes, n_drawers, 1)
    p = centre + (p - centre) * turn + _SIZE * care * 0.08 * _complex(draws, n_strokes, n_drawers, 1)

    # a character
    of = strokes.character
    p = p + _SIZE * care * _warp(p / _SIZE, 0.09 * _complex(draws, 6, n_characters, n_drawers, 1)[:, of])
    stretch_x = 1 + 0.07 * draws.normals(n_drawers, 1) + 0.03 * draws.normals(n_characters, n_drawers, 1)[of]
    stretch_y = 1 + 0.08 * draws.normals(n_drawers, 1) + 0.03 * draws.normals(n_characters, n_drawers, 1)[of]
    slant = 0.07 * draws.normals(n_drawers, 1) + 0.05 * draws.normals(n_characters, n_drawers, 1)[of]
    turned = 0.03 * draws.normals(n_drawers, 1) + 0.05 * draws.normals(n_characters, n_drawers, 1)[of]
    x, y = p.real * stretch_x, p.imag * stretch_y
    p = (x - slant * y + 1j * y) * (1 + 1j * turned)
    place = 2.8 * _complex(draws, n_drawers, 1) + 4.3 * _complex(draws, n_characters, n_drawers, 1)[of]

    habit = strokes.roundness + 0.25 * draws.normals(1, n_drawers)
    broad = draws.uniforms(n_drawers) < 0.02
    p = _onto_paper(p + place + _MIDDLE, of)
    return replace(strokes, points=p, roundness=np.clip(habit, 0, 1), broad=broad)


def _move_ends(p: Points, length: Integers, by: Floats) -> Points:
    """Lengthen the first and the last leg by a share ``by`` (2, n_strokes, n_drawers) of it."""
    last = np.arange(p.shape[-1]) >= (length - 1)[:, None, None]
    end = np.take_along_axis(p, (length - 1)[:, None, None], -1)
    before = np.take_along_axis(p, np.maximum(length - 2, 0)[:, None, None], -1)
    first = p[..., :1] + by[0][..., None] * (p[..., :1] - p[..., 1:2])
    moved = np.where(last, end + by[1][..., None] * (end - before), p)
    return np.concatenate([first, moved[..., 1:]], -1)


def _warp(p: Points, by: Points) -> Points:
    """Return how far a bent sheet takes each point: what is joined stays joined, but proportions change."""
    x, y = np.clip(p.real, -1.2, 1.2), np.clip(p.imag, -1.2, 1.2)
    waves = (x * x - 0.4, x * y, y * y - 0.4, x * (x * x - 0.7), y * (y * y - 0.7), x * y * (x + y))
    return sum((bend * wave for bend, wave in zip(by, waves, strict=True)), start=np.zeros_like(p))


def _onto_paper(p: Points, of: Integers) -> Points:
    """Move drawings that would run off the paper back onto it; what is too large for it runs along its edge."""
    first = np.flatnonzero(np.diff(of, prepend=-1))

    def back(part: Floats) -> Floats:
        low, high = np.minimum.reduceat(part.min(-1), first)[of], np.maximum.reduceat(part.max(-1), first)[of]
        return np.maximum(_EDGE - low, 0) - np.maximum(high - (_PAPER - _EDGE), 0)

    return p + (back(p.real) + 1j * back(p.imag))[..., None]


def _complex(draws: Draws, *shape: int) -> Points:
    return draws.normals(*shape) + 1j * draws.normals(*shape)
