"""What the compiled kernels share: which tensors they take, and how a call hands them over."""

import ctypes
from pathlib import Path

import torch
from torch import Tensor

from metakit.fused.axes import Weights
from metakit.fused.build import CannotBuild, library

REAL = {torch.float32: "-DREAL=float", torch.float64: "-DREAL=double"}


def why_not(source: Path, x: Tensor) -> str | None:
    """Return why the kernel in ``source`` cannot take ``x``, whatever its shape, or None if it can."""
    if x.device.type != "cpu" or x.dtype not in REAL:
        return f"the compiled kernel is for float32 and float64 on the CPU; this is {x.dtype} on {x.device}"
    if torch.is_autocast_enabled("cpu"):
        return "autocast asks for lower precision, which the compiled kernel has not"
    try:
        library(source, REAL[x.dtype])
    except CannotBuild as error:
        return str(error)
    return None


def contiguous(tensors: Tensor | Weights | None) -> Tensor | Weights | None:
    """Return the same in the order in which C++ reads it."""
    if tensors is None or isinstance(tensors, Tensor):
        return None if tensors is None else tensors.contiguous()
    return [one.contiguous() for one in tensors]


def address(tensors: Tensor | Weights | None) -> ctypes.c_void_p | ctypes.Array[ctypes.c_void_p]:
    """Return where a tensor lies; of a list, an array of addresses; of nothing, the null address."""
    if tensors is None or isinstance(tensors, Tensor):
        return ctypes.c_void_p(tensors.data_ptr() if tensors is not None and tensors.numel() else None)
    return (ctypes.c_void_p * len(tensors))(*(one.data_ptr() for one in tensors))
