"""From choices and starts to a scene: everything that a picture of one task's adaptation shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from metakit.checkpoints.kinds import SINUSOID, Kind
from metakit.exercises.inner_loop import Adapt
from metakit.losses import empirical_loss
from metakit.problem import Params, Task
from metakit.widgets import student
from metakit.widgets.choices import Choices
from metakit.widgets.entries import ARRAYS, measured, shown_task, surface_of
from metakit.widgets.paths import walks

GRID = {"sinusoid": 25, "omniglot": 17}
"""Points along each side of a surface."""

YOURS, REFERENCE = "yours", "reference"


@dataclass(frozen=True, eq=False)
class Entrants:
    """Who adapts: starts by name, and a function of one's own with the phi it starts from."""

    starts: Mapping[str, Params]
    adapt: Adapt | None = None
    phi: Params | None = None

    @property
    def names(self) -> list[str]:
        """Return all names, one's own last."""
        return [*self.starts, *([YOURS] if self.adapt else [])]

    def those(self, shown: Sequence[str]) -> "Entrants":
        """Return only the ones to be shown."""
        starts = {name: phi for name, phi in self.starts.items() if name in shown}
        return replace(self, starts=starts, adapt=self.adapt if YOURS in shown else None)


class Progress(NamedTuple):
    """How far a scene is, from 0 to 1, and the scene where there is more to show than before."""

    share: float
    scene: dict[str, Any] | None


def scenes(
    choices: Choices, kind: Kind, task: Task, entrants: Entrants, source: str = "", grid: int | None = None
) -> Iterator[Progress]:
    """Yield progress at least every 50 ms, and the scene as it grows.

    A scene of curves comes whole; one of characters first without surfaces, then again with each surface.
    """
    paths: dict[str, Params] = {}
    entries: dict[str, dict[str, Any]] = {
        name: {"name": name, "yours": name == YOURS, "problem": None} for name in entrants.names
    }
    for found in _walked(choices, kind, task, entrants):
        for name, path in found.items():
            if isinstance(path, str):
                entries[name]["problem"] = path
            else:
                entries[name] |= measured(kind, task, path, choices.lr)
                paths[name] = path
        yield Progress(0.1, None)

    given = {"request": choices.request, "task": choices.task, "lr": choices.lr, "steps": choices.steps}
    given |= shown_task(kind, task, source)

    def so_far() -> dict[str, Any]:
        return given | {"starts": [dict.fromkeys(ARRAYS) | entry for entry in entries.values()]}

    todo = [name for name in paths if entries[name]["problem"] is None]
    if kind is not SINUSOID:
        yield Progress(0.2, so_far())
    for i, name in enumerate(todo):
        for part in surface_of(kind, task.support, paths[name], grid or GRID[kind.name]):
            entries[name]["surface"] = part
            yield Progress(0.2 + 0.8 * i / len(todo), None)
        if kind is not SINUSOID and i + 1 < len(todo):
            yield Progress(0.2 + 0.8 * (i + 1) / len(todo), so_far())
    yield Progress(1.0, so_far())


def _walked(choices: Choices, kind: Kind, task: Task, entrants: Entrants) -> Iterator[dict[str, Params | str]]:
    """Yield paths by name as they are found, or what is wrong with the student's; {} while it goes on."""
    starts = dict(entrants.starts)
    for group in [starts] if kind is SINUSOID else [{name: phi} for name, phi in starts.items()]:
        if group:
            found: dict[str, Params | str] = dict(walks(kind, group, task.support, choices.lr, choices.steps))
            yield {}
            yield found
    if entrants.adapt and entrants.phi is not None:
        objective = empirical_loss(kind.model, kind.loss)
        asked = (entrants.adapt, entrants.phi, objective, task.support, choices.lr, choices.steps)
        try:
            for path in student.path_of(*asked):
                yield {} if path is None else {YOURS: path}
        except student.Problem as problem:
            yield {YOURS: str(problem)}
