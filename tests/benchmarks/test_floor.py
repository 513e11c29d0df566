from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import grad, jvp
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.configurations import CONFIGURATIONS
from benchmarks.contestants import plain
from benchmarks.floor import layers, multiply_adds, of_second_order
from metakit.tree import tree_map

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")  # used inside torch.func.jvp

FORWARD = {"conv4": plain.conv4, "mlp": plain.mlp}


def counted(run: Callable[[], Any]) -> float:
    """Return the multiply-adds that PyTorch counts; it counts two operations for each."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 2


def objective(network: str, x: Tensor) -> Callable[[dict[str, Tensor]], Tensor]:
    return lambda theta: (FORWARD[network](theta, x) ** 2).sum()


@pytest.fixture(params=["A", "D", "sinusoid"])
def case(request: pytest.FixtureRequest) -> tuple[Any, Any, Any]:
    configuration = CONFIGURATIONS[request.param]
    x = torch.randn(3, 1, 28, 28) if configuration.network == "conv4" else torch.randn(3, 1)
    return layers(configuration), objective(configuration.network, x), configuration.model.init(0)


def test_the_gradient_takes_what_pytorch_counts(case: tuple[Any, Any, Any]) -> None:
    one, loss, theta = case
    assert counted(lambda: loss(theta)) == 3 * one.all
    assert counted(lambda: grad(loss)(theta)) == 3 * one.gradient


def test_a_hessian_vector_product_takes_what_pytorch_counts_but_for_tangents_of_images(
    case: tuple[Any, Any, Any],
) -> None:
    one, loss, theta = case
    zero_products = 2 * one.first  # PyTorch multiplies the images' tangents, which are zero, in the first layer
    assert counted(lambda: jvp(grad(loss), (theta,), (theta,))) == 3 * (
        one.gradient + one.hessian_vector + zero_products
    )


def test_backward_through_backward_takes_no_less(case: tuple[Any, Any, Any]) -> None:
    one, loss, theta = case

    def twice() -> None:
        grad(lambda theta: sum((g * g).sum() for g in grad(loss)(theta).values()))(theta)

    assert counted(twice) >= 3 * (one.gradient + one.hessian_vector)


@pytest.mark.parametrize("first_order", [False, True])
def test_a_meta_iteration_is_its_inner_gradients_their_derivative_and_the_querys(first_order: bool) -> None:
    c = replace(CONFIGURATIONS["sinusoid"], n_tasks=2, steps=3, k_shot=4, n_query=5, first_order=first_order)
    support, query = objective("mlp", torch.randn(4, 1)), objective("mlp", torch.randn(5, 1))

    def iteration() -> None:
        for _ in range(2):
            theta = phi = c.model.init(0)
            for _ in range(
                3
            ):  # the inner step, and for second order the vector times its Jacobian in the outer backward
                if first_order:
                    grad(support)(theta)
                else:
                    jvp(grad(support), (theta,), (tree_map(torch.ones_like, phi),))
            grad(query)(theta)

    extra = 0 if first_order else 2 * 3 * 4 * 2 * layers(c).first
    assert counted(iteration) == multiply_adds(c) + extra


def test_first_order_with_one_step_has_nine_tenths_of_second_orders_arithmetic():
    assert of_second_order(CONFIGURATIONS["A"]) is None
    assert of_second_order(CONFIGURATIONS["A-first"]) == pytest.approx(20.12 / 22.59, rel=1e-3)
    assert of_second_order(CONFIGURATIONS["B-first"]) == pytest.approx(7.54 / 19.93, rel=1e-3)
