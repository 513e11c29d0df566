"""Classification tasks one can draw: Gaussian blobs in a few dimensions."""

from dataclasses import dataclass

import torch

from metakit.problem import Examples, Task


@dataclass(frozen=True)
class Blobs:
    """N-way K-shot tasks whose classes are Gaussian blobs around random centres.

    Args:
        n_way, k_shot, n_query: classes, and support and query points of each class.
        dim: dimensions.
        spread: standard deviation of a blob; the centres are standard normal.
    """

    n_way: int = 3
    k_shot: int = 5
    n_query: int = 10
    dim: int = 2
    spread: float = 0.3

    def sample(self, n_tasks: int, generator: torch.Generator) -> Task:
        """Return ``n_tasks`` tasks; x (n_tasks, n, dim), labels (n_tasks, n) int64, in random order."""
        centres = _normal((n_tasks, self.n_way, self.dim), generator)
        return Task(self._draw(centres, self.k_shot, generator), self._draw(centres, self.n_query, generator))

    def _draw(self, centres: torch.Tensor, per_class: int, generator: torch.Generator) -> Examples:
        n_tasks, n_way, dim = centres.shape
        y = torch.arange(n_way, device=generator.device).repeat(per_class).expand(n_tasks, -1)
        order = torch.rand(y.shape, generator=generator, device=generator.device).argsort(-1)
        y = y.gather(-1, order)
        x = centres.gather(1, y[..., None].expand(-1, -1, dim))
        return Examples(x + self.spread * _normal(x.shape, generator), y)


def _normal(shape: tuple[int, ...] | torch.Size, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(shape, generator=generator, device=generator.device)
