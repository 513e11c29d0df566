"""The tasks of both Omniglot recipes: the same characters, split the same way."""

from typing import cast

from metakit.recipes.recipe import Splits
from metakit.tasks.episodes import Episodes
from metakit.tasks.load import Source, load_characters
from metakit.tasks.splits import random_split

N_QUERY_VALIDATION, N_QUERY_TEST = 5, 15


def character_splits(
    source: str, device: str, n_way: int, k_shot: int, n_query: int, train_way: int, n_validation: int
) -> Splits:
    """Return episodes of ``random_split``, rotations as classes, which holds the same characters for every seed.

    Args:
        source: one of ``metakit.tasks.load.SOURCES``.
        device: for the images, and so for the tasks.
        n_way, k_shot: of all tasks, but that training tasks have ``train_way`` classes.
        n_query: query images of each class in training tasks; there are 5 at validation and 15 at the test.
        n_validation: characters kept from training.
    """
    characters = load_characters(cast(Source, source))
    split = random_split(characters, n_validation=n_validation, rotations=True)
    train, validation, test = (part.to(device) for part in split)
    return Splits(
        Episodes.of(train, train_way, k_shot, n_query),
        Episodes.of(validation, n_way, k_shot, N_QUERY_VALIDATION),
        Episodes.of(test, n_way, k_shot, N_QUERY_TEST),
        characters.source,
        characters.digest,
    )
