"""Small fully connected networks with ReLU as one operation, in C++ (mlp.cpp), for curves on a CPU."""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from metakit.fused import calls
from metakit.fused.axes import Weights, same_rows
from metakit.fused.build import library
from metakit.fused.calls import REAL, address, contiguous

SOURCE = Path(__file__).with_name("mlp.cpp")
PADDED_TO = 16
"""Examples are kept in whole vectors, as mlp.cpp has them."""
AT_MOST = 128
"""Features and examples up to which calls cost more than their arithmetic; beyond, PyTorch's products are for."""


def why_not(sizes: Sequence[int], x: Tensor) -> str | None:
    """Return why the kernel cannot take ``x``, or None if it can."""
    if x.ndim != 2 or x.shape[1] != sizes[0]:
        return f"the compiled kernel takes (n, {sizes[0]}); this is {tuple(x.shape)}"
    if not 1 <= len(x) <= AT_MOST or max(sizes) > AT_MOST:
        return (
            f"the compiled kernel is for 1 to {AT_MOST} examples and features; this is {len(x)} through {tuple(sizes)}"
        )
    return calls.why_not(SOURCE, x)


class _Shape(ctypes.Structure):
    _fields_ = (
        ("tasks", ctypes.c_int64),
        ("rows", ctypes.c_int64),
        ("examples", ctypes.c_int64),
        ("layers", ctypes.c_int64),
        ("threads", ctypes.c_int64),
        ("sizes", ctypes.c_void_p),
    )


@dataclass(frozen=True)
class Mlp:
    """The kernel: layers of [weight, bias], with ReLU after each but the last.

    Takes x (n_tasks, n, sizes[0]) on the CPU and, of each layer, weight (out, in) and bias (out,); returns
    (n_tasks, n, sizes[-1]).

    Args:
        sizes: the width of each layer, input first.
    """

    sizes: tuple[int, ...]

    def shared_ndims(self) -> Sequence[int]:
        """Return the number of axes of each weight when it is shared."""
        return (2, 1) * (len(self.sizes) - 1)

    def pack(self, weights: Weights) -> tuple["Mlp", list[Tensor]]:
        """Return itself and the weights: it takes them as they are."""
        return self, list(weights)

    def unpack(self, weights: Weights) -> list[Tensor]:
        """Return the weights."""
        return list(weights)

    def forward(self, x: Tensor, weights: Weights, save: bool) -> tuple[Tensor, Tensor]:
        """Return y and what the derivatives need, which is computed in any case."""
        self._check(x, weights)
        y, saved = x.new_empty(*x.shape[:2], self.sizes[-1]), self._hidden(x)
        self._call("forward", x, weights, y, saved)
        return y, saved

    def gradient(
        self, g: Tensor, x: Tensor, saved: Tensor, weights: Weights, wants_x: bool
    ) -> tuple[Tensor | None, Weights]:
        """Return the gradients of <g, y>."""
        gx = x.new_empty(x.shape) if wants_x else None
        grads = self._grads(x)
        self._call("gradient", x, weights, saved, g, gx, grads)
        return gx, grads

    def forward_tangent(
        self, vx: Tensor | None, v: Weights, x: Tensor, saved: Tensor, weights: Weights
    ) -> tuple[Tensor, Tensor]:
        """Return how y moves, and what ``backward_tangent`` needs."""
        dy, moved = x.new_empty(*x.shape[:2], self.sizes[-1]), self._hidden(x)
        self._call("forward_tangent", x, weights, saved, vx, v, dy, moved)
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
        dgx = x.new_empty(x.shape) if wants_x else None
        dgrads = self._grads(x)
        self._call("backward_tangent", x, weights, saved, g, dg, vx, v, moved, dgx, dgrads)
        return dgx, dgrads

    @cached_property
    def _shapes(self) -> list[tuple[int, ...]]:
        """The shape of each weight when it is shared."""
        return [shape for fan_in, fan_out in pairwise(self.sizes) for shape in ((fan_out, fan_in), (fan_out,))]

    def _check(self, x: Tensor, weights: Weights) -> None:
        for i, (w, needs) in enumerate(zip(weights, self._shapes, strict=True)):
            if w.shape[w.ndim - len(needs) :] != needs or w.dtype != x.dtype or w.device != x.device:
                raise ValueError(
                    f"mlp {self.sizes}: {('weight', 'bias')[i % 2]} of layer {i // 2 + 1} must be {needs} {x.dtype} "
                    f"on {x.device}, as x is, but is {tuple(w.shape)} {w.dtype} on {w.device}"
                )

    def _hidden(self, x: Tensor) -> Tensor:
        """Return room for what each task's hidden layers hold."""
        n_tasks, n, _ = x.shape
        return x.new_empty(n_tasks, sum(self.sizes[1:-1]), -(-n // PADDED_TO) * PADDED_TO)

    def _grads(self, x: Tensor) -> Weights:
        """Return room for each task's gradients."""
        n_tasks = x.shape[0]
        return [x.new_empty(n_tasks, *shape) for shape in self._shapes]

    def _call(self, name: str, x: Tensor, weights: Weights, *others: Tensor | Weights | None) -> None:
        """Call a function of mlp.cpp with the addresses of its tensors; a list of tensors is an array of addresses."""
        rows, weights = same_rows(weights, self.shared_ndims())
        n_tasks, n, _ = x.shape
        sizes = (ctypes.c_int64 * len(self.sizes))(*self.sizes)
        shape = _Shape(n_tasks, rows, n, len(self.sizes) - 1, torch.get_num_threads(), ctypes.addressof(sizes))
        held = [contiguous(one) for one in (x, weights, *others)]  # until the call is over
        getattr(library(SOURCE, REAL[x.dtype]), name)(ctypes.byref(shape), *map(address, held))
