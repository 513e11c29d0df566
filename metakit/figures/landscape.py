"""L(phi) when phi is one number: the curve that step 3 walks down."""

from collections.abc import Mapping

from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from metakit.figures.style import GREY, canvas, looks, styled


@styled
def landscape(
    phi: ArrayLike,
    losses: Mapping[str, ArrayLike],
    marks: Mapping[str, tuple[float, float]] | None = None,
    xlabel: str = "φ",
    ylabel: str = "L(φ)",
    ylim: tuple[float, float] | None = None,
) -> Figure:
    """Draw curves over phi (log scale), and where each optimizer ended.

    Args:
        phi: (n,) values, increasing.
        losses: a curve (n,) for each name.
        marks: ``(phi, loss)`` for each name.
        xlabel, ylabel: with units.
        ylim: what part of the loss axis to show.
    """
    figure, (axes,) = canvas()
    marks = marks or {}
    styles = looks([*losses, *marks])
    for (name, values), style in zip(losses.items(), styles, strict=False):
        axes.plot(phi, values, color=style.colour, linestyle=style.line, label=name)
    for i, ((name, (x, y)), style) in enumerate(zip(marks.items(), styles[len(losses) :], strict=True)):
        size = max(13 - 3 * i, 5)  # smaller ones lie on top, so that all can be seen at one place
        axes.plot(
            x, y, style.marker, color=style.colour, markersize=size, markeredgecolor="white", label=name, zorder=5
        )
        axes.axvline(x, color=GREY, linewidth=0.8, linestyle=":")
    axes.set(xscale="log", xlabel=xlabel, ylabel=ylabel, ylim=ylim)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure
