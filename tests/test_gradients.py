import itertools

import pytest
import torch
from torch.func import grad

from metakit import tree
from metakit.gradients import Sampled, autodiff, evolution, first_order, score_function
from metakit.minimize import minimize
from metakit.optimizers import SGD

PARAMS = {"a": torch.tensor([1.0, -2.0], dtype=torch.float64), "b": torch.tensor(0.5, dtype=torch.float64)}


def quadratic(params, batch):
    return (params["a"] ** 2).sum() * batch + params["a"].sum() * params["b"]


EXACT = {"a": 2 * PARAMS["a"] * 3 + PARAMS["b"], "b": PARAMS["a"].sum()}


@pytest.mark.parametrize("gradient", [autodiff, first_order])
def test_autodiff_and_first_order_give_the_exact_value_and_gradient(gradient):
    value, grads = gradient(quadratic)(PARAMS, 3)
    torch.testing.assert_close(value, quadratic(PARAMS, 3))
    torch.testing.assert_close(grads, EXACT)


def test_first_order_s_gradient_has_no_derivative_of_its_own():
    slope = lambda gradient: grad(lambda p: gradient(quadratic)(p, 3)[1]["a"].sum())(PARAMS)["a"]  # noqa: E731
    torch.testing.assert_close(slope(autodiff), torch.full_like(PARAMS["a"], 6))
    torch.testing.assert_close(slope(first_order), torch.zeros_like(PARAMS["a"]))


def test_evolution_s_mean_is_the_gradient_of_a_quadratic():
    value, grads = evolution(sigma=0.5, pairs=4000)(quadratic)(PARAMS, 3)
    size = tree.dot(EXACT, EXACT).sqrt()
    for name, g in grads.items():
        assert (g - EXACT[name]).abs().max() < 5 * 1.5 * size / 4000**0.5
    torch.testing.assert_close(value, quadratic(PARAMS, 3) + 3 * 2 * 0.5**2, rtol=0.1, atol=0)


def test_evolution_is_the_mean_over_mirrored_steps():
    drawn = []

    def linear(params, batch):
        drawn.append(params["a"] - PARAMS["a"])
        return params["a"] @ torch.tensor([2.0, 1.0]).double()

    value, grads = evolution(sigma=0.1, pairs=3)(linear)({"a": PARAMS["a"]}, None)
    torch.testing.assert_close(drawn[0::2], [-step for step in drawn[1::2]])
    noise = torch.stack(drawn[0::2]) / 0.1
    expected = (noise @ torch.tensor([2.0, 1.0]).double())[:, None] * noise
    torch.testing.assert_close(grads["a"], expected.mean(0))
    torch.testing.assert_close(value, torch.tensor(0.0).double())


def test_evolution_needs_no_derivative_and_depends_on_its_seed_alone():
    def steps(params, batch):
        return torch.tensor(float(int(params["a"].sum() > batch)))

    torch.manual_seed(1)
    first = evolution(1.0, 50, seed=3)(steps)
    torch.manual_seed(2)
    second, other = evolution(1.0, 50, seed=3)(steps), evolution(1.0, 50, seed=4)(steps)
    a, b, c = first(PARAMS, 0.0), second(PARAMS, 0.0), other(PARAMS, 0.0)
    torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert not torch.equal(a[1]["a"], c[1]["a"])
    assert not torch.equal(first(PARAMS, 0.0)[1]["a"], a[1]["a"]), "each call draws fresh noise"
    assert (a[1]["a"] > 0).all()


def test_evolution_finds_a_minimum():
    end = minimize(lambda p, batch: ((p - 2) ** 2).sum(), torch.zeros(3), SGD(0.1), range(100), evolution(0.1, 8))
    assert ((end - 2) ** 2).sum() < 1e-2


COSTS = torch.tensor([3.0, -1.0, 0.5], dtype=torch.float64)
LOGITS = torch.tensor([0.2, -0.4, 0.9], dtype=torch.float64)


def policy(logits, actions):
    return Sampled(COSTS[actions], logits.log_softmax(-1)[actions])


def test_the_score_function_is_unbiased():
    """The mean of the estimate over all pairs of actions, weighed by their probability, is the exact gradient."""
    p = LOGITS.softmax(-1)
    mean = torch.zeros(3, dtype=torch.float64)
    for i, j in itertools.product(range(3), repeat=2):
        value, grads = score_function(policy)(LOGITS, torch.tensor([i, j]))
        mean += p[i] * p[j] * grads
        torch.testing.assert_close(value, (COSTS[i] + COSTS[j]) / 2)
    torch.testing.assert_close(mean, grad(lambda logits: logits.softmax(-1) @ COSTS)(LOGITS))


def test_the_score_function_does_not_look_at_the_derivative_of_the_cost():
    def leaky(logits, actions):
        nothing = (logits - logits.detach())[actions]  # zero, but not its derivative
        return Sampled(COSTS[actions] + nothing, logits.log_softmax(-1)[actions])

    actions = torch.tensor([0, 2, 2])
    torch.testing.assert_close(score_function(leaky)(LOGITS, actions)[1], score_function(policy)(LOGITS, actions)[1])


def test_the_score_function_wants_two_samples():
    with pytest.raises(ValueError, match=r"at least 2 samples.*returned 1"):
        score_function(policy)(LOGITS, torch.tensor([0]))


def cube(params, scale):
    return scale * (params**3).sum()


def test_autodiff_of_its_own_keeps_no_record():
    params = torch.tensor([1.0, 2.0])
    value, grads = autodiff(cube)(params, torch.tensor(2.0))
    assert not value.requires_grad
    assert not grads.requires_grad
    torch.testing.assert_close((value, grads), (torch.tensor(18.0), torch.tensor([6.0, 24.0])))
    assert not params.requires_grad


def test_autodiff_keeps_a_record_for_whoever_wants_a_derivative_of_params_or_of_anything_else():
    params, scale = torch.tensor([1.0, 2.0]), torch.tensor(2.0, requires_grad=True)
    value, grads = autodiff(lambda params, batch: cube(params, scale))(params, None)
    torch.testing.assert_close(torch.autograd.grad(grads.sum() + value, scale)[0], torch.tensor(3.0 + 12.0 + 9.0))
    params.requires_grad_()
    _, grads = autodiff(cube)(params, torch.tensor(2.0))
    torch.testing.assert_close(torch.autograd.grad(grads.sum(), params)[0], torch.tensor([12.0, 24.0]))


def test_autodiff_of_what_params_do_not_change_is_zero():
    params = {"used": torch.ones(2), "unused": torch.ones(3)}
    value, grads = autodiff(lambda params, batch: batch.sum())(params, torch.ones(2))
    assert value == 2
    torch.testing.assert_close(grads, {"used": torch.zeros(2), "unused": torch.zeros(3)})
    _, grads = autodiff(lambda params, batch: params["used"].sum())(params, None)
    torch.testing.assert_close(grads, {"used": torch.ones(2), "unused": torch.zeros(3)})


def test_autodiff_without_a_record_works_where_records_are_off_too():
    with torch.no_grad():
        value, grads = autodiff(cube)(torch.tensor([1.0, 2.0]), torch.tensor(2.0))
    torch.testing.assert_close((value, grads), (torch.tensor(18.0), torch.tensor([6.0, 24.0])))


def test_autodiff_wants_a_scalar():
    with pytest.raises(RuntimeError, match="scalar"):
        autodiff(lambda params, batch: params)(torch.ones(2), None)
