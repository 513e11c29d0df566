"""The check of a student's own inner loop, which lecture 03's widget then runs."""

from collections.abc import Callable

import torch
from torch import Tensor

from metakit.exercises.answers import Verdict, close, exercise, not_yet, right
from metakit.gradients import Gradient, autodiff, first_order
from metakit.minimize import minimize
from metakit.optimizers import SGD
from metakit.problem import Examples, Objective, Params

LR = 0.2

Adapt = Callable[[Params, Objective, Examples, float, int], Params]
"""``(theta, loss, support, lr, steps) -> theta``: homework 2's ``inner_adapt``."""


@exercise
def inner_adapt(adapt: Adapt) -> Verdict:
    """Judge ``adapt(theta, loss, support, lr, steps)``: gradient descent, and a derivative that goes through it."""
    support = Examples(*torch.randn(2, 6, generator=torch.Generator().manual_seed(3)))
    try:
        found = _form(adapt, support) or _steps(adapt, support) or _derivative(adapt, support)
    except RuntimeError as error:
        if "in-place" not in str(error):
            raise
        found = "It writes into the theta that it was given. Make new tensors: weight - lr * grad."
    if found:
        return not_yet(found)
    return right("Gradient descent that can itself be differentiated. The widget below runs it.")


def _form(adapt: Adapt, support: Examples) -> str | None:
    theta = _start()
    given = dict(theta)
    got = adapt(theta, _loss, support, LR, 1)
    if not isinstance(got, dict) or set(got) != set(given):
        return f"It should return a dict with the names of theta, {sorted(given)}."
    if any(theta.get(name) is not given[name] or not _equal(given[name], value) for name, value in _start().items()):
        return "It changed the theta that it was given. The next task would start where this one ended."
    if any(weight.grad is not None for weight in given.values()):
        return "It wrote into .grad, as loss.backward() does. torch.autograd.grad returns the gradients instead."
    if _same(got, _start()):
        return "With steps=1 theta has not moved."
    if _same(got, _descended(support, -LR, 1)):
        return "It walks up the hill."
    after = _descended(support, LR, 1)
    still = [name for name in given if close(got[name], _start()[name])]
    if still:
        return f"Every tensor of theta takes the step; {', '.join(still)} did not."
    return None if _same(got, after) else "After one step the numbers differ from theta - lr * grad."


def _steps(adapt: Adapt, support: Examples) -> str | None:
    got = adapt(_start(), _loss, support, LR, 3)
    at_the_start = {name: w + 3 * (_descended(support, LR, 1)[name] - w) for name, w in _start().items()}
    if _same(got, at_the_start):
        return "One step is right. With more, each took the gradient at the start; take it where the last step ended."
    if _same(got, _descended(support, LR, 1)):
        return "With steps=3 it took one. Does it return inside the loop, or begin at the start each time?"
    if not _same(got, _descended(support, LR, 3)):
        return "One step is right, three are not: each goes on from the theta that the last one made."
    if not _same(adapt(_start(), _loss, support, LR, 0), _start()):
        return "With steps=0 theta should stay what it was."
    return None


def _derivative(adapt: Adapt, support: Examples) -> str | None:
    def through(adapted: Params, start: Params) -> list[Tensor] | None:
        end = sum(weight.sum() for weight in adapted.values())
        if not isinstance(end, Tensor) or not end.requires_grad:
            return None
        return list(torch.autograd.grad(end, list(start.values()), materialize_grads=True))

    start = _start()
    got = through(adapt(start, _loss, support, LR, 2), start)
    if got is None:
        return "The numbers are right, but theta is cut off from phi: look for detach, .data, .item() or no_grad."
    want, constant = (through(_descended(support, LR, 2, g, start), start) for g in (autodiff, first_order))
    assert want is not None
    assert constant is not None
    if all(map(close, got, constant)):
        return "The numbers are right, but the gradients count as constants: this is FOMAML. Which argument is missing?"
    return None if all(map(close, got, want)) else "The numbers are right, the derivative of theta by phi is not."


def _descended(
    support: Examples, lr: float, steps: int, gradient: Gradient = autodiff, start: Params | None = None
) -> Params:
    return minimize(_loss, start or _start(), SGD(lr), [support] * steps, gradient)


def _start() -> Params:
    return {"slope": torch.tensor(1.5, requires_grad=True), "height": torch.tensor(-0.5, requires_grad=True)}


def _loss(theta: Params, examples: Examples) -> Tensor:
    return ((theta["slope"] * examples.x + theta["height"] - examples.y) ** 2).mean()


def _equal(a: Tensor, b: Tensor) -> bool:
    return torch.equal(a.detach(), b.detach())


def _same(a: Params, b: Params) -> bool:
    return all(close(a[name], b[name]) for name in b)
