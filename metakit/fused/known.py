"""Losses and heads whose derivatives are known in closed form, so that nothing needs to be recorded for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Closed:
    """A loss of each task, with its first two derivatives for the prediction; all have a leading axis of tasks.

    Args:
        takes: whether it is for such a ``y``; otherwise the loss is recorded.
        value: ``(prediction, y) -> (n_tasks,)``.
        slope: ``(prediction, y)`` -> its gradient.
        curve: ``(prediction, y, moved)`` -> how the gradient moves.
    """

    takes: Callable[[Tensor], bool]
    value: Callable[[Tensor, Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]
    curve: Callable[[Tensor, Tensor, Tensor], Tensor]


def closed(form: Closed) -> Callable[[Any], Any]:
    """Decorate a loss with its closed form."""

    def mark(loss: Any) -> Any:
        loss.closed = form
        return loss

    return mark


def no_head(features: Tensor) -> Tensor:
    """Return the features: they are the prediction."""
    return features


def value_at_head(loss: Closed, features: Tensor, y: Tensor, head: Sequence[Tensor]) -> Tensor:
    """Return each task's loss after a linear head or none.

    Args:
        loss: of the prediction.
        features: (n_tasks, n, d).
        y: (n_tasks, n, ...).
        head: weight (n_tasks, out, d) and bias (n_tasks, out), or nothing.
    """
    return loss.value(_linear(features, *head) if head else features, y)


def slopes_at_head(loss: Closed, features: Tensor, y: Tensor, head: Sequence[Tensor]) -> list[Tensor]:
    """Return that loss's gradients for features, weight and bias."""
    prediction = _linear(features, *head) if head else features
    slope = loss.slope(prediction, y).to(prediction.dtype)
    return [slope @ head[0], slope.mT @ features, slope.sum(1)] if head else [slope]


def curve_at_head(
    loss: Closed, features: Tensor, y: Tensor, head: Sequence[Tensor], moved: Sequence[Tensor]
) -> list[Tensor]:
    """Return how those gradients move, when features, weight and bias move by ``moved``."""
    if not head:
        return [loss.curve(features, y, *moved)]
    (weight, _), (moved_features, moved_weight, moved_bias) = head, moved
    prediction = _linear(features, *head)
    change = torch.baddbmm(_linear(moved_features, weight, moved_bias), features, moved_weight.mT)
    slope, curve = loss.slope(prediction, y).to(change.dtype), loss.curve(prediction, y, change)
    return [
        torch.baddbmm(curve @ weight, slope, moved_weight),
        torch.baddbmm(curve.mT @ features, slope.mT, moved_features),
        curve.sum(1),
    ]


def _linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.baddbmm(bias.unsqueeze(1), x, weight.mT)
