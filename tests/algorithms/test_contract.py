"""Every learner, every promise: a new learner is a new row."""

from collections import OrderedDict
from typing import NamedTuple

import pytest
import torch
from torch import nn
from torch.func import grad

from metakit import tree
from metakit.algorithms import ANIL, IMAML, MAML, MAMLPlusPlus, MetaSGD, ProtoNet, reptile
from metakit.gradients import first_order
from metakit.learner import Learner, OneQueryAtATime, TaskLoss, meta_loss, query_loss
from metakit.losses import cross_entropy, mse
from metakit.minimize import minimize
from metakit.networks import Norm, conv4, mlp
from metakit.optimizers import Adam
from metakit.problem import Examples, Model, Task
from metakit.tasks import TaskDistribution, task_batches
from metakit.tasks.blobs import Blobs
from metakit.tasks.sinusoids import Sinusoids


class Row(NamedTuple):
    learner: Learner
    task_loss: TaskLoss
    tasks: TaskDistribution
    without_gradient: str | None = None  # weights that by mathematics have none


class TinyImages(NamedTuple):
    """A few images whose class is a bright column."""

    n_way: int = 3

    def sample(self, n_tasks, generator):
        y = torch.arange(self.n_way).repeat(n_tasks, 2)
        x = torch.rand(n_tasks, y.shape[1], 1, 28, 28, generator=generator)
        x = x + 3 * nn.functional.one_hot(8 * y, 28)[..., None, None, :]
        return Task(Examples(x, y), Examples(x.flip(1), y.flip(1)))


def normed() -> nn.Module:
    """A network with a batch norm, and no bias before it."""
    names = ("image", "layer", "norm", "flat", "activation", "head")
    layers = (
        nn.Unflatten(1, (2, 1, 1)),
        nn.Conv2d(2, 8, 1, bias=False),
        Norm(8),
        nn.Flatten(),
        nn.Tanh(),
        nn.Linear(8, 3),
    )
    return nn.Sequential(OrderedDict(zip(names, layers, strict=True)))


CURVE, POINTS = mlp((1, 16, 1), nn.Tanh), mlp((2, 16, 3), nn.Tanh)
SINUSOIDS, BLOBS = Sinusoids(5, 5), Blobs(spread=0.6)
ROWS = {
    "MAML": Row(MAML(CURVE, mse, 0.02, 3), query_loss(mse), SINUSOIDS),
    "MAML with labels": Row(MAML(POINTS, cross_entropy, 0.3, 3), query_loss(cross_entropy), BLOBS),
    "FOMAML": Row(MAML(CURVE, mse, 0.02, 3, first_order), query_loss(mse), SINUSOIDS),
    "Reptile": Row(MAML(CURVE, mse, 0.02, 3), reptile, SINUSOIDS),
    "ANIL": Row(ANIL(CURVE, mse, 0.02, 3), query_loss(mse), SINUSOIDS),
    "Meta-SGD": Row(MetaSGD(CURVE, mse, 0.02, 2), query_loss(mse), SINUSOIDS),
    "MAML++": Row(MAMLPlusPlus(Model(normed), cross_entropy, 0.3, 2), query_loss(cross_entropy), BLOBS),
    "iMAML": Row(IMAML(POINTS, cross_entropy, 2.0, 0.1, 5, 3), query_loss(cross_entropy), BLOBS),
    "ProtoNet": Row(ProtoNet(mlp((2, 16, 8), nn.Tanh), 3), query_loss(cross_entropy), BLOBS, "head.bias"),
    "one query at a time": Row(OneQueryAtATime(MAML(POINTS, cross_entropy, 0.3, 3)), query_loss(cross_entropy), BLOBS),
    "MAML, conv4": Row(
        MAML(conv4(3, channels=4), cross_entropy, 0.4, 2), query_loss(cross_entropy), TinyImages(), "conv.bias"
    ),
    "ProtoNet, conv4": Row(
        ProtoNet(conv4(None, 4, "max", "example"), 3), query_loss(cross_entropy), TinyImages(), "conv.bias"
    ),
}


@pytest.fixture(params=ROWS.values(), ids=ROWS.keys())
def row(request):
    return request.param


def double(row: Row, n_tasks: int = 3, seed: int = 0):
    """phi, a little off its start (where norm weights are equal and biases sit on kinks), and tasks, in float64."""
    noise = torch.Generator().manual_seed(seed)
    phi = tree.tree_map(
        lambda p: p.double() + 0.1 * torch.randn(p.shape, generator=noise, dtype=torch.float64), row.learner.init(0)
    )
    tasks = row.tasks.sample(n_tasks, torch.Generator().manual_seed(seed))
    return phi, tree.to(tasks, dtype=torch.float64)


def one(tasks, i):
    return tree.tree_map(lambda leaf: leaf[i], tasks)


def theta_tensors(row, phi, support):
    return tree.tree_leaves(row.learner.adapt(phi, support))


def test_init_depends_on_the_seed_alone_and_leaves_the_global_random_state(row):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = row.learner.init(5)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    second, other = row.learner.init(5), row.learner.init(6)
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert any(not torch.equal(a, b) for a, b in zip(tree.tree_leaves(first), tree.tree_leaves(other), strict=True))


def test_adapt_leaves_phi_as_it_was(row):
    phi, tasks = double(row)
    copy = tree.tree_map(torch.clone, phi)
    row.learner.adapt(phi, one(tasks, 0).support)
    torch.testing.assert_close(phi, copy, rtol=0, atol=0)


def test_adapt_is_a_function_of_its_arguments(row):
    phi, tasks = double(row)
    first = theta_tensors(row, phi, one(tasks, 0).support)
    torch.testing.assert_close(theta_tensors(row, phi, one(tasks, 0).support), first, rtol=0, atol=0)


def test_a_task_does_not_see_the_others(row):
    phi, tasks = double(row)
    batched = meta_loss(row.learner, row.task_loss)

    def looped(p):
        return sum(row.task_loss(row.learner, p, one(tasks, i)) for i in range(3)) / 3

    torch.testing.assert_close(batched(phi, tasks), looped(phi), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(grad(batched)(phi, tasks), grad(looped)(phi), rtol=1e-7, atol=1e-10)


def test_theta_depends_on_the_support(row):
    phi, tasks = double(row)
    a, b = (theta_tensors(row, phi, one(tasks, i).support) for i in range(2))
    assert any(not torch.allclose(x, y) for x, y in zip(a, b, strict=True))


def test_theta_does_not_depend_on_the_order_of_the_support(row):
    phi, tasks = double(row)
    x, y = one(tasks, 0).support
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    query = one(tasks, 0).query.x
    predictions = [
        row.learner.predict(phi, row.learner.adapt(phi, Examples(x[i], y[i])), query) for i in (slice(None), order)
    ]
    torch.testing.assert_close(*predictions, rtol=1e-7, atol=1e-9)


def test_every_weight_of_phi_has_a_gradient(row):
    phi, tasks = double(row)
    grads = grad(meta_loss(row.learner, row.task_loss))(phi, tasks)
    for name, g in zip(tree.names(grads), tree.tree_leaves(grads), strict=True):
        assert g.isfinite().all(), name
        zero = row.without_gradient is not None and name.endswith(row.without_gradient)
        assert (g.abs().max() < 1e-10) == zero, name


def test_the_gradient_is_the_slope_of_the_meta_loss(row):
    """For all but the first-order methods, which say that theirs is not."""
    if row is ROWS["FOMAML"] or row is ROWS["Reptile"] or row is ROWS["iMAML"]:
        pytest.skip("first-order methods and an unconverged inner loop promise another gradient")
    phi, tasks = double(row)
    objective = meta_loss(row.learner, row.task_loss)
    generator = torch.Generator().manual_seed(0)
    direction = tree.tree_map(lambda p: torch.randn(p.shape, generator=generator, dtype=p.dtype), phi)
    h = 1e-8  # so small that no activation crosses its kink, where MAML's inner gradient jumps
    slope = (objective(tree.axpy(h, direction, phi), tasks) - objective(tree.axpy(-h, direction, phi), tasks)) / (2 * h)
    expected = tree.dot(grad(objective)(phi, tasks), direction)
    torch.testing.assert_close(slope, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_predictions_have_the_dtype_of_phi(row, dtype):
    phi, tasks = double(row)
    phi, task = tree.to(phi, dtype=dtype), one(tree.to(tasks, dtype=dtype), 0)
    prediction = row.learner.predict(phi, row.learner.adapt(phi, task.support), task.query.x)
    assert prediction.dtype == dtype
    assert len(prediction) == len(task.query.y)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_cuda_gives_the_numbers_of_the_cpu(row):
    phi, tasks = double(row)
    objective = meta_loss(row.learner, row.task_loss)
    on_gpu = grad(objective)(tree.to(phi, "cuda"), tree.to(tasks, "cuda"))
    torch.testing.assert_close(tree.to(on_gpu, "cpu"), grad(objective)(phi, tasks), rtol=1e-6, atol=1e-9)


def test_meta_training_lowers_the_loss_on_new_tasks(row):
    generator = torch.Generator().manual_seed(0)
    new = row.tasks.sample(60, torch.Generator().manual_seed(1))
    objective, start = meta_loss(row.learner, row.task_loss), row.learner.init(0)
    phi = minimize(objective, start, Adam(3e-3), task_batches(row.tasks, 8, 60, generator))
    assert objective(phi, new) < 0.97 * objective(start, new)
