"""From choices and starts to scenes: the numbers that the adaptation trajectory shows, against mathematics."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from metakit.algorithms.anil import ANIL
from metakit.algorithms.maml import MAML
from metakit.checkpoints.kinds import NAMES, OMNIGLOT, SINUSOID
from metakit.losses import accuracy, cross_entropy, empirical_loss, mse
from metakit.problem import Examples, Task
from metakit.widgets import AdaptationTrajectory, scenes
from metakit.widgets.beforehand import asked
from metakit.widgets.choices import OMNIGLOT as OMNIGLOT_LIMITS
from metakit.widgets.choices import SINUSOID as SINUSOID_LIMITS
from metakit.widgets.choices import read
from metakit.widgets.entries import curve_task
from metakit.widgets.paths import extent, flat, plane_of, surface, unflat, walks
from metakit.widgets.scenes import Entrants
from metakit.widgets.together import losses_of, outputs_of
from tests.widgets.scenes import unpacked

KINDS = [SINUSOID, OMNIGLOT]
LIMITS = {"sinusoid": SINUSOID_LIMITS, "omniglot": OMNIGLOT_LIMITS, "live": True}


def choice(**changes):
    return read({"request": 7, "task": "sinusoid", "points": [-4.0, -1.0, 0.5, 2.0, 4.5], **changes}, LIMITS)


@cache
def starts(kind):
    return {name: kind.model.init(i) for i, name in enumerate(("MAML", "ANIL", "mine"))}


@cache
def task(kind):
    if kind is SINUSOID:
        return curve_task(choice())
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(15, 1, 28, 28, generator=generator)
    labels = torch.arange(5).repeat(2)
    return Task(Examples(images[:5], torch.arange(5)), Examples(images[5:], labels))


@cache
def scene(kind):
    wanted = choice(task=kind.name, lr=kind.lr, steps=4)
    *_, last = scenes.scenes(wanted, kind, task(kind), Entrants(starts(kind)), "somewhere", grid=5)
    assert last.share == 1
    return last.scene


def learners(kind):
    """Made without the widget's help."""
    make = {"MAML": MAML, "ANIL": ANIL, "mine": MAML}
    return {
        name: make[name](kind.model, {"sinusoid": mse, "omniglot": cross_entropy}[kind.name], kind.lr) for name in make
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("name", ["MAML", "ANIL", "mine"])
def test_losses_by_step_are_those_of_the_library_s_learner(kind, name):
    (entry,) = (start for start in scene(kind)["starts"] if start["name"] == name)
    phi = starts(kind)[name]
    for m in range(5):
        learner = replace(learners(kind)[name], steps=m)
        theta = learner.adapt(phi, task(kind).support)
        for key, part in (("support_loss", task(kind).support), ("query_loss", task(kind).query)):
            loss = learner.loss(learner.predict(phi, theta, part.x), part.y)
            assert unpacked(entry[key])[m] == pytest.approx(loss.item(), rel=1e-4), key
        outputs = learner.predict(phi, theta, task(kind).query.x)
        if kind is SINUSOID:
            assert np.allclose(unpacked(entry["curve"])[m], outputs[:, 0], atol=1e-4)
        else:
            assert np.allclose(unpacked(entry["probabilities"])[m], outputs.softmax(-1), atol=1e-4)
            assert unpacked(entry["accuracy"])[m] == pytest.approx(accuracy(outputs, task(kind).query.y).item())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_starts_that_walk_together_do_not_see_each_other(kind):
    support = task(kind).support
    together = walks(kind, starts(kind), support, kind.lr, 3)
    for name, phi in starts(kind).items():
        alone = walks(kind, {name: phi}, support, kind.lr, 3)[name]
        for weight in phi:
            assert torch.allclose(together[name][weight], alone[weight], atol=1e-6), (name, weight)
            assert torch.equal(together[name][weight][0], phi[weight])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_many_thetas_at_once_answer_as_each_does_alone(kind):
    thetas = walks(kind, {"mine": starts(kind)["mine"]}, task(kind).support, kind.lr, 3)["mine"]
    examples = task(kind).query
    outputs, losses = outputs_of(kind, thetas, examples.x), losses_of(kind)(thetas, examples)
    for i in range(4):
        theta = {name: weight[i] for name, weight in thetas.items()}
        assert torch.allclose(outputs[i], kind.model(theta, examples.x), atol=1e-5)
        assert torch.allclose(losses[i], empirical_loss(kind.model, kind.loss)(theta, examples), atol=1e-5)


def test_thetas_are_rows_and_back():
    thetas = walks(SINUSOID, starts(SINUSOID), task(SINUSOID).support, 0.01, 2)["MAML"]
    rows = flat(thetas)
    assert rows.shape == (3, 1761)
    back = unflat(rows, thetas)
    assert list(back) == list(thetas)
    assert all(torch.equal(back[name], thetas[name]) for name in thetas)


def distances(points: Tensor) -> Tensor:
    return (points[1:] - points[:-1]).norm(dim=1)


def test_on_the_plane_steps_are_never_longer_than_in_truth_and_the_ends_lie_on_the_first_axis():
    rows = torch.randn(8, 30, generator=torch.Generator().manual_seed(0)).cumsum(0)
    plane = plane_of(rows)
    path = plane.project(rows)
    assert torch.allclose(plane.axes @ plane.axes.T, torch.eye(2, dtype=torch.float64), atol=1e-12)
    assert (distances(path) <= distances(rows.double()) + 1e-9).all()
    assert torch.equal(path[0], torch.zeros(2, dtype=torch.float64))
    assert path[-1].tolist() == pytest.approx([(rows[-1] - rows[0]).norm().item(), 0], abs=1e-5)


def test_the_second_axis_goes_where_the_path_leaves_the_line_most():
    rows = torch.tensor([[0.0, 0, 0], [1, 2, 0], [2, 0, -3], [4, 0, 0]])
    path = plane_of(rows).project(rows)
    assert torch.allclose(path.abs(), torch.tensor([[0.0, 0], [1, 0], [2, 3], [4, 0]], dtype=torch.float64))


@pytest.mark.parametrize(
    "rows",
    [
        [[1.0, 2, 3], [1, 2, 3], [1, 2, 3]],  # nothing moves
        [[0.0, 0, 0], [1, 1, 1], [2, 2, 2]],  # a line
        [[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0]],  # back at the start
        [[5.0, 5, 5]],  # no step
    ],
)
def test_a_path_that_gives_no_two_directions_has_a_plane_all_the_same(rows):
    rows = torch.tensor(rows)
    plane = plane_of(rows)
    assert torch.allclose(plane.axes @ plane.axes.T, torch.eye(2, dtype=torch.float64), atol=1e-12)
    path = plane.project(rows)
    assert torch.allclose(path.norm(dim=1), (rows - rows[0]).double().norm(dim=1))  # all of these lie in their plane
    for low, high in extent(path):
        assert low < high


def test_there_is_room_around_the_path_on_a_square():
    path = torch.tensor([[0.0, 0.0], [2.0, 1.0], [4.0, 0.0]])
    (a, b), (c, d) = extent(path)
    assert b - a == pytest.approx(d - c)
    assert (a, b) == pytest.approx((-1.2, 5.2))
    assert (c, d) == pytest.approx((-2.7, 3.7))


def line_losses(thetas, examples):
    return (thetas["w"] * examples.x + thetas["b"] - examples.y).square().mean(1)


def test_the_surface_at_a_point_of_the_path_is_the_loss_there():
    """On a line y = w x + b a path is two-dimensional, so that the plane holds all of it."""
    examples = Examples(torch.tensor([-1.0, 0.5, 2.0]), torch.tensor([0.3, -1.0, 2.0]))
    thetas = {"w": torch.tensor([[0.0], [0.7], [1.1], [1.2]]), "b": torch.tensor([[2.0], [1.0], [0.9], [0.2]])}
    rows = flat(thetas)
    plane = plane_of(rows)
    path = plane.project(rows)
    for (x, y), loss in zip(path, line_losses(thetas, examples), strict=True):
        (found,) = surface(line_losses, examples, thetas, plane, x.float()[None], y.float()[None])
        assert found.item() == pytest.approx(loss.item(), rel=1e-5)


def test_a_surface_has_rows_for_y_and_columns_for_x_however_it_is_sliced():
    examples = Examples(torch.tensor([-1.0, 0.5, 2.0]), torch.tensor([0.3, -1.0, 2.0]))
    thetas = {"w": torch.tensor([[0.0], [3.0]]), "b": torch.tensor([[1.0], [1.0]])}  # x is w, and y is b - 1 or 1 - b
    plane = plane_of(flat(thetas))
    assert plane.axes.abs().tolist() == [[1, 0], [0, 1]]
    b = plane.axes[1, 1].item()
    x, y = torch.tensor([-2.0, 0.0, 1.0]), torch.tensor([-1.0, 4.0])
    expected = [[line_losses({"w": w.view(1, 1), "b": 1 + b * v.view(1, 1)}, examples).item() for w in x] for v in y]
    for at_once in (1, 4, 100):
        found = torch.cat(list(surface(line_losses, examples, thetas, plane, x, y, at_once))).view(2, 3)
        assert np.allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_scene_keeps_the_contract(kind):
    made, n_query = scene(kind), len(task(kind).query.y)
    assert (made["request"], made["task"], made["lr"], made["steps"]) == (7, kind.name, kind.lr, 4)
    for start in made["starts"]:
        assert start["problem"] is None
        assert start["path"]["shape"] == [5, 2]
        assert start["surface"]["loss"]["shape"] == [5, 5]
        if kind is SINUSOID:
            assert start["curve"]["shape"] == [5, n_query]
            assert start["accuracy"] is None
        else:
            assert start["probabilities"]["shape"] == [5, n_query, 5]
    if kind is SINUSOID:
        assert np.allclose(unpacked(made["support"]["y"]), 3 * np.sin(unpacked(made["support"]["x"]) - 1), atol=1e-6)
        assert np.allclose(unpacked(made["truth"]), 3 * np.sin(unpacked(made["x"]) - 1), atol=1e-6)
        assert (made["x"]["shape"], unpacked(made["x"])[0], unpacked(made["x"])[-1]) == ([101], -5, 5)
    else:
        assert made["source"] == "somewhere"
        assert made["query_images"]["shape"] == [n_query, 28, 28]
        assert (
            np.abs(unpacked(made["support_images"]) / 255 - task(kind).support.x[:, 0].numpy()).max() < 0.5 / 255 + 1e-6
        )
        assert made["support_labels"] == [0, 1, 2, 3, 4]


def test_the_surface_of_a_scene_is_the_support_loss_around_the_path():
    start = scene(SINUSOID)["starts"][0]
    thetas = walks(SINUSOID, starts(SINUSOID), task(SINUSOID).support, SINUSOID.lr, 4)["MAML"]
    plane = plane_of(flat(thetas))
    (x0, x1), (y0, y1) = start["surface"]["x"], start["surface"]["y"]
    corner = plane.origin + x1 * plane.axes[0] + y0 * plane.axes[1]
    theta = {name: weight[0] for name, weight in unflat(corner.float()[None], thetas).items()}
    loss = empirical_loss(SINUSOID.model, mse)(theta, task(SINUSOID).support).item()
    assert unpacked(start["surface"]["loss"])[0, -1] == pytest.approx(loss, rel=1e-3)
    path = unpacked(start["path"])
    assert x0 < path[:, 0].min() <= path[:, 0].max() < x1
    assert y0 < path[:, 1].min() <= path[:, 1].max() < y1


def test_scenes_of_characters_grow_surface_by_surface():
    wanted = choice(task="omniglot", lr=0.4, steps=2)
    steps = list(scenes.scenes(wanted, OMNIGLOT, task(OMNIGLOT), Entrants(starts(OMNIGLOT)), grid=3))
    grown = [sum(s["surface"] is not None for s in step.scene["starts"]) for step in steps if step.scene]
    assert grown == [0, 1, 2, 3]
    shares = [step.share for step in steps]
    assert shares == sorted(shares)


def test_a_rate_at_which_the_numbers_run_away_is_said():
    *_, (_, made) = scenes.scenes(choice(lr=1.0, steps=10), SINUSOID, task(SINUSOID), Entrants(starts(SINUSOID)))
    problem = made["starts"][0]["problem"]
    assert "rate 1 " in problem
    assert "Take a smaller rate." in problem
    assert made["starts"][0]["path"] is made["starts"][0]["surface"] is made["starts"][0]["query_loss"] is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"task": "faces"}, "sinusoid or omniglot"),
        ({"lr": 0.0}, "above 0"),
        ({"lr": math.nan}, "number"),
        ({"lr": "fast"}, "'fast'"),
        ({"steps": 101}, "from 0 to 100"),
        ({"episode": -1}, "at least 0"),
        ({"points": []}, "from 1 to 20"),
        ({"points": [0.0] * 21}, "there are 21"),
        ({"points": [0.0, 5.5]}, "one is at 5.5"),
    ],
)
def test_choices_that_cannot_be_are_said(changes, words):
    with pytest.raises(ValueError, match=words):
        choice(**changes)


def test_without_arguments_all_that_is_shipped_is_there():
    widget = AdaptationTrajectory()
    assert widget.limits["sinusoid"]["starts"] == widget.limits["omniglot"]["starts"] == list(NAMES)
    assert widget.limits["live"] is True
    assert [start["name"] for start in widget.scene["starts"]] == widget.choices["shown"]
    assert widget.status == {"request": 0, "state": "done", "progress": 1.0, "message": ""}


def test_after_one_step_maml_s_start_fits_better_than_the_pre_trained_one():
    by_name = {start["name"]: unpacked(start["query_loss"]) for start in AdaptationTrajectory().scene["starts"]}
    assert by_name["MAML"][1] < 0.5 * by_name["pre-training"][1]


def test_a_change_is_answered_and_the_answer_says_to_what():
    widget = AdaptationTrajectory(starts(SINUSOID))
    before = widget.scene
    widget.choices = {**widget.choices, "request": 5, "amplitude": 1.0, "shown": ["mine"], "steps": 3}
    assert widget.scene["request"] == widget.status["request"] == 5
    assert [start["name"] for start in widget.scene["starts"]] == ["mine"]
    assert np.abs(unpacked(widget.scene["truth"])).max() == pytest.approx(1, abs=0.01)
    assert before["request"] == 0
    widget.choices = {**widget.choices, "request": 6, "points": []}
    assert widget.status["state"] == "failed"
    assert "from 1 to 20 support points" in widget.status["message"]
    assert widget.scene["request"] == 5


def test_starts_are_told_apart_by_the_shapes_of_their_tensors():
    both = {"a": SINUSOID.model.init(0), "b": OMNIGLOT.model.init(0)}
    widget = AdaptationTrajectory(both, task="sinusoid")
    assert widget.limits["sinusoid"]["starts"] == ["a"]
    assert widget.limits["omniglot"]["starts"] == ["b"]
    assert set(AdaptationTrajectory({"a": both["a"]}).limits) == {"sinusoid", "live"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"starts": {"a": {"w": torch.zeros(2)}}}, r"the start 'a' must be weights of mlp\(\(1, 40, 40, 1\)\)"),
        ({"starts": [1]}, "must be a dict"),
        ({"starts": {}}, "no start"),
        ({"starts": {"yours": SINUSOID.model.init(0)}}, "'yours' is the widget's own"),
        ({"starts": {str(i): SINUSOID.model.init(0) for i in range(9)}}, "at most 8"),
        ({"phi": {"w": torch.zeros(2)}}, "phi must be weights"),
        ({"adapt": 3}, "must be a function"),
        ({"task": "faces"}, "'sinusoid' or 'omniglot'"),
    ],
)
def test_starts_that_cannot_be_shown_are_refused_with_what_can(arguments, words):
    with pytest.raises(ValueError, match=words):
        AdaptationTrajectory(**arguments)


def test_what_is_shown_does_not_change_with_the_caller_s_tensors():
    phi = SINUSOID.model.init(0)
    widget = AdaptationTrajectory({"a": phi})
    before = unpacked(widget.scene["starts"][0]["curve"])
    phi["head.weight"].zero_()
    widget.choices = {**widget.choices, "request": 1, "shown": ["a"]}
    assert np.array_equal(unpacked(widget.scene["starts"][0]["curve"]), before)


def test_a_page_has_every_answer_that_its_stops_ask_for():
    widget = AdaptationTrajectory({"a": SINUSOID.model.init(0)})
    state = widget.static_state()
    limits = state["limits"]
    assert limits["live"] is False
    assert limits["sinusoid"]["points"] is None
    keys = [key for key, _ in asked("sinusoid", limits["sinusoid"])]
    assert list(state["scenes"]) == keys
    assert len(set(keys)) == 3 * 3 * 2 * 2
    shown = state["scenes"]["sinusoid|1.0|2.0|left half|0.005"]
    x, y = (unpacked(shown["support"][axis]) for axis in "xy")
    assert (x <= 0).all()
    assert np.allclose(y, np.sin(x - 2), atol=1e-6)
    assert (shown["lr"], shown["steps"]) == (0.005, 10)
    opened = state["choices"]
    assert (
        state["scene"] == state["scenes"][f"sinusoid|{opened['amplitude']}|{opened['phase']}|ten points|{opened['lr']}"]
    )
