"""Step 2 of machine learning: how wrong is a prediction, and a model on its examples."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from metakit.problem import Examples, Loss, Model, Objective, Params


def mse(prediction: Tensor, y: Tensor) -> Tensor:
    """Return the mean squared error of two tensors of one shape.

    Raises:
        ValueError: the shapes differ. PyTorch would broadcast (n, 1) against (n,) to (n, n) and say nothing.
    """
    if prediction.shape != y.shape:
        raise ValueError(
            f"mse compares tensors of one shape, but prediction is {tuple(prediction.shape)} and y {tuple(y.shape)}; "
            "reshape one of them."
        )
    return ((prediction - y) ** 2).mean()


def cross_entropy(prediction: Tensor, y: Tensor) -> Tensor:
    """Return the mean cross-entropy, in nats, of logits (n, n_way) against labels (n,) int64."""
    return F.cross_entropy(prediction, y)


def accuracy(prediction: Tensor, y: Tensor) -> Tensor:
    """Return the share, 0 to 1, of rows of logits (n, n_way) whose largest entry is at the label (n,)."""
    return (prediction.argmax(-1) == y).to(prediction.dtype).mean()


def empirical_loss(model: Model, loss: Loss) -> Objective:
    """Return L(theta) = the mean of ``loss`` over examples: ``(theta, Examples) -> scalar``."""
    return _EmpiricalLoss(model, loss)


@dataclass(frozen=True)
class _EmpiricalLoss:
    model: Model
    loss: Loss

    def __call__(self, theta: Params, examples: Examples) -> Tensor:
        return self.loss(self.model(theta, examples.x), examples.y)

    def value_and_grad(self, theta: Params, examples: Examples) -> tuple[Tensor, Params] | None:
        """Return value and gradient by a fused network's own way, or None: then ``autodiff`` finds them."""
        fused = self.model.fused(examples.x)
        return fused.value_and_grad(self.loss, theta, *examples) if fused else None
