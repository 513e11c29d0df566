"""Glyphs: invented alphabets drawn by code, which stand in for Omniglot where that cannot be had."""

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

VERSION = 1  # of the drawings: raise it when they change, and old caches are left behind
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
