"""The command line: ``python -m benchmarks maml | episodes | grading | widget | readme``.

Exit codes: 0 done, whoever failed; 1 there is nothing to hold gradients to; 2 an argument that cannot be used.
"""

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console

from benchmarks import environments, report
from benchmarks.answers import measure_answers
from benchmarks.comparison import CEILING, Comparison
from benchmarks.configurations import CONFIGURATIONS
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.episodes import EPISODE_CONTENDERS, measure_episodes
from benchmarks.grading import FEW, measure_grading
from benchmarks.machine import describe
from benchmarks.readme import README, put
from benchmarks.scaling import SCALED, measure_scaling
from benchmarks.workers import Conditions, WorkerError, processors
from metakit.tasks.load import load_characters

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()
RUNS = Path("runs/benchmarks")

Threads = Annotated[int, typer.Option(min=1, help="of every process, and processors it may run on")]
Device = Annotated[str, typer.Option(help="cpu or cuda")]
Python = Annotated[
    list[str] | None, typer.Option(help="ENVIRONMENT=PATH: an interpreter to use as it is, instead of making one")
]


@app.command()
def maml(
    only: Annotated[str, typer.Option(help="configurations: A, B, C, D, A-first, ..., sinusoid")] = "",
    contestants: Annotated[str, typer.Option(help="who takes part; all by default")] = "",
    rounds: Annotated[int, typer.Option(min=1)] = 9,
    iterations: Annotated[int, typer.Option(min=1, help="counted in each turn")] = 3,
    threads: Threads = 2,
    device: Device = "cpu",
    tf32: Annotated[bool, typer.Option("--tf32", help="allow it on CUDA")] = False,
    keep_memory: Annotated[bool, typer.Option("--keep-memory", help="tell every process's allocator to")] = False,
    memory: Annotated[bool, typer.Option(help="measure peak memory")] = True,
    scaling: Annotated[bool, typer.Option(help="time against tasks and steps")] = True,
    patience: Annotated[float, typer.Option(min=1, help="seconds for one answer")] = 600.0,
    python: Python = None,
) -> None:
    """Compare one full meta-iteration: check all gradients, then time, memory and growth."""
    conditions = _conditions(Conditions(threads, device, tf32, keep_memory, patience))
    chosen = [CONFIGURATIONS[name] for name in _pick("--only", only, CONFIGURATIONS)]
    names = _pick("--contestants", contestants, CONTENDERS)
    commands = _commands([CONTENDERS[name] for name in names], python or [], device)
    commands[CEILING] = [sys.executable, "-m", "benchmarks.contestants.sgemm"]
    characters = load_characters("auto")
    result: dict[str, Any] = {"configurations": [], **_header("maml", conditions, characters.source)}
    comparison = Comparison(commands, conditions, characters, rounds, iterations, 3 if memory else 0, say=console.print)
    path = _path("maml")
    try:
        for configuration in chosen:
            applying = [name for name in names if CONTENDERS[name].applies(configuration)]
            result["configurations"].append(comparison.run(configuration, applying))
            _save(path, result)
        if scaling:
            result["scaling"] = measure_scaling(comparison, [name for name in SCALED if name in names])
    except WorkerError as error:
        _exit(1, str(error))
    _finish(path, result)


@app.command()
def episodes(
    rounds: Annotated[int, typer.Option(min=1)] = 9,
    threads: Threads = 1,
    device: Device = "cpu",
    patience: Annotated[float, typer.Option(min=1, help="seconds for one answer")] = 600.0,
    python: Python = None,
) -> None:
    """Compare the tasks that are drawn in a second: Episodes.sample with learn2learn's TaskDataset."""
    conditions = _conditions(Conditions(threads, device, patience=patience))
    commands = _commands(list(EPISODE_CONTENDERS.values()), python or [], device)
    characters = load_characters("auto")
    result = _header("episodes", conditions, characters.source)
    result["episodes"] = measure_episodes(commands, conditions, characters, rounds)
    _finish(_path("episodes"), result)


@app.command()
def grading(
    submissions: Annotated[int, typer.Option(min=FEW + 1, help="in the class")] = 44,
    rounds: Annotated[int, typer.Option(min=1)] = 2,
) -> None:
    """Compare how fast a class is graded: autograder grade with stock nbgrader autograde."""
    result = _header("grading", Conditions(threads=1, device="cpu"), f"{submissions} right and wrong submissions")
    result["grading"] = measure_grading(submissions, rounds, console.print)
    _finish(_path("grading"), result)


@app.command()
def widget(rounds: Annotated[int, typer.Option(min=1, help="changes of each kind")] = 30) -> None:
    """Measure how long a reader waits for the adaptation trajectory."""
    result = _header("widget", Conditions(threads=1, device="cpu"), load_characters("auto").source)
    result["answers"] = measure_answers(rounds)
    _finish(_path("widget"), result)


@app.command()
def readme(files: Annotated[list[Path], typer.Argument(help="results, from runs/benchmarks")]) -> None:
    """Put results into benchmarks/README.md, each between its markers."""
    text = README.read_text()
    for file in files:
        try:
            text = put(text, json.loads(file.read_text()))
        except (OSError, ValueError) as error:
            _exit(2, f"{file}: {error}")
    README.write_text(text)


def _conditions(conditions: Conditions) -> Conditions:
    if conditions.device not in ("cpu", "cuda"):
        _exit(2, f"--device must be cpu or cuda, got {conditions.device!r}.")
    if conditions.device == "cuda" and not torch.cuda.is_available():
        _exit(2, "--device cuda: there is no CUDA device here; take cpu.")
    try:
        processors(conditions.threads)
    except ValueError as error:
        _exit(2, str(error))
    return conditions


def _pick(option: str, asked: str, known: dict[str, Any]) -> list[str]:
    """Return the names asked for with commas between them; all if none is."""
    if not asked:
        return list(known)
    by_name = {name.lower(): name for name in known}
    names = [name.strip() for name in asked.replace("torch.func, norm", "torch.func; norm").split(",")]
    names = [name.replace(";", ",") for name in names]
    for name in names:
        if name.lower() not in by_name:
            _exit(2, f"{option}: there is no {name!r}; there are {'; '.join(known)}.")
    return [by_name[name.lower()] for name in names]


def _commands(contenders: Sequence[Contender], pythons: list[str], device: str) -> dict[str, list[str] | str]:
    """Return how to start each contestant, after making what environments are missing; or the reason why not."""
    given = dict(pair.split("=", 1) for pair in pythons if "=" in pair)
    if len(given) != len(pythons):
        _exit(2, "--python takes ENVIRONMENT=PATH, such as jax=/usr/bin/python3.")
    commands: dict[str, list[str] | str] = {}
    for contender in contenders:
        console.print(f"environment of {contender.name}")
        try:
            python = environments.python_of(contender, given, device == "cuda")
        except environments.NotInstalled as error:
            commands[contender.name] = f"not installed: {error}"
        else:
            program = f"benchmarks.contestants.{contender.program}"
            commands[contender.name] = [python, "-m", program, *contender.arguments]
    return commands


def _header(kind: str, conditions: Conditions, source: str) -> dict[str, Any]:
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    return {
        "kind": kind,
        "command": command,
        "machine": describe(),
        "conditions": asdict(conditions),
        "data": f"tasks from {source}",
    }


def _path(kind: str) -> Path:
    return RUNS / f"{kind}-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"


def _save(path: Path, result: dict[str, Any]) -> None:
    rows = [row for c in result.get("configurations", []) for row in c["rows"].values()] + result.get("episodes", [])
    rows += result.get("grading", []) + result.get("answers", [])
    result["versions"] = {
        name: version for row in rows for name, version in row.get("versions", {}).items() if name != "python"
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1))


def _finish(path: Path, result: dict[str, Any]) -> None:
    _save(path, result)
    console.print(report.conditions(result))
    report.print_sheets(result, Console(width=max(console.width, 140)))
    console.print(f"all numbers are in {path}; `python -m benchmarks readme {path}` puts them into the README")


def _exit(code: int, message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
