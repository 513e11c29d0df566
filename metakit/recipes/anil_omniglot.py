"""ANIL on Omniglot: MAML's outer loop, with an inner loop for the last layer alone."""

from dataclasses import replace
from typing import cast

from metakit.algorithms.anil import ANIL
from metakit.algorithms.maml import MAML
from metakit.losses import cross_entropy
from metakit.recipes.maml_omniglot import DEPARTS as MAML_DEPARTS
from metakit.recipes.maml_omniglot import maml_omniglot
from metakit.recipes.recipe import Published, Recipe


def anil_omniglot(
    n_way: int = 5,
    k_shot: int = 1,
    n_query: int = 5,
    n_tasks: int = 8,
    n_iterations: int = 10_000,
    seed: int = 0,
) -> Recipe:
    """Return ``maml_omniglot`` with ``ANIL`` in MAML's place, and else the same.

    Source: Raghu et al. 2020, https://arxiv.org/abs/1909.09157, section 4 and table 2.
    Departs: see ``DEPARTS``.
    """
    recipe = maml_omniglot(n_way, k_shot, n_query, n_tasks, n_iterations, seed)
    return replace(
        recipe,
        learner=_head_alone(cast(MAML, recipe.learner)),
        test_learner=_head_alone(cast(MAML, recipe.test_learner)),
        published=PUBLISHED.get((n_way, k_shot), ()),
        departs=DEPARTS,
        measured=(),
    )


def _head_alone(maml: MAML) -> ANIL:
    return ANIL(maml.model, cross_entropy, maml.lr, maml.steps)


DEPARTS = f"inner rate and steps are those of maml_omniglot, not the paper's. As there: {MAML_DEPARTS}"

_TABLE = "Raghu et al. 2020, https://arxiv.org/abs/1909.09157, table 2"
_PROTOCOL = "four convolutions of 64 channels, as in Finn et al. 2017; printed with ± {}, over random starts"
PUBLISHED = {
    (20, 1): (Published(0.962, None, _PROTOCOL.format("0.5"), _TABLE),),
    (20, 5): (Published(0.980, None, _PROTOCOL.format("0.3"), _TABLE),),
}
"""By ``(n_way, k_shot)``; the paper has no others for Omniglot."""
