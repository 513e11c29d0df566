"""Characters of an invented alphabet, put together from strokes in the alphabet's style."""

import numpy as np

from metakit.tasks.glyphs.draws import Draws
from metakit.tasks.glyphs.neat import select
from metakit.tasks.glyphs.strokes import Stroke, along
from metakit.tasks.glyphs.styles import Style, new_stroke

Character = tuple[Stroke, ...]

_ROOM = 46.0  # dots, half of the paper's side less a margin


def invent_characters(style: Style, n: int, draws: Draws) -> list[Character]:
    """Return the ``n`` characters of an alphabet, centred on 0 and about as large as ``style.size``."""
    return select([_invent_character(style, draws) for _ in range(4 * n)], n)


def _invent_character(style: Style, draws: Draws) -> Character:
    n_strokes = 1 + draws.choose([max(0.0, 1 - abs(n + 1 - style.length) / 1.6) + 0.04 for n in range(5)])
    symmetric = draws.chance(style.symmetric)
    if symmetric:
        n_strokes = (n_strokes + 1) // 2
    strokes: list[Stroke] = []
    for _ in range(n_strokes):
        stroke = _next_stroke(style, draws)
        strokes.append(stroke.moved(_beginning(style, draws, strokes, stroke)))
    if symmetric:
        mirrored = [stroke.transformed(1, flip=True) for stroke in strokes]
        strokes += [m for m, s in zip(mirrored, strokes, strict=True) if abs(sum(m.points) - sum(s.points)) > 0.3]
    return _fitted(_ornamented(strokes, style), style, draws)


def _next_stroke(style: Style, draws: Draws) -> Stroke:
    if not draws.chance(style.shared):
        return new_stroke(draws, style.kinds, style.roundness)
    stroke = style.stock[draws.below(len(style.stock))]
    if draws.chance(style.turned):
        stroke = stroke.transformed((1, 1j, -1, -1j)[draws.below(4)], draws.chance(0.5))
    return stroke.transformed(draws.uniform(0.6, 1.1), flip=False)


def _beginning(style: Style, draws: Draws, strokes: list[Stroke], stroke: Stroke) -> complex:
    """Return where a stroke is put: joined to an earlier one, or about the middle of a free place."""
    join = draws.choose(style.joins)
    earlier = strokes[draws.below(len(strokes))] if strokes else None
    if earlier is None or join == 0:
        place = complex(draws.uniform(-0.7, 0.7), draws.uniform(-0.7, 0.7))
        if style.grid:
            place = complex(round(place.real / style.grid), round(place.imag / style.grid)) * style.grid
        return place - along(stroke, 0.5)
    at = along(earlier, (0, 0, 1, draws.uniform(0.2, 0.8))[join])
    return at - along(stroke, 0.5) if join == 3 and draws.chance(0.4) else at - along(stroke, 0)


def _ornamented(strokes: list[Stroke], style: Style) -> list[Stroke]:
    """Add the bar on top and the boxes at the ends, where the style has them."""
    points = [p for stroke in strokes for p in stroke.points]
    left, right, top = min(p.real for p in points), max(p.real for p in points), min(p.imag for p in points)
    if style.headed:
        strokes = [*strokes, Stroke((complex(left - 0.2, top), complex(right + 0.2, top)), 0)]
    if style.serif:
        ends = [p for stroke in strokes[:2] if not stroke.closed for p in (stroke.points[0], stroke.points[-1])]
        ends = [p for i, p in enumerate(ends) if all(abs(p - other) > 4 * style.serif for other in ends[:i])]
        box = (-1 - 1j, 1 - 1j, 1 + 1j, -1 + 1j, -1 - 1j)
        strokes += [Stroke(tuple(end + style.serif * corner for corner in box), 0, True) for end in ends]
    return strokes


def _fitted(strokes: list[Stroke], style: Style, draws: Draws) -> Character:
    """Scale and centre strokes to the style's size; a character that is small beforehand remains smaller."""
    points = np.array([p for stroke in strokes for p in stroke.points])
    low, high = complex(points.real.min(), points.imag.min()), complex(points.real.max(), points.imag.max())
    wide, tall = 2 / max((high - low).real, 0.1), 2 / max((high - low).imag, 0.1)
    fit = min(wide, tall, 3.0)
    size = style.size * draws.normal(1, 0.06)
    x = min(size.real, _ROOM) * (fit + 0.6 * (min(wide, 2.5 * fit) - fit))
    y = min(size.imag, _ROOM) * (fit + 0.6 * (min(tall, 2.5 * fit) - fit))
    middle = (low + high) / 2

    def place(p: complex) -> complex:
        return complex(x * (p - middle).real, y * (p - middle).imag)

    return tuple(stroke._replace(points=tuple(map(place, stroke.points))) for stroke in strokes)
