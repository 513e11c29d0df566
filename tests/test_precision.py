import pytest
import torch
from torch import nn

from metakit.algorithms.maml import MAML
from metakit.gradients import autodiff
from metakit.learner import meta_loss, query_loss
from metakit.losses import cross_entropy
from metakit.precision import PRECISIONS, at, check, multiplying
from metakit.problem import Examples, Model, Task
from metakit.tree import tree_leaves


def small():
    convolutions = [nn.Conv2d(1, 8, 3, 2, 1), nn.GroupNorm(2, 8), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU()]
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(8 * 7 * 7, 3))


LEARNER = MAML(Model(small), cross_entropy, lr=0.1, steps=2)
OBJECTIVE = meta_loss(LEARNER, query_loss(cross_entropy))
GENERATOR = torch.Generator().manual_seed(0)


def examples(per_class):
    x = torch.rand(4, 3 * per_class, 1, 28, 28, generator=GENERATOR)
    return Examples(x, torch.arange(3).repeat(per_class).expand(4, -1))


TASKS = Task(examples(2), examples(5))


def flags():
    older = {"highest": "ieee", "high": "tf32"}[torch.get_float32_matmul_precision()]
    matmul = torch.backends.cuda.matmul.fp32_precision
    assert older == ("ieee" if matmul == "none" else matmul)
    return matmul, torch.backends.cudnn.conv.fp32_precision


def gradient_of(precision):
    value, grads = at(precision, autodiff, "cpu")(OBJECTIVE)(LEARNER.init(0), TASKS)
    return value, grads, torch.cat([leaf.flatten() for leaf in tree_leaves(grads)])


def test_float32_changes_no_bit():
    value, grads = autodiff(OBJECTIVE)(LEARNER.init(0), TASKS)
    came, same, _ = gradient_of("float32")
    assert came.equal(value)
    assert all(same[name].equal(grads[name]) for name in grads)


def test_bf16_has_nearly_the_second_order_gradient_of_float32_in_float32():
    value, _, exact = gradient_of("float32")
    rounded_value, grads, rounded = gradient_of("bf16")
    assert {leaf.dtype for leaf in [rounded_value, *tree_leaves(grads)]} == {torch.float32}
    assert 0 < (rounded_value - value).abs() < 0.02
    assert 1e-3 < (rounded - exact).norm() / exact.norm() < 0.2
    assert torch.nn.functional.cosine_similarity(rounded, exact, dim=0) > 0.98


def test_a_loss_that_comes_out_rounded_is_returned_in_float32():
    value, grad = at("bf16", autodiff, "cpu")(lambda phi, x: (x @ phi).sum())(
        torch.ones(2, 1), torch.full((3, 2), 1.001)
    )
    assert value.dtype == grad.dtype == torch.float32
    assert value == 6  # 1.001 has no bfloat16 nearer than 1


def test_float64_stays_float64():
    value, grad = at("float32", autodiff, "cpu")(lambda phi, x: (x @ phi).sum())(*torch.ones(2, 2, 2).double())
    assert value.dtype == grad.dtype == torch.float64


@pytest.mark.parametrize(("precision", "mode"), [("float32", "ieee"), ("tf32", "tf32")])
def test_a_gpu_is_told_how_to_multiply_within_value_and_gradient_and_no_longer(precision, mode):
    before, seen = flags(), []

    def objective(phi, batch):
        seen.append(flags())
        return (phi * batch).sum()

    def gradient(objective):
        def value_and_grad(phi, batch):
            seen.append(flags())
            return autodiff(objective)(phi, batch)

        return value_and_grad

    at(precision, gradient, "cuda:0")(objective)(torch.ones(2), torch.ones(2))
    assert seen == [(mode, mode)] * 2
    assert flags() == before


def test_an_error_leaves_the_mode_as_it_was():
    before = flags()
    seen = []

    def fail():
        with multiplying("tf32", "cuda"):
            seen.append(flags())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert seen == [("tf32", "tf32")]
    assert flags() == before


def test_on_the_cpu_no_mode_is_changed():
    before = flags()
    with multiplying("tf32", "cpu"):
        assert flags() == before


def test_tf32_without_an_nvidia_gpu_and_unknown_precisions_are_refused():
    with pytest.raises(ValueError, match=r"tf32 is a mode of NVIDIA GPUs and the device is cpu; take float32, or bf16"):
        at("tf32", autodiff, "cpu")
    with pytest.raises(ValueError, match="must be one of float32, tf32, bf16, got 'fp16'"):
        check("fp16", "cuda")
    for precision in PRECISIONS:
        check(precision, "cuda:1")
