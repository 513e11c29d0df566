"""The loss of a network on its examples, its gradient, and how that gradient moves: each one operation for all tasks.

This is what an inner loop asks for at each step. The network's body has its derivatives by hand (``operator.Kernel``);
its head and the loss are any PyTorch, small enough to be recorded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from metakit.fused.axes import merge, split, to_rows, zeros_for_none
from metakit.fused.descent import Descent, descend
from metakit.fused.known import no_head
from metakit.fused.operator import Kernel, LastDerivative, apply
from metakit.fused.problem import Loss, Problem


@dataclass(frozen=True)
class Fused:
    """A network in two parts, ``head(kernel(x))``.

    Args:
        kernel: the body.
        body: the names of its weights, in its order.
        head: ``(features, *weights) -> prediction`` for one task.
        tail: the names of its weights.
        tail_ndims: their numbers of axes.
        idle: names of weights that change nothing.
        plain: ``(x, *weights) -> prediction`` for one task in PyTorch's operations, which predicts where it is given:
            then any derivative of a prediction can be had.
    """

    kernel: Kernel
    body: tuple[str, ...]
    head: Callable[..., Tensor] = no_head
    tail: tuple[str, ...] = ()
    tail_ndims: tuple[int, ...] = ()
    idle: tuple[str, ...] = ()
    plain: Callable[..., Tensor] | None = None

    def predict(self, theta: dict[str, Tensor], x: Tensor) -> Tensor:
        """Return the prediction for x (n, *features)."""
        weights = self._weights(theta)
        if self.plain:
            return self.plain(x, *weights)
        n = len(self.body)
        prediction = self.head(apply(self.kernel, x, weights[:n]), *weights[n:])
        if not self.idle:
            return prediction
        return (
            prediction + 0 * torch.stack([theta[name].sum() for name in self.idle]).sum()
        )  # their gradient is 0, not none

    def value_and_grad(
        self, loss: Loss, theta: dict[str, Tensor], x: Tensor, y: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return ``loss(prediction, y)`` and its gradient like ``theta``; differentiable once more."""
        value, *results = _Gradient.apply(
            Problem(self.kernel, self.head, self.tail_ndims, loss), False, x, y, *self._weights(theta)
        )
        grads = dict(zip((*self.body, *self.tail), results, strict=False))
        return value, {name: torch.zeros_like(w) if name in self.idle else grads[name] for name, w in theta.items()}

    def descend(
        self, loss: Loss, theta: dict[str, Tensor], x: Tensor, y: Tensor, lr: float, steps: int, second_order: bool
    ) -> dict[str, Tensor]:
        """Return theta after ``steps`` steps down the gradient of ``loss(prediction, y)``; differentiable once.

        Args:
            loss: ``(prediction, y) -> scalar``.
            theta: the start.
            x, y: the examples.
            lr: the rate.
            steps: at least one.
            second_order: whether the derivative goes through the gradients, too.
        """
        problem = Problem(self.kernel, self.head, self.tail_ndims, loss)
        results = descend(problem, Descent(lr, steps, second_order), x, y, self._weights(theta))
        new = dict(zip((*self.body, *self.tail), results, strict=True))
        return {name: new.get(name, w) for name, w in theta.items()}

    def _weights(self, theta: dict[str, Tensor]) -> list[Tensor]:
        """Return the weights of body and tail.

        Raises:
            RuntimeError: theta has not the network's names.
        """
        names = {*self.body, *self.tail, *self.idle}
        if theta.keys() != names:
            missing, extra = sorted(names - theta.keys()), sorted(theta.keys() - names)
            raise RuntimeError(
                f"theta must have the names of the model's weights; missing: {missing or 'none'}, unexpected: "
                f"{extra or 'none'}. Take it from model.init."
            )
        return [theta[name] for name in (*self.body, *self.tail)]


class _Gradient(Function):
    @staticmethod
    def forward(problem: Problem, batched: bool, x: Tensor, y: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        if not batched:
            x, y = x[None], y[None]
        kernel, (body, tail) = problem.kernel, problem.parts(weights)
        features, saved = kernel.forward(x, body, save=True)
        values, (g, *tail_grads) = problem.value_and_slopes(features, y, tail)
        _, grads = kernel.gradient(g, x, saved, body, wants_x=False)
        out = (values, *grads, *tail_grads, features, saved, g)
        return out if batched else tuple(one[0] for one in out)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.problem, ctx.batched, *tensors = inputs
        ctx.mark_non_differentiable(*output[-3:])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*output[-3:], *tensors)

    @staticmethod
    def backward(ctx: Any, of_value: Tensor | None, *v: Tensor | None) -> tuple[Any, ...]:
        features, saved, g, x, y, *weights = ctx.saved_tensors
        wants_x = ctx.needs_input_grad[2]
        if ctx.needs_input_grad[3]:
            raise NotImplementedError(
                "the gradient of a fused network is not differentiable with respect to y; build it with fused=False."
            )
        if of_value is None:
            of_value = x.new_zeros(len(x) if ctx.batched else ())
        moves = zeros_for_none(v, weights, ctx.problem.shared_ndims, (len(x),) if ctx.batched else ())
        given = (of_value, *moves, features, saved, g, x, y, *weights)
        moved = _Curvature.apply(ctx.problem, ctx.batched, wants_x, *given)
        dx = moved[-1] if wants_x else None
        return None, None, dx, None, *to_rows(moved[: len(weights)], weights)

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[Any, ...],
        problem: Problem,
        batched: bool,
        x: Tensor,
        y: Tensor,
        *weights: Tensor,
    ) -> tuple[Any, Any]:
        (x, y), rows = merge(info, in_dims[2:], problem.shared_ndims, batched, [x, y], weights)
        return split(info, batched, _Gradient.apply(problem, True, x, y, *rows))


class _Curvature(LastDerivative):
    """How value and gradient together move the weights: the derivative of ``of_value * value + <v, gradient>``."""

    @staticmethod
    def forward(problem: Problem, batched: bool, wants_x: bool, *tensors: Tensor) -> tuple[Tensor, ...]:
        n = len(problem.shared_ndims)
        per_task, weights = tensors[:-n], tensors[-n:]
        if not batched:
            per_task = tuple(one[None] for one in per_task)
        of_value, *v, features, saved, g, x, y = per_task
        kernel, (body, tail), (v_body, v_tail) = problem.kernel, problem.parts(weights), problem.parts(v)
        moved_features, moved = kernel.forward_tangent(None, v_body, x, saved, body)
        grads = problem.slopes(features, y, tail)
        second = problem.curvature(features, y, tail, [moved_features, *v_tail])
        first = [of_value.reshape(-1, *[1] * (one.ndim - 1)) * one for one in grads]
        dg, *tail_moved = (a + b for a, b in zip(first, second, strict=True))
        dx, body_moved = kernel.backward_tangent(g, dg, None, v_body, moved, x, saved, body, wants_x)
        out = (*body_moved, *tail_moved, *(() if dx is None else (dx,)))
        return out if batched else tuple(one[0] for one in out)

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[Any, ...], problem: Problem, batched: bool, wants_x: bool, *tensors: Tensor
    ) -> tuple[Any, Any]:
        n = len(problem.shared_ndims)
        per_task, weights = merge(info, in_dims[3:], problem.shared_ndims, batched, tensors[:-n], tensors[-n:])
        return split(info, batched, _Curvature.apply(problem, True, wants_x, *per_task, *weights))
