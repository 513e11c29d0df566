"""How the starts that are shipped were trained: the same tasks, steps and outer optimizer for all of a kind."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import torch

from metakit.algorithms.reptile import reptile
from metakit.checkpoints.kinds import OMNIGLOT, SINUSOID, Kind
from metakit.gradients import first_order
from metakit.learner import Learner, TaskLoss, meta_loss, query_loss
from metakit.losses import cross_entropy, empirical_loss
from metakit.minimize import minimize
from metakit.networks import conv4
from metakit.optimizers import Adam, cosine
from metakit.problem import Examples, Objective, Params, Task
from metakit.tasks import TaskDistribution, task_batches
from metakit.tasks.characters import Characters
from metakit.tasks.episodes import Episodes
from metakit.tasks.sinusoids import Sinusoids
from metakit.tasks.splits import official_split

OUTER_LR = 5e-3
N_ITERATIONS = {"sinusoid": 4000, "omniglot": 2000}
N_TASKS = {"sinusoid": 25, "omniglot": 8}
"""Of a step of the outer loop."""


class Training(NamedTuple):
    """What one start is asked for, from where, by which batches; ``told`` says it in words."""

    told: str
    objective: Objective
    start: Params
    batches: Callable[[int], Iterable[Any]]
    end: Callable[[Params], Params] = lambda phi: phi

    def run(self, n_iterations: int, watch: Callable[[Iterable[Any]], Iterable[Any]] = iter) -> Params:
        """Return the start after so many steps of Adam, its rate falling to 0 along a cosine."""
        optimizer = Adam(cosine(OUTER_LR, max(n_iterations, 1)))
        return self.end(minimize(self.objective, self.start, optimizer, watch(self.batches(n_iterations))))


def sinusoid_trainings(seed: int) -> dict[str, Training]:
    """Return how each start for sine curves is trained, on 10 support and 10 query points a curve."""
    maml, anil = SINUSOID.learner("MAML"), SINUSOID.learner("ANIL")
    tasks = Sinusoids(k_shot=10, n_query=10)
    return _by_tasks(
        SINUSOID,
        tasks,
        seed,
        {
            "MAML": ("one inner step of 0.01, second order", maml, query_loss(SINUSOID.loss), _as_it_is),
            "FOMAML": (
                "MAML, first order", replace(maml, gradient=first_order), query_loss(SINUSOID.loss), _as_it_is
            ),
            "Reptile": (
                "5 inner steps of 0.02 on all 20 points", replace(maml, lr=0.02, steps=5), reptile, _all_to_learn_from
            ),
            "ANIL": (
                "5 inner steps of 0.01, head alone", replace(anil, steps=5), query_loss(SINUSOID.loss), _as_it_is
            ),
            "pre-training": (
                "no inner step, the loss of all 20 points",
                replace(maml, steps=0), query_loss(SINUSOID.loss), _all_asked,
            ),
        },
    )  # fmt: skip


def omniglot_trainings(seed: int, characters: Characters) -> dict[str, Training]:
    """Return how each start for 5-way 1-shot episodes is trained, on 5 query images of each class."""
    maml, anil = OMNIGLOT.learner("MAML"), OMNIGLOT.learner("ANIL")
    train = official_split(characters).train
    ways = {
        "MAML": ("one inner step of 0.4, second order", maml, query_loss(OMNIGLOT.loss), _as_it_is),
        "FOMAML": ("MAML, first order", replace(maml, gradient=first_order), query_loss(OMNIGLOT.loss), _as_it_is),
        "Reptile": (
            "5 inner steps of 0.2 on all 30 images", replace(maml, lr=0.2, steps=5), reptile, _all_to_learn_from
        ),
        "ANIL": ("one inner step of 0.4, head alone", anil, query_loss(OMNIGLOT.loss), _as_it_is),
    }  # fmt: skip
    trainings = _by_tasks(OMNIGLOT, Episodes.of(train, n_way=5, k_shot=1, n_query=5), seed, ways)
    return trainings | {"pre-training": _classifier(train, seed)}


def _by_tasks(
    kind: Kind,
    tasks: TaskDistribution,
    seed: int,
    ways: Mapping[str, tuple[str, Learner, TaskLoss, Callable[[Task], Task]]],
) -> dict[str, Training]:
    def batches(seen: Callable[[Task], Task]) -> Callable[[int], Iterator[Task]]:
        generator = torch.Generator().manual_seed(seed + 1)  # phi has seed
        return lambda n: map(seen, task_batches(tasks, N_TASKS[kind.name], n, generator))

    return {
        name: Training(told, meta_loss(learner, loss), learner.init(seed), batches(seen))
        for name, (told, learner, loss, seen) in ways.items()
    }


def _as_it_is(tasks: Task) -> Task:
    return tasks


def _all_to_learn_from(tasks: Task) -> Task:
    return Task(_all(tasks), tasks.query)


def _all_asked(tasks: Task) -> Task:
    return Task(tasks.support, _all(tasks))


def _all(tasks: Task) -> Examples:
    return Examples(*(torch.cat(pair, dim=1) for pair in zip(*tasks, strict=True)))


def _classifier(train: Characters, seed: int) -> Training:
    """Return pre-training: tell all training characters apart, with as many images a step; then the head is zero."""
    n_classes, n_drawers = train.images.shape[:2]
    images = train.images.flatten(0, 1).unsqueeze(1)
    labels = torch.arange(n_classes).repeat_interleave(n_drawers)
    network = conv4(out=n_classes, channels=16)
    generator = torch.Generator().manual_seed(seed + 1)
    n_images = N_TASKS["omniglot"] * 5 * (1 + 5)

    def batches(n: int) -> Iterator[Examples]:
        for _ in range(n):
            index = torch.randint(len(images), (n_images,), generator=generator)
            yield Examples(images[index] / 255, labels[index])

    def with_empty_head(phi: Params) -> Params:
        head = {name: torch.zeros_like(w) for name, w in OMNIGLOT.model.init(seed).items() if name.startswith("head.")}
        return phi | head

    told = f"{n_classes} characters told apart, {n_images} images a step; then a head of zeros"
    return Training(told, empirical_loss(network, cross_entropy), network.init(seed), batches, with_empty_head)
