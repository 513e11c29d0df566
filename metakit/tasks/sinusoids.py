"""Regression tasks: sine curves of different amplitude and phase."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from metakit.problem import Examples, Task


@dataclass(frozen=True)
class Sinusoids:
    """Curves y = amplitude * sin(x - phase); a task is one curve, seen at a few points.

    Args:
        k_shot, n_query: points of the support and the query set, x uniform in ``domain``.
        amplitude, phase, domain: intervals to draw from, uniformly; phase in radians.

    Source: Finn et al. 2017, https://arxiv.org/abs/1703.03400, section 5.1.
    """

    k_shot: int = 10
    n_query: int = 10
    amplitude: tuple[float, float] = (0.1, 5.0)
    phase: tuple[float, float] = (0.0, math.pi)
    domain: tuple[float, float] = (-5.0, 5.0)

    def sample(self, n_tasks: int, generator: torch.Generator) -> Task:
        """Return ``n_tasks`` curves; x and y are (n_tasks, n, 1), on the generator's device."""
        amplitude = _uniform(self.amplitude, (n_tasks, 1, 1), generator)
        phase = _uniform(self.phase, (n_tasks, 1, 1), generator)
        return self.tasks(amplitude, phase, generator)

    def tasks(self, amplitude: Tensor, phase: Tensor, generator: torch.Generator) -> Task:
        """Return fresh points of the given curves; ``amplitude`` and ``phase`` are (n_tasks, 1, 1)."""
        x = _uniform(self.domain, (amplitude.shape[0], self.k_shot + self.n_query, 1), generator)
        y = amplitude * torch.sin(x - phase)
        k = self.k_shot
        return Task(Examples(x[:, :k], y[:, :k]), Examples(x[:, k:], y[:, k:]))


def _uniform(interval: tuple[float, float], shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    low, high = interval
    return low + (high - low) * torch.rand(shape, generator=generator, device=generator.device)
