"""What makes the characters of an alphabet look alike."""

from dataclasses import dataclass

from metakit.tasks.glyphs.draws import Draws
from metakit.tasks.glyphs.strokes import KINDS, Stroke


@dataclass(frozen=True)
class Style:
    """What the characters of one alphabet have in common.

    Args:
        size: half the width and height of a typical character, as a complex number in dots of the paper.
        length: strokes of a character, on average.
        kinds: how often each of ``KINDS`` is used.
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
    fitness = {-1: 1.4 - roundness, 0: 1.0, 1: 0.4 + roundness}
    taste = draws.uniforms(len(KINDS)) ** 3  # so that each alphabet has a few favourites
    kinds = tuple(float(kind.often * fitness[kind.bent] * liking) for kind, liking in zip(KINDS, taste, strict=True))
    height, aspect = draws.normal(30, 7.0), draws.normal(0.94, 0.08)
    joins = tuple(float(often * liking) for often, liking in zip((0.6, 0.8, 2.0, 2.0), draws.uniforms(4), strict=True))
    return Style(
        size=complex(height * aspect, height),
        length=draws.uniform(1.4, 3.2),
        kinds=kinds,
        roundness=roundness,
        stock=tuple(new_stroke(draws, kinds, roundness) for _ in range(3 + draws.below(5))),
        shared=draws.uniform(0.5, 0.9),
        turned=draws.uniform(0.0, 0.6),
        joins=joins,
        grid=(0.0, 0.5, 1.0)[draws.below(3)],
        symmetric=0.35 if draws.chance(0.3) else 0.05,
        headed=draws.chance(0.1),
        serif=draws.uniform(0.1, 0.16) if draws.chance(0.06) else 0.0,
    )


def new_stroke(draws: Draws, kinds: tuple[float, ...], roundness: float) -> Stroke:
    """Return a stroke from 0, more often upright or level than not."""
    way = (1j, 1, 1 + 1j, 1 - 1j)[draws.choose((4, 3, 1, 1.5))] + 0.25 * complex(draws.normal(), draws.normal())
    return KINDS[draws.choose(kinds)].make(draws, way * draws.uniform(0.6, 1.8) / abs(way), roundness)
