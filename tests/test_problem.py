import pytest
import torch
from torch import nn

from metakit.networks import Norm
from metakit.problem import Model


def test_a_model_is_any_module_with_its_weights_handed_in():
    model = Model(lambda: nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)))
    theta, x = model.init(0), torch.randn(5, 2)
    hidden = torch.relu(x @ theta["0.weight"].T + theta["0.bias"])
    torch.testing.assert_close(model(theta, x), hidden @ theta["2.weight"].T + theta["2.bias"])


def test_theta_has_the_module_s_own_initialization():
    torch.manual_seed(3)
    torch.testing.assert_close(Model(lambda: nn.Linear(2, 3)).init(3)["weight"], nn.Linear(2, 3).weight.detach())


def test_theta_needs_every_name_and_no_other():
    model = Model(lambda: nn.Linear(2, 3))
    theta = model.init(0)
    with pytest.raises(RuntimeError, match="bias"):
        model({"weight": theta["weight"]}, torch.ones(1, 2))
    with pytest.raises(RuntimeError, match="other"):
        model({**theta, "other": theta["bias"]}, torch.ones(1, 2))


def test_a_module_with_running_statistics_is_refused_with_what_to_use_instead():
    with pytest.raises(TypeError, match=r"running_mean.*metakit.networks.Norm"):
        Model(lambda: nn.BatchNorm2d(3))


@pytest.mark.parametrize(
    "layer",
    [
        lambda: nn.BatchNorm2d(3, track_running_stats=False),
        lambda: nn.InstanceNorm2d(3, affine=True),
        lambda: nn.LayerNorm(3),
    ],
)
def test_a_layer_whose_second_derivative_is_wrong_under_vmap_is_refused(layer):
    with pytest.raises(TypeError, match=r"second derivative is wrong"):
        Model(lambda: nn.Sequential(nn.Linear(3, 3), layer()))


@pytest.mark.parametrize("layer", [lambda: nn.GroupNorm(1, 4), lambda: Norm(4), lambda: Norm(4, (2, 3))])
def test_the_norms_that_are_let_in_have_the_right_second_derivative_under_vmap(layer):
    model = Model(lambda: nn.Sequential(nn.Conv2d(2, 4, 3), layer(), nn.Tanh()))
    theta = {name: weight.double() for name, weight in model.init(0).items()}
    x = torch.randn(3, 5, 2, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def after_a_step(theta, x):
        grads = torch.func.grad(lambda t: model(t, x).square().mean())(theta)
        return model({name: theta[name] - grads[name] for name in theta}, x).sin().mean()

    batched = torch.func.grad(lambda t: torch.func.vmap(after_a_step, (None, 0))(t, x).sum())(theta)
    looped = torch.func.grad(lambda t: sum(after_a_step(t, one) for one in x))(theta)
    torch.testing.assert_close(batched, looped, rtol=1e-8, atol=1e-10)
