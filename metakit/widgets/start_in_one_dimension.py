"""Where to start, when theta is one number: everything in closed form."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets

from metakit.widgets.kit import Widget, array

TASKS = (("steep", 8.0, -1.0), ("flat", 1.0, 2.0))
"""(name, a, c) of lecture 03's two tasks: the loss is a/2 (theta - c)^2."""

N_PHI = 241


class StartInOneDimension(Widget, script="start_in_one_dimension.js"):
    """Drag a start, and see the loss of several tasks after 0, 1, ... steps of gradient descent from there.

        L_n(phi) = a/2 (1 - lr a)^(2m) (phi - c)^2      (after m steps on task n)

    Args:
        tasks: ``(name, a, c)`` or ``(a, c)`` each: the loss is ``a/2 (theta - c)^2``.
        lr: the inner rate.
        most_steps: m runs from 0 to here.

    Raises:
        ValueError: no task, an a that is not positive, a rate at which a task's steps do not come nearer, no steps.
    """

    told = "A widget: drag the start phi, and see the loss of several tasks after some steps of gradient descent."

    curves = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(1).tag(sync=True)
    phi = traitlets.Float(0.0).tag(sync=True)

    def __init__(
        self, tasks: Sequence[Sequence[Any]] = TASKS, lr: float = 0.1, most_steps: int = 10, phi: float | None = None
    ) -> None:
        """Compute all curves."""
        named = [_task(i, task) for i, task in enumerate(tasks)]
        if not named:
            raise ValueError("there must be at least one task, (name, a, c).")
        _check(named, lr, most_steps)
        curves = curves_of(named, lr, most_steps)
        middle = sum(c for _, _, c in named) / len(named)
        super().__init__(curves=curves, step=min(1, most_steps), phi=float(middle if phi is None else phi))

    def static_state(self) -> dict[str, Any]:
        """Return all traits: nothing else is needed without a kernel."""
        return {"curves": self.curves, "step": self.step, "phi": self.phi}


def curves_of(tasks: Sequence[tuple[str, float, float]], lr: float, most_steps: int) -> dict[str, Any]:
    """Return the trait: losses (m + 1, n_tasks, n) over starts (n,), their mean, and the best start of each method."""
    a, c = (np.array(column, dtype=float) for column in list(zip(*tasks, strict=True))[1:])
    room = 0.5 * max(np.ptp(c), 1.0)
    phi = np.linspace(c.min() - room, c.max() + room, N_PHI)
    left = (1 - lr * a) ** np.arange(most_steps + 1)[:, None]  # (m + 1, n_tasks): of the way to c, what is left
    losses = (a / 2 * left**2)[:, :, None] * (phi - c[:, None]) ** 2
    return {
        "phi": array(phi),
        "tasks": [{"name": name, "a": float(steep), "c": float(lowest)} for name, steep, lowest in tasks],
        "losses": array(losses),
        "mean": array(losses.mean(1)),
        "best": {name: array(starts) for name, starts in best_starts(a, c, lr, most_steps).items()},
        "lr": float(lr),
    }


def best_starts(a: np.ndarray, c: np.ndarray, lr: float, most_steps: int) -> dict[str, np.ndarray]:
    """Return where each method's outer loop ends, after 0, 1, ..., steps: means of c with different weights.

    MAML: a (1 - lr a)^(2m), where the mean loss is lowest; FOMAML: a (1 - lr a)^m, where the gradient that leaves out
    each step's Jacobian is zero; joint training: a, whatever m. FOMAML's is NaN where its weights add up to zero or
    less: it then has nowhere to stop.
    """
    left = (1 - lr * a) ** np.arange(most_steps + 1)[:, None]
    weights = {"MAML": a * left**2, "FOMAML": a * left, "joint training": a * np.ones_like(left)}
    return {name: _mean(w, c) for name, w in weights.items()}


def _mean(weights: np.ndarray, c: np.ndarray) -> np.ndarray:
    total = weights.sum(1)
    good = total > 0
    return np.where(good, (weights * c).sum(1) / np.where(good, total, 1.0), np.nan)


def _task(i: int, task: Sequence[Any]) -> tuple[str, float, float]:
    try:
        *name, a, c = task
        named = str(name[0]) if name else f"task {i + 1}"
        if len(name) > 1:
            raise ValueError
        return named, float(a), float(c)
    except (TypeError, ValueError):
        raise ValueError(f"a task must be (name, a, c) or (a, c), with numbers a and c; but one is {task!r}.") from None


def _check(tasks: Sequence[tuple[str, float, float]], lr: float, most_steps: int) -> None:
    for name, a, c in tasks:
        if not (math.isfinite(a) and math.isfinite(c) and a > 0):
            raise ValueError(f"the task {name!r} must have a finite a above 0 and a finite c; but a = {a}, c = {c}.")
        if not 0 < lr * a < 2:
            raise ValueError(
                f"the rate must be above 0 and below 2 / a, else steps on {name!r} (a = {a:g}) do not come nearer to "
                f"its lowest point; below {2 / a:g}, then, but it is {lr}."
            )
    if len({name for name, _, _ in tasks}) < len(tasks):
        raise ValueError(f"tasks must have different names; they are {[name for name, _, _ in tasks]}.")
    if isinstance(most_steps, bool) or not isinstance(most_steps, int) or not 1 <= most_steps <= 100:
        raise ValueError(f"most_steps must be a whole number from 1 to 100; it is {most_steps!r}.")
