"""One configuration: check all gradients, then time all who agree, then see what memory each takes."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import agreement
from benchmarks.agreement import Gradient, agrees, gradient_of, relative_error
from benchmarks.configurations import Configuration, write_problem
from benchmarks.contenders import BASE, JUDGE, OURS
from benchmarks.contestants.sgemm import SIZE
from benchmarks.floor import multiply_adds, of_second_order
from benchmarks.statistics import interleave, ratios
from benchmarks.workers import Conditions, Worker, WorkerError, processors
from metakit.tasks.characters import Characters

CEILING = "sgemm"


@dataclass(frozen=True)
class Comparison:
    """How configurations are measured.

    Args:
        commands: how to start each contestant, by name, and ``CEILING``; a string is the reason why it cannot.
        conditions: the same for all.
        characters: to draw tasks from.
        rounds, iterations: of the timing; see ``interleave``.
        memory_iterations: 0 leaves memory out.
        say: is told what is going on.
    """

    commands: Mapping[str, list[str] | str]
    conditions: Conditions
    characters: Characters | None
    rounds: int = 9
    iterations: int = 3
    memory_iterations: int = 3
    say: Callable[[str], None] = print

    def run(self, configuration: Configuration, names: list[str]) -> dict[str, Any]:
        """Return everything measured about one configuration; each name has a row, whatever happened."""
        rows: dict[str, dict[str, Any]] = {name: {} for name in names}
        with tempfile.TemporaryDirectory() as folder:
            small = write_problem(configuration.small(), self.characters, Path(folder), "-small")
            full = write_problem(configuration, self.characters, Path(folder))
            self.say(f"{configuration.title}: gradients")
            self._check(configuration, small, rows)
            self.say(f"{configuration.title}: time")
            result = self._time(configuration, full, rows)
            if self.memory_iterations:
                self.say(f"{configuration.title}: memory")
                self._memory(configuration, full, rows)
        return {"configuration": configuration.name, "title": configuration.title, **result, "rows": rows}

    def _check(self, configuration: Configuration, problem: Path, rows: dict[str, dict[str, Any]]) -> None:
        """Put every contestant's error in float64 into its row; metakit is held to the judge, the others to metakit."""
        choices = configuration.choices(**{**self.conditions.choices(), "dtype": "float64"})
        gradients: dict[str, Gradient] = {}
        for name, row in rows.items():
            with self._failing_into(row), self.worker(name) as worker:
                gradients[name] = gradient_of(worker, problem, choices, problem.with_name("gradient.npz"))
                row["versions"] = worker.ask("versions")["versions"]
        for name, row in rows.items():
            against = JUDGE if name == OURS else OURS
            if name in gradients and against not in gradients:
                row["failed"] = f"not checked: there is no gradient of {against} to hold it to"
            elif name in gradients:
                with self._failing_into(row):
                    row["error"] = relative_error(gradients[name], gradients[against])
                    if not agrees(row["error"]):
                        row["failed"] = f"another gradient: relative error {row['error']:.1e}"

    def _time(self, configuration: Configuration, problem: Path, rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Time all who have not failed, in one session, and the machine's matrix product with them."""
        choices = configuration.choices(**self.conditions.choices())
        out = problem.with_name("gradient.npz")
        with ExitStack() as stack:
            workers: dict[str, Worker] = {}
            reference, tolerance = self._reference(configuration, problem, out)
            for name, row in {**rows, CEILING: {}}.items():
                if "failed" in row:
                    continue
                with self._failing_into(row):
                    worker = stack.enter_context(self.worker(name))
                    if name == CEILING:
                        worker.ask("load", problem=str(problem), choices=choices)
                    else:
                        start = time.perf_counter()
                        row["error_timed"] = relative_error(gradient_of(worker, problem, choices, out), reference)
                        if not agrees(row["error_timed"], tolerance):
                            raise WorkerError(f"another gradient in float32: relative error {row['error_timed']:.1e}")
                        worker.ask("time", iterations=1)
                        row["first_s"] = time.perf_counter() - start
                        self.say(f"    {name} is ready after {row['first_s']:.1f} s")
                    workers[name] = worker
            times, failed = interleave(workers, self.rounds, self.iterations)
        peak = SIZE**3 / (min(times[CEILING]) / 1e3) if times.get(CEILING) else None
        floor_ms = 1e3 * multiply_adds(configuration) / peak if peak else None
        for name, row in rows.items():
            if name in failed:
                row["failed"] = failed[name]
            elif times.get(name):
                row["rounds_ms"], row["ms"] = times[name], median(times[name])
                row["ratio"] = ratios(times, name, BASE)
                row["of_floor"] = floor_ms / row["ms"] if floor_ms else None
        return {
            "multiply_adds": multiply_adds(configuration),
            "of_second_order": of_second_order(configuration),
            "peak_per_s": peak,
            "floor_ms": floor_ms,
        }

    def _reference(self, configuration: Configuration, problem: Path, out: Path) -> tuple[Gradient, float]:
        """Return the judge's gradient of the timed problem in float64, and how far one in float32 may be from it.

        The judge is the plain loop, or metakit where that does not take part.
        """
        choices = self.conditions.choices()
        for name in (JUDGE, OURS):
            if not isinstance(self.commands.get(name, ""), str):
                with self.worker(name) as worker:
                    exact = {**choices, "dtype": "float64"}
                    reference = gradient_of(worker, problem, configuration.choices(**exact), out)
                    own = relative_error(gradient_of(worker, problem, configuration.choices(**choices), out), reference)
                    return reference, agreement.tolerance_timed(own)
        raise WorkerError(f"neither {JUDGE} nor {OURS} takes part, so there is no gradient to hold the others to")

    def _memory(self, configuration: Configuration, problem: Path, rows: dict[str, dict[str, Any]]) -> None:
        """Measure each alone, in a fresh process."""
        choices = configuration.choices(**self.conditions.choices())
        for name, row in rows.items():
            if "ms" in row:
                with self._failing_into(row), self.worker(name) as worker:
                    worker.ask("load", problem=str(problem), choices=choices)
                    row["memory"] = worker.ask("memory", iterations=self.memory_iterations)

    def worker(self, name: str) -> Worker:
        """Start a contestant."""
        command = self.commands[name]
        if isinstance(command, str):
            raise WorkerError(command)
        return Worker(command, self.conditions, processors(self.conditions.threads))

    @contextmanager
    def _failing_into(self, row: dict[str, Any]) -> Iterator[None]:
        try:
            yield
        except WorkerError as error:
            row["failed"] = str(error)
