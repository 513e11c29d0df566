"""One network with many thetas at once: what it answers, and how wrong each is."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import vmap

from metakit.checkpoints.kinds import SINUSOID, Kind
from metakit.problem import Examples, Params

Losses = Callable[[Params, Examples], Tensor]
"""``(thetas, examples) -> (m,)``; every weight of thetas is (m, *shape)."""


def outputs_of(kind: Kind, thetas: Params, x: Tensor) -> Tensor:
    """Return f_theta(x) for each theta, (m, n, *out): ``vmap`` of ``kind.model``, faster for curves."""
    if kind is SINUSOID:
        return _curves(thetas, x)
    return vmap(kind.model, in_dims=(0, None))(thetas, x)


def losses_of(kind: Kind) -> Losses:
    """Return ``(thetas, examples) -> (m,)``, the mean loss of each theta: ``vmap`` of the empirical loss."""

    def losses(thetas: Params, examples: Examples) -> Tensor:
        outputs = outputs_of(kind, thetas, examples.x)
        if kind is SINUSOID:
            return (outputs - examples.y).square().flatten(1).mean(1)
        return vmap(kind.loss, in_dims=(0, None))(outputs, examples.y)

    return losses


def _curves(thetas: Params, x: Tensor) -> Tensor:
    """Return what ``mlp((1, 40, 40, 1))`` does, in three operations a layer."""
    h = x.expand(len(thetas["head.bias"]), *x.shape)
    for layer in ("layer1", "layer2"):
        h = torch.relu(torch.baddbmm(thetas[f"{layer}.bias"][:, None], h, thetas[f"{layer}.weight"].mT))
    return torch.baddbmm(thetas["head.bias"][:, None], h, thetas["head.weight"].mT)
