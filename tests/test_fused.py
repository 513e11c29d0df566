import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.func import grad, vmap

from metakit import tree
from metakit.algorithms import MAML, MetaSGD
from metakit.fused import conv4 as compiled
from metakit.fused.build import CannotBuild, library
from metakit.fused.empirical import Fused
from metakit.gradients import autodiff, first_order
from metakit.learner import OneQueryAtATime, meta_loss, query_loss, trajectory_loss
from metakit.losses import cross_entropy, empirical_loss
from metakit.networks import conv4
from metakit.problem import Examples, Task

missing = compiled.why_not(torch.ones(1, dtype=torch.float64))
needs_compiler = pytest.mark.skipif(missing is not None, reason=f"no compiled kernel here: {missing}")
close = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-12)


def numbers(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def labels(*shape, n_way=3):
    return torch.randint(n_way, shape, generator=torch.Generator().manual_seed(7))


def pair(**options):
    """Return the fused and the plain network, and a theta in which no weight is special."""
    out = options.pop("out", 3)
    fused, plain = conv4(out, **options), conv4(out, fused=False, **options)
    theta = {name: w.double() + 0.1 * numbers(*w.shape, seed=len(name)) for name, w in plain.init(0).items()}
    return fused, plain, theta


def tasks(n_tasks=3, n=4, side=28, n_query=5):
    def examples(n, seed):
        return Examples(numbers(n_tasks, n, 1, side, side, seed=seed), labels(n_tasks, n))

    return Task(examples(n, 1), examples(n_query, 2))


def both(fused, plain, function):
    close(function(fused), function(plain))


SIZES = [(5, 28, 28, 64), (1, 28, 28, 16), (13, 9, 14, 5), (7, 3, 2, 70)]
"""(n, height, width, channels): whole and broken vectors, more images than a tile has rows, odd sides, one pixel."""


@needs_compiler
@pytest.mark.parametrize(("n", "height", "width", "channels"), SIZES)
def test_the_network_and_its_first_two_derivatives_are_autograds(n, height, width, channels):
    fused, plain, theta = pair(channels=channels)
    x, y = numbers(n, 1, height, width), labels(n)
    both(fused, plain, lambda model: model(theta, x))
    slope = lambda model, theta, x: grad(lambda *both: cross_entropy(model(*both), y), argnums=(0, 1))(theta, x)  # noqa: E731
    both(fused, plain, lambda model: slope(model, theta, x))
    along = tree.tree_map(lambda leaf: numbers(*leaf.shape, seed=3), (theta, x))
    both(fused, plain, lambda model: grad(lambda both: tree.dot(slope(model, *both), along))((theta, x)))


@needs_compiler
def test_weights_that_batch_norm_takes_away_again_have_a_gradient_of_zero_in_autograd_too():
    fused, _, theta = pair(channels=6)
    leaves = {name: w.requires_grad_() for name, w in theta.items()}
    grads = torch.autograd.grad(cross_entropy(fused(leaves, one().x), one().y), list(leaves.values()))
    assert grads[1].shape == (6,)
    assert not grads[1].any()


@needs_compiler
def test_images_may_have_several_channels():
    class Network(nn.Module):
        """Two blocks, the first from 3 channels, by hand."""

        def __init__(self):
            super().__init__()
            shapes = [(5, 3, 3, 3), (5,), (5,), (5, 5, 3, 3), (5,), (5,)]
            self.weights = nn.ParameterList([numbers(*shape, seed=i) for i, shape in enumerate(shapes)])

        def forward(self, x):
            for conv, weight, bias in zip(*[iter(self.weights)] * 3, strict=True):
                z = nn.functional.conv2d(x, conv, stride=2, padding=1)
                x = nn.functional.batch_norm(z, None, None, weight, bias, training=True).relu()
            return x.mean((2, 3))

    module, x = Network(), numbers(4, 3, 8, 8)
    theta = {str(i): w.detach() for i, w in enumerate(module.weights)}
    fused = Fused(compiled.Conv4(2, 1e-5), tuple(theta))
    close(fused.predict(theta, x), module(x).detach())
    expected = torch.autograd.grad(module(x).pow(2).sum(), list(module.weights))
    close(grad(lambda theta: fused.predict(theta, x).pow(2).sum())(theta), dict(zip(theta, expected, strict=True)))
    x.requires_grad_()
    expected = torch.autograd.grad(module(x).pow(2).sum(), x)[0]
    close(torch.autograd.grad(fused.predict(theta, x).pow(2).sum(), x)[0], expected)


@needs_compiler
@pytest.mark.parametrize("gradient", [autodiff, first_order])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_the_meta_gradient_is_autograds(steps, gradient):
    fused, plain, theta = pair(channels=6)

    def value_and_grad(model):
        learner = MAML(model, cross_entropy, 0.3, steps, gradient)
        return autodiff(meta_loss(learner, query_loss(cross_entropy)))(theta, tasks())

    both(fused, plain, value_and_grad)


@needs_compiler
def test_rates_that_are_learned_and_losses_along_the_way_have_their_derivatives():
    fused, plain, theta = pair(channels=6)
    phi = {"start": theta, "lr": tree.tree_map(lambda w: 0.3 + 0.1 * numbers(*w.shape, seed=9), theta)}

    def value_and_grad(model):
        learner = MetaSGD(model, cross_entropy, steps=2)
        assert learner.init(0).keys() == phi.keys()
        return autodiff(meta_loss(learner, query_loss(cross_entropy)))(phi, tasks())

    both(fused, plain, value_and_grad)

    def along_the_way(model):
        learner = MAML(model, cross_entropy, 0.3, 2)
        return autodiff(meta_loss(learner, trajectory_loss(cross_entropy, [0.3, 0.7])))(theta, tasks())

    both(fused, plain, along_the_way)


@needs_compiler
def test_the_value_of_a_step_is_differentiable_too():
    fused, plain, theta = pair(channels=6)

    def slope(model):
        def steepness(theta, examples):
            value, grads = autodiff(empirical_loss(model, cross_entropy))(theta, examples)
            return value**2 + tree.dot(grads, grads)

        return vmap(grad(steepness), in_dims=(None, 0))(theta, tasks().support)

    both(fused, plain, slope)
    both(fused, plain, lambda model: grad(lambda t: autodiff(empirical_loss(model, cross_entropy))(t, one())[0])(theta))


def one():
    return tree.tree_map(lambda leaf: leaf[0], tasks().support)


@needs_compiler
@pytest.mark.parametrize("of_labels", [labels, lambda *shape: numbers(*shape, 3).softmax(-1)], ids=["hard", "soft"])
@pytest.mark.parametrize(
    "loss", [cross_entropy, lambda prediction, y: cross_entropy(prediction, y)], ids=["ours", "any"]
)
def test_labels_may_be_soft_and_the_loss_anybodys(of_labels, loss):
    fused, plain, theta = pair(channels=6)
    examples = Examples(numbers(4, 1, 28, 28), of_labels(4))
    both(fused, plain, lambda model: grad(lambda theta: slope_of(model, loss, theta, examples))(theta))


@needs_compiler
def test_gradients_of_several_sets_of_examples_for_each_of_several_thetas():
    fused, plain, theta = pair(channels=6)
    several = tree.tree_map(lambda w: torch.stack([w, 2 * w]), theta)
    sets = Examples(numbers(2, 3, 4, 1, 9, 9), labels(2, 3, 4))

    def slopes(model):
        slope = lambda theta, examples: slope_of(model, cross_entropy, theta, examples)  # noqa: E731
        return vmap(vmap(grad(slope), in_dims=(None, 0)))(several, sets)

    both(fused, plain, slopes)


@needs_compiler
def test_images_in_the_inner_loop_can_be_learned():
    fused, plain, theta = pair(channels=6)

    def slope(model):
        def loss(x):
            _, grads = autodiff(empirical_loss(model, cross_entropy))(theta, Examples(x, one().y))
            return tree.dot(grads, grads)

        return grad(loss)(one().x)

    both(fused, plain, slope)


@needs_compiler
def test_an_embedding_has_no_head_and_any_loss_will_do():
    fused, plain, theta = pair(out=None, channels=6)
    examples = Examples(numbers(4, 1, 28, 28), numbers(4, 6))
    straight = lambda prediction, y: (prediction * y).sum()  # noqa: E731

    def slope(model):
        _, grads = autodiff(empirical_loss(model, straight))(theta, examples)
        return tree.dot(grads, grads)

    both(fused, plain, slope)
    both(fused, plain, lambda model: grad(lambda theta: slope_of(model, straight, theta, examples))(theta))


def slope_of(model, loss, theta, examples):
    _, grads = autodiff(empirical_loss(model, loss))(theta, examples)
    return tree.dot(grads, grads)


@needs_compiler
@pytest.mark.parametrize("in_dims", [(0, 0), (None, 0), (0, None)])
def test_weights_and_images_may_be_shared_between_the_rows_of_a_vmap_inside_a_vmap(in_dims):
    fused, plain, theta = pair(channels=6)
    several = tree.tree_map(lambda w: torch.stack([w, 2 * w, 3 * w]), theta)
    x = numbers(3, 2, 4, 1, 9, 9)
    given = several if in_dims[0] == 0 else theta, x if in_dims[1] == 0 else x[0]

    def slopes(model):
        slope = grad(lambda theta, x: model(theta, x).pow(2).sum())
        return vmap(vmap(slope, in_dims=(None, 0)), in_dims=in_dims)(*given)

    both(fused, plain, slopes)
    own_inside = lambda model: vmap(lambda x: vmap(model, in_dims=(0, None))(several, x))(x[0])  # noqa: E731
    both(fused, plain, own_inside)
    total = lambda model: grad(lambda given: sum_of_squares(vmap(vmap(model, (None, 0)), in_dims)(*given)))  # noqa: E731
    both(fused, plain, lambda model: total(model)(given))


def sum_of_squares(x):
    return x.pow(2).sum()


@needs_compiler
def test_some_weights_may_be_a_tasks_own_and_others_shared():
    fused, plain, theta = pair(channels=6)
    own = {name: torch.stack([w, -w]) for name, w in theta.items() if name.startswith("block3")}
    shared = {name: w for name, w in theta.items() if name not in own}
    x = numbers(2, 4, 1, 9, 9)

    def slopes(model):
        def loss(shared, own):
            return vmap(lambda own, x: sum_of_squares(model(shared | own, x)))(own, x).sum()

        return grad(loss, argnums=(0, 1))(shared, own)

    both(fused, plain, slopes)


@needs_compiler
def test_one_query_at_a_time_sees_what_the_plain_network_sees():
    fused, plain, theta = pair(channels=6)

    def predictions(model):
        learner = OneQueryAtATime(MAML(model, cross_entropy, 0.3, 1))
        return vmap(lambda task: learner.predict(theta, learner.adapt(theta, task.support), task.query.x))(tasks())

    both(fused, plain, predictions)


@needs_compiler
@pytest.mark.parametrize("channels", [64, 5])
@pytest.mark.parametrize("own", [True, False], ids=["own weights", "shared weights"])
def test_a_kernel_takes_packed_weights_to_the_same_results(channels, own):
    body, kernel = conv4(None, channels=channels), compiled.Conv4(4, 1e-5)
    weights = [w.double() for name, w in body.init(0).items() if not name.endswith("conv.bias")]
    weights = [torch.stack([w, -w]) for w in weights] if own else weights
    moves = [0.1 * numbers(2, *w.shape[-ndim:], seed=5) for w, ndim in zip(weights, kernel.shared_ndims(), strict=True)]
    torch.use_deterministic_algorithms(True)  # fills fresh memory with NaN
    try:
        packed, inside = kernel.pack(weights)
    finally:
        torch.use_deterministic_algorithms(False)
    assert not inside[0][..., channels:].any()
    x, g, dg = numbers(2, 4, 1, 9, 14), numbers(2, 4, channels, seed=1), numbers(2, 4, channels, seed=2)

    def results(kernel, weights, moves, unpack):
        y, saved = kernel.forward(x, weights, save=True)
        gx, grads = kernel.gradient(g, x, saved, weights, wants_x=True)
        dy, moved = kernel.forward_tangent(x, moves, x, saved, weights)
        dx, dgrads = kernel.backward_tangent(g, dg, x, moves, moved, x, saved, weights, wants_x=True)
        return y, gx, unpack(grads), dy, dx, unpack(dgrads)

    close(packed.unpack(inside), weights)
    close(results(packed, inside, kernel.pack(moves)[1], packed.unpack), results(kernel, weights, moves, list))
    with pytest.raises(ValueError, match=rf"block2.conv.weight must be \(3, 3, {channels}, .*is \({channels}, "):
        packed.forward(x, [*inside[:3], *weights[3:]], save=False)


@needs_compiler
def test_single_precision_is_as_near_as_it_can_be():
    fused, plain, theta = pair()
    theta, some = tree.to(theta, dtype=torch.float32), tree.to(tasks(), dtype=torch.float32)
    loss = lambda model: meta_loss(MAML(model, cross_entropy, 0.3, 2), query_loss(cross_entropy))  # noqa: E731
    (value, grads), (expected, slopes) = (autodiff(loss(model))(theta, some) for model in (fused, plain))
    torch.testing.assert_close(value, expected)
    error = tree.axpy(-1, slopes, grads)
    assert tree.dot(error, error) < 1e-6 * tree.dot(slopes, slopes)


@needs_compiler
def test_threads_change_nothing():
    fused, _, theta = pair(channels=20)
    value_and_grad = autodiff(meta_loss(MAML(fused, cross_entropy, 0.3, 2), query_loss(cross_entropy)))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = value_and_grad(theta, tasks())
        torch.set_num_threads(3)
        torch.testing.assert_close(value_and_grad(theta, tasks()), alone, rtol=0, atol=0)
    finally:
        torch.set_num_threads(threads)


@needs_compiler
def test_what_is_not_a_number_stays_so():
    fused, _, theta = pair(channels=6)
    x = numbers(4, 1, 28, 28)
    x[0, 0, 3, 3] = torch.nan
    assert fused(theta, x).isnan().all()


@needs_compiler
def test_a_third_derivative_is_refused_with_a_way_out():
    fused, plain, theta = pair(channels=6)
    third = lambda model: grad(lambda t: tree.dot(s := grad(lambda t: slope_of(model, cross_entropy, t, one()))(t), s))  # noqa: E731
    third(plain)(theta)
    with pytest.raises(NotImplementedError, match="fused=False"):
        third(fused)(theta)
    first = lambda model: grad(lambda t: sum_of_squares(model(t, one().x)))  # noqa: E731
    square = lambda function: grad(lambda t: tree.dot(function(t), function(t)))  # noqa: E731
    with pytest.raises(NotImplementedError, match="fused=False"):
        square(square(first(fused)))(theta)


@needs_compiler
def test_a_derivative_for_targets_is_refused_with_a_way_out():
    fused, _, theta = pair(channels=6)
    soft = lambda prediction, y: (prediction - y).pow(2).mean()  # noqa: E731
    with pytest.raises(NotImplementedError, match="fused=False"):
        grad(lambda y: slope_of(fused, soft, theta, Examples(one().x, y)))(numbers(4, 3))


@needs_compiler
def test_what_does_not_fit_is_refused_before_memory_is_touched():
    fused, _, theta = pair(channels=6)
    x = numbers(4, 1, 28, 28)
    with pytest.raises(ValueError, match=r"images \(n, 1, height, width\), but got \(4, 28, 28\)"):
        fused(theta, x[:, 0])
    with pytest.raises(ValueError, match=r"images \(n, 1, .*\(4, 2, 28, 28\)"):
        fused(theta, x.expand(4, 2, 28, 28))
    with pytest.raises(ValueError, match=r"block3.norm.bias must be \(6,\).*is \(5,\)"):
        fused({**theta, "block3.norm.bias": numbers(5)}, x)
    with pytest.raises(ValueError, match=r"block2.conv.weight must be \(6, 6, 3, 3\).*is \(6, 6, 3, 2\)"):
        fused({**theta, "block2.conv.weight": numbers(6, 6, 3, 2)}, x)
    with pytest.raises(ValueError, match=r"block1.conv.weight must be .* torch.float32"):
        fused(theta, x.float())
    with pytest.raises(RuntimeError, match=r"missing: \['head.bias'\], unexpected: \['other'\]"):
        fused({"other" if name == "head.bias" else name: w for name, w in theta.items()}, x)
    with pytest.raises(RuntimeError, match="missing"):
        autodiff(empirical_loss(fused, cross_entropy))({}, Examples(x, labels(4)))


def test_other_networks_and_numbers_are_left_to_pytorch():
    x = torch.ones(2, 1, 28, 28)
    assert conv4(3, downsample="max").fused(x) is None
    assert conv4(3, statistics="example").fused(x) is None
    assert conv4(3, fused=False).fused(x) is None
    assert conv4(3).fused(x.bfloat16()) is None
    assert "bfloat16" in compiled.why_not(x.bfloat16())
    with torch.autocast("cpu", torch.bfloat16):
        assert "autocast" in compiled.why_not(x)


SOURCE = 'extern "C" int answer() { return ANSWER; }'


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setenv("METAKIT_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "answer.cpp"
    path.write_text(SOURCE)
    return path


def in_another_process(source, option):
    command = f"from metakit.fused.build import library; import pathlib; path = pathlib.Path({str(source)!r}); "
    command += f"print(library(path, {option!r}).answer())"
    return subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False, env=os.environ)


@needs_compiler
def test_a_source_is_compiled_once_for_each_option(source):
    assert library(source, "-DANSWER=1").answer() == 1
    assert library(source, "-DANSWER=2").answer() == 2
    built = sorted((source.parent / "cache").iterdir())
    assert len(built) == 2
    before = [path.stat().st_mtime_ns for path in built]
    assert in_another_process(source, "-DANSWER=2").stdout.strip() == "2"
    assert [path.stat().st_mtime_ns for path in sorted((source.parent / "cache").iterdir())] == before


@needs_compiler
def test_what_cannot_be_compiled_says_why_and_leaves_nothing(source):
    with pytest.raises(CannotBuild, match=r"failed to compile answer.cpp: .*ANSWER"):
        library(source)
    assert list((source.parent / "cache").iterdir()) == []


def test_no_compiler_is_said_in_a_sentence(source, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(CannotBuild, match=r"no C\+\+ compiler found \(looked for no-such-compiler\); install"):
        library(source, "-DANSWER=3")


@needs_compiler
def test_a_cache_that_cannot_be_written_is_said(source, monkeypatch):
    file = source.parent / "file"
    file.touch()
    monkeypatch.setenv("METAKIT_CACHE", str(file))
    with pytest.raises(CannotBuild, match=r"cannot compile answer.cpp into .*file"):
        library(source, "-DANSWER=4")


@needs_compiler
def test_a_damaged_library_is_said(source, monkeypatch):
    library(source, "-DANSWER=5")
    for built in (source.parent / "cache").iterdir():
        built.write_bytes(b"no library")
    broken = in_another_process(source, "-DANSWER=5")
    assert "CannotBuild" in broken.stderr
    assert "delete it" in broken.stderr


@pytest.mark.parametrize(
    ("setting", "reason", "said"),
    [
        ({"METAKIT_FUSED": "0"}, "METAKIT_FUSED=0 turns compiled kernels off", ""),
        ({"CXX": "no-such"}, "no C++ compiler found", "PyTorch stands in for conv4.cpp, several times slower"),
    ],
)
def test_where_it_is_turned_off_or_cannot_be_compiled_the_network_is_pytorchs(tmp_path, setting, reason, said):
    command = (
        "import torch; from metakit.networks import conv4; x = torch.ones(2, 1, 28, 28); model = conv4(3); "
        "print(model.fused(x), model(model.init(0), x).shape); "
        "from metakit.fused.conv4 import why_not; print(why_not(x))"
    )
    env = {**os.environ, **setting, "METAKIT_CACHE": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, env=env)
    assert "None torch.Size([2, 3])" in ran.stdout
    assert reason in ran.stdout
    assert ran.stderr.count("\n") == bool(said)
    assert said in ran.stderr
    assert list(Path(tmp_path).iterdir()) == []
