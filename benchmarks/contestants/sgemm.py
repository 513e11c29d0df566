"""The ceiling: one float32 matrix product of 2048 x 2048, as fast as this machine can. It takes part in every round."""

import numpy as np
import torch

from benchmarks.contestants.protocol import Problem, serve
from benchmarks.contestants.torch_parts import finish, prepare

SIZE = 2048


class Sgemm:
    """Multiplies two matrices: SIZE^3 multiply-adds a step."""

    def __init__(self, problem: Problem) -> None:
        """Draw the matrices."""
        prepare(problem)
        self.problem = problem
        self.a, self.b = (torch.randn(SIZE, SIZE, device=problem.device) for _ in range(2))
        self.c = torch.empty_like(self.a)

    def gradient(self) -> dict[str, np.ndarray]:
        """Return nothing: it learns nothing."""
        return {}

    def step(self) -> None:
        """Multiply."""
        torch.mm(self.a, self.b, out=self.c)
        finish(self.problem)


if __name__ == "__main__":
    serve(Sgemm, ("torch",))
