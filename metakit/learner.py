"""Steps 1 and 2 of meta-learning: a learning algorithm F_phi with unknowns, and its loss L(phi) over tasks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.func import vmap

from metakit.problem import Loss, Objective, Params, Task
from metakit.tree import tree_leaves, tree_map


class Learner(Protocol):
    """Step 1, F_phi: a learning algorithm, read as the mathematics of one task.

    Frozen: it holds hyper-parameters. phi, learned across tasks, and theta, written by one task, travel as arguments.
    """

    def init(self, seed: int) -> Params:
        """Return phi before any task was seen; depends on ``seed`` alone."""

    def adapt(self, phi: Params, support: Any) -> Any:
        """Return theta = F_phi(support), differentiable with respect to phi."""

    def predict(self, phi: Params, theta: Any, x: Tensor) -> Tensor:
        """Return f_theta(x), with whatever of phi all tasks share."""


TaskLoss = Callable[[Learner, Params, Task], Tensor]
"""``(learner, phi, task) -> scalar``: l_n, how badly F_phi does on one task."""


def query_loss(loss: Loss) -> TaskLoss:
    """Return l_n: learn from the support set, be judged on the query set."""

    def task_loss(learner: Learner, phi: Params, task: Task) -> Tensor:
        theta = learner.adapt(phi, task.support)
        return loss(learner.predict(phi, theta, task.query.x), task.query.y)

    return task_loss


def trajectory_loss(loss: Loss, weights: Sequence[float] | Tensor) -> TaskLoss:
    """Return l_n = sum_k weights[k-1] * l(theta_k): judged after each step, not only at the end.

    Args:
        loss: of the query set.
        weights: one for each step of ``learner.trajectory(phi, support)``; its first theta, the start, has none.

    Raises:
        ValueError: (in the task loss) not as many weights as steps.
    """

    def task_loss(learner: Any, phi: Params, task: Task) -> Tensor:
        _, *thetas = learner.trajectory(phi, task.support)
        if len(weights) != len(thetas):
            raise ValueError(f"trajectory_loss needs a weight for each step, but got {len(weights)} for {len(thetas)}")
        losses = [loss(learner.predict(phi, theta, task.query.x), task.query.y) for theta in thetas]
        return sum((weight * l for weight, l in zip(weights, losses, strict=True)), start=torch.zeros(()))

    return task_loss


def meta_loss(learner: Learner, task_loss: TaskLoss) -> Objective:
    """Return L(phi) = the mean of l_n over tasks: ``(phi, tasks) -> scalar``.

    ``autodiff`` takes it in ``parts``: then only the tasks of one part are in memory, and in the cache.
    """
    return _MetaLoss(learner, task_loss)


NUMBERS_AT_ONCE = 2**20
"""How many numbers the thetas of the tasks that a CPU works on at once may hold: 9 of the convolutional network's.

Each task needs room for a theta and its activations at each inner step; fewer tasks at once take more calls.
"""


@dataclass(frozen=True)
class _MetaLoss:
    learner: Learner
    task_loss: TaskLoss

    def __call__(self, phi: Params, tasks: Task) -> Tensor:
        return over_tasks(partial(self.task_loss, self.learner), phi, tasks).mean()

    def parts(self, phi: Params, tasks: Task) -> list[tuple[float, Task]]:
        """Return groups of tasks and their shares of the mean."""
        (first, *_), numbers = tree_leaves(tasks), sum(leaf.numel() for leaf in tree_leaves(phi))
        n_tasks = len(first)
        n_parts = math.ceil(n_tasks / max(1, NUMBERS_AT_ONCE // numbers)) if first.device.type == "cpu" else 1
        ends = [n_tasks * i // n_parts for i in range(n_parts + 1)]
        return [
            ((end - start) / n_tasks, tree_map(lambda leaf, i=start, j=end: leaf[i:j], tasks))
            for start, end in pairwise(ends)
        ]


def over_tasks(function: Callable[[Params, Task], Any], phi: Params, tasks: Task) -> Any:
    """Call ``function(phi, task)`` for each task of a batch; results gain a leading axis ``n_tasks``.

    The one place that decides how tasks are batched; ``function`` is written for one task.
    """
    return vmap(function, in_dims=(None, 0))(phi, tasks)


def per_task(learner: Learner, phi: Params, tasks: Task, metric: Loss) -> Tensor:
    """Return ``metric`` on each task's query set after adapting to its support set, (n_tasks,); no graph is kept."""
    with torch.no_grad():
        return over_tasks(partial(query_loss(metric), learner), phi, tasks)


@dataclass(frozen=True)
class OneQueryAtATime:
    """A learner that shows its learner one query at a time, together with the support inputs.

    Where a network normalizes with the statistics of the batch, queries predicted together tell on each other: the
    prediction is *transductive*. This wrapper takes that away. phi and theta are the wrapped learner's; theta also
    keeps the support inputs.

    Source: the non-transductive evaluation of Nichol et al. 2018, https://arxiv.org/abs/1803.02999, section 6.1.
    """

    learner: Learner

    def init(self, seed: int) -> Params:
        """Return the wrapped learner's phi."""
        return self.learner.init(seed)

    def adapt(self, phi: Params, support: Any) -> Any:
        """Return the wrapped learner's theta and the support inputs."""
        return self.learner.adapt(phi, support), support.x

    def predict(self, phi: Params, theta: Any, x: Tensor) -> Tensor:
        """Return a prediction for each row of ``x`` (n, *features) as if it had come alone."""
        theta, company = theta
        alone = vmap(lambda one: self.learner.predict(phi, theta, torch.cat([company, one[None]]))[-1])
        return alone(x)
