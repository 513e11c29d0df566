"""Calling the student's two functions on quadratic tasks, and what is wrong with what they return."""

import torch
from torch import Tensor

from autograder.examiner import demand
from autograder.inside.wire import Other
from autograder.student import Student
from checks.hw2_maml.quadratics import LOSS, Quadratic, loss_fn, unflat
from metakit.problem import Examples, Params, Task


def adapted(student: Student, task: Quadratic, lr: float, steps: int, first_order: bool = False) -> Params:
    """Return the student's adapted theta, once it is sure that it is one."""
    got = student.inner_adapt(task.theta(), LOSS, task.examples.support, lr, steps, first_order=first_order)
    return like_theta(got, task)


def like_theta(got: object, task: Quadratic) -> Params:
    """Return ``got``, once it is sure that it is a dict like theta."""
    names = sorted(task.theta())
    form = f"inner_adapt should return a dict like theta, with the names {names}"
    demand(isinstance(got, dict), f"{form}; it returned {kind(got)}.")
    assert isinstance(got, dict)
    demand(sorted(got) == names, f"{form}; it returned {sorted(got)}.")
    for name, weight in task.theta().items():
        fits = isinstance(got[name], Tensor) and got[name].shape == weight.shape
        demand(fits, f"{form}, and each tensor with its shape; {name} has another.")
    return got


def through(
    student: Student, task: Quadratic, lr: float, steps: int, first_order: bool, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return a random vector v, and v pulled back through the student's ``inner_adapt``."""
    v = torch.randn(task.start.shape, generator=rng, dtype=task.start.dtype)
    cotangent = unflat(v.to(task.examples.support.x.dtype))
    _, pulled = student.inner_adapt.pullback(
        cotangent, task.theta(), LOSS, task.examples.support, lr, steps, first_order=first_order
    )
    return v, derivative(pulled, list(task.theta().values()))


def value(student: Student, task: Quadratic, tasks: list[Task], lr: float, steps: int) -> float:
    """Return the student's maml_loss at the start of ``task``."""
    return float(scalar(student.maml_loss(task.theta(), LOSS, list(tasks), lr, steps)))


def meta_gradient(student: Student, task: Quadratic, lr: float, steps: int, first_order: bool) -> Tensor:
    """Return the gradient of the student's maml_loss of one task."""
    got, pulled = student.maml_loss.pullback(
        torch.ones(()), task.theta(), LOSS, [task.examples], lr, steps, first_order=first_order
    )
    scalar(got)
    return derivative(pulled, list(task.theta().values()))


def loss_of(theta: Params, examples: Examples) -> float:
    """Return the loss as a number."""
    return float(loss_fn(theta, examples).detach())


def scalar(got: object) -> Tensor:
    """Return what maml_loss returned, once it is sure that it is a scalar tensor."""
    message = f"maml_loss should return a scalar tensor, as torch.mean does; it returned {kind(got)}."
    demand(isinstance(got, Tensor) and got.ndim == 0, message)
    assert isinstance(got, Tensor)
    return got.detach()


def derivative(pulled: list[Tensor | None], weights: list[Tensor]) -> Tensor:
    """Return what was pulled back to ``weights`` as one vector, with zeros where nothing depends on them."""
    parts = [torch.zeros_like(w) if p is None else p for p, w in zip(pulled, weights, strict=True)]
    return torch.cat([part.flatten() for part in parts])


def untouched(after: object, before: Params, wrote_grad: bool, who: str) -> None:
    """Demand that a dict of weights is as it was."""
    message = f"{who} changed the theta it was given; make new tensors and a new dict (no -=, no theta[name] = ...)."
    demand(isinstance(after, dict) and after.keys() == before.keys(), message)
    assert isinstance(after, dict)
    demand(all(equal(after[name], before[name]) for name in before), message)
    demand(not wrote_grad, f"{who} left something in .grad: .backward() writes there, torch.autograd.grad does not.")


def equal(a: object, b: Tensor) -> bool:
    """Return whether something is a tensor with the very numbers of another."""
    return isinstance(a, Tensor) and a.dtype == b.dtype and torch.equal(a.detach(), b.detach())


def close(a: Tensor, b: Tensor, tolerance: float = 1e-3) -> bool:
    """Return whether two vectors differ by little, measured against the longer one."""
    a, b = a.detach().double(), b.detach().double()
    return bool((a - b).norm() <= tolerance * torch.maximum(a.norm(), b.norm()))


def same(a: float, b: float) -> bool:
    """Return whether two numbers differ by at most a part in a thousand."""
    return abs(a - b) <= 1e-3 * max(abs(a), abs(b))


def kind(got: object) -> str:
    """Say what something is."""
    if isinstance(got, Tensor):
        return f"a tensor of shape {tuple(got.shape)}"
    return got.type if isinstance(got, Other) else type(got).__name__
