"""Figures of the course: functions from plain arrays to a matplotlib figure, all in one style.

No figure relies on colour alone: every series has its own marker and line style, and a method looks the same in every
figure. ``show(figure, alt=...)`` puts one into a notebook together with the sentence that stands for it.
"""

from metakit.figures.episodes import episode
from metakit.figures.fits import fits
from metakit.figures.intervals import intervals
from metakit.figures.landscape import landscape
from metakit.figures.show import Picture, show
from metakit.figures.starts import starts
from metakit.figures.steps import by_step

__all__ = ["Picture", "by_step", "episode", "fits", "intervals", "landscape", "show", "starts"]
