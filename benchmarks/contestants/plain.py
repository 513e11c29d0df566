"""Plain PyTorch, the way of the MAML++ repository: a loop over tasks, functional forward, one backward at the end.

Source: https://github.com/AntreasAntoniou/HowToTrainYourMAMLPytorch, few_shot_learning_system.py.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.contestants.protocol import Problem, serve
from benchmarks.contestants.torch_parts import data, device_peak, finish, loss_of, prepare, weights

Weights = dict[str, Tensor]


def conv4(theta: Weights, x: Tensor) -> Tensor:
    """Return the logits of images (n, 1, 28, 28)."""
    for i in range(1, 5):
        x = F.conv2d(x, theta[f"block{i}.conv.weight"], theta[f"block{i}.conv.bias"], stride=2, padding=1)
        x = F.batch_norm(x, None, None, theta[f"block{i}.norm.weight"], theta[f"block{i}.norm.bias"], training=True)
        x = F.relu(x)
    return F.linear(x.mean((-2, -1)), theta["head.weight"], theta["head.bias"])


def mlp(theta: Weights, x: Tensor) -> Tensor:
    """Return the prediction for points (n, 1)."""
    for i in range(1, len(theta) // 2):
        x = F.relu(F.linear(x, theta[f"layer{i}.weight"], theta[f"layer{i}.bias"]))
    return F.linear(x, theta["head.weight"], theta["head.bias"])


class Plain:
    """MAML by ``torch.autograd.grad`` with ``create_graph``."""

    def __init__(self, problem: Problem) -> None:
        """Make phi a set of leaves and give them to Adam."""
        prepare(problem)
        self.problem, self.loss = problem, loss_of(problem)
        self.forward = conv4 if problem.network == "conv4" else mlp
        self.tasks = list(zip(*data(problem), strict=True))
        self.phi = {name: weight.requires_grad_() for name, weight in weights(problem).items()}
        self.outer = torch.optim.Adam(self.phi.values(), lr=problem.outer_lr)

    def task_loss(self, support_x: Tensor, support_y: Tensor, query_x: Tensor, query_y: Tensor) -> Tensor:
        """Return the query loss after the inner loop of one task."""
        theta = self.phi
        for _ in range(self.problem.steps):
            loss = self.loss(self.forward(theta, support_x), support_y)
            grads = torch.autograd.grad(loss, list(theta.values()), create_graph=not self.problem.first_order)
            theta = {name: w - self.problem.lr * g for (name, w), g in zip(theta.items(), grads, strict=True)}
        return self.loss(self.forward(theta, query_x), query_y)

    def backward(self) -> None:
        """Fill the gradients of phi."""
        self.outer.zero_grad()
        torch.stack([self.task_loss(*task) for task in self.tasks]).mean().backward()

    def gradient(self) -> dict[str, np.ndarray]:
        """Return the meta-gradient."""
        self.backward()
        return {name: weight.grad.cpu().numpy() for name, weight in self.phi.items()}

    def step(self) -> None:
        """Make one meta-iteration."""
        self.backward()
        self.outer.step()
        finish(self.problem)

    def device_peak(self) -> int | None:
        """Return the most device memory that was in use."""
        return device_peak(self.problem)


if __name__ == "__main__":
    serve(Plain, ("torch", "numpy"))
