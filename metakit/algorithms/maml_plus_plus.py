"""MAML++. Learnable: phi = the start, a rate for each layer and step, norm weights for each step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from metakit.gradients import Gradient, autodiff, first_order
from metakit.learner import meta_loss, trajectory_loss
from metakit.minimize import descend
from metakit.problem import Examples, Loss, Model, Objective, Params, Task
from metakit.tree import tree_map


@dataclass(frozen=True)
class MAMLPlusPlus:
    """Learnable: phi = {"start", "lr", "norm"}: the start, a rate for each tensor and step, norm weights for each step.

        theta_k+1 = theta_k - lr_k * grad L(theta_k, norm_k; support)

    A task learns all weights but those of the normalization. ``phi["lr"][name]`` is (steps,);
    ``phi["norm"][name]`` is (steps + 1, channels), the last for the predictions after the last step.

    Args:
        model: f_theta; the layers of its normalization have the name ``norm``.
        loss: of the support set.
        lr: where every rate begins.
        steps, gradient: of the inner loop, as in ``MAML``.

    Source: Antoniou et al. 2019, https://arxiv.org/abs/1810.09502, section 4. Multi-step loss and derivative-order
    annealing are ``annealed``; the cosine schedule is ``Adam(cosine(...))`` in the outer loop.
    Departs: per-step *running statistics* of batch norm are left out: every step normalizes with the statistics of its
    own batch, as ``conv4`` does. So does the authors' code, which gathers running statistics but never normalizes with
    them. After the last step it reuses that step's norm weights; here they are one set more. A rate belongs to a
    tensor: a layer's weight and bias have their own.
    """

    model: Model
    loss: Loss
    lr: float = 0.1
    steps: int = 5
    gradient: Gradient = autodiff

    def init(self, seed: int) -> Params:
        """Return the model's own start, equal rates, and equal norm weights for all steps."""
        weights = self.model.init(seed)
        norm = {name: weight for name, weight in weights.items() if "norm" in name.split(".")}
        start = {name: weight for name, weight in weights.items() if name not in norm}
        return {
            "start": start,
            "lr": tree_map(lambda weight: weight.new_full((self.steps,), self.lr), start),
            "norm": tree_map(lambda weight: weight.repeat(self.steps + 1, 1), norm),
        }

    def adapt(self, phi: Params, support: Examples) -> Params:
        """Return theta after the inner loop, with the norm weights of the last step."""
        return self.trajectory(phi, support)[-1]

    def trajectory(self, phi: Params, support: Examples) -> list[Params]:
        """Return theta before the first step and after each, ``steps + 1`` in all, each with its norm weights.

        Raises:
            ValueError: phi was made for another number of steps.
        """
        norms = [tree_map(lambda weight, k=k: weight[k], phi["norm"]) for k in range(self.steps + 1)]

        def objective(theta: Params, batch: tuple[Params, Examples]) -> Tensor:
            norm, examples = batch
            return self.loss(self.model({**theta, **norm}, examples.x), examples.y)

        batches = [(norm, support) for norm in norms[:-1]]
        steps = descend(objective, phi["start"], PerStepSGD(phi["lr"], self.steps), batches, self.gradient)
        thetas = [phi["start"], *(step.params for step in steps)]
        return [{**theta, **norm} for theta, norm in zip(thetas, norms, strict=True)]

    def predict(self, phi: Params, theta: Params, x: Tensor) -> Tensor:
        """Return f_theta(x)."""
        return self.model(theta, x)


@dataclass(frozen=True)
class PerStepSGD:
    """Gradient descent with a rate for each tensor and step; the state counts steps.

    Args:
        lr: a tree like the parameters, each tensor (steps,).
        steps: how many there are.
    """

    lr: Params
    steps: int

    def init(self, params: Params) -> int:
        """Return step 0."""
        wrong = {name: tuple(rate.shape) for name, rate in self.lr.items() if rate.shape != (self.steps,)}
        if wrong:
            raise ValueError(f"MAML++ takes {self.steps} steps, but phi has rates of shape {wrong}; init phi anew")
        return 0

    def update(self, params: Params, grads: Params, state: int) -> tuple[Params, int]:
        """Return the parameters one step down the gradient, at this step's rates."""
        return tree_map(lambda p, g, rate: p - rate[state] * g, params, grads, self.lr), state + 1


def multi_step_weights(steps: int, progress: float) -> Tensor:
    """Return the weight of each step's query loss, (steps,), summing to 1: equal at 0, all on the last from 1 on.

    Source: Antoniou et al. 2019, section 4; that the others stay at 0.03 / steps or more before 1 is in the authors'
    code, https://github.com/AntreasAntoniou/HowToTrainYourMAMLPytorch.
    """
    others = max((1 - progress) / steps, 0.03 / steps) if progress < 1 else 0.0
    weights = torch.full((steps,), others)
    weights[-1] = 1 - others * (steps - 1)
    return weights


def annealed(learner: MAMLPlusPlus, loss: Loss, multi_step_for: int, first_order_for: int) -> Objective:
    """Return MAML++'s L(phi), which changes as training goes on: ``(phi, (iteration, tasks)) -> scalar``.

    Args:
        learner: of the second-order part.
        loss: of the query sets.
        multi_step_for: iterations until the loss of the last step stands alone.
        first_order_for: iterations with ``first_order`` in the inner loop, before ``learner.gradient``.
    """

    def objective(phi: Params, batch: tuple[int, Task]) -> Tensor:
        iteration, tasks = batch
        now = replace(learner, gradient=first_order) if iteration < first_order_for else learner
        weights: Sequence[float] = multi_step_weights(learner.steps, iteration / max(multi_step_for, 1)).tolist()
        return meta_loss(now, trajectory_loss(loss, weights))(phi, tasks)

    return objective
