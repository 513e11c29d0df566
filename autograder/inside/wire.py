"""How values cross the wall: plain data and raw tensor bytes, read strictly, so that what is forged is only a value.

A message is base64 of a header and the tensors' bytes, one after another. The header is JSON; each value in it is a
list, its kind first:

    ["none"] ["bool", b] ["int", n] ["float", x] ["str", s] ["other", name of the type]
    ["list", [value...]] ["tuple", [value...]] ["dict", [[name, value]...]]
    ["examples", x, y] ["task", support, query]
    ["tensor", dtype, shape, requires_grad]
    ["code", source, name]
"""

import base64
import binascii
import json
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from metakit.problem import Examples, Task

MAX_BYTES = 64 * 2**20
MAX_HEADER = 4 * 2**20
"""Bytes of a header: what is read of JSON can take thirty times as much memory."""
MAX_DEPTH = 8
MAX_VALUES = 10_000
MAX_TEXT = 10_000
_DTYPES = {str(d).removeprefix("torch."): d for d in (torch.float32, torch.float64, torch.int64, torch.bool)}


class WireError(ValueError):
    """What came is not a message, or is too large; nothing else is wrong."""


@dataclass(frozen=True)
class Code:
    """A function that is built on the other side: ``name`` in what ``source`` defines. It must hold no answer."""

    source: str
    name: str


@dataclass(frozen=True)
class Other:
    """Something that does not cross; only the name of its type does."""

    type: str


def encode(value: Any) -> str:
    """Return a message.

    Raises:
        WireError: it would be too large.
    """
    tensors: list[bytes] = []
    header = json.dumps(_pack(value, tensors, MAX_DEPTH - 1)).encode()  # what is deeper is told in one entry more
    message = base64.b64encode(b"".join([len(header).to_bytes(8, "big"), header, *tensors]))
    for size, most in ((len(message), MAX_BYTES), (len(header), MAX_HEADER)):
        if size > most:
            raise WireError(f"{size / 2**20:.0f} MB are too much to hand over; at most {most >> 20}.")
    return message.decode("ascii")


def decode(message: str) -> Any:
    """Return what a message holds; tensors own their memory, and those with ``requires_grad`` are leaves.

    Raises:
        WireError: whatever is wrong with it.
    """
    if len(message) > MAX_BYTES:
        raise WireError("the message is too large")
    try:
        raw = base64.b64decode(message, validate=True)
        size = int.from_bytes(raw[:8], "big")
        if size > MAX_HEADER:
            raise ValueError("too much in it")
        header = json.loads(raw[8 : 8 + size].decode())
        reader = _Reader(raw, 8 + size)
        value = reader.value(header, MAX_DEPTH)
    except (binascii.Error, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise WireError(f"the message cannot be read: {error}") from None
    if reader.at != len(raw):
        raise WireError("the message is longer than it says")
    return value


def _pack(value: Any, tensors: list[bytes], depth: int) -> list[Any]:
    kind = type(value)
    if depth == 0:
        return ["other", "something nested too deeply"]
    if value is None:
        return ["none"]
    if kind is bool or kind is float or kind is int:
        return [kind.__name__, value] if kind is not int or abs(value) < 2**63 else ["other", "a very large int"]
    if kind is str:
        return ["str", value[:MAX_TEXT]]
    if kind is Code:
        return ["code", value.source, value.name]
    if kind is Examples or kind is Task:
        return [kind.__name__.lower(), *(_pack(part, tensors, depth - 1) for part in value)]
    if kind in (list, tuple):
        return [kind.__name__, [_pack(part, tensors, depth - 1) for part in value]]
    if isinstance(value, dict) and all(type(name) is str for name in value):
        return ["dict", [[name[:MAX_TEXT], _pack(part, tensors, depth - 1)] for name, part in value.items()]]
    if isinstance(value, Tensor):
        return _pack_tensor(value, tensors)
    return ["other", getattr(kind, "__name__", "something")[:100]]


def _pack_tensor(value: Tensor, tensors: list[bytes]) -> list[Any]:
    dtype = str(value.dtype).removeprefix("torch.")
    if dtype not in _DTYPES or value.layout != torch.strided:
        return ["other", f"Tensor of {dtype}, {value.layout}"]
    plain = value.detach().cpu().contiguous()
    tensors.append(plain.numpy().tobytes())
    return ["tensor", dtype, list(plain.shape), value.requires_grad]


class _Reader:
    """Walks the header, and takes the tensors' bytes in the order in which it meets them."""

    def __init__(self, raw: bytes, at: int) -> None:
        self.raw, self.at, self.left = raw, at, MAX_VALUES

    def value(self, entry: Any, depth: int) -> Any:
        self.left -= 1
        if depth == 0 or self.left < 0:
            raise ValueError("too much in it")
        match entry:
            case ["none"]:
                return None
            case ["bool", bool(x)] | ["float", float(x)]:
                return x
            case ["int", int(x)] if type(x) is int and abs(x) < 2**63:
                return x
            case ["str", str(x)] if len(x) <= MAX_TEXT:
                return x
            case ["other", str(name)] if len(name) <= 100:
                return Other(name)
            case ["code", str(source), str(name)]:
                return Code(source, name)
            case ["list", [*parts]]:
                return [self.value(part, depth - 1) for part in parts]
            case ["tuple", [*parts]]:
                return tuple(self.value(part, depth - 1) for part in parts)
            case ["dict", [*items]]:
                return {self._name(item): self.value(item[1], depth - 1) for item in items}
            case ["examples", x, y]:
                return Examples(self.value(x, depth - 1), self.value(y, depth - 1))
            case ["task", support, query]:
                return Task(self.value(support, depth - 1), self.value(query, depth - 1))
            case ["tensor", str(dtype), [*shape], bool(grad)] if dtype in _DTYPES:
                return self._tensor(_DTYPES[dtype], shape, grad)
        raise ValueError("an entry is of no known kind")

    @staticmethod
    def _name(item: Any) -> str:
        match item:
            case [str(name), _] if len(name) <= MAX_TEXT:
                return name
        raise ValueError("an item of a dict is no pair")

    def _tensor(self, dtype: torch.dtype, shape: list[Any], grad: bool) -> Tensor:
        if len(shape) > 8 or any(type(n) is not int or not 0 <= n <= MAX_BYTES for n in shape):
            raise ValueError("a tensor has an impossible shape")
        size = math.prod(shape) * dtype.itemsize
        if self.at + size > len(self.raw):
            raise ValueError("a tensor is larger than its bytes")
        piece, self.at = bytearray(self.raw[self.at : self.at + size]), self.at + size
        tensor = torch.frombuffer(piece, dtype=dtype) if size else torch.empty(0, dtype=dtype)
        return tensor.reshape(shape).requires_grad_(grad and dtype.is_floating_point)
