import torch
from torch.func import grad

from metakit.minimize import descend, minimize
from metakit.optimizers import SGD, Adam


def square(params, batch):
    return batch * (params - 3) ** 2 / 2


START = torch.tensor(1.0, dtype=torch.float64)


def test_one_step_is_taken_for_each_batch():
    end = minimize(square, START, SGD(0.5), [1.0, 1.0, 0.5])
    torch.testing.assert_close(end, 3 - 2 * torch.tensor(0.5 * 0.5 * 0.75).double())


def test_without_batches_the_start_is_returned():
    assert minimize(square, START, SGD(0.5), []) is START


def test_descend_yields_the_value_before_the_step_and_the_parameters_after_it():
    (step,) = descend(square, START, SGD(0.5), [1.0])
    assert (step.value, step.params) == (2.0, 2.0)


def test_the_result_is_differentiable_with_respect_to_start_and_rate():
    end = lambda start, lr: minimize(square, start, SGD(lr), [1.0] * 3)  # noqa: E731
    lr = torch.tensor(0.1, dtype=torch.float64)
    by_start, by_lr = grad(end, argnums=(0, 1))(START, lr)
    torch.testing.assert_close(by_start, (1 - lr) ** 3)
    torch.testing.assert_close(by_lr, -3 * (1 - lr) ** 2 * (START - 3))


def test_going_on_with_the_state_is_the_same_as_not_having_stopped():
    batches = [1.0, 0.3, 2.0, 0.7]
    *_, whole = descend(square, START, Adam(0.1), batches)
    *_, half = descend(square, START, Adam(0.1), batches[:2])
    *_, rest = descend(square, half.params, Adam(0.1), batches[2:], state=half.state)
    torch.testing.assert_close(rest, whole, rtol=0, atol=0)


def test_a_batch_may_depend_on_the_parameters_yielded_last():
    seen = [START]

    def batches():
        for _ in range(3):
            yield seen[-1].item()

    for step in descend(square, START, SGD(0.1), batches()):
        seen.append(step.params)
    expected = START
    for _ in range(3):
        expected = expected - 0.1 * expected * (expected - 3)
    torch.testing.assert_close(seen[-1], expected)
