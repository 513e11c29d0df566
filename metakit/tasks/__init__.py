"""Where tasks come from: every distribution has ``sample(n_tasks, generator) -> Task`` (a batch of tasks)."""

from collections.abc import Iterator
from typing import Protocol

import torch

from metakit.problem import Task


class TaskDistribution(Protocol):
    """p(task). Frozen: it holds sizes and data; all randomness comes from the generator."""

    def sample(self, n_tasks: int, generator: torch.Generator) -> Task:
        """Return ``n_tasks`` independent tasks, stacked along a leading axis."""


def task_batches(
    distribution: TaskDistribution, n_tasks: int, n_batches: int, generator: torch.Generator
) -> Iterator[Task]:
    """Yield ``n_batches`` batches of ``n_tasks`` fresh tasks: what the outer loop of ``minimize`` consumes."""
    for _ in range(n_batches):
        yield distribution.sample(n_tasks, generator)
