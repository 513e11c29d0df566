"""Every figure: what it draws is what it was given, nothing relies on colour alone, axes say what they measure."""

import base64
import io
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from metakit.figures import Picture, by_step, episode, fits, intervals, landscape, show, starts
from metakit.figures.style import GREY, PALETTE, looks

X = np.linspace(0.1, 1, 6)
STEPS = {"MAML": (X[::-1], 0.1 * X), "pre-training": (X, None), "something else": (X**2, None)}


def episode_figure(predicted: list[int] | None = None) -> Figure:
    images = np.random.default_rng(0).random((12, 28, 28))
    return episode(images[:4], [1, 0, 1, 0], images[4:], [0, 1, 0, 1, 0, 1, 0, 1], predicted, n_shown=5)


FIGURES = {
    "landscape": landscape(X, {"query": X, "support": X**2}, {"best": (0.5, 0.25), "other": (0.7, 0.5)}),
    "by_step": by_step(range(6), STEPS, "inner steps", "error", guide=(0.5, "chance")),
    "fits": fits(X, {"a": {"MAML": X}, "b": {"MAML": X, "FOMAML": X**2}}, (X, X), (X, -X), truth=X),
    "starts": starts(
        X, {"before": ({"t1": X, "t2": -X}, X), "after": ({"t1": X, "t2": -X}, X)}, {"MAML": 0.5, "b": 0.2}
    ),
    "intervals": intervals({"MAML": (80.0, 2.0), "pixels": (40.0, 1.0)}, "accuracy (%)", ("paper", 98.7, 0.4), 20),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_axis_says_what_it_measures(name):
    first, *others = FIGURES[name].axes
    assert all(axes.get_xlabel() for axes in FIGURES[name].axes)
    assert first.get_ylabel() or first.get_yticklabels()[0].get_text()
    assert all(axes.get_ylabel() or axes.get_shared_y_axes().joined(first, axes) for axes in others)


@pytest.mark.parametrize("name", FIGURES)
def test_no_two_series_differ_by_colour_alone(name):
    for axes in FIGURES[name].axes:
        handles, labels = axes.get_legend_handles_labels()
        lines = [h for h in handles if hasattr(h, "get_linestyle")]
        shapes = [(str(h.get_marker()), str(h._dash_pattern), h.get_linewidth(), h.get_fillstyle()) for h in lines]
        assert len(set(shapes)) == len(shapes), list(zip(labels, shapes, strict=False))


def test_the_palette_is_that_of_okabe_and_ito():
    published = [(0, 0, 0), (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0)]
    published.append((204, 121, 167))
    assert [tuple(bytes.fromhex(colour[1:])) for colour in PALETTE.values()] == published


@pytest.mark.parametrize("name", FIGURES)
def test_every_colour_is_one_that_colour_blind_readers_can_tell_apart(name):
    known = {c.lower() for c in (*PALETTE.values(), GREY)}
    drawn = {to_hex(line.get_color()) for axes in FIGURES[name].axes for line in axes.get_lines()}
    assert drawn <= known


def test_a_method_looks_the_same_wherever_it_stands():
    assert looks(["a", "MAML"])[1] == looks(["MAML"])[0] == looks(["pre-training", "b", "MAML"])[2]
    names = ["a", "b", "MAML", "FOMAML", "c", "pre-training", "d"]
    assert len(set(map(str, looks(names)))) == len(names)


def test_more_series_than_a_reader_can_tell_apart_are_refused():
    with pytest.raises(ValueError, match="at most 7 series apart, but got 8"):
        looks([str(i) for i in range(8)])


def test_by_step_draws_the_numbers_and_their_intervals():
    (axes,) = FIGURES["by_step"].axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    for name, (mean, _) in STEPS.items():
        np.testing.assert_allclose(lines[name].get_xydata(), np.stack([range(6), mean], 1))
    (band,) = axes.collections
    vertices = band.get_paths()[0].vertices
    for step in range(6):
        at = vertices[vertices[:, 0] == step, 1]
        np.testing.assert_allclose([at.min(), at.max()], X[::-1][step] + np.array([-0.1, 0.1]) * X[step])
    assert [0.5, 0.5] in [list(line.get_ydata()) for line in axes.get_lines()]
    assert [(text.get_text(), text.xy[1]) for text in axes.texts] == [("chance", 0.5)]


def test_landscape_marks_where_each_optimizer_ended():
    (axes,) = FIGURES["landscape"].axes
    marks = {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}
    assert marks["best"] == [[0.5, 0.25]]
    assert marks["other"] == [[0.7, 0.5]]
    assert axes.get_xscale() == "log"


def test_fits_has_a_panel_for_each_title_and_one_legend_entry_for_each_series():
    figure = FIGURES["fits"]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a", "b"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["the task", "MAML", "support", "query", "FOMAML"]
    same = [next(li for li in axes.get_lines() if li.get_label() == "MAML") for axes in figure.axes]
    assert same[0].get_color() == same[1].get_color()


def test_starts_draws_each_best_start_in_each_panel():
    for axes in FIGURES["starts"].axes:
        at = {line.get_label(): line.get_xdata()[0] for line in axes.get_lines()}
        assert at["best start: MAML"] == 0.5
        assert at["best start: b"] == 0.2


def test_intervals_writes_the_numbers_beside_the_dots_and_the_published_one_as_a_band():
    (axes,) = FIGURES["intervals"].axes
    assert [text.get_text() for text in axes.texts] == ["80.0 ± 2.0", "40.0 ± 1.0"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["MAML", "pixels"]
    bars = [collection.get_segments()[0][:, 0] for collection in axes.collections]
    np.testing.assert_allclose(bars, [[78, 82], [39, 41]])
    band = axes.patches[0].get_extents().transformed(axes.transData.inverted())
    np.testing.assert_allclose([band.x0, band.x1], [98.3, 99.1])
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first result is on top


def test_episode_shows_each_class_in_its_row_and_queries_in_order():
    images = np.random.default_rng(0).random((12, 28, 28))
    left, right = episode_figure().subfigs
    rows = {axes.get_ylabel() for axes in left.axes if axes.get_ylabel()}
    assert rows == {"class 0", "class 1"}
    np.testing.assert_array_equal([axes.images[0].get_array() for axes in left.axes], images[[1, 3, 0, 2]])
    np.testing.assert_array_equal([axes.images[0].get_array() for axes in right.axes], images[4:9])
    assert [axes.get_xlabel() for axes in right.axes] == ["0", "1", "0", "1", "0"]


def test_episode_tells_right_from_wrong_by_words_and_line_as_well_as_colour():
    right = episode_figure(predicted=[0, 0, 0, 1, 0, 0, 0, 0]).subfigs[1].axes
    assert [axes.get_xlabel() for axes in right] == ["✓ 0 (0)", "✗ 0 (1)", "✓ 0 (0)", "✓ 1 (1)", "✓ 0 (0)"]
    assert [axes.spines["left"].get_linestyle() for axes in right] == ["-", "--", "-", "-", "-"]
    assert right[0].spines["left"].get_edgecolor() != right[1].spines["left"].get_edgecolor()


def test_a_figure_leaves_the_readers_own_settings_alone():
    with mpl.rc_context({"font.size": 7, "axes.grid": False, "axes.spines.top": True}):
        before = dict(mpl.rcParams)
        by_step(range(6), STEPS, "inner steps", "error")
        assert dict(mpl.rcParams) == before
    assert not FIGURES["by_step"].axes[0].spines["top"].get_visible()


def test_a_picture_is_an_image_with_words():
    picture = Picture(FIGURES["by_step"], 'Error falls from "1" to 0 <fast>.')
    html = picture._repr_html_()
    assert 'alt="Error falls from &quot;1&quot; to 0 &lt;fast&gt;."' in html
    png = base64.b64decode(re.search(r"base64,([^\"]+)\"", html)[1])
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        assert image.width >= 1000
    assert repr(picture) == 'Picture: Error falls from "1" to 0 <fast>.'


def test_show_displays_the_picture(capsys):
    show(FIGURES["by_step"], alt="Error falls with the inner steps.")
    assert capsys.readouterr().out.strip() == "Picture: Error falls with the inner steps."


@pytest.mark.parametrize("alt", ["", "   ", "a plot of errors"])
def test_a_figure_without_words_is_refused(alt):
    with pytest.raises(ValueError, match="alt must say in a sentence what the figure shows"):
        Picture(FIGURES["by_step"], alt)
