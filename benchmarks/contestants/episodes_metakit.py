"""metakit's episodes, drawn from characters that lie on the device; one step is one batch of 32 tasks."""

import numpy as np
import torch

from benchmarks.contestants.protocol import Problem, serve
from benchmarks.contestants.torch_parts import finish, prepare, tensor
from metakit.tasks.episodes import Episodes


class EpisodesOfMetakit:
    """5-way 1-shot with 15 queries of each class, by ``Episodes.sample``."""

    def __init__(self, problem: Problem) -> None:
        """Put the characters, all instances as one set, on the device."""
        prepare(problem)
        self.problem = problem
        x, y = tensor(problem.support_x, problem), tensor(problem.support_y, problem)
        self.episodes = Episodes(x, y, n_way=5, k_shot=1, n_query=15)
        self.generator = torch.Generator(problem.device).manual_seed(0)

    def gradient(self) -> dict[str, np.ndarray]:
        """Return nothing: nothing is learned here."""
        return {}

    def step(self) -> None:
        """Draw 32 tasks."""
        self.episodes.sample(32, self.generator)
        finish(self.problem)


if __name__ == "__main__":
    serve(EpisodesOfMetakit, ("torch", "numpy"))
