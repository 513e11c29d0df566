"""A linear model, on which mathematics gives every number: with X the inputs and a column of ones,

L(w) = |X w - y|^2 / n,    grad L = 2/n X^T (X w - y),    H = 2/n X^T X,    all w stacked as (weights, bias).
"""

import torch
from torch import Tensor

from metakit import tree
from metakit.networks import mlp
from metakit.problem import Examples, Params, Task

DIM = 3
MODEL = mlp((DIM, 1))


def theta_of(vector: Tensor) -> Params:
    return {"head.weight": vector[None, :DIM], "head.bias": vector[DIM:]}


def vector_of(theta: Params) -> Tensor:
    return torch.cat([theta["head.weight"].flatten(), theta["head.bias"]])


def random_start(seed: int = 0) -> Params:
    return tree.to(MODEL.init(seed), dtype=torch.float64)


def random_task(seed: int = 0, n: int = 7) -> Task:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return Task(Examples(draw(n, DIM), draw(n, 1)), Examples(draw(n, DIM), draw(n, 1)))


def hessian(examples: Examples) -> Tensor:
    x = _with_ones(examples.x)
    return 2 / len(x) * x.T @ x


def gradient(vector: Tensor, examples: Examples) -> Tensor:
    x = _with_ones(examples.x)
    return 2 / len(x) * x.T @ (x @ vector - examples.y[:, 0])


def minimum(examples: Examples) -> Tensor:
    return torch.linalg.lstsq(_with_ones(examples.x), examples.y)[0][:, 0]


def _with_ones(x: Tensor) -> Tensor:
    return torch.cat([x, torch.ones_like(x[:, :1])], 1)
