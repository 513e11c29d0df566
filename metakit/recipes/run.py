"""One run of a recipe: what its next step depends on, what happened so far, and how a folder holds both."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from metakit import tree
from metakit.distributed import Ranks
from metakit.evaluation import Interval
from metakit.minimize import Step
from metakit.problem import Params
from metakit.recipes import checkpoint as files
from metakit.recipes.checkpoint import Checkpoint, CheckpointError, flatten, unflatten
from metakit.recipes.configuration import differences, versions
from metakit.recipes.recipe import Recipe
from metakit.recipes.score import generator


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to do."""


@dataclass
class Run:
    """Everything the next step depends on, and what happened so far."""

    phi: Params
    state: Any
    best: Params
    generator: torch.Generator
    header: dict[str, Any]
    unread: list[Tensor] = field(default_factory=list)

    def take(self, step: Step) -> None:
        """Go one step on."""
        self.phi, self.state = step.params, step.state
        self.header["iteration"] += 1
        self.unread.append(step.value)

    def read(self) -> float:
        """Write the losses since the last reading into the header; return the last."""
        losses = torch.stack(self.unread).tolist()
        first = self.header["iteration"] - len(losses) + 1
        self.unread.clear()
        for iteration, loss in enumerate(losses, start=first):
            if not math.isfinite(loss):
                raise TrainingError(
                    f"the loss was {loss} at iteration {iteration}, so training diverged; "
                    "train in another folder, with a lower rate."
                )
        self.header["losses"] += losses
        return losses[-1]

    def note(self, validation: Interval, higher_is_better: bool) -> None:
        """Write a validation into the history; keep phi if it is the best so far."""
        history, losses = self.header["history"], self.header["losses"]
        best = [h["validation"] for h in history if h["best"]][-1:]
        sign = 1 if higher_is_better else -1
        is_best = not best or sign * validation.mean > sign * best[0]
        if is_best:
            self.best = tree.tree_map(torch.clone, self.phi)  # the next step overwrites phi
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


def begin(recipe: Recipe, folder: Path, wanted: dict[str, Any], device: str, ranks: Ranks) -> Run:
    """Return the run in ``folder``, or a new one of the configuration ``wanted``; the same on all ranks.

    Raises:
        CheckpointError: there is a run of another configuration, or its checkpoint cannot be read.
    """
    phi = tree.to(recipe.learner.init(recipe.seed), device)
    header = {
        "configuration": wanted,
        "iteration": 0,
        "losses": [],
        "history": [],
        "results": [],
        "versions": versions(),
    }
    run = Run(phi, recipe.optimizer.init(phi), phi, generator(recipe, device, "train"), header)
    tensors, run.header = ranks.first(lambda: _open(folder, run.checkpoint()))
    if different := differences(wanted, run.header["configuration"]):
        raise CheckpointError(
            f"{folder} holds another run ({different}); train in another --out folder, or repeat that configuration."
        )
    run.phi = unflatten("phi", tensors, run.phi)
    run.state = unflatten("optimizer", tensors, run.state)
    run.best = unflatten("best", tensors, run.best)
    run.generator.set_state(tensors["generator"])
    if ranks.leads:
        files.write_json(folder, run.header)
    return run


def _open(folder: Path, fresh: Checkpoint) -> Checkpoint:
    """Return what is in the folder; put ``fresh`` there if it is empty."""
    if not files.holds_one(folder):
        folder.mkdir(parents=True, exist_ok=True)
        files.save(folder, fresh)
    return files.load(folder)
