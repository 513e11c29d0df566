"""Recipes: one function for each published result, with the paper's number and where it stands.

    recipe = build("maml_omniglot", n_way=5, k_shot=1)

or, from a shell, ``python -m metakit train maml_omniglot``. A recipe is a value: change it with
``dataclasses.replace`` and train it with ``metakit.recipes.runner.train``.
"""

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace

from metakit.recipes.anil_omniglot import anil_omniglot
from metakit.recipes.fomaml_omniglot import fomaml_omniglot
from metakit.recipes.maml_omniglot import maml_omniglot
from metakit.recipes.maml_plus_plus_omniglot import maml_plus_plus_omniglot
from metakit.recipes.maml_sinusoid import maml_sinusoid
from metakit.recipes.protonet_omniglot import protonet_omniglot
from metakit.recipes.recipe import Recipe

RECIPES: Mapping[str, Callable[..., Recipe]] = {
    recipe.__name__: recipe
    for recipe in (
        maml_sinusoid,
        maml_omniglot,
        fomaml_omniglot,
        anil_omniglot,
        maml_plus_plus_omniglot,
        protonet_omniglot,
    )
}
"""Every recipe by its name."""


class RecipeError(ValueError):
    """A recipe cannot be made as asked; the message is for the person who asked."""


def build(name: str, **options: int | float | str) -> Recipe:
    """Return the recipe of that name, which remembers its name and all its options, defaults included.

    Raises:
        RecipeError: no such recipe, an option that it does not have, or a value that cannot be.
    """
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise RecipeError(f"there is no recipe {name!r}; the recipes are {', '.join(RECIPES)}.{hint}")
    signature = inspect.signature(RECIPES[name])
    if unknown := sorted(set(options) - set(signature.parameters)):
        raise RecipeError(f"{name} has no option {', '.join(unknown)}; it has {', '.join(signature.parameters)}.")
    bound = signature.bind(**options)
    bound.apply_defaults()
    for option, value in bound.arguments.items():
        if isinstance(value, int | float) and (value < 0 or (value == 0 and option != "seed")):
            least = "at least 0" if option == "seed" else "above 0"
            raise RecipeError(f"{name}: {option} must be {least}, but is {value}.")
    return replace(RECIPES[name](**bound.arguments), name=name, options=dict(bound.arguments))
