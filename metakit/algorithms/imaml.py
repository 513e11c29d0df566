"""iMAML. Learnable: phi = the point that each task's weights are kept near. A task learns all weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.func import grad, vjp

from metakit.losses import empirical_loss
from metakit.minimize import minimize
from metakit.optimizers import SGD
from metakit.problem import Examples, Loss, Model, Params
from metakit.tree import axpy, detach, dot, zeros_like


@dataclass(frozen=True)
class IMAML:
    """Learnable: phi = the point that each task's weights are kept near. A task learns all weights.

        theta = argmin L(theta; support) + strength / 2 * |theta - phi|^2;      dtheta/dphi = (I + H / strength)^-1

    where H is the Hessian of L at theta. The derivative needs theta alone, not the path to it: memory does not grow
    with ``steps``. It is exact when both the descent and the conjugate gradients have converged.

    Args:
        model: f_theta.
        loss: of the support set.
        strength: lambda, how hard theta is held near phi.
        lr, steps: of the gradient descent that looks for theta.
        cg_steps: of conjugate gradients, for the product of the inverse with a vector.

    Source: Rajeswaran et al. 2019, https://arxiv.org/abs/1909.04630, algorithms 1 and 2.
    """

    model: Model
    loss: Loss
    strength: float = 2.0
    lr: float = 0.1
    steps: int = 16
    cg_steps: int = 5

    def init(self, seed: int) -> Params:
        """Return the model's own start."""
        return self.model.init(seed)

    def adapt(self, phi: Params, support: Examples) -> Params:
        """Return theta, with the implicit derivative with respect to phi."""
        empirical, centre = empirical_loss(self.model, self.loss), detach(phi)

        def objective(theta: Params, examples: Examples) -> Tensor:
            away = axpy(-1, centre, theta)
            return empirical(theta, examples) + self.strength / 2 * dot(away, away)

        theta = minimize(objective, centre, SGD(self.lr), [support] * self.steps)
        weights = Implicit.apply(self, tuple(phi), *support, *theta.values(), *phi.values())
        return dict(zip(phi, weights, strict=True))

    def predict(self, phi: Params, theta: Params, x: Tensor) -> Tensor:
        """Return f_theta(x)."""
        return self.model(theta, x)

    def inverse_times(self, vector: Params, theta: Params, support: Examples) -> Params:
        """Return (I + H / strength)^-1 ``vector``, by conjugate gradients."""
        hessian_times = vjp(lambda p: grad(empirical_loss(self.model, self.loss))(p, support), theta)[1]
        return conjugate_gradients(lambda v: axpy(1 / self.strength, hessian_times(v)[0], v), vector, self.cg_steps)


class Implicit(torch.autograd.Function):
    """The identity on theta, whose derivative with respect to phi is that of the argmin."""

    generate_vmap_rule = True

    @staticmethod
    def forward(learner: IMAML, names: tuple[str, ...], x: Tensor, y: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        """Return theta's tensors; ``weights`` are theta's, then phi's."""
        return tuple(weight.clone() for weight in weights[: len(names)])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Keep what the derivative needs: theta and the support set."""
        ctx.learner, ctx.names, *tensors = inputs
        ctx.save_for_backward(*tensors[: 2 + len(ctx.names)])

    @staticmethod
    def backward(ctx: Any, *vector: Tensor) -> tuple[Tensor | None, ...]:
        """Return (I + H / strength)^-1 ``vector`` for phi; the inverse is symmetric."""
        x, y, *theta = ctx.saved_tensors
        by_name = lambda tensors: dict(zip(ctx.names, tensors, strict=True))  # noqa: E731
        product = ctx.learner.inverse_times(by_name(vector), by_name(theta), Examples(x, y))
        return (None,) * (4 + len(theta)) + tuple(product.values())


def conjugate_gradients(times: Callable[[Params], Params], b: Params, steps: int) -> Params:
    """Return x with ``times(x)`` = b, for a symmetric positive definite linear map; exact after as many steps as sizes.

    Where the map turns out not to be positive definite, or b is reached, x stays as it is.

    Source: Hestenes & Stiefel 1952, https://doi.org/10.6028/jres.049.044
    """
    x, residual, direction = zeros_like(b), b, b
    size = dot(residual, residual)
    for _ in range(steps):
        product = times(direction)
        curvature = dot(direction, product)
        scale = torch.where(curvature > 0, size / curvature, 0)
        x, residual = axpy(scale, direction, x), axpy(-scale, product, residual)
        size, previous = dot(residual, residual), size
        direction = axpy(torch.where(previous > 0, size / previous, 0), direction, residual)
    return x
