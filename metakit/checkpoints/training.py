"""How the starts that are shipped were trained: the same tasks, steps and outer optimizer for all of a kind."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import torch

from metakit.algorithms.reptile import reptile
from metakit.checkpoints.kinds import OMNIGLOT, SINUSOID
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


class Way(NamedTuple):
    """How a start is trained by tasks: which learner, which loss, what it sees of which tasks."""

    told: str
    learner: Learner
    task_loss: TaskLoss
    tasks: TaskDistribution
    seen: Callable[[Task], Task] = lambda tasks: tasks

    def training(self, n_tasks: int, seed: int) -> Training:
        """Return the training from the learner's own start; phi has ``seed``, the tasks have the next."""

        def batches(n: int) -> Iterator[Task]:
            return map(self.seen, task_batches(self.tasks, n_tasks, n, torch.Generator().manual_seed(seed + 1)))

        return Training(self.told, meta_loss(self.learner, self.task_loss), self.learner.init(seed), batches)


def sinusoid_trainings(seed: int) -> dict[str, Training]:
    """Return how each start for sine curves is trained, on 10 support and 10 query points a curve."""
    maml, anil = SINUSOID.learner("MAML"), SINUSOID.learner("ANIL", steps=5)
    fomaml, unadapted = replace(maml, gradient=first_order), replace(maml, steps=0)
    asked, tasks = query_loss(SINUSOID.loss), Sinusoids(k_shot=10, n_query=10)
    towards = replace(maml, lr=0.02, steps=5)
    ways = {
        "MAML": Way("one inner step of 0.01, second order", maml, asked, tasks),
        "FOMAML": Way("one inner step of 0.01, first order", fomaml, asked, tasks),
        "Reptile": Way("5 inner steps of 0.02 on all 20 points", towards, reptile, tasks, _all_to_learn_from),
        "ANIL": Way("5 inner steps of 0.01, head alone", anil, asked, tasks),
        "pre-training": Way("no inner step, the loss of all 20 points", unadapted, asked, tasks, _all_asked),
    }
    return {name: way.training(N_TASKS["sinusoid"], seed) for name, way in ways.items()}


def omniglot_trainings(seed: int, characters: Characters) -> dict[str, Training]:
    """Return how each start for 5-way 1-shot episodes is trained, on 5 query images of each class."""
    maml, anil = OMNIGLOT.learner("MAML"), OMNIGLOT.learner("ANIL")
    fomaml, towards = replace(maml, gradient=first_order), replace(maml, lr=0.2, steps=5)
    train, asked = official_split(characters).train, query_loss(OMNIGLOT.loss)
    tasks = Episodes.of(train, n_way=5, k_shot=1, n_query=5)
    larger = Episodes.of(train, n_way=5, k_shot=10, n_query=5)
    ways = {
        "MAML": Way("one inner step of 0.4, second order", maml, asked, tasks),
        "FOMAML": Way("one inner step of 0.4, first order", fomaml, asked, tasks),
        "Reptile": Way(
            "5 inner steps of 0.2 on 15 images of each class", towards, reptile, larger, _all_to_learn_from
        ),
        "ANIL": Way("one inner step of 0.4, head alone", anil, asked, tasks),
    }  # fmt: skip
    trainings = {name: way.training(N_TASKS["omniglot"], seed) for name, way in ways.items()}
    return trainings | {"pre-training": _classifier(train, seed)}


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
    n_images = N_TASKS["omniglot"] * 5 * (1 + 5)

    def batches(n: int) -> Iterator[Examples]:
        generator = torch.Generator().manual_seed(seed + 1)
        for _ in range(n):
            index = torch.randint(len(images), (n_images,), generator=generator)
            yield Examples(images[index] / 255, labels[index])

    def with_empty_head(phi: Params) -> Params:
        head = {name: torch.zeros_like(w) for name, w in OMNIGLOT.model.init(seed).items() if name.startswith("head.")}
        return phi | head

    told = f"{n_classes} characters told apart, {n_images} images a step; then a head of zeros"
    return Training(told, empirical_loss(network, cross_entropy), network.init(seed), batches, with_empty_head)
