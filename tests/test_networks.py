import pytest
import torch
from torch import nn

from metakit.networks import Norm, conv4, mlp


def test_mlp_is_affine_maps_with_an_activation_between_them():
    model = mlp((2, 5, 3), nn.Tanh)
    theta, x = model.init(0), torch.randn(4, 2)
    assert {name: tuple(w.shape) for name, w in theta.items()} == {
        "layer1.weight": (5, 2),
        "layer1.bias": (5,),
        "head.weight": (3, 5),
        "head.bias": (3,),
    }
    hidden = torch.tanh(x @ theta["layer1.weight"].T + theta["layer1.bias"])
    torch.testing.assert_close(model(theta, x), hidden @ theta["head.weight"].T + theta["head.bias"])


@pytest.mark.parametrize("sizes", [(3,), (), (2, 0, 1)])
def test_mlp_refuses_sizes_that_make_no_network(sizes):
    with pytest.raises(ValueError, match="input and an output size"):
        mlp(sizes)


@pytest.mark.parametrize(("downsample", "sizes"), [("stride", [14, 7, 4, 2]), ("max", [14, 7, 3, 1])])
def test_conv4_halves_the_image_four_times(downsample, sizes):
    module = conv4(None, 8, downsample)._module.to_empty(device="cpu")
    x, seen = torch.rand(2, 1, 28, 28), []
    for i in range(1, 5):
        x = module.get_submodule(f"block{i}")(x)
        seen.append(x.shape[-1])
    assert seen == sizes


def test_conv4_has_the_sizes_of_the_paper():
    theta = conv4(5).init(0)
    assert sum(w.numel() for w in theta.values()) == 64 * 9 + 3 * 64 * 64 * 9 + 4 * 3 * 64 + 64 * 5 + 5
    assert conv4(5)(theta, torch.rand(3, 1, 28, 28)).shape == (3, 5)
    assert conv4(None, 16)(conv4(None, 16).init(0), torch.rand(3, 1, 28, 28)).shape == (3, 16)


def test_conv4_without_a_head_is_the_mean_over_what_is_left_of_the_image():
    with_head, without = conv4(5, 4), conv4(None, 4)
    theta, x = with_head.init(0), torch.rand(3, 1, 28, 28)
    body = {name: w for name, w in theta.items() if not name.startswith("head")}
    features = without(body, x)
    module = without.build()
    module.load_state_dict(body)
    blocks = torch.nn.Sequential(*(module.get_submodule(f"block{i}") for i in range(1, 5)))
    torch.testing.assert_close(features, blocks(x).mean((2, 3)).detach())
    torch.testing.assert_close(with_head(theta, x), features @ theta["head.weight"].T + theta["head.bias"])


def test_with_batch_statistics_an_image_s_output_depends_on_its_company_and_by_example_it_does_not():
    x, y = torch.rand(1, 1, 28, 28), torch.rand(4, 1, 28, 28)
    for statistics, depends in [("batch", True), ("example", False)]:
        model = conv4(5, 4, statistics=statistics)
        theta = model.init(0)
        a, b = model(theta, torch.cat([x, y]))[0], model(theta, torch.cat([x, 1 - y]))[0]
        assert torch.allclose(a, b, atol=1e-5) != depends


@pytest.mark.parametrize(
    ("axes", "trusted"),
    [((0, 2, 3), nn.BatchNorm2d(4, track_running_stats=False)), ((2, 3), nn.InstanceNorm2d(4, affine=True))],
)
def test_norm_is_torch_s_batch_or_instance_norm(axes, trusted):
    x, ours = torch.randn(5, 4, 6, 6) * 3 + 1, Norm(4, axes)
    weights = {"weight": torch.rand(4), "bias": torch.randn(4)}
    expected = torch.func.functional_call(trusted, weights, x)
    torch.testing.assert_close(torch.func.functional_call(ours, weights, x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("wrong", [{"downsample": "mean"}, {"statistics": "running"}])
def test_conv4_says_what_it_knows(wrong):
    with pytest.raises(ValueError, match="must be one of"):
        conv4(5, **wrong)
