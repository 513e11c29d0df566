"""MAML. Learnable: phi = theta_0, the weights gradient descent starts from. A task learns all weights."""

from dataclasses import dataclass

from torch import Tensor

from metakit.gradients import Gradient, autodiff
from metakit.losses import empirical_loss
from metakit.minimize import descend, minimize
from metakit.optimizers import SGD
from metakit.problem import Examples, Loss, Model, Params


@dataclass(frozen=True)
class MAML:
    """Learnable: phi = theta_0, the weights gradient descent starts from. A task learns all weights.

        theta <- theta - lr * grad L(theta; support)      (``steps`` times, from phi)

    Args:
        model: f_theta.
        loss: of the support set.
        lr: the inner rate.
        steps: of the inner loop; 0 leaves phi as it is.
        gradient: ``autodiff`` differentiates through the inner steps (second order); ``first_order`` makes this
            FOMAML, which takes each step's Jacobian for the identity.

    Source: Finn et al. 2017, https://arxiv.org/abs/1703.03400, algorithm 2; FOMAML is its section 5.2.
    """

    model: Model
    loss: Loss
    lr: float = 0.01
    steps: int = 5
    gradient: Gradient = autodiff

    def init(self, seed: int) -> Params:
        """Return the model's own start."""
        return self.model.init(seed)

    def adapt(self, phi: Params, support: Examples) -> Params:
        """Return theta after the inner loop."""
        objective = empirical_loss(self.model, self.loss)
        return minimize(objective, phi, SGD(self.lr), [support] * self.steps, self.gradient)

    def trajectory(self, phi: Params, support: Examples) -> list[Params]:
        """Return theta before the first step and after each, ``steps + 1`` in all; the last is ``adapt``'s."""
        objective = empirical_loss(self.model, self.loss)
        steps = descend(objective, phi, SGD(self.lr), [support] * self.steps, self.gradient)
        return [phi, *(step.params for step in steps)]

    def predict(self, phi: Params, theta: Params, x: Tensor) -> Tensor:
        """Return f_theta(x)."""
        return self.model(theta, x)
