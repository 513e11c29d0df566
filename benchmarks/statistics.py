"""Interleaved runs, and what is said about them."""

import random
import statistics
import time
from collections.abc import Mapping

from benchmarks.workers import Worker, WorkerError

SETTLE = 0.02  # seconds for the threads of the one before to fall asleep

Rounds = dict[str, list[float]]
"""For each contestant its milliseconds in each round; a contestant that failed has fewer rounds."""


def interleave(
    workers: Mapping[str, Worker], rounds: int, iterations: int, seed: int = 0
) -> tuple[Rounds, dict[str, str]]:
    """Let all take turns while the others sleep: in each round each once, in shuffled order.

    A turn is one iteration that is not counted and ``iterations`` that are; its number is their median. Returns the
    rounds, in ms, and of those that failed on the way the reason.
    """
    order, draw = list(workers), random.Random(seed)
    times: Rounds = {name: [] for name in workers}
    failed: dict[str, str] = {}
    for _ in range(rounds):
        draw.shuffle(order)
        for name in order:
            if name in failed:
                continue
            time.sleep(SETTLE)
            try:
                _, *seconds = workers[name].ask("time", iterations=iterations + 1)["seconds"]
                times[name].append(1e3 * statistics.median(seconds))
            except WorkerError as error:
                failed[name] = str(error)
    return times, failed


def ratios(times: Rounds, name: str, base: str) -> dict[str, float] | None:
    """Return the ratio of a contestant's time to the base's: median, least and most of the ratios of each round."""
    if not times.get(name) or len(times[name]) != len(times.get(base, [])):
        return None
    each = [mine / its for mine, its in zip(times[name], times[base], strict=True)]
    return {"median": statistics.median(each), "min": min(each), "max": max(each)}
