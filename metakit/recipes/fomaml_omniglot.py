"""First-order MAML on Omniglot: MAML's inner loop, with each step's Jacobian taken for the identity."""

from dataclasses import replace

from metakit.gradients import first_order
from metakit.recipes.maml_omniglot import DEPARTS, maml_omniglot
from metakit.recipes.recipe import Published, Recipe


def fomaml_omniglot(
    n_way: int = 5,
    k_shot: int = 1,
    n_query: int = 5,
    n_tasks: int = 8,
    n_iterations: int = 10_000,
    seed: int = 0,
) -> Recipe:
    """Return ``maml_omniglot`` with ``gradient=first_order`` in its learner, and else the same.

    Source: Finn et al. 2017, https://arxiv.org/abs/1703.03400, section 5.2, who have no number for Omniglot; it is in
    Nichol et al. 2018, https://arxiv.org/abs/1803.02999, table 2, made with the code and the settings of the former.
    Departs: as ``maml_omniglot``.
    """
    recipe = maml_omniglot(n_way, k_shot, n_query, n_tasks, n_iterations, seed)
    return replace(
        recipe,
        learner=replace(recipe.learner, gradient=first_order),  # type: ignore[type-var]
        published=PUBLISHED.get((n_way, k_shot), ()),
        departs=DEPARTS,
        measured=(),
    )


_TABLE = "Nichol et al. 2018, https://arxiv.org/abs/1803.02999, table 2, first-order MAML with transduction"
_PROTOCOL = "the code and settings of Finn et al. 2017 (see maml_omniglot), transductive"
PUBLISHED = {
    (5, 1): (Published(0.983, 0.005, _PROTOCOL, _TABLE),),
    (5, 5): (Published(0.992, 0.002, _PROTOCOL, _TABLE),),
    (20, 1): (Published(0.894, 0.005, _PROTOCOL, _TABLE),),
    (20, 5): (Published(0.979, 0.001, _PROTOCOL, _TABLE),),
}
"""By ``(n_way, k_shot)``."""
