"""How a derivative is had, if there is one: ``gradient(objective) -> (params, batch) -> (value, grads)``.

Which of these stands in the inner loop decides between MAML and FOMAML; which stands in the outer loop, between
gradient descent and "reinforcement learning or evolution, if it has no derivative".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.func import grad_and_value

from metakit.problem import Objective, Params
from metakit.tree import axpy, detach, tree_leaves, tree_map, zeros_like

ValueAndGrad = Callable[[Params, Any], tuple[Tensor, Params]]
"""``(params, batch) -> (value, grads)``."""

Gradient = Callable[[Objective], ValueAndGrad]
"""What ``minimize`` asks for its derivatives."""


def autodiff(objective: Objective) -> ValueAndGrad:
    """Return the exact gradient, itself differentiable: in the inner loop, the outer one becomes second-order."""
    grad_of = grad_and_value(objective)

    def value_and_grad(params: Params, batch: Any) -> tuple[Tensor, Params]:
        grads, value = grad_of(params, batch)
        return value, grads

    return value_and_grad


def first_order(objective: Objective) -> ValueAndGrad:
    """Return the gradient as a constant: in the inner loop, each step's Jacobian becomes the identity, as in FOMAML."""
    exact = autodiff(objective)

    def value_and_grad(params: Params, batch: Any) -> tuple[Tensor, Params]:
        value, grads = exact(params, batch)
        return value, detach(grads)

    return value_and_grad


@dataclass(frozen=True)
class evolution:  # stands where the functions autodiff and first_order stand
    """Estimate the gradient from values alone, by mirrored Gaussian steps of the parameters.

        g = 1 / (2 sigma pairs) * sum_i (f(params + sigma e_i) - f(params - sigma e_i)) e_i

    Unbiased for the gradient of ``f`` blurred by a Gaussian of width ``sigma``; exact in expectation for quadratics.
    ``objective`` may be any Python, with no derivative at all. ``value`` is the mean of the values seen.

    Source: Salimans et al. 2017, https://arxiv.org/abs/1703.03864, algorithm 1 with mirrored sampling (section 2.1).
    Departs: values are not replaced by their ranks.
    """

    sigma: float = 0.1
    pairs: int = 16
    seed: int = 0

    def __call__(self, objective: Objective) -> ValueAndGrad:
        """Return the estimator; its noise starts anew from ``seed``."""
        generators: dict[torch.device, torch.Generator] = {}

        def noise(leaf: Tensor) -> Tensor:
            if leaf.device not in generators:
                generators[leaf.device] = torch.Generator(leaf.device).manual_seed(self.seed)
            return torch.randn(leaf.shape, generator=generators[leaf.device], device=leaf.device, dtype=leaf.dtype)

        def value_and_grad(params: Params, batch: Any) -> tuple[Tensor, Params]:
            grads, total = zeros_like(params), torch.zeros((), device=tree_leaves(params)[0].device)
            for _ in range(self.pairs):
                e = tree_map(noise, params)
                up = objective(axpy(self.sigma, e, params), batch)
                down = objective(axpy(-self.sigma, e, params), batch)
                grads = axpy((up - down) / (2 * self.sigma * self.pairs), e, grads)
                total = total + (up + down) / (2 * self.pairs)
            return total, grads

        return value_and_grad


class Sampled(NamedTuple):
    """What an objective with random choices returns: of each sample, its ``cost`` (n,) and ``log_prob`` (n,)."""

    cost: Tensor
    log_prob: Tensor


def score_function(objective: Callable[[Params, Any], Sampled]) -> ValueAndGrad:
    """Estimate the gradient of an expected cost from samples: ``E[(cost - baseline) * grad log_prob]`` (REINFORCE).

    ``objective(params, batch)`` returns ``Sampled``; only ``log_prob`` needs a derivative. The baseline of a sample is
    the mean cost of the others, which keeps the estimate unbiased. ``value`` is the mean cost.

    Raises:
        ValueError: fewer than two samples, so that the baseline of one would be empty.

    Source: Williams 1992, https://doi.org/10.1007/BF00992696; the baseline is that of Kool et al. 2019,
    https://openreview.net/forum?id=r1lgTGL5DE
    """

    def surrogate(params: Params, batch: Any) -> tuple[Tensor, Tensor]:
        cost, log_prob = objective(params, batch)
        n = cost.shape[0]
        if n < 2:
            raise ValueError(f"score_function needs at least 2 samples for its baseline, but objective returned {n}")
        cost = cost.detach()
        advantage = (cost - cost.mean()) * n / (n - 1)
        return (advantage * log_prob).mean(), cost.mean()

    grad_of = grad_and_value(surrogate, has_aux=True)

    def value_and_grad(params: Params, batch: Any) -> tuple[Tensor, Params]:
        grads, (_, value) = grad_of(params, batch)
        return value, grads

    return value_and_grad
