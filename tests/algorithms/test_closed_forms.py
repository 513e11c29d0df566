"""On a linear model mathematics gives the meta-gradient; the library must agree to rounding."""

from collections import OrderedDict
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.func import grad

from metakit import tree
from metakit.algorithms import ANIL, IMAML, MAML, MAMLPlusPlus, MetaSGD, ProtoNet, reptile
from metakit.algorithms.imaml import conjugate_gradients
from metakit.algorithms.maml_plus_plus import annealed, multi_step_weights
from metakit.gradients import autodiff, first_order
from metakit.learner import meta_loss, query_loss, trajectory_loss
from metakit.losses import cross_entropy, mse
from metakit.minimize import minimize
from metakit.networks import mlp
from metakit.optimizers import SGD
from metakit.problem import Examples, Model, Task
from tests.algorithms.linear import (
    DIM,
    MODEL,
    gradient,
    hessian,
    minimum,
    random_start,
    random_task,
    theta_of,
    vector_of,
)

LR = 0.0625  # exact in float32, in which init makes rates
MODELLED = MAML(MODEL, mse, lr=LR)


def meta_gradient(learner, phi, task, task_loss=None):
    return grad(lambda p: (task_loss or query_loss(mse))(learner, p, task))(phi)


def close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_gradient_descent_contracts_towards_the_minimum_by_i_minus_lr_h_each_step(steps):
    phi, (support, _) = random_start(), random_task()
    best = minimum(support)
    contraction = torch.linalg.matrix_power(torch.eye(DIM + 1) - LR * hessian(support), steps)
    theta = replace(MODELLED, steps=steps).adapt(phi, support)
    close(vector_of(theta), best + contraction @ (vector_of(phi) - best))


@pytest.mark.parametrize("steps", [1, 4])
def test_maml_multiplies_the_query_gradient_by_the_inner_loop_s_jacobian(steps):
    phi, task = random_start(), random_task()
    learner = replace(MODELLED, steps=steps)
    at_theta = gradient(vector_of(learner.adapt(phi, task.support)), task.query)
    jacobian = torch.linalg.matrix_power(torch.eye(DIM + 1) - LR * hessian(task.support), steps)
    close(vector_of(meta_gradient(learner, phi, task)), jacobian @ at_theta)


@pytest.mark.parametrize("steps", [1, 4])
def test_fomaml_takes_that_jacobian_for_the_identity(steps):
    phi, task = random_start(), random_task()
    learner = replace(MODELLED, steps=steps, gradient=first_order)
    at_theta = gradient(vector_of(learner.adapt(phi, task.support)), task.query)
    close(vector_of(meta_gradient(learner, phi, task)), at_theta)


def test_in_one_dimension_fomaml_may_point_away_from_where_maml_points():
    """L_s = a (w - s)^2 / 2 with lr * a > 1: the step overshoots, and the Jacobian 1 - lr * a is negative."""
    model = mlp((1, 1))
    phi = {"head.weight": torch.tensor([[0.5]]), "head.bias": torch.tensor([0.0])}
    task = Task(
        Examples(torch.tensor([[1.0]]), torch.tensor([[0.0]])), Examples(torch.tensor([[1.0]]), torch.zeros(1, 1))
    )
    second = meta_gradient(MAML(model, mse, 0.3, 1), phi, task)["head.weight"]
    first = meta_gradient(MAML(model, mse, 0.3, 1, first_order), phi, task)["head.weight"]
    assert first < 0 < second


def test_reptile_s_gradient_is_phi_minus_theta():
    phi, task = random_start(), random_task()
    learner = replace(MODELLED, steps=3)
    expected = tree.axpy(-1, learner.adapt(phi, task.support), phi)
    close(meta_gradient(learner, phi, task, reptile), expected)


def test_reptile_with_one_step_is_joint_training_on_the_support_sets():
    phi, task = random_start(), random_task()
    got = meta_gradient(replace(MODELLED, steps=1), phi, task, reptile)
    close(vector_of(got), LR * gradient(vector_of(phi), task.support))


def test_reptile_refuses_a_theta_that_is_not_like_phi():
    model = mlp((DIM, 4, 1))
    phi = tree.to(model.init(0), dtype=torch.float64)
    with pytest.raises(ValueError, match="same names"):
        reptile(ANIL(model, mse), phi, random_task())


def test_anil_leaves_the_body_and_solves_a_linear_problem_on_its_features():
    model = mlp((2, DIM, 1))
    phi = tree.to(model.init(0), dtype=torch.float64)
    x, y = torch.randn(6, 2, dtype=torch.float64), torch.randn(6, 1, dtype=torch.float64)
    theta = ANIL(model, mse, LR, steps=1).adapt(phi, Examples(x, y))
    assert set(theta) == {"head.weight", "head.bias"}
    features = torch.relu(x @ phi["layer1.weight"].T + phi["layer1.bias"])
    head = vector_of(phi)
    close(vector_of(theta), head - LR * gradient(head, Examples(features, y)))


def test_anil_says_which_weights_there_are_when_none_is_a_head():
    with pytest.raises(ValueError, match=r"'tail'.*head.bias"):
        ANIL(MODEL, mse, head="tail").adapt(MODEL.init(0), random_task().support)


def test_meta_sgd_multiplies_each_weight_s_gradient_by_its_own_rate():
    start, task = random_start(), random_task()
    rates = torch.tensor([0.1, -0.2, 0.3, 0.4], dtype=torch.float64)
    phi = {"start": start, "lr": theta_of(rates)}
    g = gradient(vector_of(start), task.support)
    learner = MetaSGD(MODEL, mse)
    close(vector_of(learner.adapt(phi, task.support)), vector_of(start) - rates * g)
    at_theta = gradient(vector_of(start) - rates * g, task.query)
    got = meta_gradient(learner, phi, task)
    close(vector_of(got["lr"]), -g * at_theta)
    close(vector_of(got["start"]), at_theta - hessian(task.support) @ (rates * at_theta))


def test_meta_sgd_begins_as_maml_with_equal_rates():
    learner, task = MetaSGD(MODEL, mse, lr=LR, steps=3), random_task()
    phi = tree.to(learner.init(0), dtype=torch.float64)
    close(learner.adapt(phi, task.support), replace(MODELLED, steps=3).adapt(phi["start"], task.support))


def test_meta_sgd_refuses_rates_of_other_names():
    with pytest.raises(ValueError, match=r"missing from the second: \['head.bias'\]"):
        MetaSGD(MODEL, mse).adapt(
            {"start": random_start(), "lr": {"head.weight": torch.ones(1, DIM)}}, random_task().support
        )


def test_maml_plus_plus_takes_each_step_at_the_rates_of_that_step():
    start, task = random_start(), random_task()
    rates = {"head.weight": torch.tensor([0.1, 0.02]).double(), "head.bias": torch.tensor([-0.3, 0.04]).double()}
    phi = {"start": start, "lr": rates, "norm": {}}
    w = vector_of(start)
    for k in range(2):
        rate = torch.cat([rates["head.weight"][k].expand(DIM), rates["head.bias"][k, None]])
        w = w - rate * gradient(w, task.support)
    learner = MAMLPlusPlus(MODEL, mse, steps=2)
    close(vector_of(learner.adapt(phi, task.support)), w)


class Scale(nn.Module):
    """Stands for a normalization: one weight for its one channel."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.weight * x


def test_maml_plus_plus_uses_the_norm_weights_of_each_step_and_the_last_ones_to_predict():
    layers = OrderedDict(layer=nn.Linear(DIM, 1, bias=False), norm=Scale())
    learner = MAMLPlusPlus(Model(lambda: nn.Sequential(layers)), mse, lr=LR, steps=2)
    phi = tree.to(learner.init(0), dtype=torch.float64)
    assert phi["norm"]["norm.weight"].shape == (3, 1)
    phi["norm"]["norm.weight"] = torch.tensor([[0.5], [2.0], [-1.0]]).double()
    (x, y), query = random_task()
    w = phi["start"]["layer.weight"][0]
    for s in (0.5, 2.0):
        w = w - LR * 2 / len(y) * s * x.T @ (s * x @ w - y[:, 0])
    theta = learner.adapt(phi, Examples(x, y))
    close(theta["layer.weight"][0], w)
    close(learner.predict(phi, theta, query.x)[:, 0], -(query.x @ w))


def test_maml_plus_plus_with_equal_rates_and_no_norm_is_maml():
    start, task = random_start(), random_task()
    plus = MAMLPlusPlus(MODEL, mse, lr=LR, steps=3)
    phi = {**tree.to(plus.init(0), dtype=torch.float64), "start": start}
    plain = replace(MODELLED, steps=3)
    close(plus.adapt(phi, task.support), plain.adapt(start, task.support))
    for gradient_of in (autodiff, first_order):
        ours, theirs = (replace(learner, gradient=gradient_of) for learner in (plus, plain))
        close(meta_gradient(ours, phi, task)["start"], meta_gradient(theirs, start, task))
    assert [len(plus.trajectory(phi, task.support)), len(plain.trajectory(start, task.support))] == [4, 4]
    close(plain.trajectory(start, task.support)[0], start)
    close(plain.trajectory(start, task.support)[-1], plain.adapt(start, task.support))


def test_maml_plus_plus_refuses_rates_of_another_number_of_steps():
    with pytest.raises(ValueError, match=r"takes 3 steps.*\(2,\)"):
        MAMLPlusPlus(MODEL, mse, steps=3).adapt(MAMLPlusPlus(MODEL, mse, steps=2).init(0), random_task().support)


def test_the_multi_step_loss_weighs_the_query_loss_after_each_step():
    phi, task = random_start(), random_task()
    weights = (0.2, 0.3, 0.5)
    expected = sum(
        weight * query_loss(mse)(replace(MODELLED, steps=k), phi, task) for k, weight in enumerate(weights, start=1)
    )
    close(trajectory_loss(mse, weights)(replace(MODELLED, steps=3), phi, task), expected)


def test_the_multi_step_loss_wants_one_weight_a_step():
    with pytest.raises(ValueError, match="2 for 3"):
        trajectory_loss(mse, (0.5, 0.5))(replace(MODELLED, steps=3), random_start(), random_task())


def test_multi_step_weights_go_from_equal_to_the_last_step_and_always_sum_to_one():
    close(multi_step_weights(5, 0.0), torch.full((5,), 0.2))
    close(multi_step_weights(5, 0.5), torch.tensor([0.1, 0.1, 0.1, 0.1, 0.6]))
    close(multi_step_weights(5, 0.999), torch.tensor([0.006, 0.006, 0.006, 0.006, 0.976]))
    for progress in (1.0, 7.0):
        close(multi_step_weights(5, progress), torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0]))


def test_annealing_begins_with_the_first_order_and_equal_weights_and_ends_with_the_second():
    start, task = random_start(), random_task()
    learner = MAMLPlusPlus(MODEL, mse, lr=LR, steps=2)
    phi, tasks = {**tree.to(learner.init(0), dtype=torch.float64), "start": start}, tree.stack([task])
    objective = annealed(learner, mse, multi_step_for=10, first_order_for=5)
    for iteration, inner, weights in [
        (0, first_order, (0.5, 0.5)),
        (4, first_order, (0.3, 0.7)),
        (5, autodiff, (0.25, 0.75)),
    ]:
        now = meta_loss(replace(learner, gradient=inner), trajectory_loss(mse, weights))
        expected, got = grad(now)(phi, tasks), grad(objective)(phi, (iteration, tasks))
        torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-8)


def test_imaml_finds_the_point_between_the_task_s_minimum_and_phi():
    phi, task = random_start(), random_task()
    h, eye = hessian(task.support), torch.eye(DIM + 1, dtype=torch.float64)
    learner = IMAML(MODEL, mse, strength=1.5, lr=0.1, steps=600, cg_steps=DIM + 1)
    theta = vector_of(learner.adapt(phi, task.support))
    close(theta, torch.linalg.solve(h + 1.5 * eye, h @ minimum(task.support) + 1.5 * vector_of(phi)))
    expected = torch.linalg.solve(eye + h / 1.5, gradient(theta, task.query))
    close(vector_of(meta_gradient(learner, phi, task)), expected)


def test_imaml_s_implicit_gradient_is_the_one_autodiff_finds_through_a_long_inner_loop():
    model = mlp((DIM, 4, 1), torch.nn.Tanh)
    phi, task = tree.to(model.init(1), dtype=torch.float64), random_task()
    learner = IMAML(model, mse, strength=3.0, lr=0.1, steps=400, cg_steps=30)

    def unrolled(start):
        def objective(theta, examples):
            away = tree.axpy(-1, start, theta)
            return mse(model(theta, examples.x), examples.y) + 1.5 * tree.dot(away, away)

        theta = minimize(objective, tree.detach(start), SGD(0.1), [task.support] * 400)
        return mse(model(theta, task.query.x), task.query.y)

    torch.testing.assert_close(meta_gradient(learner, phi, task), grad(unrolled)(phi), rtol=1e-6, atol=1e-8)


def test_conjugate_gradients_are_exact_after_as_many_steps_as_sizes_and_stop_at_a_saddle():
    a = torch.tensor([[4.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 2.0]], dtype=torch.float64)
    b = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    close(conjugate_gradients(lambda v: a @ v, b, 3), torch.linalg.solve(a, b))
    close(conjugate_gradients(lambda v: a @ v, b, 30), torch.linalg.solve(a, b))
    close(conjugate_gradients(lambda v: 2 * v, b, 5), b / 2)
    close(conjugate_gradients(lambda v: a @ v, 0 * b, 5), torch.zeros_like(b))
    close(conjugate_gradients(lambda v: -v, b, 5), torch.zeros_like(b))


def test_a_prototype_is_the_mean_of_its_class_whatever_the_shots():
    identity = mlp((2, 2))
    phi = {"head.weight": torch.eye(2), "head.bias": torch.zeros(2)}
    support = Examples(torch.tensor([[0.0, 0.0], [2.0, 4.0], [10.0, 0.0]]), torch.tensor([0, 0, 1]))
    close(ProtoNet(identity, 3).adapt(phi, support), torch.tensor([[1.0, 2.0], [10.0, 0.0], [0.0, 0.0]]))


def test_a_prototypical_network_is_a_linear_layer_on_its_embedding():
    learner, embed = ProtoNet(mlp((DIM, 5)), 2), mlp((DIM, 5))
    phi = tree.to(learner.init(0), dtype=torch.float64)
    support = Examples(random_task().support.x, torch.tensor([0, 1, 0, 1, 1, 0, 0]))
    c = learner.adapt(phi, support)
    x = random_task(1).query.x
    logits = embed(phi, x) @ (2 * c).T - (c**2).sum(1)
    close(learner.predict(phi, c, x).softmax(-1), logits.softmax(-1))
    close(learner.predict(phi, c, x)[0, 0], -((embed(phi, x)[0] - c[0]) ** 2).sum())


def test_the_meta_loss_is_the_mean_over_tasks_of_the_loss_on_query_sets():
    phi, tasks = random_start(), [random_task(seed) for seed in range(3)]
    expected = sum(query_loss(mse)(MODELLED, phi, task) for task in tasks) / 3
    close(meta_loss(MODELLED, query_loss(mse))(phi, tree.stack(tasks)), expected)
    theta = MODELLED.adapt(phi, tasks[0].support)
    close(query_loss(mse)(MODELLED, phi, tasks[0]), ((MODEL(theta, tasks[0].query.x) - tasks[0].query.y) ** 2).mean())


def test_the_inner_loop_takes_any_loss():
    model, x, y = mlp((DIM, 2)), random_task().support.x, torch.tensor([0, 1, 0, 1, 1, 0, 0])
    phi = tree.to(model.init(0), dtype=torch.float64)
    theta = MAML(model, cross_entropy, lr=LR, steps=1).adapt(phi, Examples(x, y))
    residual = (model(phi, x).softmax(-1) - torch.nn.functional.one_hot(y, 2)) / len(y)
    close(theta["head.bias"], phi["head.bias"] - LR * residual.sum(0))
