"""A matplotlib figure that is drawn anew whenever a control moves."""

import html
from collections.abc import Callable
from typing import Any

from ipywidgets import HTML, VBox
from ipywidgets import Widget as Control

from metakit.figures import Picture


def redrawn(draw: Callable[..., Picture], **controls: Control) -> VBox:
    """Show ``draw(**values)`` below its controls, now and after each change; what it raises is said in its place.

    As ipywidgets' ``interact``, but without an Output area: a program that executes notebooks (nbclient) answers one
    while it waits for the kernel, and may then overlook that the cell has ended, until its patience does.

    Args:
        draw: returns a picture, given the controls' values by name.
        controls: ipywidgets with a ``value``; with ``continuous_update=False`` a slider waits until it is let go.
    """
    place = HTML()

    def again(_: Any = None) -> None:
        try:
            place.value = draw(**{name: control.value for name, control in controls.items()})._repr_html_()
        except Exception as error:
            place.value = f'<p role="alert">{html.escape(f"{type(error).__name__}: {error}")}</p>'

    for control in controls.values():
        control.observe(again, "value")
    again()
    return VBox([*controls.values(), place])
