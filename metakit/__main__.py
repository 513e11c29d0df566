"""The command line: ``python -m metakit recipes | data | train | evaluate | table | starts``.

Exit codes: 0 done; 1 the run could not go on (diverged, no space) or data could not be had; 2 an argument or a
checkpoint that cannot be used; 130 stopped at the keyboard. Every error is one sentence.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer

from metakit import cli, tree
from metakit.checkpoints import header
from metakit.checkpoints.making import make
from metakit.distributed import ALONE
from metakit.get_data import get_data
from metakit.recipes import RECIPES, build, table
from metakit.recipes.checkpoint import JSON, load, unflatten
from metakit.recipes.run import TrainingError
from metakit.recipes.runner import train
from metakit.recipes.score import score
from metakit.torchrun import joined

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Device = Annotated[str, typer.Option(help="auto, cpu or cuda")]
Data = Annotated[str, typer.Option(help="auto, omniglot or glyphs; auto: Omniglot if it is there")]
Precision = Annotated[str, typer.Option(help="of the training steps: float32, tf32 or bf16")]


@app.command("data")
def data_command(
    source: Annotated[str, typer.Option(help="auto, omniglot or glyphs")] = "auto",
) -> None:
    """Get Omniglot, or draw the glyphs that stand in for it, and say which it is.

    With auto, no network is no error: exit code 0, and glyphs. With omniglot it is: exit code 1.
    """
    with cli.told():
        print(get_data(source))


@app.command("recipes")
def list_recipes() -> None:
    """List the recipes, with the published numbers for their default options."""
    for name, function in RECIPES.items():
        recipe = build(name)
        print(f"{cli.title(recipe)}\n    {(function.__doc__ or '').splitlines()[0]}")
        cli.print_published(recipe)


@app.command("train")
def train_recipe(
    recipe: Annotated[str, typer.Argument(help="one of: python -m metakit recipes")],
    out: Annotated[Path | None, typer.Option(help="folder of the run; below runs/ by default")] = None,
    iterations: Annotated[int | None, typer.Option(help="steps of the outer loop")] = None,
    seed: Annotated[int | None, typer.Option(help="of phi and of the tasks")] = None,
    n_way: Annotated[int | None, typer.Option(help="classes of a task")] = None,
    k_shot: Annotated[int | None, typer.Option(help="support examples, of each class if there are classes")] = None,
    n_tasks: Annotated[int | None, typer.Option(help="tasks in each step")] = None,
    device: Device = "auto",
    data: Data = "auto",
    save_every: Annotated[float, typer.Option(help="seconds from one checkpoint to the next", min=0)] = 30.0,
    test_tasks: Annotated[int, typer.Option(help="tasks of the test at the end", min=2)] = 1000,
    precision: Precision = "float32",
    timeout: Annotated[float, typer.Option(help="seconds to wait for another process of torchrun", min=1)] = 300.0,
) -> None:
    """Train a recipe, or go on with a run that was stopped; then test it.

    ``torchrun --nproc-per-node 2 -m metakit train ...`` shares the tasks of each step among processes.
    """
    with cli.told():
        options = cli.given(n_iterations=iterations, seed=seed, n_way=n_way, k_shot=k_shot, n_tasks=n_tasks)
        made = build(recipe, **options)
        folder = out or cli.folder_of(made)
        device = cli.pick_device(device, precision)
        splits = cli.tasks_of(made, data, device)
        with joined(device, timeout) as ranks:
            if ranks.leads:
                where = device if ranks == ALONE else f"{ranks.world} processes on {torch.device(device).type}"
                print(f"{cli.title(made)}\non {splits.source}, {where}; the run is in {folder}", flush=True)
            with cli.progress(made, ranks.leads) as watch:
                header = train(made, splits, folder, device, save_every, test_tasks, watch, precision, ranks)
        if ranks.leads:
            print(f"finished: {header['iteration']} iterations; all numbers are in {folder / JSON}")
            cli.print_results(made, header["results"])


@app.command("evaluate")
def evaluate_checkpoint(
    checkpoint: Annotated[Path, typer.Argument(help="a checkpoint, or the folder of its run")],
    tasks: Annotated[int, typer.Option(help="test tasks", min=2)] = 1000,
    one_query_at_a_time: Annotated[bool, typer.Option(help="predict each query as if it had come alone")] = False,
    steps: Annotated[int | None, typer.Option(help="inner steps; the recipe's by default", min=0)] = None,
    device: Device = "auto",
    data: Annotated[
        str | None, typer.Option(help="auto, omniglot or glyphs; what it was trained on by default")
    ] = None,
) -> None:
    """Test a checkpoint on tasks it was not trained on, and print the published number beside it."""
    with cli.told():
        tensors, header = load(checkpoint)
        trained = header["configuration"]
        recipe = build(trained["recipe"], **trained["options"])
        if steps is not None:
            recipe = replace(recipe, test_learner=cli.with_steps(recipe.test_learner, steps))
        device = cli.pick_device(device)
        phi = unflatten("best", tensors, tree.to(recipe.learner.init(recipe.seed), device))
        splits = cli.tasks_of(recipe, data or trained["data"], device)
        print(f"{cli.title(recipe)}\ntrained for {header['iteration']} iterations on {trained['data']}", flush=True)
        if splits.digest != trained["digest"]:
            print(f"note: tested on {splits.source}, which are not the data it was trained on")
        cli.print_results(recipe, [score(recipe, phi, splits, tasks, device, one_query_at_a_time)])


@app.command("table")
def table_command(
    out: Annotated[Path, typer.Option(help="folder of all runs")] = Path("runs/table"),
    seeds: Annotated[int, typer.Option(help="runs of each, with seeds from 0 on", min=1)] = 3,
    method: Annotated[list[str] | None, typer.Option(help="a recipe; may be repeated; all by default")] = None,
    n_way: Annotated[int | None, typer.Option(help="5 or 20; both by default")] = None,
    k_shot: Annotated[int | None, typer.Option(help="1 or 5; both by default")] = None,
    iterations: Annotated[int | None, typer.Option(help="steps of the outer loop")] = None,
    n_tasks: Annotated[int | None, typer.Option(help="tasks in each step")] = None,
    device: Device = "auto",
    data: Data = "auto",
    test_tasks: Annotated[int, typer.Option(help="tasks of each test", min=2)] = 1000,
    precision: Precision = "float32",
    train_too: Annotated[bool, typer.Option("--train/--show", help="train what is not finished, or only show")] = True,
) -> None:
    """Train MAML, FOMAML, ANIL, MAML++ and ProtoNet on Omniglot in four settings, and print them beside the papers.

    What is finished is not trained again; a run that was stopped goes on.
    """
    with cli.told():
        options = cli.given(n_iterations=iterations, n_tasks=n_tasks)
        cells = table.cells(out, seeds, cli.methods_of(method), n_way, k_shot, **options)
        device = cli.pick_device(device, precision)
        failed = []
        for recipe, folder in [pair for cell in cells for pair in zip(*cell, strict=True) if train_too]:
            print(f"{cli.title(recipe)}\nthe run is in {folder}", flush=True)
            try:
                with table.timed(folder), cli.progress(recipe) as watch:
                    splits = cli.tasks_of(recipe, data, device)
                    train(recipe, splits, folder, device, n_test=test_tasks, watch=watch, precision=precision)
            except TrainingError as error:  # the others can still be trained
                failed.append(f"{folder}: {error}")
        print(table.markdown(cells))
        if failed:
            raise TrainingError("; ".join(failed))


@app.command("starts")
def starts_command(
    kind: Annotated[str, typer.Argument(help="sinusoid or omniglot")],
    out: Annotated[Path, typer.Option(help="folder to write to")] = Path("runs/starts"),
    iterations: Annotated[int | None, typer.Option(help="steps of the outer loop", min=1)] = None,
    seed: Annotated[int, typer.Option(help="of phi and of the tasks", min=0)] = 0,
) -> None:
    """Train the six starts again that are shipped for the widgets, and judge them after 0, 1, 3 and 10 inner steps."""
    with cli.told():
        make(kind, out, iterations, seed, cli.watched)
        made = header(kind, out)
        print(f"{made['judged']}; written to {out / kind}")
        for name, results in made["results"].items():
            print(f"{name:14s}" + "".join(f"{mean:9.3f} ± {half:.3f}" for mean, half in results.values()))


if __name__ == "__main__":
    app(prog_name="python -m metakit")
