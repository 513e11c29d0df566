"""Step 2 of machine learning: how wrong is a prediction, and a model on its examples."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from metakit.fused.known import Closed, closed
from metakit.problem import Examples, Loss, Model, Objective, Params


def _check_mse(prediction: Tensor, y: Tensor) -> None:
    if prediction.shape != y.shape:
        raise ValueError(
            f"mse compares tensors of one shape, but prediction is {tuple(prediction.shape)} and y {tuple(y.shape)}; "
            "reshape one of them."
        )


def _mse_of_tasks(prediction: Tensor, y: Tensor) -> Tensor:
    return (prediction - y).square().flatten(1).mean(1)


def _slope_of_mse(prediction: Tensor, y: Tensor) -> Tensor:
    _check_mse(prediction[0], y[0])
    return (prediction - y) * (2 / y[0].numel())


@closed(
    Closed(
        takes=Tensor.is_floating_point,
        value=_mse_of_tasks,
        slope=_slope_of_mse,
        curve=lambda prediction, y, moved: moved * (2 / y[0].numel()),
    )
)
def mse(prediction: Tensor, y: Tensor) -> Tensor:
    """Return the mean squared error of two tensors of one shape.

    Raises:
        ValueError: the shapes differ. PyTorch would broadcast (n, 1) against (n,) to (n, n) and say nothing.
    """
    _check_mse(prediction, y)
    return ((prediction - y) ** 2).mean()


def _curve_of_cross_entropy(prediction: Tensor, y: Tensor, moved: Tensor) -> Tensor:
    share = prediction.softmax(-1)
    return share * (moved - (share * moved).sum(-1, keepdim=True)) / y.shape[1]


@closed(
    Closed(
        takes=lambda y: y.dtype == torch.int64 and y.ndim == 2,
        value=lambda prediction, y: -prediction.log_softmax(-1).gather(-1, y.unsqueeze(-1)).mean((1, 2)),
        slope=lambda prediction, y: (prediction.softmax(-1) - F.one_hot(y, prediction.shape[-1])) / y.shape[1],
        curve=_curve_of_cross_entropy,
    )
)
def cross_entropy(prediction: Tensor, y: Tensor) -> Tensor:
    """Return the mean cross-entropy, in nats, of logits (n, n_way) against labels (n,) int64.

    Whatever else ``F.cross_entropy`` takes, such as soft labels, is left to it. Under ``vmap`` it is many small
    operations in Python, and its first call imports sympy, which costs 45 MiB.
    """
    if y.dtype == torch.int64 and y.shape == prediction.shape[:1] and prediction.ndim == 2:
        return -prediction.log_softmax(-1).gather(-1, y.unsqueeze(-1)).mean()
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

    def descend(self, theta: Params, examples: Examples, lr: float, steps: int, second_order: bool) -> Params | None:
        """Return theta after gradient descent by a fused network's own way, or None: then ``minimize`` steps."""
        fused = self.model.fused(examples.x)
        return fused.descend(self.loss, theta, *examples, lr, steps, second_order) if fused else None
