"""Train a recipe so that a kill at any moment costs at most the last few seconds, then test what came out.

The loop is ``metakit.captured.descend``. Between its steps this file saves all that the next step depends on (phi, the
optimizer's state, the generator's state), so a run that was killed and goes on takes the same steps as one that was
not: on the CPU, with as many threads, bit for bit.

Among several ranks, rank 0 alone reads and writes the folder, and tests at the end, when the others have left. All
validate, each on all the validation tasks: that takes no longer than to wait for one that does, and nobody can be
taken for hung meanwhile.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

from metakit import captured
from metakit.distributed import ALONE, Ranks
from metakit.evaluation import Interval
from metakit.learner import meta_loss
from metakit.precision import at
from metakit.recipes import checkpoint as files
from metakit.recipes.configuration import configuration
from metakit.recipes.recipe import Recipe, Splits
from metakit.recipes.run import begin
from metakit.recipes.score import score, validate

READ_EVERY = {"cpu": 1, "cuda": 100}
"""Steps from one reading of the losses to the next. To read is to wait for the GPU, which then has nothing to do."""


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
    precision: str = "float32",
    ranks: Ranks = ALONE,
) -> dict[str, Any]:
    """Train a recipe in ``folder``, or go on where a run of the same configuration stopped; return the header.

    Every ``recipe.validate_every`` iterations and at the end, phi is scored on the same validation tasks. The phi with
    the best score so far is kept as ``best``, and it is ``best`` that is tested: on ``n_test`` test tasks, and for a
    transductive network also one query at a time. A finished run is returned as it is.

    Args:
        splits: ``recipe.splits(source, device)``.
        folder: made if it is not there.
        save_every: seconds between checkpoints; there is also one after each validation.
        watch: called after each step, on a GPU after every ``READ_EVERY["cuda"]``.
        precision: of the training steps, one of ``metakit.precision.PRECISIONS``; validation and test are in float32.
        ranks: the processes that train together and then part; ``recipe.n_tasks`` are shared among them.

    Raises:
        CheckpointError: the checkpoint in ``folder`` is unreadable or of another configuration.
        TrainingError: the loss is no longer a number.
        RankError: more ranks than tasks, or they can no longer go on together.
    """
    ranks.share(recipe.n_tasks)
    gradient = ranks.averaged(at(precision, recipe.gradient, device))
    run = begin(recipe, folder, configuration(recipe, splits, device, precision), device, ranks)
    n_batches = recipe.n_iterations - run.header["iteration"]
    batches = captured.Batches(splits.train, recipe.n_tasks, n_batches, run.generator)
    objective = meta_loss(recipe.learner, recipe.task_loss)
    record = ranks == ALONE  # a graph with the ranks' communication inside would hang where a rank ends
    read_every, saved = READ_EVERY[torch.device(device).type], time.monotonic()
    for step in captured.descend(objective, run.phi, recipe.optimizer, batches, gradient, run.state, record=record):
        run.take(step)
        iteration, validation = run.header["iteration"], None
        validates = iteration % recipe.validate_every == 0 or iteration == recipe.n_iterations
        saves = ranks.leads and (validates or time.monotonic() - saved >= save_every)
        if not (validates or saves or len(run.unread) >= read_every):
            continue
        loss = run.read()
        if validates:
            ranks.check_equal(run.phi)
            validation = validate(recipe, run.phi, splits, device)
            run.note(validation, recipe.metric.higher_is_better)
        if saves:
            files.save(folder, run.checkpoint())
            saved = time.monotonic()
        watch(Moment(iteration, loss, validation))
    ranks.leave()
    if ranks.leads and not run.header["results"]:
        ways = (False, True) if recipe.transductive else (False,)
        run.header["results"] = [score(recipe, run.best, splits, n_test, device, alone) for alone in ways]
        files.save(folder, run.checkpoint())
    return run.header
