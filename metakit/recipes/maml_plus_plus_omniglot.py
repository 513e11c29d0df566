"""MAML++ on Omniglot: five inner steps with learned rates, norm weights for each step, a loss after each step."""

from dataclasses import replace

from metakit.algorithms.maml_plus_plus import MAMLPlusPlus, multi_step_weights
from metakit.learner import trajectory_loss
from metakit.losses import cross_entropy
from metakit.networks import conv4
from metakit.recipes.maml_omniglot import DEPARTS as MAML_DEPARTS
from metakit.recipes.maml_omniglot import maml_omniglot
from metakit.recipes.recipe import Published, Recipe


def maml_plus_plus_omniglot(
    n_way: int = 5,
    k_shot: int = 1,
    n_query: int = 5,
    n_tasks: int = 8,
    n_iterations: int = 10_000,
    seed: int = 0,
) -> Recipe:
    """Return ``maml_omniglot`` with ``MAMLPlusPlus``, five steps from a rate of 0.1, and its multi-step loss.

    Source: Antoniou et al. 2019, https://arxiv.org/abs/1810.09502, sections 4 and 5.
    Departs: see ``DEPARTS`` and ``MAMLPlusPlus``.
    """
    recipe = maml_omniglot(n_way, k_shot, n_query, n_tasks, n_iterations, seed)
    learner = MAMLPlusPlus(conv4(n_way), cross_entropy, lr=0.1, steps=5)
    return replace(
        recipe,
        learner=learner,
        test_learner=learner,
        task_loss=trajectory_loss(cross_entropy, multi_step_weights(learner.steps, HALFWAY).tolist()),
        published=PUBLISHED.get((n_way, k_shot), ()),
        departs=DEPARTS,
        measured=(),
    )


HALFWAY = 0.5
"""Where on the way from equal weights to the last step alone the weights of the steps' losses stand."""

DEPARTS = (
    "the weights of the steps' losses stay as they are halfway through the paper's annealing (0.1 each, 0.6 for the "
    "last), and the derivative is second-order from the start, so that all steps of the outer loop are alike and one "
    f"recorded graph serves them. As in maml_omniglot: {MAML_DEPARTS}"
)

_TABLE = "Antoniou et al. 2019, https://arxiv.org/abs/1810.09502, table of {}-way results on Omniglot"
_PROTOCOL = "characters shuffled and split into 1,150 to train, 50 to validate and 423 to test; rotations as classes"
PUBLISHED = {
    (5, 1): (Published(0.9947, None, _PROTOCOL, _TABLE.format(5)),),
    (20, 1): (Published(0.9765, None, _PROTOCOL, _TABLE.format(20)),),
    (20, 5): (Published(0.9933, None, _PROTOCOL, _TABLE.format(20)),),
}
"""By ``(n_way, k_shot)``; for 5-way 5-shot, those who quote the paper do not agree."""
