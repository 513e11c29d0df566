import math
from dataclasses import dataclass

import pytest
import torch

from metakit.algorithms.maml import MAML
from metakit.evaluation import evaluate, mean_ci95, per_step
from metakit.losses import mse
from metakit.networks import mlp
from metakit.problem import Examples, Task


def test_the_interval_is_1_96_standard_errors_with_n_minus_1():
    mean, half_width = mean_ci95(torch.tensor([0.0, 1.0, 1.0, 0.0]))
    assert mean == 0.5
    assert half_width == pytest.approx(1.96 * math.sqrt(1 / 3) / 2)


def test_equal_values_have_an_interval_of_no_width_in_float32_too():
    assert mean_ci95(torch.full((1000,), 0.1)) == pytest.approx((0.1, 0.0), abs=1e-7)


@pytest.mark.parametrize("values", [torch.ones(1), torch.ones(0), torch.ones(3, 2), torch.ones(())])
def test_one_task_has_no_interval(values):
    with pytest.raises(ValueError, match=r"at least 2 tasks, \(n,\), but got shape"):
        mean_ci95(values)


@dataclass(frozen=True)
class Lines:
    """y = slope * x with a slope for each task, 0, 1, 2, ... in the order they are drawn; x = 1."""

    drawn: list[int]

    def sample(self, n_tasks: int, generator: torch.Generator) -> Task:
        slopes = torch.arange(sum(self.drawn), sum(self.drawn) + n_tasks).float()[:, None, None]
        self.drawn.append(n_tasks)
        points = Examples(torch.ones(n_tasks, 1, 1), slopes.expand(n_tasks, 1, 1))
        return Task(points, points)


PHI = {"head.weight": torch.tensor([[2.0]]), "head.bias": torch.zeros(1)}


def test_evaluate_scores_each_task_once_in_batches_of_at_most_at_once():
    tasks = Lines([])
    each = evaluate(MAML(mlp((1, 1)), mse, steps=0), PHI, tasks, mse, 5, torch.Generator(), at_once=2)
    assert tasks.drawn == [2, 2, 1]
    assert each.tolist() == [4.0, 1.0, 0.0, 1.0, 4.0]  # (2 - slope)^2


def test_evaluate_adapts_to_the_support_set():
    # One step of rate 1/4 on (w + b - slope)^2 takes half of the error from w and half from b: nothing is left.
    learner = MAML(mlp((1, 1)), mse, lr=0.25, steps=1)
    assert evaluate(learner, PHI, Lines([]), mse, 4, torch.Generator()).tolist() == [0.0] * 4


def test_per_step_scores_each_task_before_the_first_step_and_after_each():
    # Of the error a step of rate 1/8 takes a quarter from w and a quarter from b: half is left.
    learner = MAML(mlp((1, 1)), mse, lr=0.125, steps=2)
    tasks = Lines([]).sample(4, torch.Generator())
    shifted = Task(tasks.support, Examples(tasks.query.x, tasks.query.y + 1))
    first, second = torch.tensor([2.0, 1.0, 0.0, -1.0]), torch.tensor([1.0, 0.5, 0.0, -0.5])
    want = torch.stack([first, second, second / 2], dim=1)
    torch.testing.assert_close(per_step(learner, PHI, tasks, mse), want**2)
    torch.testing.assert_close(per_step(learner, PHI, shifted, mse), (want - 1) ** 2)
    assert not per_step(learner, PHI, tasks, mse).requires_grad


def test_evaluate_can_score_every_step():
    learner = MAML(mlp((1, 1)), mse, lr=0.25, steps=1)
    each = evaluate(learner, PHI, Lines([]), mse, 3, torch.Generator(), at_once=2, score=per_step)
    assert each.tolist() == [[4.0, 0.0], [1.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(("n_tasks", "at_once"), [(0, 1), (1, 0), (-1, 1)])
def test_evaluate_needs_a_task(n_tasks, at_once):
    with pytest.raises(ValueError, match="at least one task"):
        evaluate(MAML(mlp((1, 1)), mse), PHI, Lines([]), mse, n_tasks, torch.Generator(), at_once)
