"""What is asked of ``inner_adapt``: gradient descent with the right numbers, and the right derivative through it."""

import torch

from autograder.examiner import demand, shares
from autograder.student import Student
from checks.hw2_maml.asking import adapted, close, equal, like_theta, through, untouched
from checks.hw2_maml.quadratics import LOSS, draw, flat
from metakit.problem import Examples

STILL = "inner_adapt left theta where it was, though there was a step to take."


def inner_adapt_one_step(student: Student, rng: torch.Generator) -> None:
    """One step down the gradient, of every tensor of theta."""
    task, lr = draw(rng), 0.2
    got = flat(adapted(student, task, lr, 1))
    step = lr * task.support.gradient(task.start)
    demand(not close(got, task.start + step), "inner_adapt goes up the gradient: it should be theta - lr * grad.")
    demand(not close(got, task.start), "inner_adapt with steps=1 left theta where it was.")
    demand(close(got, task.start - step), "After one step, theta is not theta - lr * grad for every tensor in it.")


def inner_adapt_many_steps(student: Student, rng: torch.Generator) -> None:
    """Each step's gradient is taken where the step before ended."""
    for steps in (2, 5):
        task, lr = draw(rng), 0.2
        got = flat(adapted(student, task, lr, steps))
        stuck = task.start - steps * lr * task.support.gradient(task.start)
        last = task.start - lr * task.support.gradient(task.support.descend(task.start, lr, steps - 1))
        demand(not close(got, stuck), "Every step used the gradient at the start; take it at the current theta.")
        demand(not close(got, last), "Only the last step was applied; each step goes on from the one before.")
        want = task.support.descend(task.start, lr, steps)
        demand(close(got, want), f"After steps={steps}, theta is not where gradient descent ends.")


def inner_adapt_edges(student: Student, rng: torch.Generator) -> None:
    """No steps, no rate: half the points; double precision: the other half."""

    def nothing_to_do() -> None:
        task = draw(rng)
        for lr, steps in ((0.2, 0), (0.0, 1)):
            got = flat(adapted(student, task, lr, steps))
            demand(close(got, task.start), f"With lr={lr} and steps={steps}, theta should stay what it was.")
        demand(not close(flat(adapted(student, task, 0.2, 3)), task.start), STILL)

    def double_precision() -> None:
        task = draw(rng, torch.float64)
        theta = adapted(student, task, 0.2, 1)
        demand(all(w.dtype == torch.float64 for w in theta.values()), "A float64 theta should stay float64.")
        theta = adapted(student, task, 0.2, 3)
        want = task.support.descend(task.start, 0.2, 3)
        demand(not close(flat(theta), task.start), STILL)
        rounded = close(flat(theta), want) and not close(flat(theta), want, 1e-12)
        demand(not rounded, "In float64 the result is only as exact as float32: something rounds on the way.")

    shares(nothing_to_do, double_precision)


def inner_adapt_pure(student: Student, rng: torch.Generator) -> None:
    """The caller's theta and support are as they were."""
    task = draw(rng)
    support = task.examples.support
    got, (theta, _, after, *_), wrote_grad = student.inner_adapt.after(task.theta(), LOSS, support, 0.2, 2)
    untouched(theta, task.theta(), wrote_grad, "inner_adapt")
    kept = isinstance(after, Examples) and all(map(equal, after, support))
    demand(kept, "inner_adapt changed the support set it was given.")
    demand(not close(flat(like_theta(got, task)), task.start), STILL)


def inner_adapt_differentiable(student: Student, rng: torch.Generator) -> None:
    """The derivative of the end with respect to the start is (I - lr H)^steps."""
    for steps in (1, 3):
        task, lr = draw(rng), 0.2
        v, got = through(student, task, lr, steps, False, rng)
        message = "The gradient was a constant: no derivative flows through it. Is there a create_graph=True missing?"
        demand(not close(got, v), message)
        want = task.support.jacobian(lr, steps) @ v
        demand(close(got, want), f"The derivative of theta after {steps} steps with respect to its start is not right.")


def inner_adapt_first_order(student: Student, rng: torch.Generator) -> None:
    """The same numbers, but with the identity as each step's derivative."""
    task, lr, steps = draw(rng), 0.2, 3
    got = flat(adapted(student, task, lr, steps, first_order=True))
    exact = flat(adapted(student, task, lr, steps))
    demand(close(got, exact), "first_order changes derivatives only; the adapted theta should be the same numbers.")
    demand(not close(got, task.start), STILL)
    v, derivative = through(student, task, lr, steps, True, rng)
    second = task.support.jacobian(lr, steps) @ v
    demand(not close(derivative, second), "first_order=True still differentiates through the gradients.")
    demand(close(derivative, v), "With first_order=True the derivative of the end by the start should be the identity.")
