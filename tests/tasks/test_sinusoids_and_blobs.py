import math

import pytest
import torch

from metakit.tasks import task_batches
from metakit.tasks.blobs import Blobs
from metakit.tasks.sinusoids import Sinusoids


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_all_points_of_a_task_lie_on_one_curve_whose_amplitude_and_phase_are_in_their_intervals():
    tasks = Sinusoids(30, 20).sample(200, generator())
    x = torch.cat([tasks.support.x, tasks.query.x], 1)[..., 0].double()
    y = torch.cat([tasks.support.y, tasks.query.y], 1)[..., 0].double()
    basis = torch.stack([x.sin(), x.cos()], -1)
    solution = torch.linalg.lstsq(basis, y[..., None]).solution
    torch.testing.assert_close((basis @ solution)[..., 0], y, rtol=1e-4, atol=1e-5)
    a, b = solution[:, 0, 0], -solution[:, 1, 0]
    amplitude, phase = (a**2 + b**2).sqrt(), torch.atan2(b, a)
    assert 0.1 <= amplitude.min() < 0.4
    assert 4.7 < amplitude.max() <= 5.0 + 1e-4
    assert -1e-3 <= phase.min() < 0.2
    assert math.pi - 0.2 < phase.max() <= math.pi + 1e-3
    assert -5 <= x.min() < -4.99
    assert 4.99 < x.max() <= 5


def test_sinusoids_shapes_and_that_support_and_query_are_different_points():
    tasks = Sinusoids(5, 7).sample(3, generator())
    assert (tasks.support.x.shape, tasks.query.y.shape) == ((3, 5, 1), (3, 7, 1))
    assert not torch.isin(tasks.support.x, tasks.query.x).any()


def test_the_same_curve_can_be_asked_for_fresh_points():
    amplitude, phase = torch.full((2, 1, 1), 2.0), torch.full((2, 1, 1), 0.5)
    task = Sinusoids(4, 4).tasks(amplitude, phase, generator())
    torch.testing.assert_close(task.query.y, 2 * torch.sin(task.query.x - 0.5))


def test_blobs_have_every_class_k_times_in_random_order_around_its_own_centre():
    tasks = Blobs(n_way=4, k_shot=5, n_query=6, spread=0.01).sample(50, generator())
    for examples, per_class in [(tasks.support, 5), (tasks.query, 6)]:
        assert all((torch.bincount(y, minlength=4) == per_class).all() for y in examples.y)
        assert len({tuple(y[:4].tolist()) for y in examples.y}) > 10
    for x, y, qx, qy in zip(*tasks.support, *tasks.query, strict=True):
        centres = torch.stack([x[y == c].mean(0) for c in range(4)])
        assert (qx - centres[qy]).abs().max() < 0.06


@pytest.mark.parametrize("distribution", [Sinusoids(), Blobs()], ids=repr)
def test_all_randomness_comes_from_the_generator(distribution):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = distribution.sample(4, generator(7))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    torch.testing.assert_close(distribution.sample(4, generator(7)), first, rtol=0, atol=0)
    assert not torch.equal(distribution.sample(4, generator(8)).support.x, first.support.x)


def test_task_batches_yields_fresh_tasks_as_often_as_asked():
    batches = list(task_batches(Sinusoids(), 2, 3, generator()))
    assert [len(batch.query.y) for batch in batches] == [2, 2, 2]
    assert not torch.equal(batches[0].support.x, batches[1].support.x)
