"""Something measured along the way: loss after 0, 1, 2... inner steps, accuracy by trial or by problem."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from metakit.figures.style import GREY, canvas, looks, styled


@styled
def by_step(
    x: ArrayLike,
    series: Mapping[str, tuple[ArrayLike, ArrayLike | None]],
    xlabel: str,
    ylabel: str,
    ylim: tuple[float, float] | None = None,
    guide: tuple[float, str] | None = None,
    markers: Sequence[int] | None = None,
) -> Figure:
    """Draw a line for each series, with its 95 % interval as a band.

    Args:
        x: (n,) steps, trials, problems.
        series: ``(mean, half_width)`` for each name, both (n,); None for no interval.
        xlabel, ylabel: with units.
        ylim: what part of the vertical axis to show.
        guide: a height and its name, drawn as a thin line, such as ``(50, "chance")``.
        markers: at which points to draw a marker; all by default.
    """
    figure, (axes,) = canvas()
    x = np.asarray(x)
    for (name, (mean, half_width)), style in zip(series.items(), looks(list(series)), strict=True):
        mean = np.asarray(mean)
        axes.plot(
            x, mean, color=style.colour, linestyle=style.line, marker=style.marker, markeredgecolor="black",
            markevery=markers, label=name,
        )  # fmt: skip
        if half_width is not None:
            half_width = np.asarray(half_width)
            axes.fill_between(x, mean - half_width, mean + half_width, color=style.colour, alpha=0.18, linewidth=0)
    if guide is not None:
        height, name = guide
        axes.axhline(height, color=GREY, linewidth=1, linestyle=":")
        axes.annotate(name, (1.0, height), xycoords=("axes fraction", "data"), ha="right", va="top", color=GREY)
    axes.set(xlabel=xlabel, ylabel=ylabel, ylim=ylim)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure
