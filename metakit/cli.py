"""What the command line says: errors in one sentence, results beside the published number."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import typer
from tqdm import tqdm  # type: ignore[import-untyped]

from metakit.distributed import RankError
from metakit.precision import check
from metakit.recipes import RecipeError
from metakit.recipes.checkpoint import CheckpointError
from metakit.recipes.recipe import Recipe, Splits
from metakit.recipes.run import TrainingError
from metakit.recipes.runner import Moment
from metakit.recipes.table import METHODS
from metakit.tasks.omniglot import DataUnavailable
from metakit.torchrun import device_of_rank
from metakit.tree import tree_leaves


@contextmanager
def told() -> Iterator[None]:
    """Turn the errors that the person at the keyboard can mend into one sentence and an exit code."""
    try:
        yield
    except (RecipeError, CheckpointError) as error:
        _exit(2, str(error))
    except (TrainingError, RankError, DataUnavailable) as error:
        _exit(1, str(error))
    except KeyboardInterrupt:
        _exit(130, "stopped; the same command goes on from the last checkpoint")
    except OSError as error:
        _exit(1, f"cannot read or write: {error}")


def pick_device(device: str, precision: str = "float32") -> str:
    """Return ``cpu`` or ``cuda`` for what was asked, among several ranks each its own ``cuda:0``, ``cuda:1``, ..."""
    if device not in ("auto", "cpu", "cuda"):
        raise RecipeError(f"--device must be auto, cpu or cuda, got {device!r}.")
    if device == "cuda" and not torch.cuda.is_available():
        raise RecipeError("--device cuda: there is no CUDA device here; take cpu or auto.")
    picked = device_of_rank(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
    try:
        check(precision, picked)
    except ValueError as error:
        raise RecipeError(f"--precision {precision}: {error}") from error
    return picked


def given(**options: int | None) -> dict[str, int]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def methods_of(names: list[str] | None) -> tuple[str, ...]:
    """Return which rows of the table were asked for, all if none was."""
    if unknown := sorted(set(names or ()) - set(METHODS)):
        raise RecipeError(f"--method must be one of {', '.join(METHODS)}, got {', '.join(unknown)}.")
    return tuple(names or METHODS)


def tasks_of(recipe: Recipe, source: str, device: str) -> Splits:
    """Return the recipe's tasks, drawn from ``source``; a recipe with tasks by formula takes any."""
    if len(recipe.sources) > 1 and source not in recipe.sources:
        raise RecipeError(f"--data must be one of {', '.join(recipe.sources)}, got {source!r}.")
    try:
        return recipe.splits(source if len(recipe.sources) > 1 else recipe.sources[0], device)
    except ValueError as error:  # sizes that the data cannot fill
        raise RecipeError(f"{recipe.name}: {error}") from error


def with_steps(learner: Any, steps: int) -> Any:
    """Return the learner with that many inner steps."""
    if not hasattr(learner, "steps"):
        raise RecipeError(f"{type(learner).__name__} has no inner steps; leave --steps out.")
    changed = replace(learner, steps=steps)
    before, after = ([leaf.shape for leaf in tree_leaves(one.init(0))] for one in (learner, changed))
    if before != after:
        raise RecipeError(
            f"{type(learner).__name__} has learned something for each of its {learner.steps} steps; leave --steps out."
        )
    return changed


def folder_of(recipe: Recipe) -> Path:
    """Return where a recipe's run lies if nothing else is said: its name and what the task is like."""
    sizes = [f"{recipe.options[option]}{option[1:]}" for option in ("n_way", "k_shot") if option in recipe.options]
    return Path("runs") / "-".join([recipe.name, *sizes])


def title(recipe: Recipe) -> str:
    """Return the recipe's name and options on one line."""
    return f"{recipe.name}({', '.join(f'{option}={value}' for option, value in recipe.options.items())})"


@contextmanager
def progress(recipe: Recipe, shown: bool = True) -> Iterator[Callable[[Moment], None]]:
    """Give a watcher that moves a bar, if there is a terminal for it, and prints a line at each validation."""
    if not shown:
        yield lambda moment: None
        return
    with tqdm(total=recipe.n_iterations, unit="it", disable=None, dynamic_ncols=True) as bar:

        def watch(moment: Moment) -> None:
            bar.update(moment.iteration - bar.n)
            bar.set_postfix(loss=f"{moment.loss:.4f}", refresh=False)
            if moment.validation:
                mean, half_width = map(recipe.metric.show, moment.validation)
                score = f"{recipe.metric.name} {mean} ± {half_width}"
                tqdm.write(f"{moment.iteration:>7}  loss {moment.loss:.4f}  validation {score}")
                sys.stdout.flush()

        yield watch


def watched(name: str, n: int, batches: Iterable[Any]) -> Iterable[Any]:
    """Return the batches behind a bar, if there is a terminal for it."""
    return tqdm(batches, desc=name, total=n, unit="it", disable=None, dynamic_ncols=True)


def print_results(recipe: Recipe, results: list[dict[str, Any]]) -> None:
    """Print each result, then the published number with its protocol and what is different here."""
    show = recipe.metric.show
    for result in results:
        steps = f", {result['steps']} inner steps" if result["steps"] is not None else ""
        print(
            f"{result['metric']} {show(result['mean'])} ± {show(result['half_width'])} (95 %)  "
            f"{result['n_tasks']} test tasks, {result['data']}, queries {result['queries']}{steps}"
        )
    print_published(recipe)


def print_published(recipe: Recipe) -> None:
    """Print the paper's numbers for these options, and ours."""
    show = recipe.metric.show
    for number in recipe.published:
        spread = f" ± {show(number.half_width)}" if number.half_width is not None else ""
        print(f"published {show(number.value)}{spread}  {number.source}\n    measured on: {number.protocol}")
    if not recipe.published:
        print("no number is published for these options")
    for ours in recipe.measured:
        print(f"measured  {show(ours.value)} ± {show(ours.half_width)}  {ours.protocol}")
        print(f"    by: {ours.command}\n    {ours.run}")
    print(f"    here: {recipe.departs}")


def _exit(code: int, message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code)
