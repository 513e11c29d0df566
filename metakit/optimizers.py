"""Optimizers as pure functions: ``init(params) -> state`` and ``update(params, grads, state) -> (params, state)``.

They work in both loops: nothing is changed in place, so a derivative flows through an update.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from metakit.problem import Params
from metakit.tree import tree_leaves, tree_map, zeros_like

Schedule = Callable[[Tensor], Tensor]
"""``step -> rate``; ``step`` is a scalar tensor that counts from 0."""


class Optimizer(Protocol):
    """Turns gradients into a step. Frozen: it holds hyper-parameters, its state travels as an argument."""

    def init(self, params: Params) -> Any:
        """Return the state before the first step."""

    def update(self, params: Params, grads: Params, state: Any) -> tuple[Params, Any]:
        """Return the parameters and the state after one step."""


@dataclass(frozen=True)
class SGD:
    """Gradient descent: theta <- theta - lr * g.

    Args:
        lr: a number, or a tree like the parameters with a rate for each (tensors that broadcast).
    """

    lr: Any

    def init(self, params: Params) -> tuple[()]:
        """Return the empty state."""
        return ()

    def update(self, params: Params, grads: Params, state: tuple[()]) -> tuple[Params, tuple[()]]:
        """Return the parameters one step down the gradient."""
        if isinstance(self.lr, (float, int)):  # in one operation
            return tree_map(lambda p, g: torch.sub(p, g, alpha=self.lr), params, grads), state
        if isinstance(self.lr, Tensor):
            return tree_map(lambda p, g: p - self.lr * g, params, grads), state
        return tree_map(lambda p, g, rate: p - rate * g, params, grads, self.lr), state


@dataclass(frozen=True)
class Momentum:
    """Gradient descent with momentum: v <- beta * v + g; theta <- theta - lr * v.

    Args:
        lr: the rate.
        beta: how much of the velocity is kept.
        nesterov: step along beta * v + g instead, as in NAG.

    Source: Sutskever et al. 2013, http://proceedings.mlr.press/v28/sutskever13.html
    Departs: the rate multiplies the velocity, as in ``torch.optim.SGD``, and is not inside it.
    """

    lr: float
    beta: float = 0.9
    nesterov: bool = False

    def init(self, params: Params) -> Params:
        """Return the velocity, zero."""
        return zeros_like(params)

    def update(self, params: Params, grads: Params, state: Params) -> tuple[Params, Params]:
        """Return the parameters and the velocity after one step."""
        velocity = tree_map(lambda v, g: self.beta * v + g, state, grads)
        direction = tree_map(lambda v, g: self.beta * v + g, velocity, grads) if self.nesterov else velocity
        return tree_map(lambda p, d: p - self.lr * d, params, direction), velocity


class AdamState(NamedTuple):
    """``step`` () counts from 0; ``mean`` and ``square`` are like the parameters."""

    step: Tensor
    mean: Params
    square: Params


@dataclass(frozen=True)
class Adam:
    """Adam: theta <- theta - lr * m / (sqrt(v) + eps), where

        m <- beta1 * m + (1 - beta1) * g,    v <- beta2 * v + (1 - beta2) * g^2

    and both are divided by ``1 - beta^t`` to undo their start at zero.

    Args:
        lr: a number, or a ``Schedule`` such as ``cosine(1e-3, 10_000)``.

    Source: Kingma & Ba 2015, https://arxiv.org/abs/1412.6980, algorithm 1.
    """

    lr: float | Schedule
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def init(self, params: Params) -> AdamState:
        """Return the state before the first step, on the parameters' device."""
        device = tree_leaves(params)[0].device
        return AdamState(torch.zeros((), device=device), zeros_like(params), zeros_like(params))

    def update(self, params: Params, grads: Params, state: AdamState) -> tuple[Params, AdamState]:
        """Return the parameters and the state after one step."""
        lr = self.lr(state.step) if callable(self.lr) else self.lr
        t = state.step + 1
        mean = tree_map(lambda m, g: self.beta1 * m + (1 - self.beta1) * g, state.mean, grads)
        square = tree_map(lambda v, g: self.beta2 * v + (1 - self.beta2) * g * g, state.square, grads)
        scale1, scale2 = (-torch.expm1(t * math.log(beta)) for beta in (self.beta1, self.beta2))  # 1 - beta^t
        params = tree_map(
            lambda p, m, v: p - (lr * (m / scale1) / ((v / scale2).sqrt() + self.eps)).to(p.dtype), params, mean, square
        )
        return params, AdamState(t, mean, square)


@dataclass(frozen=True)
class cosine:  # used as a function: Adam(cosine(1e-3, 10_000))
    """A ``Schedule`` from ``lr`` down to ``end`` along half a cosine, in ``steps`` steps; then it stays there.

    Source: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, without restarts.
    """

    lr: float
    steps: int
    end: float = 0.0

    def __call__(self, step: Tensor) -> Tensor:
        """Return the rate of that step."""
        progress = (step / self.steps).clamp(max=1)
        return self.end + (self.lr - self.end) * (1 + torch.cos(math.pi * progress)) / 2
