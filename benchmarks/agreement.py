"""Do all contestants compute the same meta-gradient? Who does not is out of competition, with the error shown."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workers import Worker, WorkerError

TOLERANCE = 1e-6
"""Relative error of the whole vector in float64, on the small problem."""
TOLERANCE_TIMED = 1e-2
"""The same in float32 on the problem that is timed, against float64, where the problem is a tame one."""

Gradient = dict[str, np.ndarray]


def relative_error(gradient: Gradient, reference: Gradient) -> float:
    """Return |gradient - reference| / |reference|, all parameters as one vector.

    Raises:
        WorkerError: they are not gradients of the same parameters.
    """
    if {n: g.shape for n, g in gradient.items()} != {n: g.shape for n, g in reference.items()}:
        raise WorkerError("its gradient is not of the same parameters")
    difference = sum(float(((gradient[n].astype(np.float64) - reference[n]) ** 2).sum()) for n in reference)
    return float(np.sqrt(difference / sum(float((g**2).sum()) for g in reference.values())))


def tolerance_timed(own: float) -> float:
    """Return how far a gradient in float32 may be, where the judge's own is ``own`` from its gradient in float64.

    A ReLU that rounding turns over is magnified by every inner step, in whoever's arithmetic it happens.
    """
    return max(TOLERANCE_TIMED, 10 * own)


def gradient_of(worker: Worker, problem: Path, choices: dict[str, Any], out: Path) -> Gradient:
    """Load a problem into a worker and return the meta-gradient at its start."""
    worker.ask("load", problem=str(problem), choices=choices)
    worker.ask("gradient", out=str(out))
    return dict(np.load(out))


def agrees(error: float | None, tolerance: float = TOLERANCE) -> bool:
    """Return whether an error is small enough; NaN is not."""
    return error is not None and error < tolerance
