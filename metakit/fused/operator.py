"""A function of inputs and weights whose two derivatives are written by hand, for ``torch.func`` and ``vmap``.

PyTorch would record every small operation of a network, for every task and every inner step, and walk the record twice.
Here a network is one operation; its gradient is one; and how that gradient moves is one. Each takes all tasks of a
``vmap`` in one call, with weights of their own or shared.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd import Function

from metakit.fused.axes import Weights, merge, split, to_rows


class Kernel(Protocol):
    """The mathematics, on plain tensors.

    ``x`` is (n_tasks, n, *features). A weight is as the network has it, shared by all tasks, or has a leading axis
    ``rows`` that divides ``n_tasks``: task t uses row ``t * rows // n_tasks``. Gradients have a row for each task.
    """

    def shared_ndims(self) -> Sequence[int]:
        """Return the number of axes of each weight when it is shared."""

    def pack(self, weights: Weights) -> tuple["Kernel", list[Tensor]]:
        """Return this kernel for weights, gradients and moves in an order of its own, and ``weights`` in that order."""

    def unpack(self, weights: Weights) -> list[Tensor]:
        """Return what is in that order as it was."""

    def forward(self, x: Tensor, weights: Weights, save: bool) -> tuple[Tensor, Tensor]:
        """Return y (n_tasks, n, *out) and what spares the derivatives computing it again, (n_tasks, anything)."""

    def gradient(
        self, g: Tensor, x: Tensor, saved: Tensor, weights: Weights, wants_x: bool
    ) -> tuple[Tensor | None, Weights]:
        """Return the gradients of <g, y> for x and each weight."""

    def forward_tangent(
        self, vx: Tensor | None, v: Weights, x: Tensor, saved: Tensor, weights: Weights
    ) -> tuple[Tensor, Tensor]:
        """Return how y moves when x moves by vx and the weights by v (a row a task), and what the next needs."""

    def backward_tangent(
        self,
        g: Tensor,
        dg: Tensor,
        vx: Tensor | None,
        v: Weights,
        moved: Tensor,
        x: Tensor,
        saved: Tensor,
        weights: Weights,
        wants_x: bool,
    ) -> tuple[Tensor | None, Weights]:
        """Return how ``gradient``'s results move when, besides, g moves by dg."""


def apply(kernel: Kernel, x: Tensor, weights: Weights) -> Tensor:
    """Return y = kernel(x, weights) for x (n, *features), twice differentiable with respect to both."""
    y, _ = _Forward.apply(kernel, False, x, *weights)
    return y


class _Forward(Function):
    @staticmethod
    def forward(kernel: Kernel, batched: bool, x: Tensor, *weights: Tensor) -> tuple[Tensor, Tensor]:
        y, saved = kernel.forward(x if batched else x[None], weights, save=False)
        return (y, saved) if batched else (y[0], saved[0])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        ctx.kernel, ctx.batched, x, *weights = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, output[1], *weights)

    @staticmethod
    def backward(ctx: Any, g: Tensor, _: None) -> tuple[Any, ...]:
        x, saved, *weights = ctx.saved_tensors
        wants_x = ctx.needs_input_grad[2]
        grads = _Gradient.apply(ctx.kernel, ctx.batched, wants_x, g, x, saved, *weights)
        gx = grads[0] if wants_x else None
        return None, None, gx, *to_rows(grads[-len(weights) :], weights)

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[Any, ...], kernel: Kernel, batched: bool, x: Tensor, *weights: Tensor
    ) -> tuple[Any, Any]:
        (x,), rows = merge(info, in_dims[2:], kernel.shared_ndims(), batched, [x], weights)
        y, saved = _Forward.apply(kernel, True, x, *rows)
        return split(info, batched, [y, saved])


class _Gradient(Function):
    @staticmethod
    def forward(
        kernel: Kernel, batched: bool, wants_x: bool, g: Tensor, x: Tensor, saved: Tensor, *weights: Tensor
    ) -> tuple[Tensor, ...]:
        if not batched:
            g, x, saved = g[None], x[None], saved[None]
        gx, grads = kernel.gradient(g, x, saved, weights, wants_x)
        out = (gx, *grads) if gx is not None else tuple(grads)
        return out if batched else tuple(one[0] for one in out)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.kernel, ctx.batched, ctx.wants_x, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *v: Tensor) -> tuple[Any, ...]:
        g, x, saved, *weights = ctx.saved_tensors
        wants_x = ctx.needs_input_grad[4]
        moved = _Tangent.apply(ctx.kernel, ctx.batched, ctx.wants_x, wants_x, *v, g, x, saved, *weights)
        dx = moved[1] if wants_x else None
        return None, None, None, moved[0], dx, None, *to_rows(moved[-len(weights) :], weights)

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[Any, ...],
        kernel: Kernel,
        batched: bool,
        wants_x: bool,
        g: Tensor,
        x: Tensor,
        saved: Tensor,
        *weights: Tensor,
    ) -> tuple[Any, Any]:
        (g, x, saved), rows = merge(info, in_dims[3:], kernel.shared_ndims(), batched, [g, x, saved], weights)
        return split(info, batched, _Gradient.apply(kernel, True, wants_x, g, x, saved, *rows))


class LastDerivative(Function):
    """An operation that is a second derivative, and has none of its own."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Keep nothing."""

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> None:
        """Refuse."""
        raise NotImplementedError(
            "the derivatives of a fused network are written by hand up to the second, but a third was asked for; "
            "build the network with fused=False."
        )


class _Tangent(LastDerivative):
    @staticmethod
    def forward(kernel: Kernel, batched: bool, moves_x: bool, wants_x: bool, *tensors: Tensor) -> tuple[Tensor, ...]:
        per_task, weights = tensors[: -len(kernel.shared_ndims())], tensors[-len(kernel.shared_ndims()) :]
        if not batched:
            per_task = tuple(one[None] for one in per_task)
        *v, g, x, saved = per_task
        vx = v.pop(0) if moves_x else None
        dy, moved = kernel.forward_tangent(vx, v, x, saved, weights)
        still = torch.zeros_like(g)
        dx, dweights = kernel.backward_tangent(g, still, vx, v, moved, x, saved, weights, wants_x)
        out = (dy, dx, *dweights) if dx is not None else (dy, *dweights)
        return out if batched else tuple(one[0] for one in out)

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[Any, ...],
        kernel: Kernel,
        batched: bool,
        moves_x: bool,
        wants_x: bool,
        *tensors: Tensor,
    ) -> tuple[Any, Any]:
        n = len(kernel.shared_ndims())
        per_task, weights = merge(info, in_dims[4:], kernel.shared_ndims(), batched, tensors[:-n], tensors[-n:])
        return split(info, batched, _Tangent.apply(kernel, True, moves_x, wants_x, *per_task, *weights))
