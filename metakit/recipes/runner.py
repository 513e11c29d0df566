"""Train a recipe so that a kill at any moment costs at most the last few seconds, then test what came out.

The loop is ``metakit.minimize.descend``. Between its steps this file saves all that the next step depends on (phi, the
optimizer's state, the generator's state), so a run that was killed and goes on takes the same steps as one that was
not: on the CPU, with as many threads, bit for bit.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from metakit import tree
from metakit.evaluation import Interval
from metakit.learner import meta_loss
from metakit.minimize import Step, descend
from metakit.problem import Params
from metakit.recipes import checkpoint as files
from metakit.recipes.checkpoint import Checkpoint, CheckpointError, flatten, unflatten
from metakit.recipes.configuration import configuration, differences, versions
from metakit.recipes.recipe import Recipe, Splits
from metakit.recipes.score import generator, score, validate
from metakit.tasks import task_batches


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to do."""


class Moment(NamedTuple):
    """What a watcher is shown after a step: its number, its loss, and the validation if there was one."""

    iteration: int
    loss: float
    validation: Interval | None


def train(
    recipe: Recipe,
    splits: Splits,
    folder: Path,
    device: str = "cpu",
    save_every: float = 30.0,
    n_test: int = 1000,
    watch: Callable[[Moment], None] = lambda moment: None,
) -> dict[str, Any]:
    """Train a recipe in ``folder``, or go on where a run of the same configuration stopped; return the header.

    Every ``recipe.validate_every`` iterations and at the end, phi is scored on the same validation tasks. The phi with
    the best score so far is kept as ``best``, and it is ``best`` that is tested: on ``n_test`` test tasks, and for a
    transductive network also one query at a time. A finished run is returned as it is.

    Args:
        splits: ``recipe.splits(source, device)``.
        folder: made if it is not there.
        save_every: seconds between checkpoints; there is also one after each validation.
        watch: called after each step.

    Raises:
        CheckpointError: the checkpoint in ``folder`` is unreadable or of another configuration.
        TrainingError: the loss is no longer a number.
    """
    run = _begin(recipe, splits, folder, device)
    batches = task_batches(splits.train, recipe.n_tasks, recipe.n_iterations - run.header["iteration"], run.generator)
    objective = meta_loss(recipe.learner, recipe.task_loss)
    saved = time.monotonic()
    for step in descend(objective, run.phi, recipe.optimizer, batches, recipe.gradient, run.state):
        loss = run.take(step)
        iteration, validation = run.header["iteration"], None
        if iteration % recipe.validate_every == 0 or iteration == recipe.n_iterations:
            validation = validate(recipe, run.phi, splits, device)
            run.note(validation, recipe.metric.higher_is_better)
        if validation or time.monotonic() - saved >= save_every:
            files.save(folder, run.checkpoint())
            saved = time.monotonic()
        watch(Moment(iteration, loss, validation))
    if not run.header["results"]:
        ways = (False, True) if recipe.transductive else (False,)
        run.header["results"] = [score(recipe, run.best, splits, n_test, device, alone) for alone in ways]
        files.save(folder, run.checkpoint())
    return run.header


@dataclass
class _Run:
    """Everything the next step depends on, and what happened so far."""

    phi: Params
    state: Any
    best: Params
    generator: torch.Generator
    header: dict[str, Any]

    def take(self, step: Step) -> float:
        """Go one step on; return its loss."""
        loss = step.value.item()
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss was {loss} at iteration {self.header['iteration'] + 1}, so training diverged; "
                "train in another folder, with a lower rate."
            )
        self.phi, self.state = step.params, step.state
        self.header["iteration"] += 1
        self.header["losses"].append(loss)
        return loss

    def note(self, validation: Interval, higher_is_better: bool) -> None:
        """Write a validation into the history; keep phi if it is the best so far."""
        history, losses = self.header["history"], self.header["losses"]
        best = [h["validation"] for h in history if h["best"]][-1:]
        sign = 1 if higher_is_better else -1
        is_best = not best or sign * validation.mean > sign * best[0]
        if is_best:
            self.best = self.phi
        history.append(
            {
                "iteration": self.header["iteration"],
                "loss": sum(losses) / len(losses),
                "validation": validation.mean,
                "half_width": validation.half_width,
                "best": is_best,
            }
        )
        losses.clear()

    def checkpoint(self) -> Checkpoint:
        """Return all of it, to be saved."""
        tensors = flatten("phi", self.phi) | flatten("optimizer", self.state) | flatten("best", self.best)
        return Checkpoint(tensors | {"generator": self.generator.get_state()}, self.header)


def _begin(recipe: Recipe, splits: Splits, folder: Path, device: str) -> _Run:
    wanted = configuration(recipe, splits, device)
    header = {
        "configuration": wanted,
        "iteration": 0,
        "losses": [],
        "history": [],
        "results": [],
        "versions": versions(),
    }
    phi = tree.to(recipe.learner.init(recipe.seed), device)
    run = _Run(phi, recipe.optimizer.init(phi), phi, generator(recipe, device, "train"), header)
    if not files.holds_one(folder):
        folder.mkdir(parents=True, exist_ok=True)
        files.save(folder, run.checkpoint())
        return run
    tensors, run.header = files.load(folder)
    if different := differences(wanted, run.header["configuration"]):
        raise CheckpointError(
            f"{folder} holds another run ({different}); train in another --out folder, or repeat that configuration."
        )
    run.phi = unflatten("phi", tensors, run.phi)
    run.state = unflatten("optimizer", tensors, run.state)
    run.best = unflatten("best", tensors, run.best)
    run.generator.set_state(tensors["generator"])
    files.write_json(folder, run.header)
    return run
