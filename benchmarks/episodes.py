"""How many tasks are drawn in a second: ``Episodes.sample`` beside learn2learn's ``TaskDataset``."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contenders import BASE, OURS, Contender
from benchmarks.contestants.protocol import save
from benchmarks.statistics import interleave
from benchmarks.workers import Conditions, Worker, WorkerError, processors
from metakit.tasks.characters import Characters

TASKS = 32
"""Drawn by one step of either contestant."""

EPISODE_CONTENDERS = {
    c.name: c
    for c in (
        Contender(OURS, "episodes_metakit"),
        Contender(BASE, "episodes_learn2learn", "torch", "learn2learn"),
        Contender(f"{BASE}, fused", "episodes_learn2learn", "torch", "learn2learn", ("--fused",)),
    )
}


def measure_episodes(
    commands: Mapping[str, list[str] | str], conditions: Conditions, characters: Characters, rounds: int
) -> list[dict[str, Any]]:
    """Return a row for each contestant: tasks in a second, as the median of interleaved rounds."""
    rows: dict[str, dict[str, Any]] = {name: {"name": name} for name in commands}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        problem = Path(folder) / "characters.npz"
        n_characters, n_drawers = characters.images.shape[:2]
        x = characters.images.flatten(0, 1).unsqueeze(1).numpy()
        y = [character for character in range(n_characters) for _ in range(n_drawers)]
        save(problem, {}, {"support_x": x, "support_y": y, "query_x": x[:1], "query_y": y[:1]})
        choices = {"network": "conv4", "steps": 1, "lr": 0.4, "first_order": False, **conditions.choices()}
        workers: dict[str, Worker] = {}
        for name, command in commands.items():
            try:
                if isinstance(command, str):
                    raise WorkerError(command)
                worker = stack.enter_context(Worker(command, conditions, processors(conditions.threads)))
                worker.ask("load", problem=str(problem), choices=choices)
                rows[name]["versions"] = worker.ask("versions")["versions"]
                workers[name] = worker
            except WorkerError as error:
                rows[name]["failed"] = str(error)
        times, failed = interleave(workers, rounds, iterations=3)
    for name, reason in failed.items():
        rows[name]["failed"] = reason
    speeds = {name: [TASKS / (ms / 1e3) for ms in each] for name, each in times.items() if name not in failed}
    for name, each in speeds.items():
        rows[name] |= {"rounds": each, "tasks_per_s": median(each)}
        if BASE in speeds:
            rows[name]["ratio"] = median(a / b for a, b in zip(each, speeds[BASE], strict=True))
    return list(rows.values())
