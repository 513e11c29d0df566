"""What follows a network's body: head and loss, their gradients, and how these move."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import vmap

from metakit.fused.axes import Weights, own_rows
from metakit.fused.known import Closed, curve_at_head, no_head, slopes_at_head, value_at_head
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

    def pack(self, weights: Weights) -> tuple["Problem", list[Tensor]]:
        """Return the problem in the body's own order of weights, and weights or moves in it."""
        body, tail = self.parts(weights)
        kernel, body = self.kernel.pack(body)
        return replace(self, kernel=kernel), [*body, *tail]

    def unpack(self, weights: Weights) -> list[Tensor]:
        """Return weights or moves in everybody's order."""
        body, tail = self.parts(weights)
        return [*self.kernel.unpack(body), *tail]

    def value_and_slopes(self, features: Tensor, y: Tensor, tail: Weights) -> tuple[Tensor, list[Tensor]]:
        """Return each task's loss, and its gradients for its features and the head's weights, a row a task."""
        if closed := self._closed(y):
            tail = self._rows(tail, len(features))
            slopes = slopes_at_head(closed, features, y, tail)  # which looks at the shapes, too
            return value_at_head(closed, features, y, tail), slopes
        values, _, grads = self._recorded(features, y, tail)
        return values.detach(), [grad.detach() for grad in grads]

    def slopes(self, features: Tensor, y: Tensor, tail: Weights) -> list[Tensor]:
        """Return the gradients alone."""
        if closed := self._closed(y):
            return slopes_at_head(closed, features, y, self._rows(tail, len(features)))
        return self.value_and_slopes(features, y, tail)[1]

    def curvature(self, features: Tensor, y: Tensor, tail: Weights, moved: Sequence[Tensor]) -> list[Tensor]:
        """Return how those gradients move when features and weights move by ``moved``."""
        if closed := self._closed(y):
            return curve_at_head(closed, features, y, self._rows(tail, len(features)), moved)
        _, arguments, grads = self._recorded(features, y, tail)
        with torch.enable_grad():
            along = torch.stack([(a * b).sum() for a, b in zip(grads, moved, strict=True)]).sum()
        if not along.requires_grad:
            return list(map(torch.zeros_like, arguments))
        return list(torch.autograd.grad(along, arguments, allow_unused=True, materialize_grads=True))

    def _closed(self, y: Tensor) -> Closed | None:
        closed: Closed | None = getattr(self.loss, "closed", None)
        return closed if closed and self.head in (F.linear, no_head) and closed.takes(y) else None

    def _rows(self, tail: Weights, n_tasks: int) -> list[Tensor]:
        return own_rows(tail, self.tail_ndims, n_tasks)

    def _recorded(self, features: Tensor, y: Tensor, tail: Weights) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        arguments = [one.detach().requires_grad_() for one in (features, *self._rows(tail, len(features)))]

        def loss(y: Tensor, features: Tensor, *tail: Tensor) -> Tensor:
            return self.loss(self.head(features, *tail), y)

        with torch.enable_grad():
            values = vmap(loss)(y, *arguments)
            grads = torch.autograd.grad(values.sum(), arguments, create_graph=True)
        return values, arguments, list(grads)
