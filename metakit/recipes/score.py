"""What a trained phi is worth on tasks that it was not trained on."""

from dataclasses import replace
from typing import Any

import torch

from metakit.evaluation import Interval, evaluate, mean_ci95
from metakit.learner import Learner, OneQueryAtATime
from metakit.precision import multiplying
from metakit.problem import Params
from metakit.recipes.recipe import Recipe, Splits

N_VALIDATION = 200
"""Validation tasks, the same at every validation."""


def generator(recipe: Recipe, device: str, purpose: str) -> torch.Generator:
    """Return a fresh generator for ``"train"``, ``"validation"`` or ``"test"``; it depends on the recipe's seed."""
    stream = ("train", "validation", "test").index(purpose)
    return torch.Generator(device).manual_seed(3 * recipe.seed + stream)


def validate(recipe: Recipe, phi: Params, splits: Splits, device: str) -> Interval:
    """Return the mean metric on the validation tasks, in float32."""
    tasks = generator(recipe, device, "validation")
    with multiplying("ieee", device):
        each = evaluate(recipe.test_learner, phi, splits.validation, recipe.metric.of, N_VALIDATION, tasks, 10)
    return mean_ci95(each)


def score(
    recipe: Recipe, phi: Params, splits: Splits, n_tasks: int, device: str, one_query_at_a_time: bool = False
) -> dict[str, Any]:
    """Return the mean metric on ``n_tasks`` test tasks with its 95 % interval, and how it was measured; in float32.

    Args:
        one_query_at_a_time: predict each query as if it had come alone, with one query of each class instead of the
            recipe's number: as each is scored alone, fewer leave the mean what it is, and only widen the interval.
    """
    learner: Learner = recipe.test_learner
    tasks: Any = splits.test
    at_once = 10
    if one_query_at_a_time:
        learner, tasks, at_once = OneQueryAtATime(learner), replace(tasks, n_query=1), 4
    with multiplying("ieee", device):
        each = evaluate(learner, phi, tasks, recipe.metric.of, n_tasks, generator(recipe, device, "test"), at_once)
    mean, half_width = mean_ci95(each)
    return {
        "metric": recipe.metric.name,
        "mean": mean,
        "half_width": half_width,
        "n_tasks": n_tasks,
        "n_query": tasks.n_query,
        "queries": "one at a time" if one_query_at_a_time else "together",
        "steps": getattr(recipe.test_learner, "steps", None),
        "data": splits.source,
        "digest": splits.digest,
    }
