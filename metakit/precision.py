"""How exactly a training step computes: float32 as it is, TF32 on the GPU's tensor cores, or bfloat16 products.

    gradient = at("bf16", autodiff, "cuda")

phi, theta, gradients and the optimizer's state are float32 in all three.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from metakit.gradients import Gradient, ValueAndGrad
from metakit.problem import Objective, Params

PRECISIONS = ("float32", "tf32", "bf16")
"""float32; products of matrices and convolutions rounded to 10 bits on the way in; to 7 bits, and kept so."""


def check(precision: str, device: str) -> None:
    """Do nothing if ``device`` can compute so.

    Raises:
        ValueError: no such precision, or TF32 without an NVIDIA GPU.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}.")
    if precision == "tf32" and torch.device(device).type != "cuda":
        raise ValueError(f"tf32 is a mode of NVIDIA GPUs and the device is {device}; take float32, or bf16.")


def at(precision: str, gradient: Gradient, device: str) -> Gradient:
    """Return a gradient that computes at this precision, whatever the process is set to otherwise.

    bf16 is PyTorch's autocast: convolutions and matrix products take and give bfloat16, in the inner loop and both
    derivatives too, until something in float32 (a weight, a loss) is mixed in.
    """
    check(precision, device)
    # no cache: it would keep a rounded copy of weights that a recorded step changes in place
    rounding = torch.autocast(
        torch.device(device).type, torch.bfloat16, enabled=precision == "bf16", cache_enabled=False
    )

    def of(objective: Objective) -> ValueAndGrad:
        value_and_grad = gradient(objective)

        def computed(params: Params, batch: Any) -> tuple[Tensor, Params]:
            with multiplying("tf32" if precision == "tf32" else "ieee", device), rounding:
                value, grads = value_and_grad(params, batch)
            return value if value.dtype == torch.float64 else value.float(), grads

        return computed

    return of


@contextmanager
def multiplying(mode: str, device: str) -> Iterator[None]:
    """Have CUDA multiply float32 as ``"ieee"`` or ``"tf32"`` within a ``with``; PyTorch's default is a mixture.

    On another device nothing is changed.
    """
    if torch.device(device).type != "cuda":
        yield
        return
    matmul, conv = torch.backends.cuda.matmul, torch.backends.cudnn.conv  # type: ignore[attr-defined]
    before = matmul.fp32_precision, conv.fp32_precision
    try:
        _multiply(mode)
        conv.fp32_precision = mode
        yield
    finally:
        _multiply(before[0])
        matmul.fp32_precision, conv.fp32_precision = before


def _multiply(mode: str) -> None:
    # sets matmul.fp32_precision and its older twin, which torch.compile and the profiler ask for and want to agree
    torch.set_float32_matmul_precision("high" if mode == "tf32" else "highest")
