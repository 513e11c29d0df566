"""Gradient descent on a network's loss as one operation: all steps of all tasks of a ``vmap``.

The derivative goes back through the steps. Of a step theta' = theta - lr * g(theta), where v is the derivative for
theta', that for theta is v - lr * H(theta) v: the product with the Hessian is how the gradient moves along v.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function

from metakit.fused.axes import Weights, merge, own_rows, split, to_rows, zeros_for_none
from metakit.fused.operator import LastDerivative
from metakit.fused.problem import Problem


class Step(NamedTuple):
    """What a step leaves for the way back: where it was, and what was computed there, with a row for each task."""

    weights: list[Tensor]
    features: Tensor
    saved: Tensor
    g: Tensor


@dataclass(frozen=True)
class Descent:
    """How to go.

    Args:
        lr: the rate.
        steps: how many.
        second_order: whether the gradients are constants for the derivative (False) or not.
        taken: the steps, written as they are taken, if the derivative will need them.
    """

    lr: float
    steps: int
    second_order: bool
    taken: list[Step] = field(default_factory=list, compare=False, repr=False)


def descend(problem: Problem, descent: Descent, x: Tensor, y: Tensor, weights: Weights) -> list[Tensor]:
    """Return the weights after all steps, for x (n, *features) and y (n, *targets)."""
    kept = descent.second_order and torch.is_grad_enabled()
    *results, _ = _Descent.apply(problem, descent, kept, False, x, y, *weights)
    return results


class _Descent(Function):
    @staticmethod
    def forward(
        problem: Problem, descent: Descent, kept: bool, batched: bool, x: Tensor, y: Tensor, *weights: Tensor
    ) -> tuple[Tensor, ...]:
        if not batched:
            x, y = x[None], y[None]
        problem, here = problem.pack(weights)
        for _ in range(descent.steps):
            body, tail = problem.parts(here)
            features, saved = problem.kernel.forward(x, body, save=True)
            g, *tail_grads = problem.slopes(features, y, tail)
            _, grads = problem.kernel.gradient(g, x, saved, body, wants_x=False)
            if kept:
                descent.taken.append(Step(here, features, saved, g))
            here = _stepped(own_rows(here, problem.shared_ndims, len(x)), descent.lr, grads, tail_grads)
        out = (*problem.unpack(here), torch.arange(len(x), device=x.device))
        return out if batched else tuple(one[0] for one in out)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.problem, ctx.descent, _, ctx.batched, *tensors = inputs
        ctx.mark_non_differentiable(output[-1])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(output[-1], *tensors)  # the rows tell tasks apart when a ``vmap`` repeats them

    @staticmethod
    def backward(ctx: Any, *v: Tensor | None) -> tuple[Any, ...]:
        rows, x, y, *weights = ctx.saved_tensors
        _, _, _, _, wants_x, wants_y, *_ = ctx.needs_input_grad
        if wants_y and ctx.descent.second_order:
            raise NotImplementedError(
                "the steps of a fused network are not differentiable with respect to y; build it with fused=False."
            )
        moves = zeros_for_none(v, weights, ctx.problem.shared_ndims, (len(x),) if ctx.batched else ())
        if not ctx.descent.second_order:
            return None, None, None, None, None, None, *to_rows(moves, weights)
        *moves, dx = _Back.apply(ctx.problem, ctx.descent, ctx.batched, wants_x, *moves, rows, x, y)
        return None, None, None, None, dx if wants_x else None, None, *to_rows(moves, weights)

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[Any, ...],
        problem: Problem,
        descent: Descent,
        kept: bool,
        batched: bool,
        x: Tensor,
        y: Tensor,
        *weights: Tensor,
    ) -> tuple[Any, Any]:
        (x, y), rows = merge(info, in_dims[4:], problem.shared_ndims, batched, [x, y], weights)
        return split(info, batched, _Descent.apply(problem, descent, kept, True, x, y, *rows))


class _Back(LastDerivative):
    """From the derivative for the weights after all steps to that for the weights before them."""

    @staticmethod
    def forward(
        problem: Problem, descent: Descent, batched: bool, wants_x: bool, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        *v, rows, x, y = tensors if batched else (one[None] for one in tensors)
        gx = torch.zeros_like(x)
        problem, v = problem.pack(v)
        for step in reversed(_of_rows(descent.taken, problem.shared_ndims, rows)):
            (body, tail), (v_body, v_tail) = problem.parts(step.weights), problem.parts(v)
            moved_features, moved = problem.kernel.forward_tangent(None, v_body, x, step.saved, body)
            dg, *tail_moved = problem.curvature(step.features, y, tail, [moved_features, *v_tail])
            dx, body_moved = problem.kernel.backward_tangent(
                step.g, dg, None, v_body, moved, x, step.saved, body, wants_x
            )
            v = _stepped(v, descent.lr, body_moved, tail_moved)
            if dx is not None:
                gx.sub_(dx, alpha=descent.lr)
        out = (*problem.unpack(v), gx)
        return out if batched else tuple(one[0] for one in out)

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[Any, ...],
        problem: Problem,
        descent: Descent,
        batched: bool,
        wants_x: bool,
        *tensors: Tensor,
    ) -> tuple[Any, Any]:
        per_task, _ = merge(info, in_dims[4:], (), batched, tensors, ())
        return split(info, batched, _Back.apply(problem, descent, True, wants_x, *per_task))


def _stepped(weights: Weights, lr: float, body: Weights, tail: Weights) -> list[Tensor]:
    """Return weights - lr * (body, tail), in the memory of body: fresh memory costs more than the arithmetic."""
    n = len(body)
    in_place = [torch.sub(w, grad, alpha=lr, out=grad) for w, grad in zip(weights[:n], body, strict=True)]
    return in_place + [torch.sub(w, grad, alpha=lr) for w, grad in zip(weights[n:], tail, strict=True)]


def _of_rows(taken: Sequence[Step], shared_ndims: Sequence[int], rows: Tensor) -> Sequence[Step]:
    """Return the steps of the tasks in ``rows``: a ``vmap`` of the derivative alone wants each task several times."""
    n_tasks = len(taken[0].features)
    if len(rows) == n_tasks and bool((rows == torch.arange(n_tasks, device=rows.device)).all()):
        return taken
    return [
        Step([w[rows] for w in own_rows(weights, shared_ndims, n_tasks)], *(one[rows] for one in others))
        for weights, *others in taken
    ]
