"""Where to start, when theta is one number: the loss before and after learning, and the start that each asks for."""

from collections.abc import Mapping

from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from metakit.figures.style import GREY, canvas, looks, styled


@styled
def starts(
    theta: ArrayLike,
    panels: Mapping[str, tuple[Mapping[str, ArrayLike], ArrayLike]],
    best: Mapping[str, float],
    ylim: tuple[float, float] | None = None,
) -> Figure:
    """Draw, in each panel, the tasks' losses (thin), their mean (thick), and the best starts (vertical lines).

    Args:
        theta: (n,) starts.
        panels: title -> (task name -> loss (n,), mean loss (n,)).
        best: the best start for each name.
        ylim: what part of the loss axis to show.
    """
    figure, axes = canvas(len(panels), width=4.6 * len(panels), height=3.9, sharey=True)
    for panel, (title, (tasks, mean)) in zip(axes, panels.items(), strict=True):
        for (name, losses), line in zip(tasks.items(), ((0, (1, 1.5)), (0, (4, 2)), (0, (6, 1, 1, 1))), strict=False):
            panel.plot(theta, losses, color=GREY, linestyle=line, linewidth=1.4, label=name)
        panel.plot(theta, mean, color="black", linewidth=2.6, label="mean of the tasks")
        for (name, start), style in zip(best.items(), looks(list(best)), strict=True):
            panel.axvline(start, color=style.colour, linestyle=style.line, linewidth=1.6)
            panel.plot(
                [start, start], [0, 0], color=style.colour, linestyle=style.line, linewidth=1.6, marker=style.marker,
                markersize=9, clip_on=False, label=f"best start: {name}",
            )  # fmt: skip
        panel.set(title=title, xlabel="start φ (no unit)", ylim=ylim)
    axes[0].set_ylabel("loss (no unit)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure
