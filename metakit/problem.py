"""Step 1, the nouns: examples, tasks, and functions with unknowns."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

from metakit.tree import Tree

Params = Tree
"""phi or theta: a tree of tensors."""

Loss = Callable[[Tensor, Tensor], Tensor]
"""``(prediction, y) -> scalar``, the mean over examples."""

Objective = Callable[[Params, Any], Tensor]
"""``(params, batch) -> scalar``: what a loop makes small."""


class Examples(NamedTuple):
    """Inputs and what should come out: ``x`` (n, *features), ``y`` (n, *targets); labels are int64 (n,)."""

    x: Tensor
    y: Tensor


class Task(NamedTuple):
    """One task: a support set to learn from, a query set to be judged by.

    Many tasks are one ``Task`` whose tensors have a leading axis ``n_tasks``. ``support`` is whatever a task gives
    to learn from: ``Examples``, or ``Started`` when the task brings its own start.
    """

    support: Any
    query: Examples


class Started(NamedTuple):
    """Examples with the theta to start from: a random start that is not learned, or where the last turn ended."""

    theta: Params
    examples: Examples


@dataclass(frozen=True)
class Model:
    """A function with unknowns, f_theta: any ``torch.nn.Module`` without state, its weights handed in as theta.

        theta = model.init(seed)        # {"layer1.weight": (40, 1), ...}
        y = model(theta, x)

    Args:
        build: makes the module; called once for its shape and once at each ``init``.

    Raises:
        TypeError: the module keeps state of its own (buffers, such as running statistics), which no theta could hold,
            or has a layer whose second derivative PyTorch gets wrong.
    """

    build: Callable[[], nn.Module]
    _module: nn.Module = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Build the module once, without memory; its weights are never used."""
        with torch.device("meta"):
            module = self.build()
        _refuse(module)
        object.__setattr__(self, "_module", module)

    def init(self, seed: int) -> Params:
        """Return theta as the module's own initialization draws it; depends on ``seed`` alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = self.build()
        return {name: weight.detach() for name, weight in module.named_parameters()}

    def __call__(self, theta: Params, x: Tensor) -> Tensor:
        """Return f_theta(x)."""
        fused = self.fused(x)
        return fused.predict(theta, x) if fused else functional_call(self._module, theta, (x,), strict=True)

    def fused(self, x: Tensor) -> Any:
        """Return the ``metakit.fused`` form of this network, if its module has one for ``x``; else None."""
        fused: Any = getattr(self._module, "fused", None)
        return fused(x) if fused else None


def _refuse(module: nn.Module) -> None:
    buffers = [name for name, _ in module.named_buffers()]
    if buffers:
        raise TypeError(
            f"a Model's module must keep no state, but {type(module).__name__} has the buffers {buffers}. For batch "
            "norm use metakit.networks.Norm, which normalizes with the statistics of the batch, or nn.GroupNorm, which "
            "does not look at other examples."
        )
    wrong = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm, nn.LayerNorm)
    for name, layer in module.named_modules():
        if isinstance(layer, wrong) and layer.weight is not None:
            raise TypeError(
                f"{name} is a {type(layer).__name__} with weights: under torch.func.vmap over tasks its second "
                "derivative is wrong (torch 2.13), so MAML would be too. Use metakit.networks.Norm or nn.GroupNorm, "
                "or turn its weights off (affine=False, elementwise_affine=False)."
            )
