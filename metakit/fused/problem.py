"""What follows a network's body: head and loss, their gradients, and how these move."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import vmap

from metakit.fused.axes import Weights
from metakit.fused.known import Closed, at_linear, curve_at_linear
from metakit.fused.operator import Kernel

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Problem:
    """A body, a head and a loss, on plain tensors with a leading axis of tasks.

    Args:
        kernel: the body.
        head: ``(features, *weights) -> prediction`` for one task.
        tail_ndims: the numbers of axes of the head's weights.
        loss: ``(prediction, y) -> scalar`` for one task.
    """

    kernel: Kernel
    head: Callable[..., Tensor]
    tail_ndims: tuple[int, ...]
    loss: Loss

    @property
    def shared_ndims(self) -> tuple[int, ...]:
        """Return the number of axes of each weight when it is shared, the body's first."""
        return (*self.kernel.shared_ndims(), *self.tail_ndims)

    def parts(self, weights: Weights) -> tuple[Weights, Weights]:
        """Return those of the body and those of the head."""
        n = len(self.kernel.shared_ndims())
        return weights[:n], weights[n:]

    def slopes(self, features: Tensor, y: Tensor, tail: Weights) -> tuple[Tensor, list[Tensor]]:
        """Return each task's loss, and its gradients for its features and the head's weights, a row a task."""
        tail = self._rows(tail, len(features))
        if closed := self._closed(y):
            return at_linear(closed, features, y, tail)
        values, _, grads = self._recorded(features, y, tail)
        return values.detach(), [grad.detach() for grad in grads]

    def curvature(
        self, features: Tensor, y: Tensor, tail: Weights, moved: Sequence[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return those gradients, and how they move when features and weights move by ``moved``."""
        tail = self._rows(tail, len(features))
        if closed := self._closed(y):
            _, grads = at_linear(closed, features, y, tail)
            return grads, curve_at_linear(closed, features, y, tail, moved)
        _, arguments, grads = self._recorded(features, y, tail)
        with torch.enable_grad():
            along = torch.stack([(a * b).sum() for a, b in zip(grads, moved, strict=True)]).sum()
        if along.requires_grad:
            second = torch.autograd.grad(along, arguments, allow_unused=True, materialize_grads=True)
        else:
            second = tuple(map(torch.zeros_like, arguments))
        return [grad.detach() for grad in grads], list(second)

    def _closed(self, y: Tensor) -> Closed | None:
        closed: Closed | None = getattr(self.loss, "closed", None)
        return closed if closed and self.head is F.linear and closed.takes(y) else None

    def _rows(self, tail: Weights, n_tasks: int) -> list[Tensor]:
        return [
            w.expand(n_tasks, *w.shape) if w.ndim == ndim else w.repeat_interleave(n_tasks // len(w), 0)
            for w, ndim in zip(tail, self.tail_ndims, strict=True)
        ]

    def _recorded(self, features: Tensor, y: Tensor, tail: Weights) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        arguments = [one.detach().requires_grad_() for one in (features, *tail)]

        def loss(y: Tensor, features: Tensor, *tail: Tensor) -> Tensor:
            return self.loss(self.head(features, *tail), y)

        with torch.enable_grad():
            values = vmap(loss)(y, *arguments)
            grads = torch.autograd.grad(values.sum(), arguments, create_graph=True)
        return values, arguments, list(grads)
