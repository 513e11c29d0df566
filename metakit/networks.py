"""The networks of the course, as ``Model``s: ``mlp`` for curves, ``conv4`` for characters."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from metakit.fused.conv4 import Conv4, why_not
from metakit.fused.empirical import Fused
from metakit.fused.mlp import Mlp
from metakit.fused.mlp import why_not as mlp_why_not
from metakit.problem import Model

EPS = 1e-5
"""What norm adds to a variance."""


def mlp(sizes: Sequence[int], activation: Callable[[], nn.Module] = nn.ReLU, fused: bool = True) -> Model:
    """Return a fully connected network from (n, sizes[0]) to (n, sizes[-1]).

    Args:
        sizes: the width of each layer, input first; ``mlp((1, 40, 40, 1))`` is MAML's sinusoid network and
            ``mlp((d, 1))`` a linear model. The last layer is named ``head``.
        activation: after each layer but the last.
        fused: let an inner loop on few examples, on the CPU, through a small network with ReLU, be one operation with
            hand-written derivatives, compiled on first use (``metakit.fused``): the same numbers up to rounding, in
            half the time, and differentiable twice in all. Predictions are PyTorch's in any case. Where there is no
            C++ compiler, all is.

    Raises:
        ValueError: fewer than two sizes, or one that is not positive.

    Departs: PyTorch's initialization; Finn et al. 2017 draw from a truncated normal of deviation 0.01.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"mlp needs at least an input and an output size, all positive, but got {tuple(sizes)}")
    return Model(partial(_mlp, tuple(sizes), activation, fused))


def conv4(
    out: int | None,
    channels: int = 64,
    downsample: Literal["stride", "max"] = "stride",
    statistics: Literal["batch", "example"] = "batch",
    fused: bool = True,
) -> Model:
    """Return the four-block convolutional network of few-shot Omniglot, from (n, 1, 28, 28) to (n, out).

    Each block: convolution 3x3, normalization, ReLU, half the size. What is left, 2x2 by ``stride`` and 1x1 by
    ``max``, is averaged to ``channels`` features; a linear ``head`` follows.

    Args:
        out: the size of the head, ``n_way`` for a classifier; None for no head: an embedding (n, channels).
        channels: of each block.
        downsample: ``"stride"``, by strided convolutions, as in MAML on Omniglot (28, 14, 7, 4, 2); ``"max"``, by max
            pooling, as in Matching and Prototypical networks (28, 14, 7, 3, 1).
        statistics: what normalization looks at. ``"batch"``: batch norm, always with the mean and variance of the
            images of *this call*, in adaptation, training and test alike; no running averages. It is **transductive**:
            queries that are classified in one call share their statistics, so the prediction for one depends on the
            others, and a query set with as many images of each class tells more than one image would. This is what
            MAML's published Omniglot numbers use. Wrap the learner in ``OneQueryAtATime`` to see what it costs to
            go without. ``"example"``: each image by its own mean and variance (instance norm with the same weights);
            nothing is shared.
        fused: let strided blocks with batch statistics, on the CPU, be one operation with hand-written derivatives,
            compiled on first use (``metakit.fused``): the same numbers up to rounding, several times faster, and
            differentiable twice. Where there is no C++ compiler, they are PyTorch's.

    Raises:
        ValueError: an unknown ``downsample`` or ``statistics``.

    Source: Vinyals et al. 2016, https://arxiv.org/abs/1606.04080, section 4.1.1; Finn et al. 2017,
    https://arxiv.org/abs/1703.03400, section 5.2.
    Departs: PyTorch's initialization.
    """
    for name, value, known in [
        ("downsample", downsample, ("stride", "max")),
        ("statistics", statistics, ("batch", "example")),
    ]:
        if value not in known:
            raise ValueError(f"conv4: {name} must be one of {known}, but got {value!r}")
    return Model(partial(_conv4, out, channels, downsample, statistics, fused))


def _mlp(sizes: tuple[int, ...], activation: Callable[[], nn.Module], fused: bool) -> nn.Module:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i, (fan_in, fan_out) in enumerate(pairwise(sizes[:-1]), start=1):
        layers[f"layer{i}"] = nn.Linear(fan_in, fan_out)
        layers[f"activation{i}"] = activation()
    layers["head"] = nn.Linear(sizes[-2], sizes[-1])
    fusable = fused and activation is nn.ReLU and len(sizes) > 2
    return _Mlp(layers, sizes) if fusable else nn.Sequential(layers)


class _Mlp(nn.Sequential):
    """Linear layers with ReLU between them, whose inner loop can be one compiled operation."""

    def __init__(self, layers: OrderedDict[str, nn.Module], sizes: tuple[int, ...]) -> None:
        """Hold the layers."""
        super().__init__(layers)
        self.sizes = sizes

    def fused(self, x: Tensor) -> Fused | None:
        """Return the same network with derivatives by hand, or None if it cannot take ``x``."""
        if mlp_why_not(self.sizes, x):
            return None
        layers = [*(f"layer{i}" for i in range(1, len(self.sizes) - 1)), "head"]
        names = tuple(f"{layer}.{weight}" for layer in layers for weight in ("weight", "bias"))
        return Fused(Mlp(self.sizes), names, plain=_relu_layers)


def _relu_layers(x: Tensor, *weights: Tensor) -> Tensor:
    *hidden, head = zip(weights[::2], weights[1::2], strict=True)
    for layer in hidden:
        x = F.linear(x, *layer).relu()
    return F.linear(x, *head)


def _conv4(out: int | None, channels: int, downsample: str, statistics: str, fused: bool) -> nn.Module:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i in range(1, 5):
        layers[f"block{i}"] = _block(1 if i == 1 else channels, channels, downsample, statistics)
    layers["mean"] = _SpatialMean()
    if out is not None:
        layers["head"] = nn.Linear(channels, out)
    fusable = fused and downsample == "stride" and statistics == "batch"
    return (_Conv4 if fusable else nn.Sequential)(layers)


class _Conv4(nn.Sequential):
    """Blocks, mean and head, whose blocks can be one compiled operation."""

    def fused(self, x: Tensor) -> Fused | None:
        """Return the same network with derivatives by hand, or None if it cannot take ``x``."""
        if why_not(x):
            return None
        blocks = [name for name, _ in self.named_children() if name.startswith("block")]
        body = Fused(
            kernel=Conv4(len(blocks), EPS),
            body=tuple(f"{block}.{weight}" for block in blocks for weight in Conv4.WEIGHTS),
            idle=tuple(f"{block}.conv.bias" for block in blocks),  # batch norm takes it away again
        )
        if not hasattr(self, "head"):
            return body
        return replace(body, head=F.linear, tail=("head.weight", "head.bias"), tail_ndims=(2, 1))


def _block(channels_in: int, channels: int, downsample: str, statistics: str) -> nn.Module:
    layers = OrderedDict[str, nn.Module](
        conv=nn.Conv2d(channels_in, channels, 3, stride=2 if downsample == "stride" else 1, padding=1),
        norm=Norm(channels, (0, 2, 3) if statistics == "batch" else (2, 3)),
        relu=nn.ReLU(),
    )
    if downsample == "max":
        layers["pool"] = nn.MaxPool2d(2)
    return nn.Sequential(layers)


class Norm(nn.Module):
    """Batch norm (or instance norm) of (n, c, h, w) by the mean and variance of this call, without running averages.

    Written out because PyTorch's own, with weights that differ between the tasks of a ``vmap``, has a wrong second
    derivative (seen in torch 2.13; ``Model`` refuses it).

    Args:
        channels: c.
        axes: over which mean and variance are taken: (0, 2, 3) for batch norm, (2, 3) for instance norm.
        eps: added to the variance.

    Source: Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167, algorithm 1.
    """

    def __init__(self, channels: int, axes: tuple[int, ...] = (0, 2, 3), eps: float = EPS) -> None:
        """Begin with weight 1 and bias 0 for each channel."""
        super().__init__()
        self.axes, self.eps = axes, eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, c, h, w)."""
        centred = x - x.mean(self.axes, keepdim=True)
        scale = torch.rsqrt((centred * centred).mean(self.axes, keepdim=True) + self.eps)
        return centred * (scale * self.weight[:, None, None]) + self.bias[:, None, None]


class _SpatialMean(nn.Module):
    """(n, c, h, w) -> (n, c)."""

    def forward(self, x: Tensor) -> Tensor:
        """Average over the last two axes."""
        return x.mean((-2, -1))
