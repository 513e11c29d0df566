"""Strokes: what a pen does between touching the paper and leaving it. Points are complex numbers, x right, y down."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from metakit.tasks.glyphs.draws import Draws


class Stroke(NamedTuple):
    """A path through two points or more.

    Args:
        points: complex, in a box from -1-1j to 1+1j.
        roundness: 0 goes straight from point to point, 1 is a smooth curve through them.
        closed: the last point is the first.
    """

    points: tuple[complex, ...]
    roundness: float
    closed: bool = False

    def moved(self, by: complex) -> "Stroke":
        """Return the stroke elsewhere."""
        return self._replace(points=tuple(p + by for p in self.points))

    def transformed(self, turn: complex, flip: bool) -> "Stroke":
        """Return the stroke mirrored left to right, if ``flip``, then turned and scaled by ``turn``, about 0."""
        points = [-p.conjugate() if flip else p for p in self.points]
        return self._replace(points=tuple(turn * p for p in points))


def line(draws: Draws, way: complex, roundness: float) -> Stroke:
    """Return a straight stroke from 0 to ``way``, or nearly."""
    return Stroke((0, way), 0)


def bar(draws: Draws, way: complex, roundness: float) -> Stroke:
    """Return an upright or level line."""
    return Stroke((0, complex(way.real, 0) if abs(way.real) > abs(way.imag) else complex(0, way.imag)), 0)


def corner(draws: Draws, way: complex, roundness: float) -> Stroke:
    """Return a line with one corner, often a right angle."""
    corners = (complex(way.real, 0), complex(0, way.imag), way * (0.5 + draws.uniform(0.4, 0.9) * _side(draws)))
    return Stroke((0, corners[draws.below(3)], way), roundness * 0.6)


def hook(draws: Draws, way: complex, roundness: float) -> Stroke:
    """Return a line that turns off shortly before its end."""
    return Stroke((0, way * 0.6, way, way + way * draws.uniform(0.25, 0.5) * (_side(draws) - 0.4)), roundness)


def arc(draws: Draws, way: complex, roundness: float) -> Stroke:
    """Return a bow from 0 to ``way``: shallow, or more than half a circle."""
    height = draws.uniform(0.25, 0.9) * _side(draws)
    return Stroke((0, way * (0.08 + 0.65 * height), way * (0.5 + height), way * (0.92 + 0.65 * height), way), 1)


def ess(draws: Draws, way: complex, roundness: float) -> Stroke:
    """Return an S, or a Z where an alphabet is angular."""
    height = draws.uniform(0.3, 0.7) * _side(draws)
    return Stroke((0, way * (0.15 + height), way * 0.5, way * (0.85 - height), way), roundness)


def wave(draws: Draws, way: complex, roundness: float) -> Stroke:
    """Return a zigzag such as M, W or a water line."""
    height, teeth = draws.uniform(0.3, 0.8) * _side(draws), 3 + draws.below(3)
    way = complex(way.real, way.imag * 0.4) if draws.chance(0.7) else complex(way.real * 0.4, way.imag)
    middle = [way * ((i + 0.5) / teeth + (height if i % 2 else -height) * 0.6) for i in range(teeth)]
    return Stroke((0, *middle, way), roundness)


def loop(draws: Draws, way: complex, roundness: float) -> Stroke:
    """Return a closed oval."""
    ratio = draws.uniform(0.55, 1.0) * 1j
    circle = (-1, -0.7 + 0.7j, 1j, 0.7 + 0.7j, 1, 0.7 - 0.7j, -1j, -0.7 - 0.7j, -1)
    return Stroke(tuple(way * 0.45 * (1 + c.real + ratio * c.imag) for c in map(complex, circle)), 1, True)


def polygon(draws: Draws, way: complex, roundness: float) -> Stroke:
    """Return a box or a triangle."""
    boxes = (complex(way.real, 0), way, complex(0, way.imag)), (way * (0.5 + 0.8j * draws.uniform(0.5, 1.0)), way)
    return Stroke((0, *boxes[draws.below(2)], 0), 0, True)


def curl(draws: Draws, way: complex, roundness: float) -> Stroke:
    """Return a line that ends in a small loop, as in 6, 9 and p."""
    side, size = _side(draws), draws.uniform(0.25, 0.45)
    eye = [way * (1 + size * (c.real + side * c.imag)) for c in map(complex, (0, -0.5 + 1j, -1.3 + 0.5j, -0.9 - 0.3j))]
    return Stroke((0, way * 0.55, eye[0], *eye[1:], way * (0.85 + 0.05 * side)), 0.4 + 0.6 * roundness)


def epsilon(draws: Draws, way: complex, roundness: float) -> Stroke:
    """Return two bows in a row, as in 3 and B."""
    height, waist = draws.uniform(0.4, 0.8) * _side(draws), draws.uniform(0.0, 0.2)
    bows = (0.05 + 0.7 * height, 0.25 + height, 0.5 + waist * height, 0.75 + height, 0.95 + 0.7 * height)
    return Stroke((0, *(way * bow for bow in bows), way), max(roundness, 0.5))


def dot(draws: Draws, way: complex, roundness: float) -> Stroke:
    """Return a point."""
    return Stroke((0, 0.03 * way), 0)


class Kind(NamedTuple):
    """A kind of stroke: what makes one, how often it is wanted, and whether it is bent (1), straight (-1) or both (0).

    ``make(draws, way, roundness)`` returns a stroke from 0 that is about as large as ``way``.
    """

    make: Callable[[Draws, complex, float], Stroke]
    often: float
    bent: int


KINDS = (
    Kind(line, 1.2, -1),
    Kind(bar, 2.0, -1),
    Kind(corner, 2.4, -1),
    Kind(hook, 2.4, 0),
    Kind(arc, 3.0, 1),
    Kind(ess, 1.4, 1),
    Kind(wave, 0.7, 0),
    Kind(loop, 1.5, 1),
    Kind(polygon, 0.9, -1),
    Kind(curl, 1.4, 1),
    Kind(epsilon, 1.0, 1),
    Kind(dot, 0.2, 0),
)


def along(stroke: Stroke, share: float) -> complex:
    """Return the point that is ``share``, 0 to 1, of the way through the stroke's points."""
    at = share * (len(stroke.points) - 1)
    return complex(np.interp(at, range(len(stroke.points)), stroke.points))


def _side(draws: Draws) -> complex:
    return 1j if draws.chance(0.5) else -1j
