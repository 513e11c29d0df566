"""The adaptation trajectory's controls, by mouse and by keyboard, and what they ask of Python."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.widgets.browser import OPEN, put, settle, show
from tests.widgets.scenes import PRESETS, STEPS, computed, omniglot_scene, sinusoid_scene, trajectory

FIVE = PRESETS["five, spread"]


@pytest.fixture
def page(blank):
    page = blank()
    show(page, "adaptation_trajectory", trajectory())
    return page


@pytest.fixture
def static(blank):
    page = blank()
    show(page, "adaptation_trajectory", {**trajectory(live=False), "scenes": computed()})
    return page


def choices(page):
    return page.evaluate("() => model.get('choices')")


def line(page):
    """The numbers, once they are drawn."""
    settle(page)
    return page.locator(".mk-summary").inner_text()


@pytest.mark.parametrize(
    ("label", "key", "value"),
    [("amplitude", "amplitude", 3.0), ("phase (radians)", "phase", 0.5), ("inner rate", "lr", 0.3)],
)
def test_an_arrow_key_moves_a_slider_by_one_stop_and_asks_once(page, label, key, value):
    slider = page.get_by_label(label, exact=True)
    slider.press("ArrowRight")
    assert (choices(page)[key], choices(page)["request"]) == (value, 1)
    assert slider.get_attribute("aria-valuetext") == f"{value:g}"


def test_fewer_inner_steps_are_asked_for_and_shown(page):
    page.get_by_label("inner steps", exact=True).press("ArrowLeft")
    assert choices(page)["steps"] == 9
    page.get_by_label("step", exact=True).press("End")
    assert line(page).startswith("Step 9 of 9.")


def test_the_step_moves_by_keys_and_python_hears_of_it(page):
    step = page.get_by_label("step", exact=True)
    step.press("ArrowRight")
    assert line(page).startswith("Step 2 of 10.")
    assert page.evaluate("() => model.get('step')") == 2
    assert step.get_attribute("aria-valuetext") == "2 of 10"
    put(page, "step", 7)
    assert step.input_value() == "7"


def test_playing_goes_step_by_step_to_the_end_and_again_from_the_start(blank):
    page = blank()
    page.clock.install()
    show_on_clock(page, trajectory(steps=3))
    page.get_by_role("button", name="play").click()
    page.clock.run_for(100)
    assert page.locator(".mk-summary").inner_text().startswith("Step 2 of 3.")
    assert page.locator(".mk-summary").get_attribute("aria-live") == "off"
    page.get_by_role("button", name="pause").press("Space")
    page.clock.run_for(2000)
    assert page.locator(".mk-summary").inner_text().startswith("Step 2 of 3.")
    page.get_by_role("button", name="play").press("Enter")
    page.clock.run_for(2000)
    assert page.locator(".mk-summary").inner_text().startswith("Step 3 of 3.")
    assert page.locator(".mk-summary").get_attribute("aria-live") == "polite"
    page.get_by_role("button", name="play").click()
    page.clock.run_for(100)
    assert page.locator(".mk-summary").inner_text().startswith("Step 0 of 3.")


def show_on_clock(page, state):
    """``show``, where no frame comes until the clock is moved."""
    page.evaluate(OPEN, ["adaptation_trajectory", state, 0])
    page.clock.run_for(100)


def test_starts_are_shown_and_hidden_by_their_boxes(page):
    page.get_by_role("checkbox", name="FOMAML").check()
    page.get_by_role("checkbox", name="pre-training").press("Space")
    assert choices(page)["shown"] == ["MAML", "FOMAML", "random start"]
    assert choices(page)["request"] == 2
    settle(page)
    assert (
        page.locator("figure[data-start]").evaluate_all("all => all.map((f) => f.dataset.start)")
        == choices(page)["shown"]
    )
    for name in choices(page)["shown"]:
        page.get_by_role("checkbox", name=name, exact=True).uncheck()
    assert line(page) == "Step 1 of 10. There are no losses to show."


def test_the_old_picture_stays_until_the_answer_comes_and_a_late_one_is_explained(blank):
    page = blank()
    page.clock.install()
    show_on_clock(page, trajectory())
    before = page.locator(".mk-summary").inner_text()
    page.get_by_label("amplitude", exact=True).press("ArrowRight")
    page.clock.run_for(1000)
    assert page.locator(".mk-summary").inner_text() == before
    expect(page.locator("[role=status]")).to_have_text("")
    page.clock.run_for(3000)
    expect(page.locator("[role=status]")).to_have_text("No answer yet. Is the kernel busy with another cell?")
    page.evaluate("scene => model.set('scene', scene)", sinusoid_scene(amplitude=3.0))
    answer(page)
    page.clock.run_for(100)
    assert page.locator(".mk-summary").inner_text() != before
    expect(page.locator("[role=status]")).to_have_text("")


def test_an_answer_in_time_needs_no_excuse(blank):
    page = blank()
    page.clock.install()
    show_on_clock(page, trajectory())
    page.get_by_label("amplitude", exact=True).press("ArrowRight")
    page.clock.run_for(1000)
    answer(page)
    page.clock.run_for(5000)
    expect(page.locator("[role=status]")).to_have_text("")


def answer(page):
    done = {"request": 1, "state": "done", "progress": 1, "message": ""}
    page.evaluate("status => model.set('status', status)", done)


def test_progress_is_seen_while_python_works(page):
    put(page, "status", {"request": 0, "state": "working", "progress": 0.4, "message": "drawing surfaces"})
    expect(page.get_by_role("progressbar", name="progress")).to_be_visible()
    assert page.get_by_role("progressbar").get_attribute("value") == "0.4"
    expect(page.locator("[role=status]")).to_have_text("drawing surfaces")
    put(page, "status", {"request": 0, "state": "done", "progress": 1, "message": ""})
    expect(page.locator("progress")).to_be_hidden()


def at(page, x):
    """Where x is on the fit, in pixels of its own box."""
    plot = page.get_by_label("place support points")
    plot.scroll_into_view_if_needed()
    frame, box = plot.locator(".mk-frame").bounding_box(), plot.bounding_box()
    return {"x": frame["x"] + frame["width"] * (x + 5) / 10 - box["x"], "y": 120}


def test_a_click_places_a_point_on_the_curve_and_a_click_on_a_point_takes_it(page):
    plot = page.get_by_label("place support points")
    plot.click(position=at(page, 1.0))
    points = choices(page)["points"]
    assert points == sorted(points)
    (new,) = set(points) - set(FIVE)
    assert new == pytest.approx(1.0, abs=0.03)
    settle(page)
    frame, dot = (plot.locator(part).bounding_box() for part in (".mk-frame", ".mk-new"))
    height = 6.5 - 13 * (dot["y"] + dot["height"] / 2 - frame["y"]) / frame["height"]
    assert height == pytest.approx(2 * np.sin(new), abs=0.05)
    plot.click(position=at(page, 1.0))
    assert choices(page)["points"] == FIVE


def test_points_are_placed_and_taken_by_keys(page):
    plot = page.get_by_label("place support points")
    page.keyboard.press("Tab")
    plot.focus()
    for _ in range(3):
        plot.press("Shift+ArrowRight")
    plot.press("ArrowLeft")
    plot.press("Enter")
    assert choices(page)["points"] == [-4.0, -2.0, 0.0, 2.0, 2.9, 4.0]
    settle(page)
    expect(page.get_by_text("Cursor at x = 2.9.")).to_be_visible()
    plot.press("ArrowLeft")
    plot.press("Delete")
    plot.press("Backspace")
    assert choices(page)["points"] == [-4.0, -2.0, 0.0, 4.0]
    assert page.get_by_label("points", exact=True).input_value() == "placed by hand"


def test_there_are_never_too_many_points_or_none(page):
    plot = page.get_by_label("place support points")
    for x in (-3.0, -1.0, 1.0, 3.0):
        plot.click(position=at(page, x))
    assert len(choices(page)["points"]) == 8
    expect(page.locator("[role=status]")).to_have_text("There can be at most 8 points: remove one first.")
    plot.focus()
    for _ in range(8):
        plot.press("Delete")
    assert len(choices(page)["points"]) == 1
    expect(page.locator("[role=status]")).to_have_text("At least one point must stay.")


def test_each_kind_of_task_keeps_its_own_rate_and_steps(page):
    page.get_by_label("inner rate", exact=True).press("ArrowLeft")
    page.get_by_label("Omniglot").check()
    assert (choices(page)["task"], choices(page)["lr"]) == ("omniglot", 0.4)
    put(page, "scene", omniglot_scene())
    assert "Accuracy" in line(page)
    expect(page.get_by_label("amplitude", exact=True)).to_be_hidden()
    page.get_by_label("sinusoid").check()
    assert (choices(page)["task"], choices(page)["lr"]) == ("sinusoid", 0.03)


def test_a_press_draws_a_new_episode(page):
    page.get_by_label("Omniglot").check()
    for episode in (2, 3):
        page.get_by_role("button", name="new episode").press("Enter")
        assert choices(page)["episode"] == episode


def test_without_a_kernel_every_choice_is_looked_up(static):
    page = static
    before = line(page)
    page.get_by_label("amplitude", exact=True).press("ArrowLeft")
    assert line(page) != before
    page.get_by_label("points", exact=True).select_option("two, close")
    assert choices(page)["points"] == PRESETS["two, close"]
    assert page.locator(".mk-point").count() == 2
    page.get_by_label("Omniglot").check()
    assert "Accuracy" in line(page)
    for episode in (2, 1):  # two were computed
        page.get_by_role("button", name="new episode").click()
        assert choices(page)["episode"] == episode
    assert page.get_by_label("place support points").count() == 0


def test_without_a_kernel_what_was_not_computed_is_said_and_the_picture_stays(static):
    before = line(static)
    static.get_by_label("inner rate", exact=True).press("ArrowRight")
    expect(static.locator("[role=status]")).to_contain_text("not computed for this page")
    assert line(static) == before


def test_every_control_is_reached_by_the_tab_key_and_shows_it(page):
    reached = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        name, outline, keeps_its_keys = page.evaluate("""() => {
            const e = document.activeElement;
            const name = e.labels?.[0]?.textContent || e.getAttribute("aria-label") || e.textContent;
            return [name, getComputedStyle(e).outlineStyle, e.hasAttribute("data-lm-suppress-shortcuts")];
        }""")
        if name in reached or page.evaluate("() => document.activeElement === document.body"):
            break
        reached.add(name)
        assert outline != "none", name
        assert keeps_its_keys, f"JupyterLab would take the arrow keys away from {name}"
    wanted = {
        "sinusoid",
        "amplitude",
        "phase (radians)",
        "points",
        "inner rate",
        "inner steps",
        "MAML",
        "FOMAML",
        "Reptile",
    }
    wanted |= {"ANIL", "pre-training", "random start", "play", "step", "place support points", "all losses as a table"}
    assert wanted <= reached


def test_two_widgets_on_a_page_share_no_id_and_one_can_go(page):
    show(page, "adaptation_trajectory", trajectory(), place=1)
    names = page.locator("[id]").evaluate_all("all => all.map((e) => e.id)")
    assert len(names) == len(set(names)) > 2 * 6
    page.evaluate("() => close_it()")
    assert page.locator(".mk").count() == 1
    page.evaluate("step => model.set('step', step)", STEPS)
    settle(page)
    assert page.locator(".mk-summary").inner_text().startswith("Step 1 of 10.")


def test_a_widget_that_was_closed_does_nothing_more(blank):
    page = blank()
    page.clock.install()
    show_on_clock(page, trajectory())
    page.get_by_role("button", name="play").click()
    page.clock.run_for(100)
    page.evaluate("() => close_it()")
    page.clock.run_for(3000)
    assert page.evaluate("() => model.get('step')") == 2
    assert page.locator(".host").first.inner_html() == ""


def test_a_widget_that_was_closed_listens_no_more(page):
    left = page.evaluate(
        """async ([state]) => {
        const { staticModel } = await import("./kit.js");
        const widget = await import("./adaptation_trajectory.js");
        const model = staticModel(state);
        const listening = new Set();
        const on = (event, listener) => (listening.add(listener), model.on(event, listener));
        const off = (event, listener) => (listening.delete(listener), model.off(event, listener));
        const el = document.querySelectorAll(".host")[1];
        const close = widget.default.render({ model: { ...model, on, off }, el });
        const before = listening.size;
        close();
        return [before, listening.size];
    }""",
        [trajectory()],
    )
    assert left == [5, 0]
