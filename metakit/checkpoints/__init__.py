"""Starts that are shipped with the library, trained by the library: six for sine curves, six for Omniglot.

    phi = starts("sinusoid")["MAML"]

``python -m metakit starts`` trains them again. Each folder here holds one checkpoint; its ``run.json`` says how it was
made and what its starts reached.
"""

from pathlib import Path
from typing import Any

from metakit.checkpoints.kinds import KINDS, NAMES, kind_named
from metakit.problem import Params
from metakit.recipes.checkpoint import load, unflatten

__all__ = ["KINDS", "NAMES", "SHIPPED", "header", "starts"]

SHIPPED = Path(__file__).parent
"""Where the folders ``sinusoid`` and ``omniglot`` are."""


def starts(kind: str, folder: Path = SHIPPED) -> dict[str, Params]:
    """Return phi for each name in ``NAMES``.

    Args:
        kind: ``"sinusoid"``, for ``mlp((1, 40, 40, 1))``; ``"omniglot"``, for ``conv4(out=5, channels=16)``.
        folder: where the checkpoints of both kinds are.

    Raises:
        RecipeError: no such kind.
        CheckpointError: the file is not there, not whole, or of another network.
    """
    tensors, _ = load(folder / kind_named(kind).name)
    like = KINDS[kind].model.init(0)
    return {name: unflatten(name, tensors, like) for name in NAMES}


def header(kind: str, folder: Path = SHIPPED) -> dict[str, Any]:
    """Return how the starts of a kind were made: command, seed, data, versions, and what each reached."""
    return load(folder / kind_named(kind).name).header
