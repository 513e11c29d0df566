"""How good is a learner on tasks it has not seen: a number for each task, their mean and its 95 % interval."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from metakit.learner import Learner, over_tasks, per_task
from metakit.problem import Loss, Params, Task
from metakit.tasks import TaskDistribution


class Interval(NamedTuple):
    """A mean and half the width of its 95 % interval: ``mean - half_width`` to ``mean + half_width``."""

    mean: float
    half_width: float


def mean_ci95(values: Tensor) -> Interval:
    """Return the mean of ``values`` (n,) and 1.96 standard errors, s / sqrt(n) with s^2 = sum (v - mean)^2 / (n - 1).

    The interval is over *tasks*, as in the papers: it says how well the mean over all tasks is known for this phi, and
    nothing about how much another seed would change it. 1.96 is the normal quantile; with fewer than 30 values
    the interval is too narrow.

    Raises:
        ValueError: not one dimension, or fewer than two values, which say nothing about their spread.
    """
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"mean_ci95 needs the results of at least 2 tasks, (n,), but got shape {tuple(values.shape)}; "
            "evaluate on more tasks."
        )
    values = values.double()
    return Interval(values.mean().item(), 1.96 * values.std(correction=1).item() / math.sqrt(len(values)))


def per_step(learner: Any, phi: Params, tasks: Task, metric: Loss) -> Tensor:
    """Return ``metric`` on each task's query set before the first inner step and after each, (n_tasks, steps + 1).

    Args:
        learner: has a ``trajectory``, as ``MAML`` has.
        phi: where the inner loop starts.
        tasks: a batch of them.
        metric: such as ``accuracy`` or ``mse``.
    """

    def judged(phi: Params, task: Task) -> Tensor:
        thetas = learner.trajectory(phi, task.support)
        return torch.stack([metric(learner.predict(phi, theta, task.query.x), task.query.y) for theta in thetas])

    with torch.no_grad():
        return over_tasks(judged, phi, tasks)


def evaluate(
    learner: Learner,
    phi: Params,
    tasks: TaskDistribution,
    metric: Loss,
    n_tasks: int,
    generator: torch.Generator,
    at_once: int = 20,
    score: Callable[[Learner, Params, Task, Loss], Tensor] = per_task,
) -> Tensor:
    """Return ``metric`` on the query set of each of ``n_tasks`` fresh tasks, (n_tasks,), on the CPU.

    Args:
        learner: adapts to each support set; give it more ``steps`` by ``dataclasses.replace``, or wrap it in
            ``OneQueryAtATime``.
        metric: such as ``accuracy`` or ``mse``.
        n_tasks: in all; which tasks depends on the generator and on ``at_once``.
        at_once: tasks in memory at one time.
        score: ``per_task``, or ``per_step`` for (n_tasks, steps + 1).

    Raises:
        ValueError: ``n_tasks`` or ``at_once`` is not positive.
    """
    if n_tasks < 1 or at_once < 1:
        raise ValueError(f"evaluate needs at least one task, one at once, but got {n_tasks} and {at_once}")
    sizes = [min(at_once, n_tasks - done) for done in range(0, n_tasks, at_once)]
    return torch.cat([score(learner, phi, tasks.sample(size, generator), metric).cpu() for size in sizes])
