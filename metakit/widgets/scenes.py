"""From choices and starts to a scene: everything that a picture of one task's adaptation shows, as arrays."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.func import vmap

from metakit.checkpoints.kinds import SINUSOID, Kind
from metakit.losses import empirical_loss
from metakit.problem import Examples, Params, Task
from metakit.tree import tree_map
from metakit.widgets import student
from metakit.widgets.choices import DOMAIN, Choices
from metakit.widgets.kit import array
from metakit.widgets.paths import extent, flat, plane_of, surface, walks

GRID = {"sinusoid": 25, "omniglot": 17}
"""Points along each side of a surface."""

N_X = 101
"""Points at which a fitted curve is drawn, and judged."""

AT_ONCE = {"sinusoid": 1024, "omniglot": 128}
"""Points of a surface in one slice, of some 10 and 20 ms."""

YOURS, REFERENCE = "yours", "reference"


@dataclass(frozen=True, eq=False)
class Entrants:
    """Who adapts: starts by name, and a function of one's own with the phi it starts from."""

    starts: Mapping[str, Params]
    adapt: student.Adapt | None = None
    phi: Params | None = None

    @property
    def names(self) -> list[str]:
        """Return all names, one's own last."""
        return [*self.starts, *([YOURS] if self.adapt else [])]


class Progress(NamedTuple):
    """How far a scene is, from 0 to 1, and the scene where there is more to show than before."""

    share: float
    scene: dict[str, Any] | None


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


def scenes(
    choices: Choices, kind: Kind, task: Task, entrants: Entrants, source: str = "", grid: int | None = None
) -> Iterator[Progress]:
    """Yield progress often, and the scene as it grows: for characters paths first, then one surface after the other."""
    paths: dict[str, Params | None] = {}
    problems: dict[str, str] = {}
    groups = [dict(entrants.starts)] if kind is SINUSOID else [{name: phi} for name, phi in entrants.starts.items()]
    for group in groups:
        paths |= walks(kind, group, task.support, choices.lr, choices.steps) if group else {}
        yield Progress(0.0, None)
    if entrants.adapt and entrants.phi is not None:
        objective = empirical_loss(kind.model, kind.loss)
        try:
            for found in student.path_of(
                entrants.adapt, entrants.phi, objective, task.support, choices.lr, choices.steps
            ):
                paths[YOURS] = found
                yield Progress(0.1, None)
        except student.Problem as problem:
            problems[YOURS], paths[YOURS] = str(problem), None
    shown = [_measured(kind, task, name, paths[name], problems.get(name), choices.lr) for name in entrants.names]
    scene = {"request": choices.request, "task": choices.task, "lr": choices.lr, "steps": choices.steps}
    scene |= shown_task(kind, task, source) | {"starts": shown}
    live = [start for start in shown if start["problem"] is None]
    stepwise = kind is not SINUSOID
    yield Progress(0.2, dict(scene) if stepwise else None)
    size = grid or GRID[kind.name]
    for i, start in enumerate(live):
        for _ in _add_surface(kind, task.support, start, paths[start["name"]], size):
            yield Progress(0.2 + 0.8 * i / len(live), None)
        if stepwise and i + 1 < len(live):
            yield Progress(0.2 + 0.8 * (i + 1) / len(live), {**scene, "starts": [dict(s) for s in shown]})
    yield Progress(1.0, {**scene, "starts": [dict(s) for s in shown]})


def _measured(kind: Kind, task: Task, name: str, path: Params | None, problem: str | None, lr: float) -> dict[str, Any]:
    """Return one start's entry, without its surface."""
    nothing = ("support_loss", "query_loss", "accuracy", "path", "surface", "curve", "probabilities")
    start: dict[str, Any] = {"name": name, "yours": name == YOURS, "problem": problem, **dict.fromkeys(nothing)}
    if path is None:
        return start
    with torch.no_grad():
        support_loss = _along(empirical_loss(kind.model, kind.loss), path, task.support)
        outputs = _along(kind.model, path, task.query.x)
        query_loss = _each(kind.loss, outputs, task.query.y)
        rows = flat(path)
    good = torch.isfinite(support_loss) & torch.isfinite(query_loss) & torch.isfinite(rows).all(1)
    if not good.all():
        step = int((~good).nonzero()[0])
        many = f"{step} step{'s' * (step != 1)}"
        words = f"At the rate {lr:g} gradient descent runs away from here: after {many} the numbers are too large."
        return {**start, "problem": f"{words} Take a smaller rate."}
    start |= {"support_loss": array(support_loss), "query_loss": array(query_loss)}
    start["path"] = array(plane_of(rows).project(rows))
    if kind is SINUSOID:
        return {**start, "curve": array(outputs[..., 0])}
    accuracy = _each(kind.metric, outputs, task.query.y)
    return {**start, "accuracy": array(accuracy), "probabilities": array(outputs.softmax(-1))}


def _add_surface(
    kind: Kind, support: Examples, start: dict[str, Any], path: Params | None, size: int
) -> Iterator[None]:
    """Put the surface into a start's entry, in slices."""
    assert path is not None
    rows = flat(path)
    plane = plane_of(rows)
    x, y = extent(plane.project(rows))
    objective = empirical_loss(kind.model, kind.loss)
    parts = []
    for part in surface(
        objective, support, path, plane, torch.linspace(*x, size), torch.linspace(*y, size), AT_ONCE[kind.name]
    ):
        parts.append(part)
        yield None
    start["surface"] = {"loss": array(torch.cat(parts).view(size, size)), "x": list(x), "y": list(y)}


def _along(function: Any, path: Params, given: Any) -> Tensor:
    return vmap(partial(_swapped, function, given))(path)


def _swapped(function: Any, given: Any, theta: Params) -> Any:
    return function(theta, given)


def _each(metric: Any, outputs: Tensor, y: Tensor) -> Tensor:
    return torch.stack([metric(output, y) for output in outputs])


def one_of(tasks: Task) -> Task:
    """Return the first of a batch of tasks."""
    return tree_map(lambda leaf: leaf[0], tasks)
