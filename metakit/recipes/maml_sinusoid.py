"""MAML on sine curves: the first result of the paper."""

from metakit.algorithms.maml import MAML
from metakit.learner import query_loss
from metakit.losses import mse
from metakit.networks import mlp
from metakit.optimizers import Adam
from metakit.recipes.recipe import MSE, ONE_CORE, Measured, Published, Recipe, Splits
from metakit.tasks.sinusoids import Sinusoids


def maml_sinusoid(
    k_shot: int = 10, n_tasks: int = 25, steps: int = 1, lr: float = 0.01, n_iterations: int = 15_000, seed: int = 0
) -> Recipe:
    """Return MAML on sinusoid regression: 2 hidden layers of 40, one inner step of 0.01, Adam at 0.001 outside.

    Source: Finn et al. 2017, https://arxiv.org/abs/1703.03400, section 5.1; tasks a step and the outer rate are
    those of the authors' code, https://github.com/cbfinn/maml, ``main.py``.
    Departs: 15,000 iterations for the 70,000 of that code's instructions; PyTorch's initialization; a query set of
    100 points at test, for a steadier number.
    """
    learner = MAML(mlp((1, 40, 40, 1)), mse, lr=lr, steps=steps)
    train, test = Sinusoids(k_shot, n_query=k_shot), Sinusoids(k_shot, n_query=100)
    return Recipe(
        learner=learner,
        test_learner=learner,
        task_loss=query_loss(mse),
        metric=MSE,
        splits=lambda source, device: Splits(train, test, test, source, ""),
        optimizer=Adam(1e-3),
        n_tasks=n_tasks,
        n_iterations=n_iterations,
        seed=seed,
        published=PUBLISHED.get(k_shot, ()),
        departs="fewer iterations than the authors' 70,000; PyTorch's initialization; 100 query points at test.",
        measured=MEASURED.get(k_shot, ()),
        validate_every=1000,
    )


PUBLISHED = {
    5: (
        Published(
            1.13,
            0.18,
            "5 shots in training and at test, one step",
            "MAML's row in Li et al. 2017, table 1, https://arxiv.org/abs/1707.09835; Finn et al. print no number",
        ),
    ),
}
"""By ``k_shot``. Finn et al. 2017 show curves only (figure 3)."""

_COMMAND = "python -m metakit train maml_sinusoid"
_RUN = f"2026-11-21, seed 0; {ONE_CORE}: about 5 minutes on a busy machine"
MEASURED = {
    10: (
        Measured(0.4191, 0.0314, "1,000 test curves, after one step", _COMMAND, _RUN),
        Measured(0.1268, 0.0126, "1,000 test curves, after ten steps", f"{_COMMAND}, then evaluate --steps 10", _RUN),
    ),
}
"""By ``k_shot``."""
