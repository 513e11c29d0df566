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
    """Return the exact gradient, itself differentiable: in the inner loop, the outer one becomes second-order.

    An objective with a method ``value_and_grad``, as ``empirical_loss`` has, is asked first whether it knows its own.
    One with a method ``parts(params, batch) -> [(share, part), ...]``, as ``meta_loss`` has, is the mean of its parts
    by their shares; the gradient is taken one part after the other.
    """
    grad_of = _grad_and_value(objective)
    own = getattr(objective, "value_and_grad", lambda params, batch: None)
    parts = getattr(objective, "parts", lambda params, batch: [(1.0, batch)])

    def value_and_grad(params: Params, batch: Any) -> tuple[Tensor, Params]:
        if (found := own(params, batch)) is not None:
            return found
        (share, first), *others = parts(params, batch)
        grads, value = grad_of(params, first)
        if others:
            grads, value = tree_map(lambda leaf: share * leaf, (grads, value))
        for share, part in others:
            grads, value = axpy(share, grad_of(params, part), (grads, value))
        return value, grads

    return value_and_grad


def _grad_and_value(objective: Objective) -> Callable[[Params, Any], tuple[Params, Tensor]]:
    """Return ``torch.func.grad_and_value``, which always records what it does, without the record where nobody asks.

    Nobody does outside of any other derivative or ``vmap``, if what the value depends on and wants a derivative is
    params alone.
    """
    recorded = grad_and_value(objective)

    def unrecorded(params: Params, batch: Any) -> tuple[Params, Tensor]:
        if torch._C._are_functorch_transforms_active() or any(leaf.requires_grad for leaf in tree_leaves(params)):
            return recorded(params, batch)
        with torch.enable_grad():
            own = tree_map(lambda leaf: leaf.detach().requires_grad_(), params)
            value = objective(own, batch)
        if value.ndim or not value.requires_grad or _leaves_of(value) - set(map(id, tree_leaves(own))):
            return recorded(params, batch)  # which also says what is wrong with a value that is no scalar
        grads = iter(torch.autograd.grad(value, tree_leaves(own), allow_unused=True, materialize_grads=True))
        return tree_map(lambda leaf: next(grads), own), value.detach()

    return unrecorded


def _leaves_of(value: Tensor) -> set[int]:
    """Return the ids of the tensors at the leaves of a value's record."""
    found, seen, waiting = set(), set(), [value.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        waiting.extend(before for before, _ in node.next_functions)
        if hasattr(node, "variable"):
            found.add(id(node.variable))
    return found


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
