"""Widgets: what a lecture lets its reader move. Each is a small class beside a plain ES module of the same name;
``redrawn`` is for a figure that only has to be drawn again.
"""

from metakit.widgets.adaptation_trajectory import AdaptationTrajectory
from metakit.widgets.redrawn import redrawn
from metakit.widgets.start_in_one_dimension import StartInOneDimension

__all__ = ["AdaptationTrajectory", "StartInOneDimension", "redrawn"]
