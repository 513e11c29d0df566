"""Make the shipped starts again: train, judge, write."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from metakit.checkpoints.kinds import NAMES, SINUSOID, Kind, judged_on, kind_named
from metakit.checkpoints.training import N_ITERATIONS, N_TASKS, OUTER_LR, omniglot_trainings, sinusoid_trainings
from metakit.evaluation import evaluate, mean_ci95
from metakit.problem import Params
from metakit.recipes.checkpoint import Checkpoint, flatten, save
from metakit.recipes.configuration import versions
from metakit.tasks import TaskDistribution
from metakit.tasks.load import load_characters

STEPS = (0, 1, 3, 10)
"""Inner steps after which a start is judged."""

JUDGED = {"sinusoid": 1000, "omniglot": 200}
"""Tasks that a start is judged on, drawn from ``JUDGE_SEED``."""

JUDGE_SEED = 1_000

Watch = Callable[[str, int, Iterable[Any]], Iterable[Any]]
"""``(name, n, batches) -> batches``: a place for a progress bar."""


def unwatched(name: str, n: int, batches: Iterable[Any]) -> Iterable[Any]:
    """Return the batches as they are."""
    return batches


def make(kind: str, folder: Path, n_iterations: int | None = None, seed: int = 0, watch: Watch = unwatched) -> None:
    """Train the six starts of a kind, judge them, and write ``folder/kind``.

    Raises:
        RecipeError: no such kind.
        DataUnavailable: (omniglot) it is not there; glyphs would make other starts.
    """
    made = kind_named(kind)
    n_iterations = N_ITERATIONS[kind] if n_iterations is None else n_iterations
    if made is SINUSOID:
        data, digest, trainings = "formula", "", sinusoid_trainings(seed)
    else:
        characters = load_characters("omniglot")
        data, digest, trainings = characters.source, characters.digest, omniglot_trainings(seed, characters)
    starts = {
        name: training.run(n_iterations, partial(watch, name, n_iterations)) for name, training in trainings.items()
    }
    starts["random start"] = made.model.init(seed)
    tasks = judged_on(made)
    told = {name: training.told for name, training in trainings.items()} | {"random start": "the seed's, not trained"}
    header = {
        "command": f"python -m metakit starts {kind} --iterations {n_iterations} --seed {seed}",
        "outer loop": f"{n_iterations} steps of {N_TASKS[kind]} tasks, Adam from {OUTER_LR} to 0 along a cosine",
        "seed": seed,
        "data": data,
        "digest": digest,
        "versions": versions(),
        "trained": {name: told[name] for name in NAMES},
        "judged": f"{JUDGED[kind]} tasks of seed {JUDGE_SEED}, inner rate {made.lr}; mean and half the 95 % interval",
        "results": {name: judge(made, name, starts[name], tasks) for name in NAMES},
    }
    tensors = {key: leaf for name in NAMES for key, leaf in flatten(name, starts[name]).items()}
    (folder / kind).mkdir(parents=True, exist_ok=True)
    save(folder / kind, Checkpoint(tensors, header))


def judge(
    kind: Kind, name: str, phi: Params, tasks: TaskDistribution, steps: Sequence[int] = STEPS
) -> dict[str, tuple[float, float]]:
    """Return mean and half the 95 % interval of the kind's metric, by the number of inner steps."""

    def after(m: int) -> tuple[float, float]:
        learner = kind.learner(name, steps=m)
        generator = torch.Generator().manual_seed(JUDGE_SEED)
        return mean_ci95(evaluate(learner, phi, tasks, kind.metric, JUDGED[kind.name], generator, at_once=100))

    return {str(m): after(m) for m in steps}
