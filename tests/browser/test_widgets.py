"""Both widgets as a reader uses them: in JupyterLab with a kernel, and on the site without one."""

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import overflowing, violations
from tests.browser.jupyter import TOKEN, open_notebook, run_all, wait_until_idle
from tests.browser.seen import Start, Trajectory, until

WIDGETS = """import torch
torch.set_num_threads(1)
from metakit.widgets import AdaptationTrajectory, StartInOneDimension
StartInOneDimension()"""

pytestmark = pytest.mark.slow


def in_lab(browser, lab, request, scheme):
    lab.write("widgets.ipynb", WIDGETS, "AdaptationTrajectory()")
    lab.set(**{"apputils-extension/themes": {"theme": f"JupyterLab {scheme.title()}"}})
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
    open_notebook(page, lab, "widgets.ipynb")
    run_all(page)
    return page


def on_site(browser, lab, request, scheme):
    site = request.getfixturevalue("site")
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme=scheme, reduced_motion="reduce")
    page.goto((site / "lectures/03_learning_to_initialize_maml.html").as_uri())
    return page


@pytest.fixture(scope="module", params=[in_lab, on_site], ids=["lab", "site"])
def where(request):
    return request.param


@pytest.fixture(scope="module")
def page(where, browser, lab, request):
    page = where(browser, lab, request, "light")
    page.set_default_timeout(30_000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    page.close()


@pytest.fixture
def one(page):
    """The start in one dimension."""
    shown = Start(page.locator('.metakit-widget:has([aria-label="The start in one dimension"])').first)
    expect(shown.root).to_be_visible(timeout=60_000)
    yield shown
    assert page.errors == []


@pytest.fixture
def many(page):
    """The adaptation trajectory, on a sine curve, with nothing moved yet."""
    shown = Trajectory(page.locator('.metakit-widget:has([aria-label="Adaptation trajectory"])').first)
    expect(shown.root.locator(".mk-panels svg").first).to_be_visible(timeout=60_000)
    shown.control("sinusoid").check()
    for label, value in {"amplitude": "3", "phase (radians)": "1", "inner rate": "0.01", "inner steps": "10"}.items():
        shown.by_keys(label, value)
    shown.control("points").select_option("ten points")
    until(lambda: len(shown.points()) == 10)
    shown.at_step(1)
    yield shown
    assert page.errors == []


@pytest.fixture
def live(where):
    if where is on_site:
        pytest.skip("this needs a kernel")


# The adaptation trajectory -------------------------------------------------------------------------------------


def test_after_one_step_mamls_loss_is_below_that_of_the_pre_trained_start(many, screenshots, where):
    before, after = many.at_step(0), many.at_step(1)
    assert after["MAML"] < 0.7 * after["pre-training"]
    assert after["MAML"] < 0.7 * before["MAML"]
    assert many.at_step(10)["MAML"] < after["MAML"]
    many.root.screenshot(path=screenshots / f"{where.__name__}_sinusoid.png")


def test_the_large_marker_walks_along_the_path_with_the_step(many):
    many.at_step(0)
    here, *path = many.here("MAML")
    assert len(path) == 11
    assert here == path[0]
    many.at_step(10)
    here, *path = many.here("MAML")
    assert here == path[10] != path[0]


def test_a_step_is_as_long_as_the_rate_says(many, where):
    many.by_keys("inner steps", "1")
    until(lambda: many.told.startswith("Step 1 of 1.") and len(many.path("MAML")) == 2)
    many.by_keys("inner rate", "0.005")
    settle(many)
    short = many.length("MAML")
    many.by_keys("inner rate", "0.01")
    settle(many)
    assert many.length("MAML") / short == pytest.approx(2, rel=0.05 if where is in_lab else 0.5)


def settle(shown):
    """Wait until the picture has not changed for a third of a second."""
    seen, since = "", 0
    while since < 10:
        now = shown.picture()
        seen, since = now, (since + 1 if now == seen else 0)
        shown.root.page.wait_for_timeout(33)


@pytest.mark.parametrize(("label", "share"), [("amplitude", 1.0), ("phase (radians)", 0.0), ("inner rate", 0.0)])
def test_a_slider_dragged_by_mouse_changes_the_picture_and_by_keys_brings_it_back(many, label, share):
    settle(many)
    before, at_first = many.picture(), many.value(label)
    assert many.by_mouse(label, share) != at_first
    until(lambda: many.picture() != before)
    settle(many)
    moved = many.picture()
    assert moved != before
    many.by_keys(label, at_first)
    until(lambda: many.picture() != moved)
    settle(many)
    assert many.picture() == before


def test_the_curve_is_as_high_as_the_amplitude_and_the_last_of_many_changes_wins(many):
    settle(many)
    three = max(many.truth()) - min(many.truth())
    many.by_keys("amplitude", "5")
    until(lambda: max(many.truth()) - min(many.truth()) == pytest.approx(5 / 3 * three, rel=0.02))
    many.by_keys("amplitude", "1")
    until(lambda: max(many.truth()) - min(many.truth()) == pytest.approx(1 / 3 * three, rel=0.02))


def test_points_in_the_left_half_only_leave_the_right_half_to_the_start(many):
    many.at_step(10)
    everywhere = many.losses()
    many.control("points").select_option("left half")
    until(lambda: max(many.points()) < 0)
    settle(many)
    half = many.losses()
    assert half["pre-training"] > everywhere["pre-training"]
    assert half["MAML"] < half["pre-training"]


def test_the_step_slider_can_be_dragged(many):
    assert many.by_mouse("step", 0.5) == "5 of 10"
    until(lambda: many.told.startswith("Step 5 of 10."))
    assert many.by_mouse("inner steps", 0.0) == "1"
    until(lambda: many.told.startswith("Step 1 of 1."))


def test_play_goes_on_step_by_step_until_it_is_paused(many):
    many.at_step(0)
    button = many.root.get_by_role("button", name="play")
    button.focus()
    button.press("Enter")
    until(lambda: many.told.startswith("Step 2 of 10."))
    many.root.get_by_role("button", name="pause").click()
    told = many.told
    many.root.page.wait_for_timeout(1000)
    assert many.told == told
    many.at_step(9)
    many.root.get_by_role("button", name="play").click()
    until(lambda: many.told.startswith("Step 10 of 10."))
    expect(many.root.get_by_role("button", name="play")).to_be_visible()


def test_a_start_that_is_not_ticked_is_not_shown(many):
    box = many.control("pre-training")
    figure = many.root.locator('.mk-panels figure[data-start="pre-training"]')
    expect(figure).to_be_visible()
    box.uncheck()
    expect(figure).to_have_count(0)
    until(lambda: "pre-training" not in many.told)
    box.focus()
    box.press(" ")
    expect(figure).to_be_visible()
    until(lambda: "pre-training" in many.told)


def test_all_losses_stand_in_a_table_for_who_wants_them(many):
    many.root.get_by_text("all losses as a table").click()
    rows = many.root.locator("table tbody tr")
    expect(rows).to_have_count(11)
    told = many.losses()["MAML"]
    header = many.root.locator("table thead th").all_inner_texts()
    cells = rows.nth(1).locator("th, td").all_inner_texts()
    assert float(cells[header.index("MAML: query loss")]) == told
    many.root.get_by_text("all losses as a table").click()


def test_points_are_placed_and_taken_away_by_click(live, many):
    plot = many.root.locator(".mk-plot[role=application]")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    x = box["width"] * 0.52
    plot.click(position={"x": x, "y": 150})
    until(lambda: len(many.points()) == 11)
    (new,) = set(many.points()) - {-4.6, -3.7, -2.4, -1.5, -0.8, 0.6, 1.4, 2.7, 3.6, 4.5}
    assert -0.8 < new < 1.4
    expect(many.root.locator(".mk-new")).to_have_count(0)  # Python has answered
    expect(many.root.locator(".mk-point")).to_have_count(11)
    assert many.control("points").input_value() == "placed by hand"
    plot.click(position={"x": x, "y": 150})
    until(lambda: len(many.points()) == 10)


def test_points_are_placed_and_taken_away_by_keys(live, many, screenshots):
    plot = many.root.locator(".mk-plot[role=application]")
    plot.focus()
    for key in ["ArrowLeft", "ArrowRight", "ArrowRight", "ArrowRight", "Enter"]:
        plot.press(key)
    until(lambda: len(many.points()) == 11)
    assert 0.2 in many.points()
    expect(many.root.locator(".mk-new")).to_have_count(0)
    many.root.screenshot(path=screenshots / "placing.png")
    plot.press("Delete")
    until(lambda: len(many.points()) == 10)
    assert 0.2 not in many.points()


def test_an_episode_of_characters_is_learned_from_chance(page, many, screenshots, where):
    if where is on_site:  # whose first one has the reader's own starts, on curves
        many = Trajectory(page.locator('.metakit-widget:has(> [aria-label="Adaptation trajectory"])').nth(1))
    many.control("Omniglot").check()
    until(lambda: "Accuracy" in many.told, seconds=60)
    steps = many.value("step").partition(" of ")[2]
    many.at_step(0, int(steps))
    chance = many.losses("Accuracy")["MAML"]
    many.at_step(int(steps), int(steps))
    assert many.losses("Accuracy")["MAML"] > max(chance, 40)
    assert len(many.images()) == 5 + 15
    many.root.screenshot(path=screenshots / f"{where.__name__}_omniglot.png")
    seen = many.images()
    many.root.get_by_role("button", name="new episode").click()
    until(lambda: len(set(many.images()) & set(seen)) <= 5, seconds=60)  # a character may come twice
    many.root.get_by_role("button", name="new episode").press("Enter")
    settle(many)
    whose = many.control("predictions of")
    shown = many.root.locator(".mk-query").first.inner_text()
    options = whose.locator("option").all_inner_texts()
    assert len(options) >= 2
    pictures = {many.root.locator(".mk-predictions").inner_html()}
    for option in options:
        whose.select_option(option)
        settle(many)
        pictures.add(many.root.locator(".mk-predictions").inner_html())
    assert len(pictures) == len(options)
    assert shown


# The start in one dimension ------------------------------------------------------------------------------------


def mean_loss(phi, steps, tasks=((8.0, -1.0), (1.0, 2.0)), lr=0.1):
    return sum(a / 2 * (1 - lr * a) ** (2 * steps) * (phi - c) ** 2 for a, c in tasks) / len(tasks)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_from_mamls_best_start_the_mean_loss_after_so_many_steps_is_lowest(one, steps, screenshots, where):
    one.by_keys("inner steps", str(steps))
    one.root.get_by_role("button", name="MAML's best start").first.press("Enter")
    until(lambda: one.numbers()["steps"] == steps and one.numbers()["phi"] == one.numbers()["MAML"])
    lowest = one.numbers()
    assert lowest["mean"] == pytest.approx(mean_loss(lowest["phi"], steps), rel=0.02, abs=1e-4)
    for other in ("joint training", "left", "right"):
        move(one, other)
        until(lambda: one.numbers()["phi"] != lowest["phi"])
        assert one.numbers()["mean"] > lowest["mean"]
    one.root.screenshot(path=screenshots / f"{where.__name__}_start_{steps}.png")


def move(one, where):
    if where == "joint training":
        one.root.get_by_role("button", name="joint training's best start").click()
    else:
        one.root.get_by_role("button", name="φ at MAML's best start", exact=True).click()
        for _ in range(10):
            one.control("start φ").press("ArrowLeft" if where == "left" else "ArrowRight")


def test_without_steps_mamls_best_start_is_joint_trainings(one):
    one.by_keys("inner steps", "0")
    until(lambda: one.numbers()["steps"] == 0)
    told = one.numbers()
    assert told["MAML"] == told["FOMAML"] == told["joint training"] == pytest.approx(-2 / 3, abs=0.01)
    lines = [one.root.locator(f'[data-best="{name}"]').first for name in ("MAML", "joint training")]
    left, right = ((line.get_attribute("d") or "").split(" ")[0] for line in lines)
    assert left == right


def test_the_start_is_dragged_in_the_plot_and_by_its_slider(one):
    plot = one.root.locator(".mk-drag")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    mouse = one.root.page.mouse
    mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 200)
    mouse.down()
    until(lambda: one.numbers()["phi"] < 0.2)
    left = one.numbers()["phi"]
    mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 200, steps=5)
    mouse.up()
    until(lambda: one.numbers()["phi"] > left + 1)
    one.by_mouse("start φ", 0.0)
    until(lambda: one.numbers()["phi"] < left)
    told = one.numbers()
    assert told["mean"] == pytest.approx(mean_loss(told["phi"], told["steps"]), rel=0.02)


def test_the_steps_slider_can_be_dragged(one):
    before = one.picture()
    one.by_mouse("inner steps", 1.0)
    until(lambda: one.numbers()["steps"] == 10)
    assert one.picture() != before


# A student's own function, and other ways to show a widget -----------------------------------------------------

WRONG = {
    "raises": ("raise KeyError('layer3')", "raised KeyError"),
    "nan": ("return {name: weight * float('nan') for name, weight in theta.items()}", "not a finite number"),
    "shape": ("return {name: weight[:1] for name, weight in theta.items()}", "should keep its shape"),
}


@pytest.fixture(scope="module")
def students(browser, lab):
    """A notebook in which three functions are wrong, and the cell after each still answers."""
    cells = [WIDGETS]
    for name, (body, _) in WRONG.items():
        head = f"def {name}(theta, loss_fn, support, lr, steps):\n    {body}"
        cells += [f"{head}\n\nAdaptationTrajectory(adapt={name})", f'print("{name}, and on:", 6 * 7)']
    lab.write("students.ipynb", *cells)
    page = browser.new_page(viewport={"width": 1280, "height": 8000}, reduced_motion="reduce")
    page.set_default_timeout(30_000)
    open_notebook(page, lab, "students.ipynb")
    run_all(page)
    yield page
    page.close()


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_students_function_is_said_and_the_kernel_goes_on(students, name, screenshots):
    cell = students.locator(".jp-CodeCell", has_text=f"AdaptationTrajectory(adapt={name})")
    problem = cell.locator('.mk-panels figure[data-start="yours"] .mk-problem')
    expect(problem).to_contain_text(WRONG[name][1])
    expect(students.get_by_text(f"{name}, and on: 42")).to_be_visible()
    widget = Trajectory(cell.locator(".metakit-widget"))
    widget.by_keys("amplitude", "5")
    until(lambda: "MAML" in widget.told or "reference" in widget.told)
    widget.root.screenshot(path=screenshots / f"student_{name}.png")


def test_notebook_7_shows_the_widgets_too(browser, lab, screenshots):
    lab.write("seven.ipynb", WIDGETS, "AdaptationTrajectory()")
    page = browser.new_page(viewport={"width": 1280, "height": 1800}, reduced_motion="reduce")
    page.goto(f"{lab.address}/notebooks/seven.ipynb?token={TOKEN}")
    wait_until_idle(page)
    run_all(page)
    many = Trajectory(page.locator('.metakit-widget:has([aria-label="Adaptation trajectory"])'))
    assert many.at_step(1)["MAML"] < many.losses()["pre-training"]
    page.screenshot(path=screenshots / "notebook7.png")
    page.close()


# Everybody -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_widgets_are_for_everybody_and_fit_into_a_narrow_window(where, browser, lab, request, scheme, screenshots):
    page = where(browser, lab, request, scheme)
    widgets = page.locator(".metakit-widget:has(> section)")
    expect(widgets.nth(1).locator(".mk-panels svg").first).to_be_visible(timeout=60_000)
    assert violations(page, ".metakit-widget") == []
    for width in (1280, 800):
        page.set_viewport_size({"width": width, "height": 900})
        for i in range(2):
            settle(Trajectory(widgets.nth(i)))
            widgets.nth(i).screenshot(path=screenshots / f"{where.__name__}_{scheme}_{i}_{width}.png")
            assert overflowing(page, f".metakit-widget:has(> section) >> nth={i}") == 0
    page.close()
