"""What is measured: configurations, and the problems (start and tasks) drawn from them."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.contestants.protocol import save
from metakit.networks import conv4, mlp
from metakit.problem import Model, Task
from metakit.tasks.characters import Characters
from metakit.tasks.episodes import Episodes
from metakit.tasks.sinusoids import Sinusoids


@dataclass(frozen=True)
class Configuration:
    """The sizes of one meta-iteration."""

    name: str
    n_tasks: int
    n_way: int
    k_shot: int
    steps: int
    n_query: int
    lr: float = 0.4
    first_order: bool = False
    network: str = "conv4"

    @property
    def title(self) -> str:
        """Return the sizes in words."""
        order = "first order" if self.first_order else "second order"
        kind = (
            f"{self.n_way}-way {self.k_shot}-shot" if self.network == "conv4" else f"sinusoid MLP, {self.k_shot}-shot"
        )
        steps = f"{self.steps} step{'s' if self.steps > 1 else ''}"
        return f"{self.name}: {kind}, {self.n_tasks} tasks, {steps}, {self.n_query} query, {order}"

    @property
    def support_size(self) -> int:
        """Return the examples of one task's support set."""
        return self.n_way * self.k_shot

    @property
    def query_size(self) -> int:
        """Return the examples of one task's query set."""
        return self.n_way * self.n_query

    @property
    def model(self) -> Model:
        """Return the network."""
        return conv4(self.n_way) if self.network == "conv4" else mlp((1, 40, 40, 1))

    def small(self) -> "Configuration":
        """Return a version whose gradient can be checked in float64 in a moment: three tasks, few queries."""
        return replace(self, n_tasks=min(3, self.n_tasks), n_query=min(3, self.n_query))

    def choices(self, **others: Any) -> dict[str, Any]:
        """Return what a contestant is told beside the arrays."""
        same = {name: asdict(self)[name] for name in ("network", "steps", "lr", "first_order")}
        return {**same, **others}


SECOND_ORDER = (
    Configuration("A", n_tasks=32, n_way=5, k_shot=1, steps=1, n_query=15),
    Configuration("B", n_tasks=32, n_way=5, k_shot=1, steps=5, n_query=1),
    Configuration("C", n_tasks=16, n_way=5, k_shot=5, steps=1, n_query=15),
    Configuration("D", n_tasks=16, n_way=20, k_shot=1, steps=5, n_query=1),
)
FIRST_ORDER = tuple(replace(c, name=f"{c.name}-first", first_order=True) for c in SECOND_ORDER)
SINUSOID = Configuration("sinusoid", n_tasks=25, n_way=1, k_shot=10, steps=5, n_query=10, lr=0.01, network="mlp")
CONFIGURATIONS = {c.name: c for c in (*SECOND_ORDER, *FIRST_ORDER, SINUSOID)}


def draw(configuration: Configuration, characters: Characters | None, seed: int = 0) -> Task:
    """Return the tasks of one meta-iteration; sine curves need no characters."""
    generator = torch.Generator().manual_seed(seed)
    c = configuration
    if c.network == "mlp":
        return Sinusoids(c.k_shot, c.n_query).sample(c.n_tasks, generator)
    if characters is None:
        raise ValueError(f"configuration {c.name} needs characters to draw tasks from")
    return Episodes.of(characters, c.n_way, c.k_shot, c.n_query).sample(c.n_tasks, generator)


def write_problem(
    configuration: Configuration, characters: Characters | None, folder: Path, suffix: str = "", seed: int = 0
) -> Path:
    """Write metakit's start and the tasks to a file that every contestant reads, and return its path."""
    (support_x, support_y), (query_x, query_y) = draw(configuration, characters, seed)
    data = {"support_x": support_x, "support_y": support_y, "query_x": query_x, "query_y": query_y}
    phi = {name: weight.numpy() for name, weight in configuration.model.init(seed).items()}
    path = folder / f"{configuration.name}{suffix}.npz"
    save(path, phi, {name: tensor.numpy() for name, tensor in data.items()})
    return path
