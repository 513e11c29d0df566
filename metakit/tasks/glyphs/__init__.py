"""Glyphs: invented alphabets drawn by code, which stand in for Omniglot where that cannot be had.

An alphabet is a style (``styles``), its characters are strokes (``strokes``) put together in that style (``alphabets``)
and kept if they look well (``neat``); drawers bend and move them (``hands``), and a pen inks them (``paper``) on
105 x 105 dots that are averaged to 28 x 28 pixels, as Omniglot's are. The style and hands were fitted until drawings
looked like Omniglot's and were about as hard to tell apart. By ``python scripts/compare_glyphs.py``, where learners are
small (16 channels, 200 outer steps of 8 tasks), train on three fifths of the alphabets and are tested 1-shot on the
others (400 tasks, so that an accuracy is known to about 1 point, for one seed):

                                                omniglot    glyphs
    ink, pixels                                     63.1      63.3
    ink, deviation over all drawings                22.1      23.0
    ink, deviation of log over drawers             0.155     0.142
    stroke width, 2 ink / length of edge            1.32      1.35
    height, pixels                                  16.5      17.2
    height, deviation over all, over drawers    4.3, 2.1  4.5, 2.6
    height, its middle, deviation over drawers 13.0, 1.4 13.0, 1.6
    width, pixels                                   15.4      16.6
    width, deviation over all, over drawers     4.4, 2.1  4.6, 2.6
    width, its middle, deviation over drawers  13.1, 1.4 13.2, 1.7
    squared distance within / between               0.84      0.82
    nearest pixels, 5-way, 20-way %            43.5, 22.6 48.3, 27.7
    ProtoNet untrained, 5-way, 20-way %        41.8, 17.1 44.0, 20.0
    ProtoNet after 200 steps                   88.8, 68.2 87.6, 70.4
    MAML untrained, 5-way %                         29.4      30.4
    MAML after 200 steps                            77.6      75.0

So the ranking of methods and about what training gains can be seen on glyphs; a paper's number is for Omniglot alone.
"""

import hashlib

import numpy as np
import torch

from metakit.tasks.cache import cached
from metakit.tasks.characters import Characters
from metakit.tasks.glyphs.alphabets import invent_characters
from metakit.tasks.glyphs.arrays import gather
from metakit.tasks.glyphs.draws import Draws
from metakit.tasks.glyphs.hands import draw_by_hand
from metakit.tasks.glyphs.paper import draw
from metakit.tasks.glyphs.styles import invent_style

VERSION = 2  # of the drawings: raise it when they change, and old caches are left behind
N_CHARACTERS = 32
N_DRAWERS = 20


def glyphs(n_alphabets: int = 50, seed: int = 0) -> Characters:
    """Return 32 characters of each alphabet: images (n_alphabets * 32, 20, 28, 28), ink 255 on paper 0.

    They are made in a few seconds and kept in the cache. Axis 1 is the drawer; each alphabet has its own 20.

    Args:
        n_alphabets: how many; those of a smaller number are the first of a larger.
        seed: another seed is another world, of other alphabets and other drawers.

    Raises:
        ValueError: ``n_alphabets`` is no whole number of at least 1, ``seed`` none of at least 0.
    """
    for name, value, least in (("n_alphabets", n_alphabets, 1), ("seed", seed, 0)):
        if not isinstance(value, int) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}; it is {value!r}.")
    return cached(f"glyphs-{n_alphabets}-{seed}-v{VERSION}", lambda: _make(n_alphabets, seed))


def _make(n_alphabets: int, seed: int) -> Characters:
    images = np.concatenate([_alphabet(Draws(seed, number)) for number in range(n_alphabets)])
    alphabets = tuple(f"Glyph{number:02}" for number in range(1, n_alphabets + 1))
    return Characters(
        images=torch.from_numpy(images),
        alphabet=torch.arange(n_alphabets).repeat_interleave(N_CHARACTERS),
        alphabets=alphabets,
        names=tuple(f"{name}/character{number:02}" for name in alphabets for number in range(1, N_CHARACTERS + 1)),
        source="glyphs",
        digest=hashlib.sha256(images.tobytes()).hexdigest(),
    )


def _alphabet(draws: Draws) -> np.ndarray:
    """Return the drawings (32, 20, 28, 28) of one alphabet."""
    characters = invent_characters(invent_style(draws), N_CHARACTERS, draws)
    return draw(draw_by_hand(gather(characters), N_DRAWERS, draws))
