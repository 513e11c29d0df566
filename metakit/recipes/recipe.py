"""What a recipe is: everything a published result needs, and the number it is to be compared with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from metakit.gradients import Gradient, autodiff
from metakit.learner import Learner, TaskLoss
from metakit.losses import accuracy, mse
from metakit.optimizers import Optimizer
from metakit.problem import Loss
from metakit.tasks import TaskDistribution


class Metric(NamedTuple):
    """How a task's query set is scored: a name to print, the function, and which way is better."""

    name: str
    of: Loss
    higher_is_better: bool

    def show(self, value: float) -> str:
        """Return the value as it is printed in papers: accuracies in percent."""
        return f"{100 * value:.2f} %" if self.name == "accuracy" else f"{value:.4f}"


ACCURACY = Metric("accuracy", accuracy, higher_is_better=True)
MSE = Metric("mean squared error", mse, higher_is_better=False)


class Published(NamedTuple):
    """One number of a paper.

    ``value`` and ``half_width`` of the 95 % interval (None where none is printed) are in the metric's unit, accuracies
    from 0 to 1; ``protocol`` says how it was measured, ``source`` where it stands.
    """

    value: float
    half_width: float | None
    protocol: str
    source: str


class Measured(NamedTuple):
    """One number of ours, from a run that was made: in the metric's unit, with its 95 % interval over test tasks.

    ``protocol`` says how it was measured (which queries together, how many tasks), ``command`` what was typed, and
    ``run`` on which machine, with which versions and for how long.
    """

    value: float
    half_width: float
    protocol: str
    command: str
    run: str


ONE_CORE = "one core of an Intel Xeon without GPU, Python 3.11.7, torch 2.13.0"
"""The machine and the versions of the runs so far."""


class Splits(NamedTuple):
    """Where a recipe's tasks come from, and the SHA-256 of the data ("" where tasks are made by formula)."""

    train: TaskDistribution
    validation: TaskDistribution
    test: TaskDistribution
    source: str
    digest: str


@dataclass(frozen=True)
class Recipe:
    """A published result: what to train, on which tasks, how long, and what came out in the paper.

    Args:
        learner: as it is trained.
        test_learner: as it is validated and tested, with the same phi: often with more steps or another ``n_way``.
        task_loss: step 2.
        metric: what is reported.
        splits: loads the tasks when it is called, ``splits(source, device)``; ``source`` is one of ``sources``.
        optimizer: of the outer loop.
        n_tasks, n_iterations: tasks a step, and steps.
        seed: of phi and of the tasks.
        published: the paper's numbers.
        measured: ours, for the same options.
        departs: where this recipe is not the paper's, in a sentence or more.
        transductive: the network normalizes with statistics of the query set, so that queries are scored together.
        gradient: of the outer loop.
        validate_every: iterations from one validation to the next.
        sources: what the ``splits`` can be drawn from, the default first.
        name, options: how ``metakit.recipes.build`` made it; they identify a checkpoint.
    """

    learner: Learner
    test_learner: Learner
    task_loss: TaskLoss
    metric: Metric
    splits: Callable[[str, str], Splits]
    optimizer: Optimizer
    n_tasks: int
    n_iterations: int
    seed: int
    published: tuple[Published, ...]
    departs: str
    measured: tuple[Measured, ...] = ()
    transductive: bool = False
    gradient: Gradient = autodiff
    validate_every: int = 500
    sources: tuple[str, ...] = ("formula",)
    name: str = ""
    options: Mapping[str, int | float | str] = field(default_factory=dict)
