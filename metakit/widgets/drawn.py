"""The task that was chosen: a curve, or an episode of characters that no start was trained on."""

from functools import cache

import torch

from metakit.problem import Task
from metakit.tasks.episodes import Episodes
from metakit.tasks.load import load_characters
from metakit.tasks.splits import official_split
from metakit.widgets.choices import Choices
from metakit.widgets.entries import curve_task, one_of

N_QUERY = 3
"""Query images of each class in an episode."""


def task_of(wanted: Choices, n_x: int | None = None) -> tuple[Task, str]:
    """Return the task that was chosen, and for characters where they come from."""
    if wanted.task == "sinusoid":
        return (curve_task(wanted, n_x) if n_x else curve_task(wanted)), ""
    characters, source = episodes()
    return one_of(characters.sample(1, torch.Generator().manual_seed(wanted.episode))), source


@cache
def episodes() -> tuple[Episodes, str]:
    """Load the characters once."""
    characters = load_characters()
    test = official_split(characters).test
    source = {"omniglot": "Omniglot"}.get(characters.source, characters.source)
    return Episodes.of(test, n_way=5, k_shot=1, n_query=N_QUERY), source
