"""One long task whose theta never restarts: phi looks one step ahead, then theta takes that step."""

from collections.abc import Iterable, Iterator
from itertools import tee
from typing import NamedTuple

from torch import Tensor

from metakit.gradients import Gradient, autodiff
from metakit.learner import Learner, TaskLoss
from metakit.minimize import descend
from metakit.optimizers import Optimizer
from metakit.problem import Params, Started, Task


class Turn(NamedTuple):
    """One turn of both: phi after its step, theta after its own, and the loss phi's step was taken on."""

    phi: Params
    theta: Params
    value: Tensor


def alternate(
    learner: Learner,
    task_loss: TaskLoss,
    phi: Params,
    theta: Params,
    optimizer: Optimizer,
    tasks: Iterable[Task],
    gradient: Gradient = autodiff,
) -> Iterator[Turn]:
    """Alternate phi's steps and theta's: what DARTS and Meta-Weight-Net do. Yields each turn.

        phi   <- a step down l(F_phi(theta, support), query)       (through the step theta is about to take)
        theta <- F_phi(theta, support)                             (with the new phi)

    Args:
        learner: its ``adapt(phi, Started(theta, examples))`` takes theta's step.
        task_loss: judges the theta one step ahead.
        tasks: support sets are theta's training batches, query sets phi's.

    Source: Liu et al. 2019 (DARTS), https://arxiv.org/abs/1806.09055, algorithm 1.
    """

    def started() -> Iterator[Task]:
        for task in tasks:
            yield Task(Started(theta, task.support), task.query)

    def objective(phi: Params, task: Task) -> Tensor:
        return task_loss(learner, phi, task)

    batches, seen = tee(started())
    for step, task in zip(descend(objective, phi, optimizer, batches, gradient), seen, strict=False):
        theta = learner.adapt(step.params, task.support)
        yield Turn(step.params, theta, step.value)
