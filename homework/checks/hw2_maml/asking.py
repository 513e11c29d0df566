"""Calling the student's two functions on quadratic tasks, and what is wrong with what they return."""

import torch
from torch import Tensor

from checks.examine import Student, demand
from checks.hw2_maml.quadratics import Quadratic, flat, loss_fn
from metakit.problem import Examples, Params, Task

NO_GRAPH = "No derivative flows back to theta: something cut the graph (detach, .data, .item(), no_grad?)."


def adapted(student: Student, task: Quadratic, lr: float, steps: int, first_order: bool = False) -> Params:
    """Return the student's adapted theta, once it is sure that it is one."""
    got = student.inner_adapt(task.theta(), loss_fn, task.examples.support, lr, steps, first_order=first_order)
    names = sorted(task.theta())
    form = f"inner_adapt should return a dict like theta, with the names {names}"
    demand(isinstance(got, dict), f"{form}; it returned {type(got).__name__}.")
    demand(sorted(got) == names, f"{form}; it returned {sorted(got)}.")
    for name, weight in task.theta().items():
        fits = isinstance(got[name], Tensor) and got[name].shape == weight.shape
        demand(fits, f"{form}, and each tensor with its shape; {name} has another.")
    return got


def through(
    student: Student, task: Quadratic, lr: float, steps: int, first_order: bool, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return a random vector v, and v pulled back through the student's ``inner_adapt``."""
    given = task.theta()
    weights = list(given.values())
    got = flat(student.inner_adapt(given, loss_fn, task.examples.support, lr, steps, first_order=first_order))
    v = torch.randn(task.start.shape, generator=rng, dtype=task.start.dtype)
    return v, torch.cat([g.flatten() for g in gradient(got @ v.to(got.dtype), weights)])


def value(student: Student, task: Quadratic, tasks: list[Task], lr: float, steps: int) -> float:
    """Return the student's maml_loss at the start of ``task``."""
    return float(scalar(student.maml_loss(task.theta(), loss_fn, list(tasks), lr, steps)).detach())


def meta_gradient(student: Student, task: Quadratic, lr: float, steps: int, first_order: bool) -> Tensor:
    """Return the gradient of the student's maml_loss of one task."""
    given = task.theta()
    weights = list(given.values())
    got = student.maml_loss(given, loss_fn, [task.examples], lr, steps, first_order=first_order)
    return torch.cat([g.flatten() for g in gradient(scalar(got), weights)])


def loss_of(theta: Params, examples: Examples) -> float:
    """Return the loss as a number."""
    return float(loss_fn(theta, examples).detach())


def scalar(got: object) -> Tensor:
    """Return what maml_loss returned, once it is sure that it is a scalar tensor."""
    demand(isinstance(got, Tensor) and got.ndim == 0, "maml_loss should return a scalar tensor, as torch.mean does.")
    assert isinstance(got, Tensor)
    return got


def gradient(scalar: Tensor, weights: list[Tensor]) -> list[Tensor]:
    """Return the derivative of ``scalar`` by each of ``weights``."""
    demand(scalar.requires_grad, NO_GRAPH)
    grads = torch.autograd.grad(scalar, weights, allow_unused=True)
    demand(any(g is not None for g in grads), NO_GRAPH)
    return [torch.zeros_like(w) if g is None else g for w, g in zip(weights, grads, strict=True)]


def untouched(theta: Params, before: Params, who: str) -> None:
    """Demand that a dict of weights is as it was."""
    message = f"{who} changed the theta it was given; make new tensors and a new dict (no -=, no theta[name] = ...)."
    same_names = theta.keys() == before.keys()
    demand(same_names and all(torch.equal(theta[name], before[name]) for name in before), message)
    message = f"{who} left something in .grad: .backward() writes there, torch.autograd.grad does not."
    demand(all(w.grad is None for w in theta.values()), message)


def close(a: Tensor, b: Tensor, tolerance: float = 1e-3) -> bool:
    """Return whether two vectors differ by little, measured against the longer one."""
    a, b = a.detach().double(), b.detach().double()
    return bool((a - b).norm() <= tolerance * torch.maximum(a.norm(), b.norm()))


def same(a: float, b: float) -> bool:
    """Return whether two numbers differ by at most a part in a thousand."""
    return abs(a - b) <= 1e-3 * max(abs(a), abs(b))
