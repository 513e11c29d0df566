"""Does the cost grow with tasks and with steps as the numbers do?"""

import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.comparison import Comparison
from benchmarks.configurations import CONFIGURATIONS, Configuration, write_problem
from benchmarks.contenders import BASE, OURS
from benchmarks.workers import WorkerError

SCALED = (OURS, BASE)
TASKS = (8, 16, 32, 64)
STEPS = (1, 2, 5, 10)


def measure_scaling(
    comparison: Comparison, names: list[str], tasks: tuple[int, ...] = TASKS, steps: tuple[int, ...] = STEPS
) -> list[dict[str, Any]]:
    """Return, for each contestant, ms for configuration A with other numbers of tasks and B with other steps."""
    a, b = CONFIGURATIONS["A"], CONFIGURATIONS["B"]
    series = {
        "tasks (A)": (tasks, [replace(a, n_tasks=n) for n in tasks]),
        "steps (B)": (steps, [replace(b, steps=n) for n in steps]),
    }
    lines = []
    for what, (numbers, configurations) in series.items():
        comparison.say(f"growth with {what}")
        for name in names:
            line: dict[str, Any] = {"name": name, "what": what, "numbers": list(numbers)}
            try:
                line["ms"] = [_milliseconds(comparison, name, configuration) for configuration in configurations]
            except WorkerError as error:
                line["failed"] = str(error)
            lines.append(line)
    return lines


def _milliseconds(comparison: Comparison, name: str, configuration: Configuration) -> float:
    with tempfile.TemporaryDirectory() as folder, comparison.worker(name) as worker:
        problem = write_problem(configuration, comparison.characters, Path(folder))
        worker.ask("load", problem=str(problem), choices=configuration.choices(**comparison.conditions.choices()))
        worker.ask("time", iterations=2)
        return 1e3 * median(worker.ask("time", iterations=max(3, comparison.iterations))["seconds"])
