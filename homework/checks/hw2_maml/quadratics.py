"""Tasks whose answers are known: linear regression, where gradient descent is a product of matrices."""

from dataclasses import dataclass

import torch
from torch import Tensor

from autograder.examiner import code_of
from metakit.problem import Examples, Params, Task

_SIZES = {"body": (2, 2), "head": (3,)}
"""Theta's tensors: more than one, and of several shapes, so that one forgotten is noticed."""


def loss_fn(theta: Params, examples: Examples) -> Tensor:
    """Return half the mean squared error of a linear function of x (n, 7), y (n,)."""
    prediction = examples.x[:, :4] @ theta["body"].flatten() + examples.x[:, 4:] @ theta["head"]
    return ((prediction - examples.y) ** 2).mean() / 2


LOSS = code_of(loss_fn)
"""The same for the student's functions, which are elsewhere."""


@dataclass(frozen=True)
class Bowl:
    """The loss of one set of examples, (theta - bottom)^T H (theta - bottom) / 2 up to a constant, in float64."""

    hessian: Tensor  # H, (7, 7)
    bottom: Tensor  # (7,)

    @classmethod
    def of(cls, examples: Examples) -> "Bowl":
        """Return the bowl that these examples make."""
        x, y = examples.x.double(), examples.y.double()
        hessian = x.T @ x / len(y)
        return cls(hessian, torch.linalg.solve(hessian, x.T @ y / len(y)))

    def gradient(self, theta: Tensor) -> Tensor:
        """Return H (theta - bottom)."""
        return self.hessian @ (theta - self.bottom)

    def jacobian(self, lr: float, steps: int) -> Tensor:
        """Return (I - lr H)^steps: where gradient descent ends, differentiated by where it starts."""
        return torch.linalg.matrix_power(torch.eye(len(self.bottom), dtype=torch.float64) - lr * self.hessian, steps)

    def descend(self, theta: Tensor, lr: float, steps: int) -> Tensor:
        """Return where gradient descent ends: bottom + (I - lr H)^steps (theta - bottom)."""
        return self.bottom + self.jacobian(lr, steps) @ (theta - self.bottom)


@dataclass(frozen=True)
class Quadratic:
    """One task, and where theta starts: ``start`` (7,) in float64, ``examples`` in the dtype of the check."""

    examples: Task
    start: Tensor

    @property
    def support(self) -> Bowl:
        """The loss of the support set."""
        return Bowl.of(self.examples.support)

    @property
    def query(self) -> Bowl:
        """The loss of the query set."""
        return Bowl.of(self.examples.query)

    def theta(self, at: Tensor | None = None) -> Params:
        """Return fresh leaves that hold the start, or the point ``at`` (7,)."""
        point = (self.start if at is None else at).to(self.examples.query.x.dtype)
        return {name: weight.clone().requires_grad_() for name, weight in unflat(point).items()}


def draw(rng: torch.Generator, dtype: torch.dtype = torch.float32) -> Quadratic:
    """Return a random task with 12 support and 16 query examples."""

    def examples(n: int) -> Examples:
        x = torch.randn(n, 7, generator=rng, dtype=torch.float64)
        y = x @ weights + torch.randn(n, generator=rng, dtype=torch.float64) / 2
        return Examples(x.to(dtype), y.to(dtype))

    weights = torch.randn(7, generator=rng, dtype=torch.float64)
    start = torch.randn(7, generator=rng, dtype=torch.float64).to(dtype).double()
    return Quadratic(Task(examples(12), examples(16)), start)


def flat(theta: Params) -> Tensor:
    """Return theta as one vector (7,)."""
    return torch.cat([theta["body"].flatten(), theta["head"].flatten()])


def unflat(vector: Tensor) -> Params:
    """Return a vector (7,) as a dict like theta."""
    body, head = vector.split([4, 3])
    return {name: part.reshape(_SIZES[name]) for name, part in (("body", body), ("head", head))}
