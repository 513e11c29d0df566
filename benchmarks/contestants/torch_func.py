"""torch.func as in PyTorch's own MAML example: grad inside vmap over tasks, one backward at the end.

Run as documented the network has ``nn.BatchNorm2d``; with ``--norm-by-hand`` its batch norm is written out.

Source: https://github.com/pytorch/pytorch, functorch/examples/maml_omniglot/maml-omniglot-transforms.py.
"""

import sys

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from benchmarks.contestants.protocol import Problem, serve
from benchmarks.contestants.torch_parts import ModuleContestant, batch_norm, network


class NormByHand(nn.Module):
    """Batch norm on batch statistics, of elementary operations."""

    def __init__(self, channels: int) -> None:
        """Begin as ``nn.BatchNorm2d`` does."""
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, c, h, w)."""
        variance, mean = torch.var_mean(x, (0, 2, 3), correction=0, keepdim=True)
        normalized = (x - mean) * torch.rsqrt(variance + 1e-5)
        return normalized * self.weight[:, None, None] + self.bias[:, None, None]


class TorchFunc(ModuleContestant):
    """MAML by ``vmap`` and ``grad``."""

    def __init__(self, problem: Problem) -> None:
        """Choose the norm."""
        super().__init__(problem, network(problem, NormByHand if "--norm-by-hand" in sys.argv else batch_norm))

    def task_loss(self, phi: dict[str, Tensor], x: Tensor, y: Tensor, query_x: Tensor, query_y: Tensor) -> Tensor:
        """Return the query loss after the inner loop of one task."""

        def support_loss(theta: dict[str, Tensor]) -> Tensor:
            return self.loss(functional_call(self.net, theta, (x,)), y)

        theta = phi
        for _ in range(self.problem.steps):
            grads = grad(support_loss)(theta)
            if self.problem.first_order:
                grads = {name: g.detach() for name, g in grads.items()}
            theta = {name: w - self.problem.lr * grads[name] for name, w in theta.items()}
        return self.loss(functional_call(self.net, theta, (query_x,)), query_y)

    def backward(self) -> None:
        """Take all tasks at once."""
        phi = dict(self.net.named_parameters())
        losses = vmap(self.task_loss, in_dims=(None, 0, 0, 0, 0))(
            phi, self.support_x, self.support_y, self.query_x, self.query_y
        )
        losses.mean().backward()


if __name__ == "__main__":
    serve(TorchFunc, ("torch", "numpy"))
