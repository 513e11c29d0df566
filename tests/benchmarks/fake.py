"""A contestant without PyTorch, whose ways are its arguments: the gradient of |phi|^2 / 2 is phi, or nearly."""

import os
import sys
import time

import numpy as np

from benchmarks.contestants.protocol import Problem, serve

WAYS = sys.argv[1:]


class Fake:
    def __init__(self, problem: Problem) -> None:
        if "refuses" in WAYS:
            raise NotImplementedError("this one does no such thing\nand says more")
        self.problem = problem

    def gradient(self) -> dict[str, np.ndarray]:
        print("this goes to standard error", flush=True)
        if "another-shape" in WAYS:
            return {name: weight[:1] for name, weight in self.problem.phi.items()}
        wrong = "wrong" in WAYS or ("wrong-in-float32" in WAYS and self.problem.dtype == "float32")
        scale = float("nan") if "nan" in WAYS else 1.1 if wrong else 1.0
        return {name: scale * weight for name, weight in self.problem.phi.items()}

    def step(self) -> None:
        if "dies" in WAYS:
            print("ValueError: the last words", file=sys.stderr, flush=True)
            os._exit(3)
        if "hangs" in WAYS:
            time.sleep(60)
        time.sleep(0.02 if "slow" in WAYS else 0.01)


if __name__ == "__main__":
    if "garbage" in WAYS:
        input()
        print("hello", flush=True)
        time.sleep(60)
    serve(Fake, ("numpy", "no-such-package"))
