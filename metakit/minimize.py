"""Step 3: the only loop of the library. The inner loop is this one, and so is the outer loop."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from torch import Tensor

from metakit.gradients import Gradient, autodiff, first_order
from metakit.optimizers import SGD, Optimizer
from metakit.problem import Objective, Params

EXACT = {autodiff: True, first_order: False}
"""Gradients that an objective can know for itself, and whether a derivative goes through them."""


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
    if (found := _at_once(objective, params, optimizer, batches, gradient)) is not None:
        return found
    for step in descend(objective, params, optimizer, batches, gradient):
        params = step.params
    return params


def _at_once(
    objective: Objective, params: Params, optimizer: Optimizer, batches: Iterable[Any], gradient: Gradient
) -> Params | None:
    """Return where all steps lead if ``objective`` knows at once, or None.

    One with a method ``descend(params, batch, lr, steps, second_order)``, as ``empirical_loss`` has, is asked about
    what MAML's inner loop is: the same batch in each step of gradient descent by a number.
    """
    own = getattr(objective, "descend", None)
    if own is None or not isinstance(batches, list) or len({id(batch) for batch in batches}) != 1:
        return None
    if type(optimizer) is not SGD or not isinstance(optimizer.lr, float | int) or gradient not in EXACT:
        return None
    found: Params | None = own(params, batches[0], optimizer.lr, len(batches), EXACT[gradient])
    return found
