"""Methods compared: a dot and a 95 % interval each, beside the published number."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from metakit.figures.style import GREY, canvas, looks, styled


@styled
def intervals(
    results: Mapping[str, tuple[float, float]],
    xlabel: str,
    published: tuple[str, float, float] | None = None,
    chance: float | None = None,
    xlim: tuple[float, float] | None = None,
) -> Figure:
    """Draw each result as a dot with its interval, in the order given, from top to bottom.

    Args:
        results: ``(mean, half_width)`` for each name.
        xlabel: what is measured, with its unit.
        published: a paper's name, its number and the half width of its interval, drawn as a band.
        chance: what guessing gives, drawn as a line.
        xlim: what part of the axis to show.
    """
    figure, (axes,) = canvas(height=0.55 * len(results) + 1.4)
    for row, ((_, (mean, half_width)), style) in enumerate(zip(results.items(), looks(list(results)), strict=True)):
        axes.errorbar(
            mean, row, xerr=half_width, color=style.colour, marker=style.marker, markersize=9, markeredgecolor="black",
            capsize=5, linestyle="",
        )  # fmt: skip
        axes.annotate(f"{mean:.1f} ± {half_width:.1f}", (mean, row), xytext=(0, 9), textcoords="offset points",
                      ha="center")  # fmt: skip
    if published is not None:
        name, mean, half_width = published
        axes.axvspan(mean - half_width, mean + half_width, color=GREY, alpha=0.3, linewidth=0)
        axes.axvline(mean, color=GREY, linestyle="--", linewidth=1.2, label=f"{name}: {mean} ± {half_width}")
    if chance is not None:
        axes.axvline(chance, color=GREY, linestyle=":", linewidth=1.2, label=f"chance: {chance:g}")
    axes.set(yticks=range(len(results)), yticklabels=list(results), xlabel=xlabel, xlim=xlim)
    axes.set_ylim(len(results) - 0.5, -0.8)
    if published is not None or chance is not None:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure
