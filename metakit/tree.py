"""Arithmetic on parameters: dicts (and tuples) of tensors, treated as one vector.

phi and theta are *trees*: tensors inside nested dicts, tuples and named tuples. Everything the library does to all
of a tree's tensors at once is here, so that no other file walks a tree.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree  # the registry torch.func itself uses, so both agree on what a tree is

Tree = Any
"""A tensor, or a dict, list, tuple or named tuple of trees."""


def tree_map(function: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """Apply ``function`` to each tensor of ``tree`` and to its counterparts in ``others``.

    Raises:
        ValueError: the trees have not the same structure; the message shows where they part.
    """
    leaves, structure = _pytree.tree_flatten(tree)
    columns = [leaves]
    for other in others:
        other_leaves, other_structure = _pytree.tree_flatten(other)
        if other_structure != structure:
            raise ValueError(_different(tree, other))
        columns.append(other_leaves)
    return _pytree.tree_unflatten([function(*row) for row in zip(*columns, strict=True)], structure)


def tree_leaves(tree: Tree) -> list[Tensor]:
    """Return the tensors of ``tree`` in a fixed order."""
    return _pytree.tree_leaves(tree)


def names(tree: Tree) -> list[str]:
    """Return each tensor's path as one string, such as ``"start.layer1.weight"``, in the order of ``tree_leaves``."""
    return [".".join(_step(key) for key in path) for path, _ in _pytree.tree_flatten_with_path(tree)[0]]


def detach(tree: Tree) -> Tree:
    """Hold every tensor constant: the same numbers, through which no derivative flows."""
    return tree_map(Tensor.detach, tree)


def zeros_like(tree: Tree) -> Tree:
    """Return a tree of zeros."""
    return tree_map(torch.zeros_like, tree)


def to(tree: Tree, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Tree:
    """Move a tree to a device; give its floating-point tensors another dtype (labels keep theirs)."""
    return tree_map(lambda leaf: leaf.to(device, dtype if leaf.is_floating_point() else None), tree)


def stack(trees: list[Tree]) -> Tree:
    """Stack trees of one structure along a new leading axis: n tasks become one batch of n tasks."""
    return tree_map(lambda *leaves: torch.stack(leaves), *trees)


def dot(a: Tree, b: Tree) -> Tensor:
    """Return the inner product <a, b>, a scalar."""
    return sum(tree_leaves(tree_map(lambda x, y: (x * y).sum(), a, b)), start=torch.zeros(()))


def axpy(scale: float | Tensor, x: Tree, y: Tree) -> Tree:
    """Return ``scale * x + y``."""
    return tree_map(lambda a, b: scale * a + b, x, y)


def _step(key: Any) -> str:
    for attribute in ("key", "name", "idx"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def _different(expected: Tree, came: Tree) -> str:
    missing = sorted(set(names(expected)) - set(names(came)))
    extra = sorted(set(names(came)) - set(names(expected)))
    return (
        f"two trees must have the same names; missing from the second: {missing or 'nothing'}, "
        f"only in the second: {extra or 'nothing'}. Build both from the same model or learner."
    )
