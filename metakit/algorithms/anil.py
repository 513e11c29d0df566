"""ANIL. Learnable: phi = all weights, of which the body is never adapted. A task learns the head."""

from dataclasses import dataclass

from torch import Tensor

from metakit.gradients import Gradient, autodiff
from metakit.minimize import minimize
from metakit.optimizers import SGD
from metakit.problem import Examples, Loss, Model, Params


@dataclass(frozen=True)
class ANIL:
    """Learnable: phi = all weights, of which the body is never adapted. A task learns the head.

        theta <- theta - lr * grad_theta L(body, theta; support)      (``steps`` times, from phi's head)

    Args:
        model: f; its last layer has the name ``head``.
        loss: of the support set.
        lr, steps, gradient: of the inner loop, as in ``MAML``.
        head: the first part of the names of the weights a task learns.

    Raises:
        ValueError: (in ``adapt``) no weight of phi belongs to the head.

    Source: Raghu et al. 2020, https://arxiv.org/abs/1909.09157, section 4.
    """

    model: Model
    loss: Loss
    lr: float = 0.01
    steps: int = 5
    gradient: Gradient = autodiff
    head: str = "head"

    def init(self, seed: int) -> Params:
        """Return the model's own start."""
        return self.model.init(seed)

    def adapt(self, phi: Params, support: Examples) -> Params:
        """Return theta, the head after the inner loop."""
        head = {name: weight for name, weight in phi.items() if name.split(".")[0] == self.head}
        if not head:
            raise ValueError(f"ANIL adapts the weights named {self.head!r}.*, but phi has only {sorted(phi)}")

        def objective(theta: Params, examples: Examples) -> Tensor:
            return self.loss(self.predict(phi, theta, examples.x), examples.y)

        return minimize(objective, head, SGD(self.lr), [support] * self.steps, self.gradient)

    def predict(self, phi: Params, theta: Params, x: Tensor) -> Tensor:
        """Return f(x) with phi's body and theta's head."""
        return self.model({**phi, **theta}, x)
