"""learn2learn's MAML as in its Omniglot example: clone, adapt, one backward a task, gradients divided at the end.

Source: https://github.com/learnables/learn2learn, examples/vision/maml_omniglot.py.
"""

import importlib
import importlib.util
import sys

from benchmarks.contestants.protocol import Problem, serve
from benchmarks.contestants.torch_parts import ModuleContestant


def without_its_front_door() -> None:
    """Let learn2learn's parts be imported without its ``__init__``, which wants gym and torchvision for other parts.

    What is imported afterwards is the installed package's own code, unchanged.
    """
    spec = importlib.util.find_spec("learn2learn")
    if spec is None:
        raise ImportError("learn2learn is not installed")
    sys.modules["learn2learn"] = package = importlib.util.module_from_spec(spec)  # and not executed
    package.utils = importlib.import_module("learn2learn.utils")  # where its other parts look for it


class Learn2learn(ModuleContestant):
    """MAML by ``learn2learn.algorithms.MAML``."""

    def __init__(self, problem: Problem) -> None:
        """Wrap the module."""
        without_its_front_door()
        from learn2learn.algorithms import MAML

        super().__init__(problem)
        self.maml = MAML(self.net, lr=problem.lr, first_order=problem.first_order)

    def backward(self) -> None:
        """Go through the tasks."""
        n_tasks = len(self.support_x)
        for task in range(n_tasks):
            learner = self.maml.clone()
            for _ in range(self.problem.steps):
                learner.adapt(self.loss(learner(self.support_x[task]), self.support_y[task]))
            self.loss(learner(self.query_x[task]), self.query_y[task]).backward()
        for weight in self.maml.parameters():
            weight.grad.data.mul_(1.0 / n_tasks)


if __name__ == "__main__":
    serve(Learn2learn, ("learn2learn", "torch", "numpy"))
