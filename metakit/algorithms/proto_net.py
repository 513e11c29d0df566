"""Prototypical networks. Learnable: phi = an embedding. A task writes one prototype a class; nothing is descended."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from metakit.problem import Examples, Model, Params


@dataclass(frozen=True)
class ProtoNet:
    """Learnable: phi = an embedding. A task writes one prototype a class, theta (n_way, d).

        c_k = mean of f_phi(x) over the support of class k;      logits_k(x) = -|f_phi(x) - c_k|^2      (squared)

    A class without support has its prototype at 0.

    Args:
        embed: f_phi, from (n, *features) to (n, d).
        n_way: classes of a task; ``replace(learner, n_way=20)`` serves other tasks with the same phi.

    Source: Snell et al. 2017, https://arxiv.org/abs/1703.05175, algorithm 1.
    """

    embed: Model
    n_way: int

    def init(self, seed: int) -> Params:
        """Return the embedding's own start."""
        return self.embed.init(seed)

    def adapt(self, phi: Params, support: Examples) -> Tensor:
        """Return the prototypes; classes may have different numbers of examples, in any order."""
        z = self.embed(phi, support.x)  # (n, d)
        member = F.one_hot(support.y, self.n_way).to(z.dtype)  # (n, n_way)
        return member.T @ z / member.sum(0).clamp(min=1)[:, None]

    def predict(self, phi: Params, theta: Tensor, x: Tensor) -> Tensor:
        """Return logits (n, n_way), minus squared distances."""
        z = self.embed(phi, x)
        return -((z[:, None] - theta) ** 2).sum(-1)
