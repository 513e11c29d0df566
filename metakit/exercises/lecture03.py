"""Checks of lecture 03, learning to initialize."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from metakit.exercises.answers import Verdict, close, exercise, not_yet, recall, right
from metakit.exercises.inner_loop import inner_adapt
from metakit.problem import Params

__all__ = [
    "best_start", "inner_adapt", "inner_step", "maml_gradient", "nearest_mean", "no_steps", "one_argument", "quiz",
]  # fmt: skip


def quiz(answers: dict[int, Any]) -> Verdict:
    """Judge the recall quiz."""
    return recall(
        answers,
        {1: "c", 2: "b", 3: "a"},
        {
            1: "theta is learned from one set, and l is computed on the other one.",
            2: "how often does the inner loop run while phi takes a step?",
            3: "what survives when a task is over?",
        },
    )


@exercise
def no_steps(letter: str) -> Verdict:
    """Judge exercise 1: MAML without inner steps is joint training."""
    letter = str(letter).strip().lower()
    if letter == "a":
        return not_yet("The outer loop still runs. What does it make small?")
    if letter == "c":
        return not_yet("FOMAML takes inner steps; it only leaves a factor out of the derivative.")
    if letter != "b":
        return not_yet("One letter, please: a, b or c.")
    return right("Pre-training asks for a start that is good as it is; MAML for one that becomes good.")


@exercise
def inner_step(step: Callable[[Params, Params, float], Params]) -> Verdict:
    """Judge exercise 2: theta - lr * g for each name, in new tensors."""
    theta = {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.tensor([3.0])}
    grads = {"weight": torch.tensor([[10.0, -10.0]]), "bias": torch.tensor([1.0])}
    before = {name: value.clone() for name, value in theta.items()}
    new = step(theta, grads, 0.1)
    if not isinstance(new, dict) or set(new) != set(theta):
        return not_yet(f"It should return a dict with the names {sorted(theta)}.")
    if any(not torch.equal(theta[name], before[name]) for name in theta):
        return not_yet("It changed the theta that it was given. The start would be lost for the next task.")
    if all(close(new[name], theta[name] + 0.1 * grads[name]) for name in theta):
        return not_yet("It walks up the hill.")
    if not all(close(new[name], theta[name] - 0.1 * grads[name]) for name in theta):
        return not_yet("The numbers differ from theta - lr * g.")
    return right("New tensors, old ones untouched: the inner loop is a function, so it can be differentiated.")


@exercise
def maml_gradient(gradient: Callable[[float, float, float, float], float]) -> Verdict:
    """Judge exercise 3: the derivative of a/2 (theta_1 - c)^2 after one step from phi."""
    for phi, a, c, lr in ((0.0, 8.0, -1.0, 0.1), (1.5, 1.0, 2.0, 0.3), (-0.5, 3.0, 0.5, 0.25)):
        value, keep = gradient(phi, a, c, lr), 1 - lr * a
        if close(value, a * keep**2 * (phi - c)):
            continue
        if close(value, a * keep * (phi - c)):
            return not_yet("This is FOMAML's. theta_1 itself depends on phi: one factor is missing.")
        if close(value, a * (phi - c)):
            return not_yet("This is the derivative at the start, before the step: joint training.")
        return not_yet(f"For phi = {phi}, a = {a}, c = {c}, lr = {lr} it is not {float(value):.4g}.")
    return right("One factor 1 - lr a because theta_1 came nearer, another because theta_1 moves with phi.")


@exercise
def best_start(start: Callable[[Tensor, Tensor, float, int], Tensor]) -> Verdict:
    """Judge exercise 4: the weighted mean of the c with weights a (1 - lr a)^(2 steps)."""
    a, c = torch.tensor([8.0, 1.0, 3.0]), torch.tensor([-1.0, 2.0, 0.5])
    for lr, steps in ((0.1, 1), (0.05, 3), (0.1, 0)):
        value, keep = start(a, c, lr, steps), 1 - lr * a

        def mean(weights: Tensor) -> Tensor:
            return (weights * c).sum() / weights.sum()

        if close(value, mean(a * keep ** (2 * steps))):
            continue
        if close(value, mean(a * keep**steps)):
            return not_yet("This is where FOMAML ends.")
        if close(value, mean(a)):
            return not_yet("This is where joint training ends: as if no step were taken.")
        if close(value, mean(keep ** (2 * steps))):
            return not_yet("A steep task counts more: where is its a?")
        return not_yet(f"For lr = {lr} and {steps} steps the mean loss after adapting is lower somewhere else.")
    return right("MAML starts near the tasks that gradient descent would not reach in time.")


@exercise
def one_argument(name: str) -> Verdict:
    """Judge exercise 5: create_graph."""
    word = str(name).strip().strip("`").split("=")[0].strip()
    if word == "retain_graph":
        return not_yet(
            "That keeps a graph alive for another backward pass. Which one makes the gradient part of a graph?"
        )
    if word == "requires_grad":
        return not_yet("phi needs it in both algorithms.")
    if word != "create_graph":
        return not_yet("Look at the call that computes the inner gradient.")
    return right("Without it nothing fails and nothing warns. A famous tutorial was first order for that reason.")


@exercise
def nearest_mean(classify: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Verdict:
    """Judge exercise 6: the label of the nearest class mean."""
    generator = torch.Generator().manual_seed(11)
    centres = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    for k_shot in (1, 6):
        y = torch.arange(3).repeat(k_shot)[torch.randperm(3 * k_shot, generator=generator)]
        x = centres[y] + 1.5 * torch.randn(len(y), 2, generator=generator)
        queries = centres.repeat(40, 1) + 1.5 * torch.randn(120, 2, generator=generator)
        labels = classify(x, y, queries)
        if not isinstance(labels, Tensor) or labels.shape != (120,):
            return not_yet("It should return one label for each query: a tensor of shape (n_query,).")
        means = torch.stack([x[y == label].mean(0) for label in range(3)])
        if torch.equal(labels.long(), torch.cdist(queries, means).argmin(1)):
            continue
        one = torch.cdist(queries, x).argmin(1)
        if torch.equal(labels.long(), one):
            return not_yet("These are places in the support set. Which label stands there?")
        if torch.equal(labels.long(), y[one]):
            return not_yet("Right for one shot. With more, compare with the mean of each class, not with each image.")
        return not_yet("Some queries get another label than that of the nearest class mean.")
    return right("Learn the space in which you take means, and you have lecture 05's prototypical networks.")
