"""Step 3: the only loop of the library. The inner loop is this one, and so is the outer loop."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from torch import Tensor

from metakit.gradients import Gradient, autodiff
from metakit.optimizers import Optimizer
from metakit.problem import Objective, Params


class Step(NamedTuple):
    """One step taken: the parameters and optimizer state after it, the objective's value before it."""

    params: Params
    state: Any
    value: Tensor


def descend(
    objective: Objective,
    params: Params,
    optimizer: Optimizer,
    batches: Iterable[Any],
    gradient: Gradient = autodiff,
    state: Any = None,
) -> Iterator[Step]:
    """Take one step a batch, and yield each.

    Args:
        objective: ``(params, batch) -> scalar``.
        params: the start; not changed.
        optimizer: turns gradients into a step.
        batches: one step for each; a generator may look at the parameters yielded last.
        gradient: how a derivative of ``objective`` is had, if it has one.
        state: the optimizer's state to go on from, as a ``Step`` held it; a fresh one by default.
    """
    if state is None:
        state = optimizer.init(params)
    value_and_grad = gradient(objective)
    for batch in batches:
        value, grads = value_and_grad(params, batch)
        params, state = optimizer.update(params, grads, state)
        yield Step(params, state, value)


def minimize(
    objective: Objective,
    params: Params,
    optimizer: Optimizer,
    batches: Iterable[Any],
    gradient: Gradient = autodiff,
) -> Params:
    """Return the parameters after one step a batch; ``params`` themselves if there is no batch.

    Its arguments are the syllabus, since each of them can be learned: see ``metakit.algorithms``.
    The result is differentiable with respect to ``params`` and to anything else the steps used.
    """
    for step in descend(objective, params, optimizer, batches, gradient):
        params = step.params
    return params
