"""The numbers of the start in one dimension, against the library's own inner and outer loops."""

import numpy as np
import pytest
import torch

from metakit.gradients import autodiff, first_order
from metakit.learner import meta_loss, query_loss
from metakit.losses import mse
from metakit.minimize import minimize
from metakit.optimizers import SGD
from metakit.problem import Examples, Task
from metakit.widgets import StartInOneDimension
from metakit.widgets.start_in_one_dimension import best_starts
from tests.widgets.scenes import unpacked

TASKS = [("steep", 8.0, -1.0), ("flat", 1.0, 2.0), ("middle", 3.0, 0.5)]
LR = 0.1


def tasks():
    """The same parabolas as tasks of a model f(x) = w x: with x = sqrt(a / 2), the mse is a/2 (w - c)^2."""
    a, c = torch.tensor([task[1:] for task in TASKS], dtype=torch.float64).T
    x = (a / 2).sqrt()[:, None, None]
    examples = Examples(x, x * c[:, None, None])
    return Task(examples, examples)


class OneWeight:
    """MAML on f(x) = theta x."""

    def __init__(self, steps, gradient=autodiff):
        self.steps, self.gradient = steps, gradient

    def adapt(self, phi, support):
        return minimize(lambda w, ex: mse(w * ex.x, ex.y), phi, SGD(LR), [support] * self.steps, self.gradient)

    def predict(self, phi, theta, x):
        return theta * x


def outer_loop_ends(steps, gradient=autodiff):
    objective = meta_loss(OneWeight(steps, gradient), query_loss(mse))
    return minimize(objective, torch.zeros((), dtype=torch.float64), SGD(0.3), [tasks()] * 150).item()


@pytest.fixture(scope="module")
def curves():
    return StartInOneDimension(TASKS, lr=LR, most_steps=4).curves


def best(curves, name):
    return unpacked(curves["best"][name])


@pytest.mark.parametrize("m", [0, 1, 2, 4])
def test_losses_are_those_of_gradient_descent(curves, m):
    phi = unpacked(curves["phi"])
    found = unpacked(curves["losses"])[m]
    for i in (0, 100, 240):
        expected = [
            query_loss(mse)(OneWeight(m), torch.tensor(float(phi[i]), dtype=torch.float64), Task(part, part)).item()
            for part in (Examples(x, y) for x, y in zip(*tasks().support, strict=True))
        ]
        assert found[:, i] == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert unpacked(curves["mean"])[m] == pytest.approx(found.mean(0), rel=1e-5)


@pytest.mark.parametrize("m", [0, 1, 3])
def test_maml_s_best_start_is_where_its_outer_loop_ends(curves, m):
    assert best(curves, "MAML")[m] == pytest.approx(outer_loop_ends(m), abs=1e-3)


@pytest.mark.parametrize("m", [1, 3])
def test_fomaml_s_best_start_is_where_its_outer_loop_ends_which_is_elsewhere(curves, m):
    assert best(curves, "FOMAML")[m] == pytest.approx(outer_loop_ends(m, first_order), abs=1e-3)
    assert abs(best(curves, "FOMAML")[m] - best(curves, "MAML")[m]) > 0.1


def test_maml_s_best_start_is_the_lowest_point_of_the_mean(curves):
    lowest = unpacked(curves["phi"])[unpacked(curves["mean"]).argmin(1)]
    step = np.diff(unpacked(curves["phi"]))[0]
    assert np.abs(lowest - best(curves, "MAML")).max() <= step


def test_joint_training_never_asks_how_many_steps_follow(curves):
    (a, c) = np.array([task[1:] for task in TASKS]).T
    assert best(curves, "joint training") == pytest.approx(np.full(5, (a * c).sum() / a.sum()))
    assert best(curves, "MAML")[0] == pytest.approx(best(curves, "joint training")[0])


def test_fomaml_has_no_best_start_where_its_gradient_points_the_wrong_way():
    """With lr a > 1 a step jumps over the lowest point, and the Jacobian that FOMAML leaves out is negative."""
    found = best_starts(np.array([8.0, 1.0]), np.array([-1.0, 2.0]), lr=0.2, most_steps=2)
    assert np.isnan(found["FOMAML"]).tolist() == [False, True, False]
    assert np.isfinite(found["MAML"]).all()


def test_tasks_have_names():
    made = StartInOneDimension([(1.0, 0.0), ("second", 2.0, 1.0)]).curves["tasks"]
    assert made == [{"name": "task 1", "a": 1.0, "c": 0.0}, {"name": "second", "a": 2.0, "c": 1.0}]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"tasks": []}, "at least one task"),
        ({"tasks": [("a", 1.0)]}, "numbers a and c"),
        ({"tasks": [("a", "b", 1.0, 2.0)]}, r"\(name, a, c\)"),
        ({"tasks": [(1.0,)]}, "one is"),
        ({"tasks": [("t", 0.0, 1.0)]}, "a above 0"),
        ({"tasks": [("t", 1.0, np.inf)]}, "finite c"),
        ({"tasks": [("t", 1.0, 0.0), ("t", 2.0, 0.0)]}, "different names"),
        ({"lr": 0.25}, "below 0.25"),
        ({"lr": 0.0}, "above 0"),
        ({"most_steps": 0}, "from 1 to 100"),
        ({"most_steps": 2.5}, "whole number"),
    ],
)
def test_bad_input_is_refused_with_what_can_be(arguments, words):
    with pytest.raises(ValueError, match=words):
        StartInOneDimension(**arguments)
