"""What can be chosen, and what was chosen: the limits of both kinds of task, and choices read with them."""

import math
from dataclasses import dataclass, replace
from typing import Any

DOMAIN = (-5.0, 5.0)

PRESETS = {
    "ten points": [-4.6, -3.7, -2.4, -1.5, -0.8, 0.6, 1.4, 2.7, 3.6, 4.5],
    "left half": [-4.8, -4.3, -3.8, -3.2, -2.7, -2.2, -1.6, -1.1, -0.6, -0.1],
    "five points": [-4.0, -1.9, 0.2, 2.1, 4.1],
}

SINUSOID: dict[str, Any] = {
    "amplitude": [0.1, *(k / 2 for k in range(1, 11))],
    "phase": [k / 10 for k in range(32)],
    "presets": PRESETS,
    "points": [1, 20],
    "domain": list(DOMAIN),
    "lr": [0.001, 0.002, 0.005, 0.01, 0.02, 0.05],
    "steps": list(range(1, 11)),
    "default": {"amplitude": 3.0, "phase": 1.0, "points": PRESETS["ten points"], "lr": 0.01, "steps": 10},
}
"""For sine curves, with a kernel; ``starts`` comes in addition."""

OMNIGLOT: dict[str, Any] = {
    "episode": None,
    "lr": [0.05, 0.1, 0.2, 0.4, 0.8],
    "steps": list(range(1, 11)),
    "n_way": 5,
    "k_shot": 1,
    "source": "Omniglot",
    "default": {"episode": 1, "lr": 0.4, "steps": 10},
}
"""For episodes of characters."""

STATIC = {
    "sinusoid": {
        "amplitude": [1.0, 3.0, 5.0],
        "phase": [0.0, 1.0, 2.0],
        "presets": {name: PRESETS[name] for name in ("ten points", "left half")},
        "points": None,
        "lr": [0.005, 0.01],
    },
    "omniglot": {"episode": [1, 2, 3], "lr": [0.1, 0.4]},
}
"""What is different on a page without a kernel, where every answer is computed beforehand."""


@dataclass(frozen=True)
class Choices:
    """One request; what belongs to the other kind of task is not looked at."""

    request: int
    task: str
    lr: float
    steps: int
    amplitude: float
    phase: float
    points: tuple[float, ...]
    episode: int


def read(raw: dict[str, Any], limits: dict[str, Any]) -> Choices:
    """Return choices that were sent, what is missing by default.

    Raises:
        ValueError: something that cannot be, with what can.
    """
    task = raw.get("task")
    if task not in limits or task == "live":
        raise ValueError(f"the task must be {' or '.join(k for k in limits if k != 'live')}, but it is {task!r}.")
    defaults = SINUSOID["default"] | OMNIGLOT["default"] | limits[task]["default"]
    chosen = defaults | {name: value for name, value in raw.items() if value is not None}
    made = Choices(
        request=int(chosen.get("request", 0)),
        task=task,
        lr=_number("the inner rate", chosen["lr"], above=0),
        steps=int(_number("the number of steps", chosen["steps"])),
        amplitude=_number("the amplitude", chosen["amplitude"]),
        phase=_number("the phase", chosen["phase"]),
        points=tuple(_number("a support point", x) for x in chosen["points"]),
        episode=int(_number("the episode", chosen["episode"])),
    )
    return _checked(made)


def _checked(choices: Choices) -> Choices:
    if not 0 <= choices.steps <= 100:
        raise ValueError(f"the number of steps must be from 0 to 100, but it is {choices.steps}.")
    if choices.episode < 0:
        raise ValueError(f"the episode must be at least 0, but it is {choices.episode}.")
    least, most = SINUSOID["points"]
    if not least <= len(choices.points) <= most:
        raise ValueError(f"there must be from {least} to {most} support points, but there are {len(choices.points)}.")
    low, high = DOMAIN
    if outside := [x for x in choices.points if not low <= x <= high]:
        raise ValueError(f"support points must be from {low:g} to {high:g}, but one is at {outside[0]:g}.")
    return replace(choices, points=tuple(sorted(choices.points)))


def _number(name: str, value: Any, above: float = -math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= above:
        least = f" above {above:g}" if above > -math.inf else ""
        raise ValueError(f"{name} must be a number{least}, but it is {value!r}.")
    return float(value)
