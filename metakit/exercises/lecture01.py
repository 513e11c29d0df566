"""Checks of lecture 01, three steps, twice."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from metakit.exercises.answers import Verdict, close, exercise, not_yet, recall, right
from metakit.minimize import minimize
from metakit.optimizers import SGD
from metakit.problem import Examples, Params, Task


def quiz(answers: dict[int, Any]) -> Verdict:
    """Judge the recall quiz."""
    return recall(
        answers,
        {1: "b", 2: "a", 3: "c"},
        {
            1: "draw a parabola, stand on one side, and take a step that is far too long. Where do you land?",
            2: "the training examples are fitted well, so it is not that too little was learned from them.",
            3: "autograd neither moves anything nor returns the value that it is given.",
        },
    )


@exercise
def counting(trainings: int, steps: int) -> Verdict:
    """Judge exercise 1: 15 outer steps, 64 tasks, 10 inner steps."""
    if close(trainings, 15):
        return not_yet("15 is the number of outer steps. How many tasks are learned anew in each of them?")
    if not close(trainings, 15 * 64):
        return not_yet("Each outer step evaluates L once, and L learns every training task once.")
    if not close(steps, 15 * 64 * 10):
        return not_yet("The trainings are right. Each of them walks the inner loop once.")
    return right("960 trainings of a line, to learn one number. This is why step 3 should be frugal.")


@exercise
def task_loss(l: Callable[[Tensor, Task], Tensor]) -> Verdict:
    """Judge exercise 2: learn from the support set, be judged on the query set."""
    generator = torch.Generator().manual_seed(7)
    for phi in (torch.tensor(0.05), torch.tensor(0.3)):
        numbers = torch.randn(4, 10, generator=generator)
        task = Task(Examples(*numbers[:2, :5]), Examples(*numbers[2:]))
        theta = minimize(_loss, _start(), SGD(phi), [task.support] * 10)
        value = l(phi, task)
        if close(value, _loss(theta, task.query)):
            continue
        if close(value, _loss(theta, task.support)):
            return not_yet("This is the loss on the examples that theta was learned from. Which set judges F?")
        if close(value, _loss(minimize(_loss, _start(), SGD(phi), [task.query] * 10), task.query)):
            return not_yet("theta was learned from the query set: the learner saw the questions of the examination.")
        return not_yet(f"For phi = {phi:.2g} the value should differ from {float(value):.4g}.")
    return right("Learn from the support set, be judged on the query set: within-task training, within-task testing.")


@exercise
def largest_rate(rate: Callable[[float], float]) -> Verdict:
    """Judge exercise 3: L(theta) = a/2 (theta - c)^2 is approached for rates below 2/a."""
    for a in (0.5, 2.0, 10.0):
        value = rate(a)
        if close(value, 1 / a) and not close(value, 2 / a):
            return not_yet("At 1/a one step lands on c. A little beyond, it steps over c, but still comes nearer.")
        if not close(value, 2 / a):
            return not_yet(f"For a = {a} try {float(value):.4g}: does theta - c shrink, and just beyond it, grow?")
    return right("The wall in the picture of L(phi) is this: some task has an a for which the rate exceeds 2/a.")


@exercise
def best_rate(rate: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """Judge exercise 4: the phi that minimizes the mean of (phi * s - q)^2 / 2."""
    generator = torch.Generator().manual_seed(3)
    for _ in range(3):
        s, noise = torch.randn(2, 50, generator=generator)
        q = 0.6 * s + noise
        value, best = rate(s, q), (s * q).sum() / (s * s).sum()
        if close(value, (q / s).mean()):
            return not_yet(
                "The mean of q/s is the best phi of each task, averaged. It is not what makes the mean small."
            )
        if close(value, 1.0):
            return not_yet("1 is best for the support sets: theta lands on s. What is best for the query sets?")
        if not close(value, best):
            return not_yet("Differentiate the mean loss with respect to phi, and set it to zero.")
    return right("The best rate is a regression of what the query sets ask on what the support sets say.")


@exercise
def best_average(percent: float) -> Verdict:
    """Judge exercise 5: chance on trial 1, never wrong on trials 2 to 6."""
    if close(percent, 100.0):
        return not_yet("Before trial 1 nobody has seen these objects.")
    if close(percent, 5.5 / 6, 0.01):
        return not_yet("Write it in percent.")
    if not close(percent, 100 * 5.5 / 6, 0.005):
        return not_yet("Trial 1 is a guess between two objects; the other five can all be right.")
    return right("Not even a perfect learner knows the answer before the first trial. The rest is learning to learn.")


@exercise
def two_rates(adapt: Callable[[Params, Examples], Params]) -> Verdict:
    """Judge exercise 6: a rate for each of the two unknowns."""
    generator = torch.Generator().manual_seed(5)
    for slope_rate, height_rate in ((0.1, 0.1), (0.02, 0.3)):
        support = Examples(*torch.randn(2, 5, generator=generator))
        phi = {"slope": torch.tensor(slope_rate), "height": torch.tensor(height_rate)}
        theta, want = adapt(phi, support), minimize(_loss, _start(), SGD(phi), [support] * 10)
        if all(close(theta[name], want[name]) for name in want):
            continue
        if slope_rate == height_rate:
            return not_yet("With two equal rates it should be what F was: ten steps from zero. It is not.")
        swapped = {"slope": phi["height"], "height": phi["slope"]}
        other = minimize(_loss, _start(), SGD(swapped), [support] * 10)
        if all(close(theta[name], other[name]) for name in other):
            return not_yet("The two rates are swapped.")
        return not_yet("With two equal rates it is right, with different ones not. Does each unknown use its own?")
    return right("phi is two numbers now. A rate for every weight, learned: that is Meta-SGD, of lecture 04.")


def _start() -> Params:
    return {"slope": torch.zeros(()), "height": torch.zeros(())}


def _loss(theta: Params, examples: Examples) -> Tensor:
    return ((theta["slope"] * examples.x + theta["height"] - examples.y) ** 2).mean()
