"""What is asked of ``maml_loss``: the query set, the mean over tasks, and MAML's gradient rather than FOMAML's."""

import torch
from torch import Tensor, nn

from autograder.examiner import demand, needs
from autograder.inside.wire import Code
from autograder.student import Student
from checks.hw2_maml.asking import (
    adapted,
    close,
    derivative,
    like_theta,
    loss_of,
    meta_gradient,
    same,
    scalar,
    untouched,
    value,
)
from checks.hw2_maml.quadratics import LOSS, draw, flat
from metakit.algorithms.maml import MAML
from metakit.learner import meta_loss, query_loss
from metakit.losses import cross_entropy
from metakit.networks import mlp
from metakit.problem import Examples, Params, Task
from metakit.tree import stack

NETWORK_LOSS = Code(
    """
from torch.nn import Tanh
from metakit.losses import cross_entropy, empirical_loss
from metakit.networks import mlp
network_loss = empirical_loss(mlp((16, 8, 3), Tanh), cross_entropy)
""",
    "network_loss",
)
"""The loss on the network of ``maml_loss_network``, for the student's function."""


def maml_loss_value(student: Student, rng: torch.Generator) -> None:
    """Of one task: the loss on the query set after adapting on the support set."""
    task, lr, steps = draw(rng), 0.2, 3
    support, query = task.examples
    got = value(student, task, [task.examples], lr, steps)
    right = task.theta(task.support.descend(task.start, lr, steps))
    if same(got, loss_of(right, query)):
        return
    mine = adapted(student, task, lr, steps)
    # Right by the student's own inner_adapt, if it moves at all: a mistake there should not cost these marks too, and
    # where it moves little, two losses may agree by chance.
    if same(got, loss_of(mine, query)) and not close(flat(mine), task.start, 1e-6):
        return
    crammed = like_theta(student.inner_adapt(task.theta(), LOSS, query, lr, steps), task)
    mistakes = {
        "maml_loss takes its loss on the support set; what was learned is judged on the *query* set.": (mine, support),
        "maml_loss takes the query loss of theta itself: adapt first.": (task.theta(), query),
        "maml_loss adapts on the query set, which is the exam: adapt on the *support* set.": (crammed, query),
    }
    for sentence, (theta, examples) in mistakes.items():
        demand(not same(got, loss_of(theta, examples)), sentence)
    demand(False, "maml_loss of one task is not the query loss of the theta that inner_adapt returns for it.")


def maml_loss_tasks(student: Student, rng: torch.Generator) -> None:
    """The mean of the tasks' losses, and no task sees another."""
    task, lr, steps = draw(rng), 0.2, 2
    tasks = [draw(rng).examples for _ in range(4)]
    alone = [value(student, task, [one], lr, steps) for one in tasks]
    got = value(student, task, tasks, lr, steps)
    demand(not same(got, sum(alone)), "maml_loss is the sum over tasks; it should be their *mean*.")
    backwards = value(student, task, tasks[::-1], lr, steps)
    leaked = "The order of the tasks changes maml_loss: each must start from theta, not where another ended."
    demand(same(got, backwards), leaked)
    demand(same(got, sum(alone) / 4), "maml_loss of four tasks is not the mean of what it is for each alone.")


def maml_loss_pure(student: Student, rng: torch.Generator) -> None:
    """The caller's theta is as it was: maml_loss returns a loss, and changes nothing."""
    task = draw(rng)
    _, (theta, *_), wrote_grad = student.maml_loss.after(
        task.theta(), LOSS, [task.examples, draw(rng).examples], 0.2, 2
    )
    untouched(theta, task.theta(), wrote_grad, "maml_loss")


def maml_loss_meta_gradient(student: Student, rng: torch.Generator) -> None:
    """MAML's gradient of one task's loss, through the inner steps: (I - lr H)^steps H_q (theta_k - w_q)."""
    for steps in (1, 3):
        task, lr = draw(rng), 0.2
        got = meta_gradient(student, task, lr, steps, False)
        first = task.query.gradient(task.support.descend(task.start, lr, steps))
        message = "This is FOMAML's gradient: the inner gradients were constants. Is there a create_graph=True missing?"
        demand(not close(got, first), message)
        message = f"The gradient of maml_loss with respect to theta is not MAML's (steps={steps})."
        demand(close(got, task.support.jacobian(lr, steps) @ first), message)


def maml_loss_first_order(student: Student, rng: torch.Generator) -> None:
    """With first_order=True, FOMAML's gradient: that of the query loss where adapting ends, H_q (theta_k - w_q)."""
    task, lr, steps = draw(rng), 0.2, 3
    got = meta_gradient(student, task, lr, steps, True)
    want = task.query.gradient(task.support.descend(task.start, lr, steps))
    message = "first_order=True still gives MAML's second-order gradient: does maml_loss hand it on to inner_adapt?"
    demand(not close(got, task.support.jacobian(lr, steps) @ want), message)
    demand(close(got, want), "The gradient of maml_loss with first_order=True is not FOMAML's.")


@needs("maml_loss_tasks", "maml_loss_meta_gradient")
def maml_loss_network(student: Student, rng: torch.Generator) -> None:
    """All of it, on a network and in float64: the value is MAML's, and the gradient is the derivative of the value."""
    model, lr, steps, eps = mlp((16, 8, 3), nn.Tanh), 0.3, 2, 1e-5
    theta = {name: torch.randn(w.shape, generator=rng, dtype=torch.float64) / 2 for name, w in model.init(0).items()}
    tasks = [Task(*(Examples(normal(rng, n, 16), torch.arange(n) % 3) for n in (6, 9))) for _ in range(3)]

    def loss_at(point: Params) -> Tensor:
        return scalar(student.maml_loss(leaves(point), NETWORK_LOSS, tasks, lr, steps))

    want = meta_loss(MAML(model, cross_entropy, lr, steps), query_loss(cross_entropy))(theta, stack(tasks))
    message = "On a network, three tasks and float64, maml_loss has another value than MAML's; see the cells before."
    demand(close(loss_at(theta)[None], want[None], 1e-12), message)
    _, pulled = student.maml_loss.pullback(torch.ones(()).double(), leaves(theta), NETWORK_LOSS, tasks, lr, steps)
    direction = {name: torch.randn(w.shape, generator=rng, dtype=torch.float64) for name, w in theta.items()}
    slope = derivative(pulled, list(theta.values())) @ torch.cat([d.flatten() for d in direction.values()])
    up, down = ({name: w + sign * eps * direction[name] for name, w in theta.items()} for sign in (1, -1))
    differences = (loss_at(up) - loss_at(down)) / (2 * eps)
    message = "On a network, the gradient is not the derivative of the loss: finite differences give another slope."
    demand(close(slope[None], differences[None], 1e-5), message)


def leaves(theta: Params) -> Params:
    """Return fresh leaves with the same numbers."""
    return {name: w.detach().clone().requires_grad_() for name, w in theta.items()}


def normal(rng: torch.Generator, *shape: int) -> Tensor:
    """Return standard normal numbers in float64."""
    return torch.randn(shape, generator=rng, dtype=torch.float64)
