"""What a contestant is asked and answers: one JSON object a line, in and out. Standard library and numpy only.

    {"do": "versions"}                                           -> {"versions": {"torch": "2.13.0", ...}}
    {"do": "load", "problem": "problem.npz", "choices": {...}}   -> {}
    {"do": "gradient", "out": "gradient.npz"}                    -> {}
    {"do": "time", "iterations": 3}                              -> {"seconds": [0.61, 0.60, 0.63]}
    {"do": "memory", "iterations": 3}                            -> {"before": ..., "first_peak": ..., "peak": ...}

An error is answered by {"error": "a sentence"}; the contestant lives on.
"""

import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Problem:
    """One meta-iteration to be made, the same for all contestants.

    Args:
        phi: the start, by the names of ``metakit.networks``: convolutions (out, in, 3, 3), linear layers (out, in).
        support_x, support_y, query_x, query_y: (n_tasks, n, ...); labels are int64.
        network: ``"conv4"`` (strided, batch norm on batch statistics) with cross entropy, or ``"mlp"`` with mean
            squared error.
        steps, lr: of the inner loop, gradient descent. The outer optimizer is Adam with rate ``outer_lr``.
        first_order: take each inner step's Jacobian for the identity.
        device: ``"cpu"`` or ``"cuda"``.
        threads: that a contestant may use.
        tf32: allow it, on CUDA.
    """

    phi: dict[str, np.ndarray]
    support_x: np.ndarray
    support_y: np.ndarray
    query_x: np.ndarray
    query_y: np.ndarray
    network: str
    steps: int
    lr: float
    first_order: bool
    outer_lr: float = 1e-3
    device: str = "cpu"
    dtype: str = "float32"
    threads: int = 1
    tf32: bool = False


class Contestant(Protocol):
    """Makes meta-iterations on one problem."""

    def gradient(self) -> dict[str, np.ndarray]:
        """Return the meta-gradient at the present phi, of the mean over tasks."""

    def step(self) -> None:
        """Make one full meta-iteration: all inner loops, the outer backward, the Adam step. Returns when it is done."""


def serve(build: Callable[[Problem], Contestant], packages: tuple[str, ...] = ()) -> None:
    """Answer requests from standard input until it ends; what anything else prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    contestant: Contestant | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "versions":
                answer = {"versions": versions(packages)}
            elif request["do"] == "load":
                contestant = None  # so that two are never in memory
                contestant = build(load(request["problem"], request["choices"]))
                answer = {}
            else:
                if contestant is None:
                    raise RuntimeError("load a problem first")
                answer = COMMANDS[request["do"]](contestant, request)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": traceback.format_exception_only(error)[-1].strip().splitlines()[0][:300]}
        print(json.dumps(answer), file=answers, flush=True)


def save(path: str | Path, phi: dict[str, np.ndarray], data: dict[str, np.ndarray]) -> None:
    """Write the arrays of a problem."""
    np.savez(path, **{f"phi/{name}": weight for name, weight in phi.items()}, **data)


def load(path: str, choices: dict[str, Any]) -> Problem:
    """Read a problem, in the precision that ``choices`` ask for."""
    arrays = dict(np.load(path))
    dtype = choices.get("dtype", "float32")
    arrays = {name: a.astype(dtype) if a.dtype.kind == "f" else a for name, a in arrays.items()}
    phi = {name.removeprefix("phi/"): arrays.pop(name) for name in list(arrays) if name.startswith("phi/")}
    return Problem(phi=phi, **arrays, **choices)


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Return what runs here: Python and the packages asked for."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _gradient(contestant: Contestant, request: dict[str, Any]) -> dict[str, Any]:
    np.savez(request["out"], **contestant.gradient())
    return {}


def _time(contestant: Contestant, request: dict[str, Any]) -> dict[str, Any]:
    seconds = []
    for _ in range(request["iterations"]):
        start = time.perf_counter()
        contestant.step()
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds}


def _memory(contestant: Contestant, request: dict[str, Any]) -> dict[str, Any]:
    """Return bytes: before the first iteration, at most during it (and what it compiled), at most in those after it."""
    before = _resident("VmRSS")
    contestant.step()
    first_peak = _resident("VmHWM")
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    for _ in range(request["iterations"]):
        contestant.step()
    on_device = getattr(contestant, "device_peak", lambda: None)()
    return {"before": before, "first_peak": first_peak, "peak": _resident("VmHWM"), "device_peak": on_device}


def _resident(field_name: str) -> int:
    """Return bytes of this process's memory, now (VmRSS) or at most so far (VmHWM)."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field_name))
    except (OSError, StopIteration):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak


COMMANDS: dict[str, Callable[[Contestant, dict[str, Any]], dict[str, Any]]] = {
    "gradient": _gradient,
    "time": _time,
    "memory": _memory,
}
