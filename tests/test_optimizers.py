"""Each optimizer against the one of torch.optim, which the reader trusts: a new optimizer is a new row."""

import pytest
import torch
from torch.func import grad

from metakit.minimize import descend, minimize
from metakit.optimizers import SGD, Adam, Momentum, cosine

START = {"w": torch.tensor([1.0, -2.0], dtype=torch.float64), "b": torch.tensor(0.5, dtype=torch.float64)}
BATCHES = [1.0, -0.5, 2.0, 0.3, 1.5] * 4
STEPS = len(BATCHES)


def objective(params, batch):
    return (params["w"] ** 4).sum() * 0.1 + torch.sin(params["b"] * batch) * params["w"].sum()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SGD(0.1), lambda p: torch.optim.SGD(p, 0.1)),
        (Momentum(0.05), lambda p: torch.optim.SGD(p, 0.05, momentum=0.9)),
        (Momentum(0.05, 0.7, nesterov=True), lambda p: torch.optim.SGD(p, 0.05, momentum=0.7, nesterov=True)),
        (Adam(0.03), lambda p: torch.optim.Adam(p, 0.03)),
        (Adam(0.03, 0.5, 0.9, 1e-3), lambda p: torch.optim.Adam(p, 0.03, (0.5, 0.9), 1e-3)),
    ],
    ids=lambda case: repr(case) if not callable(case) else "",
)
def test_every_step_is_that_of_torch_optim(ours, theirs):
    params = {name: value.clone().requires_grad_() for name, value in START.items()}
    optimizer = theirs(params.values())
    for batch, step in zip(BATCHES, descend(objective, START, ours, BATCHES), strict=True):
        optimizer.zero_grad()
        objective(params, batch).backward()
        optimizer.step()
        detached = {name: value.detach() for name, value in params.items()}
        torch.testing.assert_close(step.params, detached, rtol=1e-5, atol=1e-7)


def test_cosine_is_the_schedule_of_torch_optim_and_stays_at_its_end():
    schedule, weight = cosine(0.1, 10, end=0.02), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], 0.1)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10, eta_min=0.02)
    for step in range(11):
        torch.testing.assert_close(schedule(torch.tensor(float(step))).item(), optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    torch.testing.assert_close(schedule(torch.tensor(25.0)), torch.tensor(0.02))


def test_adam_takes_its_rate_from_a_schedule_that_counts_from_zero():
    rates = []

    def schedule(step):
        rates.append(step.item())
        return 0.1 / (1 + step)

    first, *_ = descend(objective, START, Adam(schedule), [1.0, 1.0])
    assert rates == [0.0, 1.0]
    torch.testing.assert_close(first.params, minimize(objective, START, Adam(0.1), [1.0]))


def test_sgd_takes_a_tree_of_rates():
    rates = {"w": torch.tensor([0.1, 0.2]).double(), "b": torch.tensor(0.0).double()}
    end = minimize(objective, START, SGD(rates), [1.0])
    grads = grad(objective)(START, 1.0)
    torch.testing.assert_close(end, {name: START[name] - rates[name] * grads[name] for name in START})


@pytest.mark.parametrize("optimizer", [SGD(0.1), Momentum(0.1), Adam(0.1)], ids=repr)
def test_a_derivative_flows_through_the_updates_and_nothing_is_changed_in_place(optimizer):
    copy = {name: value.clone() for name, value in START.items()}

    def end(start):
        return objective(minimize(objective, start, optimizer, BATCHES[:3]), 1.0)

    gradient = grad(end)(START)
    torch.testing.assert_close(START, copy, rtol=0, atol=0)
    h, one = 1e-6, torch.ones(()).double()
    slope = (end({**START, "b": START["b"] + h * one}) - end({**START, "b": START["b"] - h * one})) / (2 * h)
    torch.testing.assert_close(gradient["b"], slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_adam_keeps_the_dtype_with_and_without_a_schedule(dtype):
    start = {name: value.to(dtype) for name, value in START.items()}
    for lr in (0.1, cosine(0.1, 5)):
        assert minimize(objective, start, Adam(lr), [1.0])["w"].dtype == dtype


@pytest.mark.parametrize("lr", [0.5, torch.tensor(0.5), {"a": torch.tensor(0.5), "b": torch.tensor([0.5, 0.5])}])
def test_a_rate_is_a_number_a_tensor_or_one_for_each_weight(lr):
    params, grads = (
        {"a": torch.tensor(1.0), "b": torch.tensor([2.0, 3.0])},
        {"a": torch.tensor(2.0), "b": torch.ones(2)},
    )
    expected = {"a": torch.tensor(0.0), "b": torch.tensor([1.5, 2.5])}
    torch.testing.assert_close(SGD(lr).update(params, grads, ())[0], expected)
