import pytest
import torch
from torch.func import grad

from metakit import learner as room
from metakit import tree
from metakit.algorithms import MAML
from metakit.gradients import autodiff
from metakit.learner import OneQueryAtATime, meta_loss, over_tasks, per_task, query_loss
from metakit.losses import cross_entropy, mse
from metakit.networks import conv4, mlp
from metakit.problem import Examples
from metakit.tasks.sinusoids import Sinusoids


def test_per_task_gives_the_metric_of_each_task_and_keeps_no_graph():
    learner, tasks = MAML(mlp((1, 8, 1)), mse, steps=2), Sinusoids().sample(4, torch.Generator().manual_seed(0))
    phi = {name: weight.requires_grad_() for name, weight in learner.init(0).items()}
    values = per_task(learner, phi, tasks, mse)
    assert values.shape == (4,)
    assert not values.requires_grad
    second = tree.tree_map(lambda leaf: leaf[1], tasks)
    torch.testing.assert_close(values[1], query_loss(mse)(learner, phi, second).detach(), rtol=1e-5, atol=1e-6)


def test_over_tasks_calls_its_function_for_each_task_with_the_same_phi():
    tasks = Sinusoids(3, 2).sample(4, torch.Generator().manual_seed(0))
    sums = over_tasks(lambda phi, task: phi * task.support.x.sum(), torch.tensor(2.0), tasks)
    torch.testing.assert_close(sums, 2 * tasks.support.x.sum((1, 2)))


def images(n, seed):
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed))


def test_batch_statistics_let_queries_tell_on_each_other_and_one_query_at_a_time_does_not():
    plain = MAML(conv4(3, channels=4), cross_entropy, 0.4, 1)
    alone = OneQueryAtATime(plain)
    phi, support = plain.init(0), Examples(images(3, 0), torch.arange(3))
    company = torch.cat([images(1, 1), images(4, 2)]), torch.cat([images(1, 1), images(4, 3)])
    first = lambda learner, x: learner.predict(phi, learner.adapt(phi, support), x)[0]  # noqa: E731
    assert not torch.allclose(first(plain, company[0]), first(plain, company[1]))
    torch.testing.assert_close(first(alone, company[0]), first(alone, company[1]), rtol=1e-4, atol=1e-5)


def test_one_query_at_a_time_shows_the_query_with_the_support_inputs():
    plain = MAML(conv4(3, channels=4), cross_entropy, 0.4, 1)
    alone, phi, support = OneQueryAtATime(plain), plain.init(0), Examples(images(3, 0), torch.arange(3))
    query = images(2, 5)
    expected = plain.predict(phi, plain.adapt(phi, support), torch.cat([support.x, query[1:]]))[-1]
    torch.testing.assert_close(alone.predict(phi, alone.adapt(phi, support), query)[1], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("at_once", "sizes"), [(2**22, [7]), (7 * 25, [7]), (7 * 25 - 1, [3, 4]), (1, [1] * 7)])
def test_the_gradient_of_many_tasks_is_taken_in_parts_of_nearly_equal_size(monkeypatch, at_once, sizes):
    monkeypatch.setattr(room, "NUMBERS_AT_ONCE", at_once)
    model = mlp((1, 8, 1))  # 25 numbers
    objective = meta_loss(MAML(model, mse, steps=2), query_loss(mse))
    tasks, phi = Sinusoids(5, 5).sample(7, torch.Generator().manual_seed(0)), model.init(0)
    parts = objective.parts(phi, tasks)
    assert [len(part.query.x) for _, part in parts] == sizes
    assert sum(share for share, _ in parts) == pytest.approx(1)
    value, grads = autodiff(objective)(phi, tasks)
    torch.testing.assert_close(value, objective(phi, tasks))
    torch.testing.assert_close(grads, grad(objective)(phi, tasks))
