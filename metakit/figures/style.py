"""The one style of all figures: colours that colour-blind readers can tell apart, and shapes that repeat them."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PALETTE = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
}
"""Okabe & Ito 2008, https://jfly.uni-koeln.de/color/."""

GREY = "#6B6B6B"

P = ParamSpec("P")

STYLE: dict[str, Any] = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "lines.linewidth": 2.0,
    "lines.markersize": 6.0,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "text.color": "black",
    "axes.labelcolor": "black",
}
"""matplotlib settings; every figure function runs within them."""


class Look(NamedTuple):
    """How one series is drawn. No two looks share a colour, nor a marker, nor a line style and marker."""

    colour: str
    marker: str
    line: Any


_LOOKS = (
    Look(PALETTE["blue"], "o", "-"),
    Look(PALETTE["vermilion"], "s", "--"),
    Look(PALETTE["green"], "^", "-."),
    Look(PALETTE["purple"], "D", ":"),
    Look(PALETTE["orange"], "v", (0, (5, 1, 1, 1, 1, 1))),
    Look(PALETTE["black"], "x", (0, (1, 1))),
    Look(PALETTE["sky"], "P", (0, (8, 3))),
)

_METHODS = {"MAML": 0, "pre-training": 1, "FOMAML": 2, "random start": 3, "Reptile": 4, "pixels": 5, "ANIL": 6}
"""Methods that look the same in every figure."""


def looks(names: list[str]) -> list[Look]:
    """Return a look for each name, all different as long as there are no more than seven.

    Raises:
        ValueError: more than seven names; a reader cannot tell so many apart.
    """
    if len(names) > len(_LOOKS):
        raise ValueError(f"a figure can show at most {len(_LOOKS)} series apart, but got {len(names)}: split it in two")
    taken = {_METHODS[name] for name in names if name in _METHODS}
    free = (i for i in range(len(_LOOKS)) if i not in taken)
    return [_LOOKS[_METHODS[name] if name in _METHODS else next(free)] for name in names]


def canvas(columns: int = 1, width: float = 7.5, height: float = 3.8, **options: Any) -> tuple[Figure, list[Axes]]:
    """Return an empty figure of so many panels side by side; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(1, columns, squeeze=False, **options)
    return figure, list(grid[0])


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a figure function within the style, and leave the reader's own settings alone."""

    @wraps(draw)
    def within(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # its names are checked when it runs
            return draw(*args, **kwargs)

    return within
