"""The start in one dimension as readers see it, against closed forms."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import overflowing, violations
from tests.widgets.browser import OPEN, put, settle, show
from tests.widgets.scenes import curves, packed, unpacked


@pytest.fixture
def page(blank):
    page = blank()
    show(page, "start_in_one_dimension", curves())
    return page


def mean_loss(phi, step, lr=0.3):
    a, c = (np.array([task[key] for task in curves()["curves"]["tasks"]]) for key in "ac")
    return np.mean(a * ((1 - lr * a) ** step * (phi - c)) ** 2 / 2)


def line(page):
    """The numbers, once they are drawn."""
    settle(page)
    return page.locator(".mk-summary").inner_text()


def said(page):
    """Phi, the number of steps and the mean loss, from the line above the plot."""
    found = re.match(r"At φ = (−?)([\d.]+), after (\d+) steps?, the mean loss is ([\d.]+) ", line(page))
    return float(found[1].replace("−", "-") + found[2]), int(found[3]), float(found[4])


@pytest.mark.parametrize("phi", [-1.2, 0.375, 2.0])
@pytest.mark.parametrize("step", [0, 1, 4])
def test_the_line_of_numbers_says_the_closed_form(page, phi, step):
    put(page, "phi", phi)
    put(page, "step", step)
    assert said(page) == pytest.approx((phi, step, mean_loss(phi, step)), rel=6e-3)


@pytest.mark.parametrize("name", ["MAML", "FOMAML", "joint training"])
def test_a_button_puts_phi_at_a_best_start(page, name):
    page.get_by_role("button", name=f"φ at {name}'s best start", exact=True).press("Enter")
    phi, step, loss = said(page)
    assert phi == pytest.approx(unpacked(curves()["curves"]["best"][name])[1], rel=6e-3)
    lowest = min(mean_loss(v, step) for v in np.linspace(-3, 3, 601))
    assert (loss < 1.01 * lowest) == (name == "MAML")


def test_the_mark_of_a_best_start_stands_there_on_the_mean_curve(page):
    frame = page.locator(".mk-frame").bounding_box()
    for name, starts in curves()["curves"]["best"].items():
        box = page.locator(f'[data-best="{name}"]').bounding_box()
        x = -3 + 6 * (box["x"] + box["width"] / 2 - frame["x"]) / frame["width"]
        assert x == pytest.approx(unpacked(starts)[1], abs=0.03)


def test_phi_follows_the_pointer_while_it_is_down(page):
    frame = page.locator(".mk-frame").bounding_box()
    page.mouse.move(frame["x"] + frame["width"] / 4, frame["y"] + 50)
    assert said(page)[0] == -1.0
    page.mouse.down()
    assert said(page)[0] == pytest.approx(-1.5, abs=0.02)
    page.mouse.move(frame["x"] + 3 * frame["width"] / 4, frame["y"] + 90)
    assert said(page)[0] == pytest.approx(1.5, abs=0.02)
    page.mouse.move(frame["x"] + frame["width"] + 200, frame["y"] + 90)
    assert said(page)[0] == 3.0
    page.mouse.up()
    page.mouse.move(frame["x"] + 10, frame["y"] + 90)
    assert said(page)[0] == 3.0


def test_phi_and_the_steps_move_by_keys(page):
    page.get_by_label("start φ").press("ArrowRight")
    assert said(page)[0] == pytest.approx(-0.975)
    page.get_by_label("inner steps").press("ArrowRight")
    assert said(page)[1] == 2
    assert page.evaluate("() => [model.get('phi'), model.get('step')]") == pytest.approx([-0.975, 2], abs=1e-6)


def curve(page):
    d = page.locator("[data-mean]").get_attribute("d")
    return np.array([float(v) for v in re.findall(r"[ML][-\d.]+ ([-\d.]+)", d)])


def test_the_curves_morph_and_then_stand(blank):
    page = blank(still=False)
    page.clock.install()
    page.evaluate(OPEN, ["start_in_one_dimension", curves(), 0])
    page.clock.run_for(500)
    before = curve(page)
    page.get_by_label("inner steps").press("ArrowRight")
    page.clock.run_for(150)
    during = curve(page)
    page.clock.run_for(500)
    after = curve(page)
    assert (during > before + 1)[60:180].any()
    assert (during < after - 1)[60:180].any()
    page.clock.run_for(500)
    assert (curve(page) == after).all()


def test_nothing_moves_for_who_wants_no_motion(page):
    page.evaluate("() => model.set('step', 2)")
    settle(page)
    once = curve(page)
    page.wait_for_timeout(400)
    assert (curve(page) == once).all()


def test_a_start_that_is_nowhere_cannot_be_chosen(blank):
    page, state = blank(), curves()
    state["curves"]["best"]["FOMAML"] = packed(np.full(6, np.nan))
    show(page, "start_in_one_dimension", state)
    expect(page.get_by_role("button", name="φ at FOMAML's best start")).to_be_disabled()
    assert "FOMAML nowhere" in line(page)
    assert page.locator('[data-best="FOMAML"]').count() == 0


@pytest.mark.parametrize("width", [400, 800])
def test_names_of_best_starts_lie_neither_over_each_other_nor_on_a_line_nor_outside(blank, width):
    page = blank(width=width)
    show(page, "start_in_one_dimension", curves())
    heights = set()
    for step in range(6):
        put(page, "step", step)
        boxes = [name.bounding_box() for name in page.locator(".mk-name").all()]
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
        rows = sorted(box["y"] for box in boxes)
        assert np.diff(rows).min() > 12
        for line in page.locator("[data-best]").all():
            x, top = line.bounding_box()["x"], line.bounding_box()["y"]
            assert not any(box["x"] < x < box["x"] + box["width"] and top < box["y"] for box in boxes)
        heights.add(page.locator(".mk").bounding_box()["height"])
    assert len(heights) == 1
    assert overflowing(page) == 0


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious(blank, dark):
    page = blank(dark=dark)
    show(page, "start_in_one_dimension", curves())
    assert violations(page) == []
