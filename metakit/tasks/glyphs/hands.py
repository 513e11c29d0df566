"""Drawers: each has a hand of its own, and no hand draws a character twice in the same way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metakit.tasks.glyphs.alphabets import Character
from metakit.tasks.glyphs.draws import Draws
from metakit.tasks.glyphs.strokes import MAX_POINTS

_SIZE = 28.0
_MIDDLE = complex(51.3, 50.6)


@dataclass(frozen=True)
class Strokes:
    """All strokes of an alphabet in arrays, one row a stroke.

    Args:
        points: (n_strokes, MAX_POINTS) complex, or (n_strokes, n_drawers, MAX_POINTS) once they are drawn; what
            is beyond ``length`` repeats the last point.
        length: (n_strokes,) points of each.
        roundness: (n_strokes,) as drawn by nobody, or (n_strokes, n_drawers).
        closed: (n_strokes,) bool.
        character: (n_strokes,) to which each belongs.
    """

    points: NDArray[np.complex128]
    length: NDArray[np.int64]
    roundness: NDArray[np.float64]
    closed: NDArray[np.bool_]
    character: NDArray[np.int64]


def gather(characters: list[Character]) -> Strokes:
    """Return the strokes of all characters as arrays."""
    strokes = [stroke for character in characters for stroke in character]
    padded = [s.points + s.points[-1:] * (MAX_POINTS - len(s.points)) for s in strokes]
    return Strokes(
        points=np.array(padded),
        length=np.array([len(s.points) for s in strokes]),
        roundness=np.array([s.roundness for s in strokes], dtype=np.float64),
        closed=np.array([s.closed for s in strokes]),
        character=np.repeat(np.arange(len(characters)), [len(c) for c in characters]),
    )


def draw_by_hand(strokes: Strokes, n_drawers: int, draws: Draws) -> Strokes:
    """Return the strokes as each drawer draws them, in dots of the paper.

    From the point to the page, each shift, turn and stretch is a drawer's habit plus an accident: a stroke's points
    wander, its ends come early or late, it is moved, turned and stretched, and so is the whole character.
    """
    n_strokes, n_characters = len(strokes.length), int(strokes.character[-1]) + 1
    care = 0.7 + 0.6 * draws.uniforms(n_drawers, 1)
    p = np.repeat(strokes.points[:, None], n_drawers, 1)  # (n_strokes, n_drawers, MAX_POINTS)

    # a stroke
    extent = 0.5 * _SIZE + 0.5 * np.abs(p - p.mean(-1, keepdims=True)).max(-1, keepdims=True)
    p = p + extent * care * 0.07 * _complex(draws, n_strokes, n_drawers, MAX_POINTS)
    p = _move_ends(p, strokes.length, 0.10 * draws.normals(2, n_strokes, n_drawers))
    centre = p.mean(-1, keepdims=True)
    turn = 1 + 0.09 * care * _complex(draws, n_strokes, n_drawers, 1)
    p = centre + (p - centre) * turn + _SIZE * care * 0.07 * _complex(draws, n_strokes, n_drawers, 1)

    # a character
    of = strokes.character
    stretch_x = 1 + 0.07 * draws.normals(n_drawers, 1) + 0.10 * draws.normals(n_characters, n_drawers, 1)[of]
    stretch_y = 1 + 0.07 * draws.normals(n_drawers, 1) + 0.08 * draws.normals(n_characters, n_drawers, 1)[of]
    slant = 0.07 * draws.normals(n_drawers, 1) + 0.05 * draws.normals(n_characters, n_drawers, 1)[of]
    turned = 0.03 * draws.normals(n_drawers, 1) + 0.05 * draws.normals(n_characters, n_drawers, 1)[of]
    x, y = p.real * stretch_x, p.imag * stretch_y
    p = (x - slant * y + 1j * y) * (1 + 1j * turned)
    place = 2.8 * _complex(draws, n_drawers, 1) + 4.2 * _complex(draws, n_characters, n_drawers, 1)[of]

    habit = strokes.roundness[:, None] + 0.25 * draws.normals(1, n_drawers)
    return Strokes(p + place + _MIDDLE, strokes.length, np.clip(habit, 0, 1), strokes.closed, strokes.character)


def _move_ends(p: NDArray[np.complex128], length: NDArray[np.int64], by: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Lengthen the first and the last leg by a share ``by`` (2, n_strokes, n_drawers) of it."""
    last = np.arange(p.shape[-1]) >= (length - 1)[:, None, None]
    end = np.take_along_axis(p, (length - 1)[:, None, None], -1)
    before = np.take_along_axis(p, np.maximum(length - 2, 0)[:, None, None], -1)
    first = p[..., :1] + by[0][..., None] * (p[..., :1] - p[..., 1:2])
    moved = np.where(last, end + by[1][..., None] * (end - before), p)
    return np.concatenate([first, moved[..., 1:]], -1)


def _complex(draws: Draws, *shape: int) -> NDArray[np.complex128]:
    return draws.normals(*shape) + 1j * draws.normals(*shape)
