"""The axis of tasks: how ``vmap`` adds to it, and which weights tasks share."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

Weights = Sequence[Tensor]


def to_rows(grads: Sequence[Tensor], weights: Weights) -> list[Tensor]:
    """Sum gradients with a row a task over the tasks that share a weight."""
    return [
        grad
        if grad.shape == weight.shape
        else grad.sum(0)
        if grad.ndim > weight.ndim
        else grad.unflatten(0, (len(weight), -1)).sum(1)
        for grad, weight in zip(grads, weights, strict=True)
    ]


def merge(
    info: Any, in_dims: Sequence[Any], ndims: Sequence[int], batched: bool, per_task: Sequence[Tensor], weights: Weights
) -> tuple[list[Tensor], list[Tensor]]:
    """Make the axis of a ``vmap`` part of the axis of tasks; a shared weight stays shared where it can."""

    def front(x: Tensor, dim: int | None, has_axis: bool) -> Tensor:
        x = x.expand(info.batch_size, *x.shape) if dim is None else x.movedim(dim, 0)
        return x.flatten(0, 1) if has_axis else x

    def weight(w: Tensor, dim: int | None, shared_ndim: int) -> Tensor:
        has_axis = w.ndim - (dim is not None) > shared_ndim
        return w if dim is None and not has_axis else front(w, dim, has_axis)

    n = len(per_task)
    return (
        [front(x, dim, batched) for x, dim in zip(per_task, in_dims[:n], strict=True)],
        [weight(w, dim, ndim) for w, dim, ndim in zip(weights, in_dims[n:], ndims, strict=True)],
    )


def split(info: Any, batched: bool, outputs: Sequence[Tensor]) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
    """Undo ``merge`` on results."""
    split = tuple(one.unflatten(0, (info.batch_size, -1)) if batched else one for one in outputs)
    return split, (0,) * len(split)


def same_rows(weights: Weights, shared_ndims: Sequence[int]) -> tuple[int, list[Tensor]]:
    """Give all weights a leading axis of the same number of rows; return the number too."""
    rows = max(w.shape[0] if w.ndim > ndim else 1 for w, ndim in zip(weights, shared_ndims, strict=True))
    return rows, [
        (w if w.ndim > ndim else w.expand(rows, *w.shape)).contiguous()
        for w, ndim in zip(weights, shared_ndims, strict=True)
    ]


def own_rows(weights: Weights, shared_ndims: Sequence[int], n_tasks: int) -> list[Tensor]:
    """Give each weight a row for each task."""
    return [
        w.expand(n_tasks, *w.shape)
        if w.ndim == ndim
        else w
        if w.shape[0] == n_tasks
        else w.repeat_interleave(n_tasks // w.shape[0], 0)
        for w, ndim in zip(weights, shared_ndims, strict=True)
    ]


def empty_like_rows(n_tasks: int, weights: Weights) -> list[Tensor]:
    """Return room for a gradient of each task and weight, where all weights have rows."""
    return [torch.empty(n_tasks, *w.shape[1:], dtype=w.dtype, device=w.device) for w in weights]


def zeros_for_none(
    v: Sequence[Tensor | None], weights: Weights, shared_ndims: Sequence[int], rows: tuple[int, ...]
) -> list[Tensor]:
    """Put zeros where what belongs to a weight has no derivative, in ``rows`` like the others; ``v`` may be longer."""
    return [
        w.new_zeros(*rows, *w.shape[w.ndim - ndim :]) if one is None else one
        for one, w, ndim in zip(v, weights, shared_ndims, strict=False)
    ]
