"""Figures that are drawn anew when a control moves."""

import re

from ipywidgets import IntSlider
from matplotlib.figure import Figure

from metakit.figures import Picture
from metakit.widgets import redrawn


def picture_of(n):
    if n == 7:
        raise ValueError("no <seven>")
    return Picture(Figure(), f"An empty figure that was drawn for {n}.")


def shown(box):
    value = box.children[-1].value
    return re.findall(r'alt="(.*?)"', value) or value


def test_a_picture_is_there_at_once_and_follows_its_control():
    slider = IntSlider(value=2, max=9)
    box = redrawn(picture_of, n=slider)
    assert box.children[0] is slider
    assert shown(box) == ["An empty figure that was drawn for 2."]
    slider.value = 5
    assert shown(box) == ["An empty figure that was drawn for 5."]


def test_what_goes_wrong_is_said_in_its_place_and_the_next_change_draws_again():
    slider = IntSlider(value=7, max=9)
    box = redrawn(picture_of, n=slider)
    assert shown(box) == '<p role="alert">ValueError: no &lt;seven&gt;</p>'
    slider.value = 1
    assert shown(box) == ["An empty figure that was drawn for 1."]
