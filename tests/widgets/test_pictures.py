"""The adaptation trajectory as readers see it: every picture says what numpy says."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_hex
from playwright.sync_api import expect

from metakit.figures.style import looks
from metakit.widgets.entrants import MOST
from tests.browser.accessibility import overflowing, violations
from tests.widgets.browser import put, settle, show
from tests.widgets.scenes import (
    GRID,
    STARTS,
    STEPS,
    X,
    omniglot_scene,
    packed,
    sinusoid_numbers,
    sinusoid_scene,
    trajectory,
    unpacked,
)

SHOWN = ["MAML", "pre-training", "random start"]

PIXELS = """async (image) => {
  const picture = new Image();
  picture.src = image.href.baseVal;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
}"""


BOXES = """all => all.map((part) => {
  const { x, y, width, height } = part.getBoundingClientRect();
  return [part.className, part.dataset.start ?? "", x, y, width, height];
})"""


@pytest.fixture
def page(blank):
    page = blank()
    show(page, "adaptation_trajectory", trajectory())
    return page


def panel(page, name):
    return page.locator(f'figure[data-start="{name}"]')


def middle(locator):
    box = locator.bounding_box()
    return np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])


def said(page, name):
    """The query losses in the line under the controls."""
    return float(re.search(rf"Query loss: .*?{name} (\d+\.?\d*)", page.locator(".mk-summary").inner_text())[1])


@pytest.mark.parametrize("step", [0, 1, STEPS])
def test_the_line_of_numbers_says_each_starts_loss_at_the_step(page, step):
    put(page, "step", step)
    assert page.locator(".mk-summary").inner_text().startswith(f"Step {step} of {STEPS}. ")
    for name in SHOWN:
        thetas, _, query = sinusoid_numbers(name)
        assert said(page, name) == pytest.approx(query(thetas)[step], rel=6e-3)


def test_the_marker_stands_where_theta_is_on_the_plane(page):
    for step in (0, 4, STEPS):
        put(page, "step", step)
        for start in (s for s in sinusoid_scene()["starts"] if s["name"] in SHOWN):
            path = unpacked(start["path"])[step]
            (left, right), (low, high) = start["surface"]["x"], start["surface"]["y"]
            frame = panel(page, start["name"]).locator(".mk-frame").bounding_box()
            share = np.array([(path[0] - left) / (right - left), (high - path[1]) / (high - low)])
            expected = [frame["x"], frame["y"]] + share * [frame["width"], frame["height"]]
            assert middle(panel(page, start["name"]).locator("[data-now]")) == pytest.approx(expected, abs=1.5)


def test_a_surface_is_darker_where_the_loss_is_higher_by_the_same_colours_in_all_panels(page):
    losses, lightness = [], []
    for start in (s for s in sinusoid_scene()["starts"] if s["name"] in SHOWN):
        image = panel(page, start["name"]).locator("image")
        pixels = np.reshape(image.evaluate(PIXELS), (GRID, GRID, 4))[::-1]  # the bottom row is the lowest y
        losses.append(unpacked(start["surface"]["loss"]).ravel())
        lightness.append(pixels[..., :3].sum(-1).ravel())
    order = np.argsort(np.concatenate(losses))
    steps = np.diff(np.concatenate(lightness)[order])
    assert steps.max() <= 0
    assert steps.sum() < -200


def test_contour_lines_lie_where_the_loss_is_a_round_number(page):
    loss = unpacked(next(s for s in sinusoid_scene()["starts"] if s["name"] == "pre-training")["surface"]["loss"])
    d = panel(page, "pre-training").locator(".mk-contour").get_attribute("d")
    points = np.array([float(v) for v in re.findall(r"[\d.]+", d)]).reshape(-1, 2)
    assert len(points) > 20
    for column, row in points:
        i, j = min(int(row), GRID - 2), min(int(column), GRID - 2)
        t, u = row - i, column - j
        near = (1 - t) * ((1 - u) * loss[i, j] + u * loss[i, j + 1])
        near += t * ((1 - u) * loss[i + 1, j] + u * loss[i + 1, j + 1])
        digits = near / 10 ** np.floor(np.log10(near))
        assert np.abs(np.array([1, 1.5, 2, 3, 5, 7, 10]) / digits - 1).min() < 0.03


def test_the_fit_is_the_curve_of_theta_at_this_step(page):
    put(page, "step", 3)
    frame = page.locator(".mk-plot .mk-frame").first.bounding_box()
    for name in SHOWN:
        thetas, _, _ = sinusoid_numbers(name)
        curve = thetas[3, 0] * np.sin(X) + thetas[3, 1] * np.cos(X)
        d = page.locator(f'path[data-start="{name}"]').get_attribute("d")
        heights = np.array([float(v) for v in re.findall(r"[ML][-\d.]+ ([-\d.]+)", d)])
        drawn = (heights.mean() - heights) * 2 * 6.5 / frame["height"]
        assert drawn == pytest.approx(curve - curve.mean(), abs=0.04)


def test_losses_by_step_lie_at_the_height_of_their_logarithm(page):
    marks = page.get_by_role("img", name=re.compile("^Query loss by step")).locator(".mk-marker").all()
    paths = [sinusoid_numbers(name) for name in SHOWN]
    losses = np.log([loss for thetas, _, query in paths for loss in query(thetas)])
    heights = np.array([middle(mark)[1] for mark in marks])
    slope, level = np.polyfit(losses, heights, 1)
    assert slope < -10
    assert slope * losses + level == pytest.approx(heights, abs=1.5)


def test_the_pictures_tell_their_numbers_to_who_does_not_see_them(page):
    thetas, support, query = sinusoid_numbers("MAML")
    name = f"MAML: support loss on the plane of its path, {support(thetas)[0]:.3g} at the start"
    expect(page.get_by_role("img", name=re.compile(re.escape(name)))).to_be_visible()
    losses = ", ".join(f"{v:.3g}" for v in query(thetas)[:3])
    expect(page.get_by_role("img", name=re.compile(re.escape(f"MAML: {losses}")))).to_be_visible()
    page.get_by_text("all losses as a table").click()
    cells = page.get_by_role("row").nth(STEPS + 1).get_by_role("cell").all_inner_texts()
    assert float(cells[1]) == pytest.approx(query(thetas)[STEPS], rel=6e-3)
    assert page.locator("tr[aria-current=step] th").inner_text() == "1"


def test_no_more_steps_are_shown_than_are_chosen(page):
    state = trajectory(steps=4)
    put(page, "choices", state["choices"])
    put(page, "step", 9)
    assert page.locator(".mk-summary").inner_text().startswith("Step 4 of 4.")
    assert page.locator('figure[data-start="MAML"] .mk-marker').count() == 5 + 1 + 1  # steps, this step, the caption


def test_a_sentence_stands_in_place_of_a_path_that_went_wrong_and_is_only_text(blank):
    page, state = blank(), trajectory(shown=["MAML", "yours"])
    state["limits"]["sinusoid"]["starts"].append("yours")
    problem = "Your function raised ValueError: <img src=x onerror=alert(1)> is not a number."
    arrays = ("support_loss", "query_loss", "accuracy", "path", "surface", "curve")
    broken = {"name": "yours", "yours": True, "problem": problem, **dict.fromkeys(arrays)}
    state["scene"]["starts"].append(broken)
    show(page, "adaptation_trajectory", state)
    expect(panel(page, "yours").get_by_text(problem)).to_be_visible()
    assert panel(page, "yours").locator("img").count() == 0
    assert "yours" not in page.locator(".mk-summary").inner_text()
    assert said(page, "MAML") > 0


def test_losses_that_are_not_finite_are_said_and_break_the_lines(blank):
    page, state = blank(), trajectory(shown=["MAML"])
    start = state["scene"]["starts"][0]
    thetas, _, query = sinusoid_numbers("MAML")
    values = query(thetas)
    values[4:6] = np.nan
    start["query_loss"] = packed(values)
    show(page, "adaptation_trajectory", state)
    put(page, "step", 5)
    expect(page.locator(".mk-summary")).to_contain_text("MAML not finite")
    picture = page.get_by_role("img", name=re.compile("^Query loss by step"))
    assert picture.locator(".mk-marker").count() == STEPS + 1 - 2
    assert picture.locator("g > path[fill=none]").get_attribute("d").count("M") == 2


def test_the_old_surface_stays_pale_until_the_new_one_is_there(page):
    scene = sinusoid_scene(amplitude=4.0)
    surfaces = [start["surface"] for start in scene["starts"]]
    for start in scene["starts"]:
        start["surface"] = None
    before = panel(page, "MAML").locator("image").get_attribute("href")
    put(page, "scene", scene)
    thetas, _, query = sinusoid_numbers("MAML", amplitude=4.0)
    assert said(page, "MAML") == pytest.approx(query(thetas)[1], rel=6e-3)
    assert panel(page, "MAML").locator("image").get_attribute("href") == before
    assert panel(page, "MAML").locator("svg.mk-stale").count() == 1
    for start, surface in zip(scene["starts"], surfaces, strict=True):
        start["surface"] = surface
    put(page, "scene", scene)
    assert panel(page, "MAML").locator("image").get_attribute("href") != before
    assert panel(page, "MAML").locator("svg.mk-stale").count() == 0


@pytest.fixture
def characters(blank):
    page, state = blank(), trajectory(task="omniglot", lr=0.4)
    show(page, "adaptation_trajectory", {**state, "scene": omniglot_scene()})
    return page


@pytest.mark.parametrize("name", SHOWN)
def test_ticks_and_crosses_are_as_many_as_the_accuracy_says(characters, name):
    page = characters
    page.get_by_label("predictions of").select_option(name)
    settle(page)
    start = next(s for s in omniglot_scene()["starts"] if s["name"] == name)
    share = unpacked(start["accuracy"])[1]
    assert page.locator(".mk-right", has_text="✓").count() == pytest.approx(10 * share)
    assert page.locator(".mk-wrong", has_text="✗").count() == pytest.approx(10 * (1 - share))
    expect(page.locator(".mk-summary")).to_contain_text(f"{name} {100 * share:.0f}%")


def test_each_query_image_tells_the_chance_of_every_class(characters):
    page = characters
    start = omniglot_scene()["starts"][0]
    chances = unpacked(start["probabilities"])[1, 0]
    words = ", ".join(f"{letter} {100 * chance:.0f}%" for letter, chance in zip("ABCDE", chances, strict=True))
    expect(page.get_by_role("img", name=f"Class A: {words}; right").first).to_be_visible()
    bars = page.locator(".mk-query").first.locator("rect").all()
    heights = np.array([bar.bounding_box()["height"] for bar in bars])
    assert np.argsort(heights).tolist() == np.argsort(chances).tolist()


def test_images_are_ink_on_paper(characters):
    image = characters.get_by_alt_text("support image of class A").first
    dark = image.evaluate("""(image) => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [28, 28];
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return [14, 2].map((row) => context.getImageData(14, row, 1, 1).data[0]);
    }""")
    assert dark == [0, 255]  # the stroke of the first class lies flat through the middle


@pytest.mark.parametrize("width", [400, 800])
@pytest.mark.parametrize("task", ["sinusoid", "omniglot"])
def test_nothing_jumps_is_tiny_or_is_cut_off(blank, width, task):
    page, state = blank(width=width), trajectory(task=task, shown=list(STARTS))
    show(
        page,
        "adaptation_trajectory",
        {**state, "scene": {"sinusoid": sinusoid_scene, "omniglot": omniglot_scene}[task]()},
    )
    places = []
    for step, doing in ((0, "done"), (1, "working"), (STEPS, "done")):
        put(page, "status", {"request": 0, "state": doing, "progress": 0.5, "message": "drawing"})
        put(page, "step", step)
        places.append(page.locator(".mk > *, .mk figure").evaluate_all(BOXES))
    assert places[1] == places[0]
    assert places[2] == places[0]
    written = "all => all.filter((e) => e.textContent && !e.children.length)"
    sizes = page.locator(".mk *").evaluate_all(f"{written}.map((e) => parseFloat(getComputedStyle(e).fontSize))")
    assert min(sizes) >= 12
    assert overflowing(page) == 0
    cut = """all => all.filter((text) => {
        const [inner, outer] = [text, text.ownerSVGElement].map((e) => e.getBoundingClientRect());
        return inner.left < outer.left - 1 || inner.right > outer.right + 1;
    }).map((text) => text.textContent)"""
    assert page.locator("svg[role] text").evaluate_all(cut) == []


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious_in_any_state(blank, dark):
    page, state = blank(dark=dark), trajectory(shown=list(STARTS))
    show(page, "adaptation_trajectory", state)
    page.get_by_text("all losses as a table").click()
    found = violations(page)
    put(page, "status", {"request": 0, "state": "failed", "progress": 0, "message": "There was no answer."})
    found += violations(page)
    put(page, "choices", {**state["choices"], "task": "omniglot"})
    put(page, "scene", omniglot_scene())
    assert found + violations(page) == []


@pytest.mark.parametrize("dark", [False, True])
def test_lines_stand_out_from_the_background(blank, dark):
    page = blank(dark=dark)
    show(page, "adaptation_trajectory", trajectory(shown=list(STARTS)))
    background = page.locator(".mk").evaluate("e => getComputedStyle(e).backgroundColor")
    for name in STARTS:
        strokes = page.locator(f'path[data-start="{name}"]').evaluate_all(
            "all => all.map((e) => getComputedStyle(e).stroke)"
        )
        assert max(contrast(stroke, background) for stroke in strokes) >= 3, name


def test_a_step_is_drawn_within_a_few_frames(page):
    times = page.evaluate("""async () => {
        const times = [];
        const real = window.requestAnimationFrame;
        window.requestAnimationFrame = (draw) => real((now) => {
            const before = performance.now();
            draw(now);
            document.body.getBoundingClientRect();
            times.push(performance.now() - before);
        });
        for (let step = 0; step <= 10; step++) {
            model.set("step", step);
            await new Promise((done) => setTimeout(done, 30));
        }
        return times;
    }""")
    assert np.median(times) < 50


def contrast(one, other):
    """WCAG's contrast of two colours, as browsers write them."""

    def luminance(colour):
        rgb = np.array([float(v) for v in re.findall(r"[\d.]+", colour)[:3]]) / 255
        return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)

    if one == "rgba(0, 0, 0, 0)":
        return 1
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


LOOKS = """async (names) => {
  const { looks } = await import("./kit.js");
  const root = document.createElement("div");
  root.className = "metakit-widget";
  document.body.append(root);
  const plain = (colour) => {
    root.style.color = colour;
    return getComputedStyle(root).color.match(/\\d+/g).map(Number);
  };
  return names.map((name) => looks(names)[name]).map((look) => [plain(look.colour), look.marker, look.dash]);
}"""


def test_a_method_looks_as_it_does_in_the_figures(blank):
    names = list(STARTS)
    drawn = blank().evaluate(LOOKS, names)
    for (colour, marker, dash), figure in zip(drawn, looks(names), strict=True):
        assert (to_hex(np.array(colour) / 255), marker) == (figure.colour.lower(), figure.marker)
        assert (dash is None) == (figure.line == "-")


def test_no_two_of_as_many_starts_as_can_be_shown_look_alike(blank):
    names = [*STARTS, "yours", "reference"]
    assert len(names) == MOST
    drawn = blank().evaluate(LOOKS, names)
    for part in range(3):
        assert len({str(look[part]) for look in drawn}) == MOST
