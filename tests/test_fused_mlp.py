import os
import subprocess
import sys
from functools import partial

import pytest
import torch
from torch import nn
from torch.func import grad, hessian, jacrev, jvp, vmap

from metakit import tree
from metakit.algorithms import MAML, MetaSGD
from metakit.fused import mlp as compiled
from metakit.gradients import autodiff, evolution, first_order
from metakit.learner import meta_loss, query_loss, trajectory_loss
from metakit.losses import cross_entropy, empirical_loss, mse
from metakit.minimize import descend, minimize
from metakit.networks import conv4, mlp
from metakit.optimizers import SGD, Momentum
from metakit.problem import Examples, Task

missing = compiled.why_not((1, 4, 1), torch.ones(1, 1, dtype=torch.float64))
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")  # used inside torch.func.jvp
needs_compiler = pytest.mark.skipif(missing is not None, reason=f"no compiled kernel here: {missing}")
close = partial(torch.testing.assert_close, rtol=1e-12, atol=1e-12)


def numbers(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pair(*sizes):
    """Return the fused and the plain network, and a theta in which no weight is special."""
    fused, plain = mlp(sizes), mlp(sizes, fused=False)
    return fused, plain, {name: 0.5 * numbers(*w.shape, seed=i) for i, (name, w) in enumerate(plain.init(0).items())}


def curves(n_tasks=3, n=5, n_query=4, sizes=(1, 1)):
    def examples(n, seed):
        return Examples(numbers(n_tasks, n, sizes[0], seed=seed), numbers(n_tasks, n, sizes[-1], seed=seed + 1))

    return Task(examples(n, 11), examples(n_query, 13))


def one(n=5, sizes=(1, 1)):
    return tree.tree_map(lambda leaf: leaf[0], curves(n=n, sizes=sizes).support)


def both(fused, plain, function):
    close(function(fused), function(plain))


def total(prediction, y):
    return (prediction * y).sum() + prediction.pow(3).sum()


SHAPES = [
    (10, 1, 40, 40, 1),
    (1, 2, 3, 4),
    (17, 3, 16, 1),
    (33, 5, 8, 9, 31, 15, 2),
    (128, 1, 7, 128, 1),
    (16, 15, 1, 17),
]
"""(n, *sizes): whole and broken vectors and tiles, one example, one feature, several depths, the largest."""


@needs_compiler
@pytest.mark.parametrize(("n", "sizes"), [(n, tuple(sizes)) for n, *sizes in SHAPES])
@pytest.mark.parametrize("loss", [mse, total])
def test_a_step_its_value_and_their_derivatives_are_autograds(n, sizes, loss):
    fused, plain, theta = pair(*sizes)
    x, y = one(n, sizes)
    both(fused, plain, lambda model: autodiff(empirical_loss(model, loss))(theta, Examples(x, y)))
    along = tree.tree_map(lambda leaf: numbers(*leaf.shape, seed=3), theta)

    def moved(model):
        def slope(theta, x):
            value, grads = autodiff(empirical_loss(model, loss))(theta, Examples(x, y))
            return value**2 + tree.dot(grads, along)

        return grad(slope, argnums=(0, 1))(theta, x)

    both(fused, plain, moved)


@needs_compiler
@pytest.mark.parametrize(("n", "sizes"), [(n, tuple(sizes)) for n, *sizes in SHAPES])
def test_the_kernel_moves_as_autograd_says_when_inputs_move_too(n, sizes):
    _, plain, theta = pair(*sizes)
    kernel, x, g = compiled.Mlp(sizes), numbers(2, n, sizes[0]), numbers(2, n, sizes[-1], seed=4)
    weights = [torch.stack([w, -w]) for w in theta.values()]

    def gradient(g, x, *weights):
        straight = lambda x, *weights: (plain(dict(zip(theta, weights, strict=True)), x) * g).sum()  # noqa: E731
        return grad(straight, argnums=tuple(range(len(weights) + 1)))(x, *weights)

    given = (g, x, *weights)
    moves = [numbers(*one.shape, seed=20 + i) for i, one in enumerate(given)]
    y, saved = kernel.forward(x, weights, True)
    close(y, vmap(lambda x, *w: plain(dict(zip(theta, w, strict=True)), x))(x, *weights))
    found, grads = kernel.gradient(g, x, saved, weights, True)
    expected, expected_moves = [], []
    for t in range(2):
        of_task = [one[t] for one in given]
        values, moved = jvp(gradient, tuple(of_task), tuple(move[t] for move in moves))
        expected.append(values)
        expected_moves.append(moved)
    close((found, *grads), tree.stack(expected))
    _, moved = kernel.forward_tangent(moves[1], moves[2:], x, saved, weights)
    dx, dgrads = kernel.backward_tangent(g, moves[0], moves[1], moves[2:], moved, x, saved, weights, True)
    close((dx, *dgrads), tree.stack(expected_moves))


@needs_compiler
@pytest.mark.parametrize("gradient", [autodiff, first_order])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_the_meta_gradient_is_autograds(steps, gradient):
    fused, plain, theta = pair(1, 40, 40, 1)
    assert fused.fused(curves().support.x[0])

    def value_and_grad(model):
        return autodiff(meta_loss(MAML(model, mse, 0.1, steps, gradient), query_loss(mse)))(theta, curves())

    both(fused, plain, value_and_grad)


@needs_compiler
def test_rates_that_are_learned_and_losses_along_the_way_have_their_derivatives():
    fused, plain, theta = pair(1, 8, 1)
    phi = {"start": theta, "lr": tree.tree_map(lambda w: 0.1 + 0.05 * numbers(*w.shape, seed=9), theta)}
    both(fused, plain, lambda m: autodiff(meta_loss(MetaSGD(m, mse, steps=2), query_loss(mse)))(phi, curves()))
    along_the_way = trajectory_loss(mse, [0.3, 0.7])
    both(fused, plain, lambda m: autodiff(meta_loss(MAML(m, mse, 0.1, 2), along_the_way))(theta, curves()))


@needs_compiler
@pytest.mark.parametrize("gradient", [autodiff, first_order])
@pytest.mark.parametrize("model", [mlp((1, 8, 1)), conv4(3, channels=6)], ids=["mlp", "conv4"])
def test_all_steps_at_once_lead_where_one_after_the_other_leads(model, gradient):
    theta = tree.to(model.init(0), dtype=torch.float64)
    if "block1.conv.weight" in theta:
        examples, loss = Examples(numbers(4, 1, 9, 9), torch.tensor([0, 1, 2, 0])), cross_entropy
    else:
        examples, loss = one(), mse
    objective = empirical_loss(model, loss)

    def end(theta, as_batches):
        return tree.dot(*[minimize(objective, theta, SGD(0.1), as_batches([examples] * 3), gradient)] * 2)

    close(*(grad(partial(end, as_batches=as_batches))(theta) for as_batches in (list, iter)))


@needs_compiler
def test_minimize_goes_step_by_step_where_steps_differ():
    fused, plain, theta = pair(1, 8, 1)
    other = Examples(one().x + 1, one().y)
    for optimizer, batches, gradient in [
        (SGD(0.1), [one(), other], autodiff),
        (Momentum(0.1), [one()] * 3, autodiff),
        (SGD(torch.tensor(0.1)), [one()] * 3, autodiff),
        (SGD(0.1), [one()] * 3, evolution(pairs=2)),
    ]:
        end = partial(minimize, optimizer=optimizer, batches=batches, gradient=gradient)
        stepped = [*descend(empirical_loss(plain, mse), theta, optimizer, batches, gradient)][-1].params
        close(end(empirical_loss(fused, mse), theta), stepped)


@needs_compiler
@pytest.mark.parametrize("in_dims", [(0, 0), (None, 0), (0, None)])
def test_thetas_and_examples_may_be_shared_between_the_rows_of_a_vmap_inside_a_vmap(in_dims):
    fused, plain, theta = pair(2, 8, 3)
    several = tree.tree_map(lambda w: torch.stack([w, 2 * w, -w]), theta)
    sets = Examples(numbers(3, 2, 4, 2), numbers(3, 2, 4, 3, seed=1))
    given = several if in_dims[0] == 0 else theta, tree.tree_map(lambda s: s if in_dims[1] == 0 else s[0], sets)

    def slopes(model, inner):
        end = lambda theta, examples: minimize(empirical_loss(model, mse), theta, SGD(0.1), [examples] * 2)  # noqa: E731
        length = grad(lambda theta, examples: tree.dot(*[end(theta, examples)] * 2))
        return vmap(vmap(length, in_dims=inner), in_dims=in_dims)(*given)

    both(fused, plain, lambda model: slopes(model, (None, 0)))

    def total(model):
        end = lambda theta, examples: minimize(empirical_loss(model, mse), theta, SGD(0.1), [examples] * 2)  # noqa: E731
        ends = lambda theta: vmap(vmap(end, in_dims=(None, 0)), in_dims=in_dims)(theta, given[1])  # noqa: E731
        return grad(lambda theta: tree.dot(*[ends(theta)] * 2))(given[0])

    both(fused, plain, total)


@needs_compiler
def test_a_jacobian_takes_each_task_back_several_times():
    fused, plain, theta = pair(1, 3, 1)

    def jacobians(model):
        end = lambda theta, s: minimize(empirical_loss(model, mse), theta, SGD(0.1), [s] * 2)["head.weight"]  # noqa: E731
        return vmap(jacrev(end), in_dims=(None, 0))(theta, curves().support)

    both(fused, plain, jacobians)


@needs_compiler
def test_inputs_of_the_inner_loop_can_be_learned():
    fused, plain, theta = pair(1, 8, 1)

    def slope(model):
        end = lambda x: minimize(empirical_loss(model, mse), theta, SGD(0.1), [Examples(x, one().y)] * 3)  # noqa: E731
        return grad(lambda x: tree.dot(end(x), theta))(one().x)

    both(fused, plain, slope)
    assert slope(fused).any()


@needs_compiler
def test_classifiers_adapt_alike():
    fused, plain, theta = pair(2, 8, 3)
    examples = lambda n: Examples(numbers(3, n, 2, seed=n), torch.arange(3 * n).reshape(3, n) % 3)  # noqa: E731
    tasks, judged = Task(examples(4), examples(5)), query_loss(cross_entropy)
    both(fused, plain, lambda m: autodiff(meta_loss(MAML(m, cross_entropy, 0.3, 3), judged))(theta, tasks))


@needs_compiler
def test_weights_and_inputs_may_lie_in_memory_as_they_like():
    fused, plain, theta = pair(2, 8, 8, 2)
    turned = {name: w.t().contiguous().t() if w.ndim == 2 else w[::1] for name, w in theta.items()}
    assert not turned["layer2.weight"].is_contiguous()
    examples = Examples(numbers(2, 6).t(), numbers(2, 6, seed=1).t())

    def slope(model):
        end = lambda theta: minimize(empirical_loss(model, mse), theta, SGD(0.1), [examples] * 2)  # noqa: E731
        return grad(lambda theta: sum((w.t() * w.t()).sum() for w in end(theta).values()))(turned)

    both(fused, plain, slope)


@needs_compiler
def test_nothing_that_was_given_is_changed():
    fused, _, theta = pair(1, 8, 1)
    before = tree.tree_map(torch.clone, (theta, curves()))
    tasks = curves()
    autodiff(meta_loss(MAML(fused, mse, 0.1, 2), query_loss(mse)))(theta, tasks)
    torch.testing.assert_close((theta, tasks), before, rtol=0, atol=0)
    minimize(empirical_loss(fused, total), theta, SGD(0.1), [one()] * 2)
    torch.testing.assert_close(theta, before[0], rtol=0, atol=0)


@needs_compiler
def test_what_is_not_a_number_stays_so_where_pytorch_says():
    fused, plain, theta = pair(1, 4, 4, 1)
    examples = one()
    examples.x[2] = torch.nan
    end = lambda model: minimize(empirical_loss(model, mse), theta, SGD(0.1), [examples])  # noqa: E731
    assert end(fused)["head.bias"].isnan().all()
    torch.testing.assert_close(end(fused), end(plain), equal_nan=True)
    theta["layer1.bias"][1] = torch.nan
    torch.testing.assert_close(end(fused), end(plain), equal_nan=True)


@needs_compiler
def test_single_precision_is_as_near_as_it_can_be():
    fused, plain, theta = pair(1, 40, 40, 1)
    theta, some = tree.to(theta, dtype=torch.float32), tree.to(curves(), dtype=torch.float32)
    losses = [meta_loss(MAML(model, mse, 0.01, 3), query_loss(mse)) for model in (fused, plain)]
    torch.testing.assert_close(*(autodiff(loss)(theta, some) for loss in losses), rtol=1e-4, atol=1e-5)


@needs_compiler
def test_targets_of_another_precision_are_taken_as_pytorch_takes_them():
    fused, plain, theta = pair(1, 8, 1)
    theta, examples = tree.to(theta, dtype=torch.float32), Examples(one().x.float(), one().y)
    ends = [minimize(empirical_loss(model, mse), theta, SGD(0.1), [examples] * 2) for model in (fused, plain)]
    torch.testing.assert_close(*ends)


@needs_compiler
def test_threads_change_nothing():
    fused, _, theta = pair(1, 64, 64, 1)
    tasks = curves(n_tasks=40, n=128)  # more than two threads' worth
    value_and_grad = autodiff(meta_loss(MAML(fused, mse, 0.1, 2), query_loss(mse)))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = value_and_grad(theta, tasks)
        torch.set_num_threads(3)
        torch.testing.assert_close(value_and_grad(theta, tasks), alone, rtol=1e-12, atol=1e-12)
    finally:
        torch.set_num_threads(threads)


@needs_compiler
def test_a_third_derivative_is_refused_with_a_way_out():
    fused, plain, theta = pair(1, 4, 1)
    end = lambda model, theta: minimize(empirical_loss(model, mse), theta, SGD(0.1), [one()] * 2)  # noqa: E731
    second = lambda model: grad(lambda theta: tree.dot(*[end(model, theta)] * 2))  # noqa: E731
    third = lambda model: grad(lambda theta: tree.dot(*[second(model)(theta)] * 2))  # noqa: E731
    third(plain)(theta)
    with pytest.raises(NotImplementedError, match="fused=False"):
        third(fused)(theta)


@needs_compiler
def test_a_derivative_for_targets_is_refused_with_a_way_out():
    fused, _, theta = pair(1, 4, 1)
    end = lambda y: minimize(empirical_loss(fused, mse), theta, SGD(0.1), [Examples(one().x, y)])  # noqa: E731
    with pytest.raises(NotImplementedError, match="fused=False"):
        grad(lambda y: tree.dot(end(y), theta))(one().y)


def test_any_derivative_of_a_prediction_can_be_had():
    fused, plain, theta = pair(1, 4, 1)
    x, y = one()
    both(fused, plain, lambda model: hessian(lambda theta: mse(model(theta, x), y))(theta))
    both(fused, plain, lambda model: jvp(lambda x: model(theta, x), (x,), (y,)))
    both(fused, plain, lambda model: model(theta, x[0]))


@needs_compiler
def test_what_does_not_fit_is_refused_before_memory_is_touched():
    fused, _, theta = pair(1, 4, 1)
    step = autodiff(empirical_loss(fused, mse))
    end = lambda theta, examples: minimize(empirical_loss(fused, mse), theta, SGD(0.1), [examples])  # noqa: E731
    for way in (step, end):
        with pytest.raises(ValueError, match=r"weight of layer 2 must be \(1, 4\).*is \(1, 3\)"):
            way({**theta, "head.weight": numbers(1, 3)}, one())
        with pytest.raises(ValueError, match=r"bias of layer 1 must be \(4,\) torch.float64.* torch.float32"):
            way({**theta, "layer1.bias": torch.zeros(4)}, one())
        with pytest.raises(RuntimeError, match=r"missing: \['head.bias'\], unexpected: \['other'\]"):
            way({"other" if name == "head.bias" else name: w for name, w in theta.items()}, one())
        with pytest.raises(ValueError, match=r"mse compares tensors of one shape.*\(5, 1\) and y \(5,\)"):
            way(theta, Examples(one().x, one().y[:, 0]))


def test_other_networks_and_numbers_are_left_to_pytorch():
    x = torch.ones(5, 1)
    left = [
        mlp((1, 8, 1), nn.Tanh),
        mlp((1, 8, 1), fused=False),
        mlp((1, 1)),
        mlp((1, 129, 1)),
        mlp((2, 8, 1)),
    ]
    assert [model.fused(x) for model in left] == [None] * 5
    model = mlp((1, 8, 1))
    for other in (x.bfloat16(), x[0], x[None], torch.ones(129, 1), torch.ones(0, 1)):
        assert model.fused(other) is None
    assert "bfloat16" in compiled.why_not((1, 8, 1), x.bfloat16())
    with torch.autocast("cpu", torch.bfloat16):
        assert "autocast" in compiled.why_not((1, 8, 1), x)


@pytest.mark.parametrize(
    ("setting", "said"),
    [({"METAKIT_FUSED": "0"}, ""), ({"CXX": "no-such"}, "PyTorch stands in for mlp.cpp")],
)
def test_where_it_is_turned_off_or_cannot_be_compiled_the_inner_loop_is_pytorchs(tmp_path, setting, said):
    command = (
        "import torch; from metakit.networks import mlp; from metakit.algorithms import MAML; "
        "from metakit.losses import mse; from metakit.problem import Examples; x = torch.ones(2, 1); "
        "model = mlp((1, 3, 1)); theta = MAML(model, mse).adapt(model.init(0), Examples(x, x)); "
        "print(model.fused(x), theta['layer1.weight'].shape)"
    )
    env = {**os.environ, **setting, "METAKIT_CACHE": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, env=env)
    assert "None torch.Size([3, 1])" in ran.stdout
    assert ran.stderr.count("\n") == bool(said)
    assert said in ran.stderr
    assert list(tmp_path.iterdir()) == []
