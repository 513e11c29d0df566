"""The parts of a scene: what the task is, and what one start makes of it, as arrays."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from metakit.checkpoints.kinds import SINUSOID, Kind
from metakit.problem import Examples, Params, Task
from metakit.tree import tree_map
from metakit.widgets.choices import DOMAIN, Choices
from metakit.widgets.kit import array
from metakit.widgets.paths import extent, flat, plane_of, surface
from metakit.widgets.together import losses_of, outputs_of

N_X = 101
"""Points at which a fitted curve is drawn, and judged."""

AT_ONCE = {"sinusoid": 1024, "omniglot": 128}
"""Points of a surface in one slice, of some 5 and 20 ms."""

TOO_LARGE = 1e9
"""A loss beyond which there is nothing to see."""

ARRAYS = ("support_loss", "query_loss", "accuracy", "path", "surface", "curve", "probabilities")


def curve_task(choices: Choices, n_x: int = N_X) -> Task:
    """Return y = amplitude * sin(x - phase) at the support points, and at ``n_x`` even ones as the query set."""
    x = torch.tensor(choices.points)[:, None]
    everywhere = torch.linspace(*DOMAIN, n_x)[:, None]
    support, query = (Examples(at, choices.amplitude * torch.sin(at - choices.phase)) for at in (x, everywhere))
    return Task(support, query)


def shown_task(kind: Kind, task: Task, source: str) -> dict[str, Any]:
    """Return what a scene says about the task itself."""
    (x, y), (query_x, query_y) = task
    if kind is SINUSOID:
        support = {"x": array(x[:, 0]), "y": array(y[:, 0])}
        return {"x": array(query_x[:, 0]), "truth": array(query_y[:, 0]), "support": support}
    return {
        "support_images": array((255 * x[:, 0]).round(), "uint8"),
        "support_labels": y.tolist(),
        "query_images": array((255 * query_x[:, 0]).round(), "uint8"),
        "query_labels": query_y.tolist(),
        "source": source,
    }


def measured(kind: Kind, task: Task, path: Params, lr: float) -> dict[str, Any]:
    """Return the arrays of one start's entry, but its surface; or, when the numbers grow too large, its problem."""
    with torch.no_grad():
        support_loss = losses_of(kind)(path, task.support)
        outputs = outputs_of(kind, path, task.query.x)
        query_loss = _each(kind.loss, outputs, task.query.y)
        rows = flat(path)
    good = (support_loss < TOO_LARGE) & (query_loss < TOO_LARGE) & torch.isfinite(rows).all(1)
    if not good.all():
        step = int((~good).nonzero()[0])
        many = f"{step} step{'s' * (step != 1)}"
        words = f"At the rate {lr:g} gradient descent runs away from here: after {many} the numbers are too large."
        return {"problem": f"{words} Take a smaller rate."}
    losses = {"support_loss": array(support_loss), "query_loss": array(query_loss)}
    found = losses | {"path": array(plane_of(rows).project(rows))}
    if kind is SINUSOID:
        return found | {"curve": array(outputs[..., 0])}
    accuracy = _each(kind.metric, outputs, task.query.y)
    return found | {"accuracy": array(accuracy), "probabilities": array(outputs.softmax(-1))}


def surface_of(kind: Kind, support: Examples, path: Params, size: int) -> Iterator[dict[str, Any] | None]:
    """Yield None after each slice, then the surface around a path: ``size`` by ``size`` losses, and its limits."""
    rows = flat(path)
    plane = plane_of(rows)
    x, y = extent(plane.project(rows))
    parts, sides = [], (torch.linspace(*x, size), torch.linspace(*y, size))
    for part in surface(losses_of(kind), support, path, plane, *sides, AT_ONCE[kind.name]):
        parts.append(part)
        yield None
    yield {"loss": array(torch.cat(parts).view(size, size)), "x": list(x), "y": list(y)}


def _each(metric: Any, outputs: Tensor, y: Tensor) -> Tensor:
    return torch.stack([metric(output, y) for output in outputs])


def one_of(tasks: Task) -> Task:
    """Return the first of a batch of tasks."""
    return tree_map(lambda leaf: leaf[0], tasks)
