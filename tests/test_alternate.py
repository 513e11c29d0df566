"""The toy problem of DARTS: L_train = (w - a)^2, L_val = a w - 2 a + 1, from a = 2, w = -2, where slopes are known."""

from dataclasses import dataclass

import pytest
import torch

from metakit.alternate import alternate
from metakit.optimizers import SGD
from metakit.problem import Examples, Started, Task


@dataclass(frozen=True)
class Toy:
    """phi is DARTS's alpha, theta its w; one step of rate ``xi``."""

    xi: float

    def init(self, seed):
        return torch.tensor(2.0)

    def adapt(self, phi, support: Started):
        return support.theta - self.xi * 2 * (support.theta - phi)

    def predict(self, phi, theta, x):
        return phi * theta - 2 * phi + 1


def task_loss(learner, phi, task):
    return learner.predict(phi, learner.adapt(phi, task.support), task.query.x)


NOTHING = Examples(torch.zeros(1), torch.zeros(1))


@pytest.mark.parametrize(("xi", "slope"), [(0.5, 2.0), (0.0, -4.0)])
def test_phi_s_slope_goes_through_the_step_that_theta_is_about_to_take(xi, slope):
    learner = Toy(xi)
    turns = alternate(learner, task_loss, learner.init(0), torch.tensor(-2.0), SGD(1.0), [Task(NOTHING, NOTHING)])
    (turn,) = turns
    assert turn.phi == 2 - slope
    assert turn.theta == -2 - xi * 2 * (-2 - turn.phi), "theta steps with the new phi"
    assert turn.value == task_loss(learner, torch.tensor(2.0), Task(Started(torch.tensor(-2.0), NOTHING), NOTHING))


def test_theta_never_restarts():
    learner, task = Toy(0.1), Task(NOTHING, NOTHING)
    together = list(alternate(learner, task_loss, torch.tensor(2.0), torch.tensor(-2.0), SGD(0.1), [task] * 3))
    phi, theta = torch.tensor(2.0), torch.tensor(-2.0)
    for turn in together:
        (alone,) = alternate(learner, task_loss, phi, theta, SGD(0.1), [task])
        assert (turn.phi, turn.theta) == (alone.phi, alone.theta)
        phi, theta = alone.phi, alone.theta
    assert len({turn.theta.item() for turn in together}) == 3
