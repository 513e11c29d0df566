"""Strided convolutions with batch norm and ReLU as one operation, in C++ (conv4.cpp), for characters on a CPU."""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from metakit.fused import calls
from metakit.fused.axes import Weights, empty_like_rows, same_rows
from metakit.fused.build import library
from metakit.fused.calls import REAL, address, contiguous

SOURCE = Path(__file__).with_name("conv4.cpp")


def why_not(x: Tensor) -> str | None:
    """Return why the kernel cannot take ``x``, or None if it can."""
    return calls.why_not(SOURCE, x)


class _Shape(ctypes.Structure):
    _fields_ = (
        ("tasks", ctypes.c_int64),
        ("rows", ctypes.c_int64),
        ("images", ctypes.c_int64),
        ("height", ctypes.c_int64),
        ("width", ctypes.c_int64),
        ("inputs", ctypes.c_int64),
        ("channels", ctypes.c_int64),
        ("blocks", ctypes.c_int64),
        ("eps", ctypes.c_double),
        ("threads", ctypes.c_int64),
        ("packed", ctypes.c_int64),
    )


@dataclass(frozen=True)
class Conv4:
    """The kernel: blocks of [convolution 3x3 of stride 2, batch norm, ReLU], then the mean over pixels.

    Takes x (n_tasks, n, channels_in, height, width) on the CPU and, of each block, the convolution's weight
    (channels, channels_in, 3, 3) and the norm's weight and bias (channels,); returns (n_tasks, n, channels).

    Args:
        blocks: how many.
        eps: added to the variance.
        packed: whether the convolutions' weights, their gradients and their moves are as the kernel reads them,
            (3, 3, channels_in, channels up to a whole vector), which spares each call turning them.
    """

    WEIGHTS: ClassVar = ("conv.weight", "norm.weight", "norm.bias")

    blocks: int
    eps: float
    packed: bool = False

    def shared_ndims(self) -> Sequence[int]:
        """Return the number of axes of each weight when it is shared."""
        return (4, 1, 1) * self.blocks

    def pack(self, weights: Weights) -> tuple["Conv4", list[Tensor]]:
        """Return the kernel for packed weights, and these packed."""
        inputs, width = weights[0].shape[-3], _padded(weights[1].shape[-1], weights[0].dtype)
        return replace(self, packed=True), self._convert("pack", weights, inputs, lambda w: (3, 3, w.shape[2], width))

    def unpack(self, weights: Weights) -> list[Tensor]:
        """Return packed weights as they were."""
        inputs, channels = weights[0].shape[-2], weights[1].shape[-1]
        return self._convert("unpack", weights, inputs, lambda panel: (channels, panel.shape[3], 3, 3))

    def _convert(
        self, name: str, weights: Weights, inputs: int, shape_of: Callable[[Tensor], tuple[int, ...]]
    ) -> list[Tensor]:
        convolutions, channels = weights[::3], weights[1].shape[-1]
        rows, given = same_rows(convolutions, (4,) * self.blocks)
        results = [w.new_empty(rows, *shape_of(w)) for w in given]
        sizes = (rows, rows, 0, 1, 1, inputs, channels, self.blocks, self.eps, torch.get_num_threads(), True)
        _function(name, given[0].dtype)(ctypes.byref(_Shape(*sizes)), address(given), address(results))
        shared = all(w.ndim == 4 for w in convolutions)
        converted = iter(one[0] if shared else one for one in results)
        return [w if i % 3 else next(converted) for i, w in enumerate(weights)]

    def forward(self, x: Tensor, weights: Weights, save: bool) -> tuple[Tensor, Tensor]:
        """Return the features and what the derivatives need."""
        call = _Call(self, x, weights)
        y = x.new_empty(*x.shape[:2], call.shape.channels)
        saved = x.new_empty(len(x), call.size("saves") if save else 0)
        call("forward", y, saved)
        return y, saved

    def gradient(
        self, g: Tensor, x: Tensor, saved: Tensor, weights: Weights, wants_x: bool
    ) -> tuple[Tensor | None, Weights]:
        """Return the gradients of <g, features>."""
        call = _Call(self, x, weights)
        gx = torch.empty_like(call.x) if wants_x else None
        grads = empty_like_rows(len(x), call.weights)
        call("gradient", saved.contiguous(), g.contiguous(), gx, grads)
        return gx, grads

    def forward_tangent(
        self, vx: Tensor | None, v: Weights, x: Tensor, saved: Tensor, weights: Weights
    ) -> tuple[Tensor, Tensor]:
        """Return how the features move, and what ``backward_tangent`` needs."""
        call = _Call(self, x, weights)
        dy = x.new_empty(*x.shape[:2], call.shape.channels)
        moved = x.new_empty(len(x), call.size("moves"))
        given = [contiguous(one) for one in (saved, vx, v)]
        call("forward_tangent", *given, dy, moved)
        return dy, moved

    def backward_tangent(
        self,
        g: Tensor,
        dg: Tensor,
        vx: Tensor | None,
        v: Weights,
        moved: Tensor,
        x: Tensor,
        saved: Tensor,
        weights: Weights,
        wants_x: bool,
    ) -> tuple[Tensor | None, Weights]:
        """Return how the gradients move."""
        call = _Call(self, x, weights)
        dgx = torch.empty_like(call.x) if wants_x else None
        dgrads = empty_like_rows(len(x), call.weights)
        given = [contiguous(one) for one in (saved, g, dg, vx, v)]
        call("backward_tangent", *given, moved, dgx, dgrads)
        return dgx, dgrads


class _Call:
    """The arguments that all functions of conv4.cpp begin with: shape, x, weights."""

    def __init__(self, kernel: Conv4, x: Tensor, weights: Weights) -> None:
        rows, self.weights = same_rows(weights, kernel.shared_ndims())
        self.x = x.contiguous()
        channels = self.weights[1].shape[1]
        inputs = self.weights[0].shape[3 if kernel.packed else 2]
        if x.ndim != 5 or x.shape[2] != inputs:
            raise ValueError(f"conv4 takes images (n, {inputs}, height, width), but got {tuple(x.shape[1:])}")
        for i, w in enumerate(self.weights):
            block, name = divmod(i, len(Conv4.WEIGHTS))
            needs: tuple[int, ...] = (channels,)
            if name == 0 and kernel.packed:
                needs = (3, 3, channels if block else inputs, _padded(channels, x.dtype))
            elif name == 0:
                needs = (channels, channels if block else inputs, 3, 3)
            if w.shape[1:] != needs or w.dtype != x.dtype or w.device != x.device:
                raise ValueError(
                    f"conv4: block{block + 1}.{Conv4.WEIGHTS[name]} must be {tuple(needs)} {x.dtype} on {x.device}, as "
                    f"the images and the first block ask, but is {tuple(w.shape[1:])} {w.dtype} on {w.device}"
                )
        n_tasks, n, _, height, width = x.shape
        self.shape = _Shape(
            n_tasks,
            rows,
            n,
            height,
            width,
            inputs,
            channels,
            kernel.blocks,
            kernel.eps,
            torch.get_num_threads(),
            kernel.packed,
        )

    def size(self, name: str) -> int:
        """Ask how many numbers a task ``saves`` or ``moves``."""
        return _function(name, self.x.dtype)(ctypes.byref(self.shape))

    def __call__(self, name: str, *tensors: Tensor | Weights | None) -> None:
        """Call it with the addresses of ``tensors``; a list of tensors is an array of addresses."""
        addresses = [address(one) for one in (self.x, self.weights, *tensors)]
        _function(name, self.x.dtype)(ctypes.byref(self.shape), *addresses)


@cache
def _function(name: str, dtype: torch.dtype) -> Any:
    """Return a function of conv4.cpp for such numbers."""
    function = getattr(library(SOURCE, REAL[dtype]), name)
    function.restype = ctypes.c_int64 if name in ("saves", "moves", "padded") else None
    return function


@cache
def _padded(channels: int, dtype: torch.dtype) -> int:
    """Return how many channels a packed convolution has: whole vectors of them."""
    return _function("padded", dtype)(ctypes.c_int64(channels))
