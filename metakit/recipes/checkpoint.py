"""Checkpoints: one safetensors file that a kill cannot leave half written, and a JSON beside it to read.

All that a run needs to go on is in the one file: tensors in its body, everything else as JSON in its header. So the
two cannot part. ``run.json`` is a copy of that header for people and plots; it is written after the
checkpoint, and once more when the run goes on.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from metakit.tree import Tree, names, tree_leaves, tree_map

CHECKPOINT, JSON = "checkpoint.safetensors", "run.json"
FORMAT = "metakit-1"


class CheckpointError(RuntimeError):
    """A checkpoint cannot be used; the message says which, why, and what to do."""


class Checkpoint(NamedTuple):
    """``tensors`` by name, and ``header``: configuration, iteration, history, results, versions (JSON types only)."""

    tensors: dict[str, Tensor]
    header: dict[str, Any]


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Write both files; each replaces its predecessor in one step, so a reader sees the old or the new one whole."""
    text = json.dumps(checkpoint.header)
    tensors = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in checkpoint.tensors.items()
    }
    metadata = {"format": FORMAT, "header": text, "sha256": _digest(tensors, text)}
    _replace(folder / CHECKPOINT, safetensors.torch.save(tensors, metadata))
    write_json(folder, checkpoint.header)


def write_json(folder: Path, header: dict[str, Any]) -> None:
    """Write the header for people to read."""
    _replace(folder / JSON, (json.dumps(header, indent=2) + "\n").encode())


def holds_one(folder: Path) -> bool:
    """Return whether a checkpoint lies in the folder."""
    return (folder / CHECKPOINT).exists()


def load(path: Path) -> Checkpoint:
    """Read a checkpoint, given the file or the folder it lies in; tensors are on the CPU.

    Raises:
        CheckpointError: it is not there, not whole, not one of metakit's, or changed since it was written.
    """
    path = path / CHECKPOINT if path.is_dir() else path
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint at {path}; give the --out folder of a training run.")
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
    except (safetensors.SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is truncated or no safetensors file ({error}); train again.") from error
    if metadata.get("format") != FORMAT:
        raise CheckpointError(f"{path} was not written by metakit's training (no {FORMAT!r} in its header).")
    if metadata["sha256"] != _digest(tensors, metadata["header"]):
        raise CheckpointError(f"{path} is corrupt: its contents are not those that were written; train again.")
    return Checkpoint(tensors, json.loads(metadata["header"]))


def flatten(prefix: str, tree: Tree) -> dict[str, Tensor]:
    """Return the tensors of a tree by name, ``prefix/name``."""
    return {f"{prefix}/{name}": leaf for name, leaf in zip(names(tree), tree_leaves(tree), strict=True)}


def unflatten(prefix: str, tensors: dict[str, Tensor], like: Tree) -> Tree:
    """Return the tree that ``flatten`` took apart, on the device of ``like``, a tree of the same names and shapes.

    Raises:
        CheckpointError: names or shapes differ: the checkpoint is of another network.
    """
    expected = {name: (tuple(leaf.shape), leaf.dtype) for name, leaf in flatten(prefix, like).items()}
    came = {name: (tuple(t.shape), t.dtype) for name, t in tensors.items() if name.startswith(prefix + "/")}
    if expected != came:
        name = min(name for name in expected.keys() | came.keys() if expected.get(name) != came.get(name))
        raise CheckpointError(
            f"the checkpoint is of another network: {name} should be {_shape(expected, name)} but is "
            f"{_shape(came, name)} there; evaluate it with the recipe and options that trained it."
        )
    leaves = iter(expected)
    return tree_map(lambda leaf: tensors[next(leaves)].to(leaf.device), like)


def _shape(tensors: dict[str, Any], name: str) -> str:
    return f"{tensors[name][0]} {tensors[name][1]}" if name in tensors else "absent"


def _plain(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)  # safetensors refuses shared memory


def _digest(tensors: dict[str, Tensor], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(f"\0{name}\0".encode() + tensors[name].numpy().tobytes())
    return digest.hexdigest()


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    with open(partial, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
