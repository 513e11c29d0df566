"""Curves through points: what a task's examples are, and what has been learned from them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from metakit.figures.style import GREY, PALETTE, canvas, looks, styled


@styled
def fits(
    x: ArrayLike,
    panels: Mapping[str, Mapping[str, ArrayLike]],
    support: tuple[ArrayLike, ArrayLike],
    query: tuple[ArrayLike, ArrayLike] | None = None,
    truth: ArrayLike | None = None,
    xlabel: str = "x",
    ylabel: str = "y",
    ylim: tuple[float, float] | None = None,
) -> Figure:
    """Draw a panel for each title: its curves, the points learned from, and the truth if it is known.

    Args:
        x: (n,) where the curves are drawn.
        panels: title -> name -> curve (n,).
        support: points to learn from, ``(x, y)``, filled.
        query: points to be judged by, hollow.
        truth: (n,) the task's own curve.
    """
    columns = len(panels)
    figure, axes = canvas(columns, width=max(7.5, 3.1 * columns), height=3.6, sharex=True, sharey=True)
    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    style_of = dict(zip(names, looks(names), strict=True))
    for panel, (title, curves) in zip(axes, panels.items(), strict=True):
        if truth is not None:
            panel.plot(x, truth, color=GREY, linewidth=5, alpha=0.35, label="the task")
        for name, curve in curves.items():
            style = style_of[name]
            panel.plot(x, curve, color=style.colour, linestyle=style.line, label=name)
        panel.plot(*map(np.asarray, support), "o", color=PALETTE["black"], markersize=7, label="support", zorder=5)
        if query is not None:
            panel.plot(*map(np.asarray, query), "o", color=PALETTE["black"], fillstyle="none", label="query", zorder=4)
        panel.set(title=title, xlabel=xlabel, ylim=ylim)
    axes[0].set_ylabel(ylabel)
    figure.legend(*_unique(axes), loc="outside lower center", ncols=5 if columns > 2 else 3)
    return figure


def _unique(axes: Sequence[Axes]) -> tuple[list[Any], list[str]]:
    found: dict[str, Any] = {}
    for panel in axes:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)
