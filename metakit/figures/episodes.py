"""One episode of few-shot classification as the learner meets it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from metakit.figures.style import PALETTE, styled


@styled
def episode(
    support_x: ArrayLike,
    support_y: ArrayLike,
    query_x: ArrayLike,
    query_y: ArrayLike,
    predicted: ArrayLike | None = None,
    n_shown: int = 10,
) -> Figure:
    """Draw the support set in rows, one class a row, and beside it queries with what the learner said.

    Args:
        support_x: (n_way * k_shot, height, width), any range; large is ink.
        support_y: (n_way * k_shot,) labels 0 to n_way - 1.
        query_x: (n, height, width).
        query_y: (n,) labels.
        predicted: (n,) labels; right ones are framed solid and ticked, wrong ones dashed and crossed.
        n_shown: how many queries are drawn.
    """
    support_x, support_y, query_x, query_y = map(np.asarray, (support_x, support_y, query_x, query_y))
    classes = np.unique(support_y)
    shots = [support_x[support_y == c] for c in classes]
    k_shot, rows = max(map(len, shots)), len(classes)
    n_shown = min(n_shown, len(query_x))
    columns = -(-n_shown // rows)
    figure = Figure(figsize=(1.15 * (k_shot + columns) + 1.6, 1.05 * rows + 0.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(k_shot + 0.5, columns + 0.2), squeeze=False)[0]
    left.suptitle("support: one row a class", fontsize=11)
    right.suptitle("query: true class" if predicted is None else "query: said (true)", fontsize=11)
    for row, (c, images) in enumerate(zip(classes, shots, strict=True)):
        for column in range(k_shot):
            axes = left.add_subplot(rows, k_shot, row * k_shot + column + 1)
            _draw(axes, images[column] if column < len(images) else None)
            if column == 0:
                axes.set_ylabel(f"class {c}", rotation=0, ha="right", va="center")
    for i in range(n_shown):
        axes = right.add_subplot(rows, columns, i + 1)
        _draw(axes, query_x[i])
        if predicted is None:
            axes.set_xlabel(f"{query_y[i]}", labelpad=2)
            continue
        said = np.asarray(predicted)[i]
        good = said == query_y[i]
        axes.set_xlabel(f"{'✓' if good else '✗'} {said} ({query_y[i]})", labelpad=2)
        for spine in axes.spines.values():
            spine.set(
                visible=True, linewidth=2.5, linestyle="-" if good else "--",
                color=PALETTE["blue"] if good else PALETTE["vermilion"],
            )  # fmt: skip
    return figure


def _draw(axes: Axes, image: np.ndarray | None) -> None:
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set(visible=image is not None, color="#BBBBBB")
    if image is not None:
        axes.imshow(image, cmap="gray_r")
