"""Meta-SGD. Learnable: phi = the start and a rate for each weight, of either sign. A task learns all weights."""

from dataclasses import dataclass

import torch
from torch import Tensor

from metakit.gradients import Gradient, autodiff
from metakit.losses import empirical_loss
from metakit.minimize import minimize
from metakit.optimizers import SGD
from metakit.problem import Examples, Loss, Model, Params
from metakit.tree import tree_map


@dataclass(frozen=True)
class MetaSGD:
    """Learnable: phi = {"start": theta_0, "lr": a rate for each weight, of either sign}. A task learns all weights.

        theta <- theta - lr * grad L(theta; support)      (elementwise; ``steps`` times, from phi["start"])

    Args:
        model: f_theta.
        loss: of the support set.
        lr: where every rate begins.
        steps, gradient: of the inner loop, as in ``MAML``.

    Raises:
        ValueError: (in ``adapt``) phi["lr"] has not the names of phi["start"].

    Source: Li et al. 2017, https://arxiv.org/abs/1707.09835, algorithm 1.
    Departs: all rates begin at ``lr``, the paper's at random; several steps are allowed, the paper takes one.
    """

    model: Model
    loss: Loss
    lr: float = 0.01
    steps: int = 1
    gradient: Gradient = autodiff

    def init(self, seed: int) -> Params:
        """Return the model's own start, and equal rates."""
        start = self.model.init(seed)
        return {"start": start, "lr": tree_map(lambda weight: torch.full_like(weight, self.lr), start)}

    def adapt(self, phi: Params, support: Examples) -> Params:
        """Return theta after the inner loop."""
        objective = empirical_loss(self.model, self.loss)
        return minimize(objective, phi["start"], SGD(phi["lr"]), [support] * self.steps, self.gradient)

    def predict(self, phi: Params, theta: Params, x: Tensor) -> Tensor:
        """Return f_theta(x)."""
        return self.model(theta, x)
