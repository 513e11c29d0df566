"""metakit, in a user's own words: a learner, its meta loss, and the library's only loop."""

from itertools import repeat

import numpy as np

from benchmarks.contestants.protocol import Problem, serve
from benchmarks.contestants.torch_parts import data, device_peak, finish, prepare, weights
from metakit.algorithms.maml import MAML
from metakit.gradients import autodiff, first_order
from metakit.learner import meta_loss, query_loss
from metakit.losses import cross_entropy, mse
from metakit.minimize import descend
from metakit.networks import conv4, mlp
from metakit.optimizers import Adam
from metakit.problem import Examples, Task


class Metakit:
    """MAML by ``meta_loss`` and ``descend``."""

    def __init__(self, problem: Problem) -> None:
        """Write down the learner; nothing is computed yet."""
        prepare(problem)
        self.problem, self.phi = problem, weights(problem)
        support_x, support_y, query_x, query_y = data(problem)
        self.tasks = Task(Examples(support_x, support_y), Examples(query_x, query_y))
        if problem.network == "conv4":
            model, loss = conv4(len(problem.phi["head.bias"])), cross_entropy
        else:
            model, loss = mlp((1, 40, 40, 1)), mse
        gradient = first_order if problem.first_order else autodiff
        learner = MAML(model, loss, lr=problem.lr, steps=problem.steps, gradient=gradient)
        self.objective = meta_loss(learner, query_loss(loss))
        self.steps = descend(self.objective, self.phi, Adam(problem.outer_lr), repeat(self.tasks))

    def gradient(self) -> dict[str, np.ndarray]:
        """Return the meta-gradient at the start."""
        _, grads = autodiff(self.objective)(self.phi, self.tasks)
        return {name: grad.detach().cpu().numpy() for name, grad in grads.items()}

    def step(self) -> None:
        """Make one meta-iteration."""
        next(self.steps)
        finish(self.problem)

    def device_peak(self) -> int | None:
        """Return the most device memory that was in use."""
        return device_peak(self.problem)


if __name__ == "__main__":
    serve(Metakit, ("torch", "numpy"))
