"""Pictures of a class as SVG text that stands in an HTML page, takes its ink from it, and needs no other file.

Colours are Okabe and Ito's, and every kind of outcome has a hatch of its own, so that nobody has to tell colours apart.
"""

import html
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from metakit.figures.style import PALETTE

_INK, _FAINT = "#010203", "#040506"  # stand for the page's own colours, which a dark page has others of
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _FAINT,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "hatch.linewidth": 0.6,
}

LOOKS = {
    "passed": (PALETTE["blue"], ""),
    "partial": (PALETTE["sky"], "//"),
    "failed": (PALETTE["orange"], "xx"),
    "not reached": ("#BBBBBB", "--"),
    "our fault": (PALETTE["purple"], "++"),
    "by hand": ("#EEEEEE", "\\\\"),
}
"""Colour and hatch of each kind of outcome."""


def points_picture(points: Sequence[float], maximum: float) -> str:
    """Draw how many students have how many points: a bar for each point, or for each fortieth part of many."""
    top = max(maximum, *points)
    n_bars = int(min(40, max(1, np.ceil(top))))
    figure, axes = _empty(7.5, 2.6)
    counts, _, _ = axes.hist(points, np.linspace(0, top or 1, n_bars + 1).tolist(), color=PALETTE["blue"], rwidth=0.9)
    middle = float(np.median(points))
    axes.axvline(middle, color=_INK, linewidth=1.5, linestyle="--")
    over = axes.get_xaxis_transform()
    axes.text(middle, 1.02, f"median {middle:.3g}", color=_INK, transform=over, ha="center")
    _counts(axes, float(np.max(counts)), "points")
    alt = (
        f"Histogram of points: {len(points)} students, lowest {min(points):.3g}, median {middle:.3g}, "
        f"highest {max(points):.3g} of {maximum:g}."
    )
    return _svg(figure, alt)


def seconds_picture(seconds: Sequence[float]) -> str:
    """Draw how many submissions took how long, on a logarithmic axis if the slowest took ten times the median."""
    shown = np.maximum(seconds, 0.01)
    middle, longest = float(np.median(shown)), float(max(shown))
    figure, axes = _empty(7.5, 2.2)
    wide = longest > 10 * middle
    edges = np.geomspace(min(shown) * 0.99, longest * 1.01, 25) if wide else np.linspace(0, longest * 1.01, 25)
    counts, _, _ = axes.hist(shown, edges.tolist(), color=PALETTE["blue"], rwidth=0.9)
    if wide:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    _counts(axes, float(np.max(counts)), "seconds" + (", logarithmic" if wide else ""))
    return _svg(figure, f"Histogram of seconds: median {middle:.3g}, longest {longest:.3g}.")


def outcome_bar(check: str, counts: Mapping[str, int], n_students: int) -> str:
    """Draw a bar that stands for a class, divided by what became of one check."""
    said = ", ".join(f"{n} {kind}" for kind, n in counts.items())
    return _bar(counts, n_students, (4.2, 0.28), f"{check}, {n_students} students: {said}.")


def swatch(kind: str) -> str:
    """Draw the sign of one kind of outcome, for a legend."""
    return _bar({kind: 1}, 1, (0.36, 0.2), f"sign of: {kind}")


def _bar(counts: Mapping[str, int], length: int, size: tuple[float, float], alt: str) -> str:
    figure = Figure(figsize=size)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, length), ylim=(0, 1))
    axes.axis("off")
    left = 0
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        for kind, n in counts.items():
            colour, hatch = LOOKS[kind]
            axes.barh(0.5, n, 1, left, color=colour, hatch=hatch, edgecolor="#222222", linewidth=0.6, clip_on=False)
            left += n
    return _svg(figure, alt)


def _empty(width: float, height: float) -> tuple[Figure, Axes]:
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]  # its names are checked when it runs
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.add_subplot()


def _counts(axes: Axes, most: float, label: str) -> None:
    axes.set(xlabel=label, ylabel="students", ylim=(0, most * 1.15))
    axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))


def _svg(figure: Figure, alt: str) -> str:
    """Return the figure as an SVG element: no file header, no metadata, ids that no other picture of the page has."""
    text = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context(_STYLE | {"svg.hashsalt": alt}):  # type: ignore[arg-type]
        figure.savefig(text, format="svg", transparent=True, metadata=nothing)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor").replace(_FAINT, "var(--faint)")
    svg = re.sub(r"\s*<defs>\s*<style.*?</defs>", "", svg, count=1, flags=re.DOTALL)  # it would rule the whole page
    svg = re.sub(r"'DejaVu Sans'(, [^;\"]*)?", "system-ui, sans-serif", svg)
    used = set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", svg))
    kept = {name for pair in used for name in pair if name}
    svg = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in kept else "", svg)
    label = html.escape(alt, quote=True)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
