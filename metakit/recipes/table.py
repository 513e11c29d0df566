"""The table of few-shot Omniglot: five methods, four settings, some seeds, each run in a folder of its own."""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from metakit.recipes import build
from metakit.recipes.checkpoint import holds_one, load
from metakit.recipes.recipe import Recipe

METHODS = ("maml_omniglot", "fomaml_omniglot", "anil_omniglot", "maml_plus_plus_omniglot", "protonet_omniglot")
SETTINGS = ((5, 1), (5, 5), (20, 1), (20, 5))
"""``(n_way, k_shot)``."""

SECONDS = "seconds.json"


class Cell(NamedTuple):
    """A method in a setting: its recipe with each seed, and where each run lies."""

    recipes: list[Recipe]
    folders: list[Path]


def cells(
    folder: Path,
    seeds: int,
    methods: tuple[str, ...] = METHODS,
    n_way: int | None = None,
    k_shot: int | None = None,
    **options: int,
) -> list[Cell]:
    """Return the table's cells, a row after the other.

    Args:
        folder: holds the folders of all runs.
        seeds: how many, from 0 on.
        methods: names of recipes.
        n_way, k_shot: the settings that have these; all by default.
        options: for all of them, such as ``n_iterations``.
    """
    made = []
    for method in methods:
        for ways, shots in [pair for pair in SETTINGS if n_way in (None, pair[0]) and k_shot in (None, pair[1])]:
            recipes = [build(method, n_way=ways, k_shot=shots, seed=seed, **options) for seed in range(seeds)]
            name = f"{method}-{ways}way-{shots}shot-seed"
            made.append(Cell(recipes, [folder / f"{name}{seed}" for seed in range(seeds)]))
    return made


@contextmanager
def timed(folder: Path, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Add the time that the ``with`` takes to what ``folder`` says of earlier times, also where an error ends it."""
    start = clock()
    try:
        yield
    finally:
        if folder.is_dir():
            (folder / SECONDS).write_text(json.dumps(seconds(folder) + clock() - start))


def seconds(folder: Path) -> float:
    """Return how long a run took, without what a kill cut off."""
    return json.loads((folder / SECONDS).read_text()) if (folder / SECONDS).is_file() else 0.0


def markdown(cells: list[Cell]) -> str:
    """Return the table of all finished runs beside the papers' numbers.

    The mean is over the seeds. Its 95 % interval is over test tasks, for just these phi; how much a seed matters is
    shown by the lowest and the highest.
    """
    lines = [
        "| recipe | setting | published | queries together | one query at a time | seeds, together | minutes a seed |",
        "|---|---|---|---|---|---|---|",
    ]
    for recipes, folders in cells:
        recipe, finished = recipes[0], [f for f in folders if holds_one(f) and load(f).header["results"]]
        show = recipe.metric.show
        setting = f"{recipe.options['n_way']}-way {recipe.options['k_shot']}-shot"
        published = " / ".join(show(number.value) for number in recipe.published) or "none"
        together, alone = (_ways(finished, way) for way in ("together", "one at a time"))
        spread, minutes = "not run", ""
        if finished:
            spread = (
                f"{len(finished)}: {show(min(r['mean'] for r in together))} to {show(max(r['mean'] for r in together))}"
            )
            minutes = f"{sum(map(seconds, finished)) / len(finished) / 60:.1f}"
        columns = [recipe.name, setting, published, _mean(show, together), _mean(show, alone), spread, minutes]
        lines.append(f"| {' | '.join(columns)} |")
    return "\n".join(lines)


def _ways(folders: list[Path], queries: str) -> list[dict[str, Any]]:
    return [result for folder in folders for result in load(folder).header["results"] if result["queries"] == queries]


def _mean(show: Callable[[float], str], results: list[dict[str, Any]]) -> str:
    """Return the mean over seeds; their test tasks are independent, so the squares of their half widths add."""
    if not results:
        return ""
    half_width = math.sqrt(sum(result["half_width"] ** 2 for result in results)) / len(results)
    return f"{show(sum(result['mean'] for result in results) / len(results))} ± {show(half_width)}"
