"""Which characters are for training, for choosing, and for the final test; no character is in two of them."""

from typing import NamedTuple

import torch

from metakit.tasks.characters import Characters


class Split(NamedTuple):
    """Characters to meta-train on, to choose hyper-parameters and the best iteration by, and to report on."""

    train: Characters
    validation: Characters
    test: Characters

    def with_rotations(self) -> "Split":
        """Return the same split with every character as four classes, turned by 0, 90, 180 and 270 degrees."""
        return Split(*(part.with_rotations() for part in self))


def official_split(characters: Characters, n_validation: int = 5, rotations: bool = False) -> Split:
    """Split by whole alphabets, as Omniglot comes: 964 background characters to train on, 659 to test on.

    Validation takes the last ``n_validation`` alphabets of the background set, so that, as in the test, nothing of
    an alphabet has been seen. The background set is the first three fifths of ``characters.alphabets``: 30 of
    Omniglot's 50, and as large a part of any other source.

    Args:
        characters: all of them, not rotated.
        n_validation: alphabets; 0 leaves validation empty and trains on all of the background set.
        rotations: make four classes of every character, after splitting.

    Source: Lake et al. 2015, https://github.com/brendenlake/omniglot
    """
    _check_not_rotated(characters)
    n_background = round(len(characters.alphabets) * 30 / 50)
    _check_validation(n_validation, n_background, "alphabets")
    first_validation = n_background - n_validation
    alphabet = characters.alphabet
    split = Split(
        train=characters.select((alphabet < first_validation).nonzero()[:, 0]),
        validation=characters.select(((alphabet >= first_validation) & (alphabet < n_background)).nonzero()[:, 0]),
        test=characters.select((alphabet >= n_background).nonzero()[:, 0]),
    )
    return split.with_rotations() if rotations else split


def random_split(characters: Characters, seed: int = 0, n_validation: int = 172, rotations: bool = False) -> Split:
    """Split as in the literature: 1,200 random characters for training, the other 423 for the test, alphabets mixed.

    Validation takes ``n_validation`` of the 1,200. From another source the same share, 1200/1623, is for training.

    Args:
        characters: all of them, not rotated.
        seed: which characters are where; the test set does not depend on ``n_validation``.
        n_validation: characters; 0 leaves validation empty and trains on all 1,200. 172 is the number of the split that
            was published with prototypical networks.
        rotations: make four classes of every character, after splitting.

    Source: Santoro et al. 2016, https://arxiv.org/abs/1605.06065, section 4.1; Finn et al. 2017, section 5.2.
    Departs: which characters are where is drawn here; it is not the list of any paper.
    """
    _check_not_rotated(characters)
    n_train = round(len(characters) * 1200 / 1623)
    _check_validation(n_validation, n_train, "characters")
    order = torch.randperm(len(characters), generator=torch.Generator().manual_seed(seed))
    order = order.to(characters.images.device)
    parts = order.split([n_train - n_validation, n_validation, len(characters) - n_train])
    split = Split(*(characters.select(part.sort().values) for part in parts))
    return split.with_rotations() if rotations else split


def _check_not_rotated(characters: Characters) -> None:
    if any("/rot" in name for name in characters.names):
        raise ValueError(
            "these characters are rotated already, so a split could put one character on both sides of it, turned: "
            "split first, with rotations=True."
        )


def _check_validation(n_validation: int, available: int, unit: str) -> None:
    if not 0 <= n_validation < available:
        raise ValueError(
            f"n_validation must be from 0 to {available - 1}, as it is taken from {available} {unit} of which some "
            f"must be left to train on; it is {n_validation}."
        )
