"""Invented alphabets: a style, a few strokes that come back, and characters put together from them."""

from dataclasses import dataclass

import numpy as np

from metakit.tasks.glyphs.draws import Draws
from metakit.tasks.glyphs.strokes import KINDS, Stroke, along, dot, line, polygon

Character = tuple[Stroke, ...]

_ROOM = 46.0
_CELL = 7.0


@dataclass(frozen=True)
class Style:
    """What the characters of one alphabet have in common.

    Args:
        size: half the width and height of a typical character, as a complex number in dots of the paper.
        length: strokes of a character, on average.
        roundness: of strokes that may be angular or round, 0 to 1.
        stock: the strokes that come back in many characters.
        shared: the share of strokes taken from stock.
        turned: the share of those that are taken turned or mirrored, as in Inuktitut.
        joins: weights of where the next stroke begins: anywhere, where the last began, where it ended, along it.
        grid: strokes begin on points this far apart; 0 for anywhere.
        symmetric: the share of characters that are one half and its mirror image.
        headed: a bar along the top, as in Bengali.
        serif: the half-size of a small box at each free end, as in the Alphabet of the Magi; 0 for none.
    """

    size: complex
    length: float
    kinds: tuple[float, ...]
    roundness: float
    stock: tuple[Stroke, ...]
    shared: float
    turned: float
    joins: tuple[float, ...]
    grid: float
    symmetric: float
    headed: bool
    serif: float


def invent_style(draws: Draws) -> Style:
    """Return the style of a new alphabet."""
    roundness = (0.0, 0.35, 0.8, 1.0)[draws.below(4)]
    kinds = np.array([3, 3, 2, 2, 3, 1.2, 0.7, 1.5, 0.8, 1.2, 0.8, 0.25])
    kinds = kinds * np.array([1.4 - roundness] * 3 + [1] + [0.4 + roundness] * 2 + [1, 0.4 + roundness, 1.2 - roundness]
                             + [0.4 + roundness] * 2 + [1])  # fmt: skip
    kinds = kinds * draws.uniforms(len(KINDS)) ** 3
    height, aspect = draws.normal(29.5, 5.5), draws.normal(0.93, 0.13)
    joins = np.array([1.2, 0.8, 2.0, 2.0]) * draws.uniforms(4)
    return Style(
        size=complex(height * aspect, height),
        length=draws.uniform(1.4, 3.6),
        kinds=tuple(kinds),
        roundness=roundness,
        stock=tuple(_new_stroke(draws, tuple(kinds), roundness, 0.0) for _ in range(4 + draws.below(6))),
        shared=draws.uniform(0.2, 0.8),
        turned=draws.uniform(0.1, 0.9),
        joins=tuple(joins),
        grid=(0.0, 0.5, 1.0)[draws.below(3)],
        symmetric=0.35 if draws.chance(0.3) else 0.05,
        headed=draws.chance(0.1),
        serif=draws.uniform(0.1, 0.16) if draws.chance(0.06) else 0.0,
    )


def invent_characters(style: Style, n: int, draws: Draws) -> list[Character]:
    """Return the ``n`` characters of an alphabet, centred on 0 and about as large as ``style.size``."""
    characters: list[Character] = []
    for _ in range(n):
        for _ in range(30):
            character = _invent_character(style, draws)
            if _is_good(character, characters):
                break
        characters.append(character)
    return characters


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
    return _fitted(_ornamented(strokes, style, draws), style, draws)


def _new_stroke(draws: Draws, kinds: tuple[float, ...], roundness: float, grid: float) -> Stroke:
    reach = complex(draws.uniform(-1, 1), draws.uniform(-1, 1))
    size = draws.uniform(0.5, 1.8)
    way = reach / max(abs(reach), 0.1) * size
    if grid:
        way = complex(round(way.real / 0.5) * 0.5, round(way.imag / 0.5) * 0.5) or complex(0, 1)
    return KINDS[draws.choose(kinds)](draws, way, roundness)


def _next_stroke(style: Style, draws: Draws) -> Stroke:
    if not draws.chance(style.shared):
        return _new_stroke(draws, style.kinds, style.roundness, style.grid)
    stroke = style.stock[draws.below(len(style.stock))]
    if draws.chance(style.turned):
        stroke = stroke.transformed((1, 1j, -1, -1j)[draws.below(4)], draws.chance(0.5))
    return stroke.transformed(draws.uniform(0.6, 1.1), flip=False)


def _beginning(style: Style, draws: Draws, strokes: list[Stroke], stroke: Stroke) -> complex:
    """Return where a stroke is put: joined to an earlier one, or about the middle of a free place."""
    join = draws.choose(style.joins)
    last = strokes[draws.below(len(strokes))] if strokes else None
    if last is None or join == 0:
        place = complex(draws.uniform(-0.7, 0.7), draws.uniform(-0.7, 0.7))
        if style.grid:
            place = complex(round(place.real / style.grid), round(place.imag / style.grid)) * style.grid
        return place - along(stroke, 0.5)
    at = along(last, (0, 0, 1, draws.uniform(0.2, 0.8))[join])
    return at - along(stroke, 0.5) if join == 3 and draws.chance(0.4) else at - along(stroke, 0)


def _ornamented(strokes: list[Stroke], style: Style, draws: Draws) -> list[Stroke]:
    points = [p for stroke in strokes for p in stroke.points]
    left, right, top = min(p.real for p in points), max(p.real for p in points), min(p.imag for p in points)
    if style.headed:
        strokes = [*strokes, Stroke((complex(left - 0.2, top), complex(right + 0.2, top)), 0)]
    if style.serif:
        s = style.serif
        ends = [p for stroke in strokes if not stroke.closed for p in (stroke.points[0], stroke.points[-1])]
        box = (complex(-s, -s), complex(s, -s), complex(s, s), complex(-s, s), complex(-s, -s))
        strokes = strokes + [Stroke(tuple(end + b for b in box), 0, True) for end in ends]
    return strokes


def _fitted(strokes: list[Stroke], style: Style, draws: Draws) -> Character:
    """Scale and centre strokes to the style's size; a character that is small beforehand remains smaller."""
    points = np.array([p for stroke in strokes for p in stroke.points])
    low, high = complex(points.real.min(), points.imag.min()), complex(points.real.max(), points.imag.max())
    wide, high_ = 2 / max((high - low).real, 0.1), 2 / max((high - low).imag, 0.1)
    fit = min(wide, high_, 3.0)
    size = style.size * draws.normal(1, 0.09)
    x = min(size.real, _ROOM) * (fit + 0.4 * (min(wide, 2 * fit) - fit))
    y = min(size.imag, _ROOM) * (fit + 0.4 * (min(high_, 2 * fit) - fit))
    middle = (low + high) / 2
    scaled = [s._replace(points=tuple(complex(x * (p - middle).real, y * (p - middle).imag) for p in s.points))
              for s in strokes]  # fmt: skip
    return tuple(scaled)


def _cells(character: Character) -> set[tuple[int, int]]:
    """Return the squares of 7 x 7 dots that the character's ink is in."""
    return {(int(p.real // _CELL), int(p.imag // _CELL)) for stroke in character for p in _trace(stroke)}


def _trace(stroke: Stroke) -> list[complex]:
    legs = zip(stroke.points, stroke.points[1:], strict=False)
    steps = [(a, b, 1 + int(abs(b - a) / _CELL * 2)) for a, b in legs]
    return [a + (b - a) * i / n for a, b, n in steps for i in range(n + 1)]


def _is_good(character: Character, others: list[Character]) -> bool:
    """Say whether a character is neither too little, nor a tangle, nor nearly another of its alphabet."""
    cells = _cells(character)
    length = sum(abs(b - a) for s in character for a, b in zip(s.points, s.points[1:], strict=False))
    if len(cells) < 6 or len(cells) < 0.8 * length / _CELL:
        return False
    return all(len(cells & other) < 0.5 * len(cells | other) for other in map(_cells, others))
