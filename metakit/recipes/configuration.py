"""What identifies a run: two runs of one configuration take the same steps."""

import platform
from typing import Any

import torch

from metakit.recipes.recipe import Recipe, Splits


def configuration(recipe: Recipe, splits: Splits, device: str, precision: str) -> dict[str, Any]:
    """Return what must be equal for a run to go on: recipe, options, data, device and precision."""
    return {
        "recipe": recipe.name,
        "options": dict(recipe.options),
        "data": splits.source,
        "digest": splits.digest,
        "device": torch.device(device).type,
        "precision": precision,
    }


def differences(wanted: dict[str, Any], there: dict[str, Any]) -> str:
    """Return in words where two configurations differ; empty if they are equal."""
    wanted, there = ({**c, **c["options"]} for c in (wanted, there))
    keys = sorted(key for key in (wanted.keys() | there.keys()) - {"options"} if wanted.get(key) != there.get(key))
    return "; ".join(f"{key} is {there.get(key)} there and {wanted.get(key)} here" for key in keys)


def versions() -> dict[str, str]:
    """Return what may change the last digits of a result."""
    return {"python": platform.python_version(), "torch": torch.__version__, "machine": platform.machine()}
