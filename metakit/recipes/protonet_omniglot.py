"""Prototypical networks on Omniglot: few-shot classification by the nearest class mean in a learned space."""

from dataclasses import dataclass
from functools import partial

from torch import Tensor

from metakit.algorithms.proto_net import ProtoNet
from metakit.learner import query_loss
from metakit.losses import cross_entropy
from metakit.networks import conv4
from metakit.optimizers import Adam
from metakit.recipes.characters import character_splits
from metakit.recipes.recipe import ACCURACY, ONE_CORE, Measured, Published, Recipe
from metakit.tasks.load import SOURCES


@dataclass(frozen=True)
class Halving:
    """A ``Schedule``: ``lr``, halved every ``every`` steps."""

    lr: float
    every: int

    def __call__(self, step: Tensor) -> Tensor:
        """Return the rate of that step."""
        return self.lr * 0.5 ** (step // self.every)


def protonet_omniglot(
    n_way: int = 5,
    k_shot: int = 1,
    train_way: int = 60,
    n_query: int = 5,
    n_tasks: int = 1,
    n_iterations: int = 4000,
    seed: int = 0,
) -> Recipe:
    """Return ProtoNet on Omniglot: max-pooled convolutions of 64 channels, Adam at 0.001 halved every 2000 steps.

    Args:
        n_way: classes of a validation and test task.
        train_way, n_query: classes of a training task, and query images of each; at test there are 15.

    Source: Snell et al. 2017, https://arxiv.org/abs/1703.05175, section 3.1 and table 1.
    Departs: see ``DEPARTS``.
    """
    learner = ProtoNet(conv4(None, downsample="max"), train_way)
    return Recipe(
        learner=learner,
        test_learner=ProtoNet(learner.embed, n_way),
        task_loss=query_loss(cross_entropy),
        metric=ACCURACY,
        splits=partial(
            character_splits, n_way=n_way, k_shot=k_shot, n_query=n_query, train_way=train_way, n_validation=172
        ),
        optimizer=Adam(Halving(1e-3, 2000)),
        n_tasks=n_tasks,
        n_iterations=n_iterations,
        seed=seed,
        published=PUBLISHED.get((n_way, k_shot), ()),
        departs=DEPARTS,
        measured=MEASURED.get((n_way, k_shot), ()),
        transductive=True,
        validate_every=500,
        sources=SOURCES,
    )


DEPARTS = (
    "4,000 episodes, to fit half an hour of two CPU cores, where the paper does not say how many; phi is the best on "
    "172 validation characters and is not trained again with them; support and query are normalized apart, each by its "
    "own batch statistics, at test too; other random characters in the 1,200/423 split."
)

_TABLE = "Snell et al. 2017, https://arxiv.org/abs/1703.05175, table 1"
_PROTOCOL = (
    "1,200 characters to train, the others to test, rotations as new classes, 60-way training episodes with 5 query "
    "images of each class, 1,000 test episodes"
)
PUBLISHED = {
    (5, 1): (Published(0.988, None, _PROTOCOL, _TABLE),),
    (5, 5): (Published(0.997, None, _PROTOCOL, _TABLE),),
    (20, 1): (Published(0.960, None, _PROTOCOL, _TABLE),),
    (20, 5): (Published(0.989, None, _PROTOCOL, _TABLE),),
}
"""By ``(n_way, k_shot)``."""

_COMMAND = "python -m metakit train protonet_omniglot --iterations 2000"
_RUN = (
    f"2026-11-21, seed 0, the complete Omniglot; {ONE_CORE}, "
    "MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ raised: 37 minutes on a busy machine, tests included"
)
MEASURED = {
    (5, 1): (
        Measured(0.9880, 0.0015, "1,000 test tasks of 423 unseen characters, queries together", _COMMAND, _RUN),
        Measured(0.9846, 0.0035, "1,000 test tasks, one query at a time (not transductive)", _COMMAND, _RUN),
    ),
}
"""By ``(n_way, k_shot)``; the others have not been run."""
