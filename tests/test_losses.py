import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch.func import grad, vmap

from metakit.losses import accuracy, cross_entropy, empirical_loss, mse
from metakit.networks import mlp
from metakit.problem import Examples


def test_mse_is_the_mean_of_squares():
    assert mse(torch.tensor([1.0, 4.0]), torch.tensor([0.0, 2.0])) == 2.5


def test_mse_refuses_to_broadcast():
    with pytest.raises(ValueError, match=r"\(3, 1\) and y \(3,\)"):
        mse(torch.zeros(3, 1), torch.zeros(3))


def test_cross_entropy_is_the_mean_log_probability_missed():
    logits = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.0, torch.tensor(3.0).log()]])
    expected = torch.tensor([2.0, 2.0, 4.0]).log().mean()
    torch.testing.assert_close(cross_entropy(logits, torch.tensor([0, 1, 0])), expected)


@pytest.mark.parametrize(
    ("logits", "y"),
    [
        (torch.randn(4, 3), torch.tensor([2, 0, 1, 1])),
        (torch.randn(4, 3), torch.randn(4, 3).softmax(-1)),
        (torch.randn(4, 3, 2), torch.randint(3, (4, 2))),
        (torch.randn(3), torch.tensor(2)),
    ],
    ids=["labels", "soft labels", "pixels", "one example"],
)
def test_cross_entropy_is_pytorchs(logits, y):
    torch.testing.assert_close(cross_entropy(logits, y), F.cross_entropy(logits, y))


def test_cross_entropy_refuses_as_pytorch_does_what_does_not_fit():
    with pytest.raises(ValueError, match=r"batch_size \(4\) to match target batch_size \(3\)"):
        cross_entropy(torch.zeros(4, 3), torch.tensor([0, 1, 2]))
    with pytest.raises((IndexError, RuntimeError), match="out of bounds"):
        cross_entropy(torch.zeros(1, 3), torch.tensor([3]))


def test_cross_entropy_of_many_tasks_needs_no_sympy():
    code = (
        "import sys, torch; from metakit.losses import cross_entropy; x = torch.zeros(2, 3, 4, requires_grad=True); "
        "torch.func.vmap(cross_entropy)(x, torch.zeros(2, 3, dtype=torch.int64)).sum().backward(); "
        "print(x.grad.any().item(), 'sympy' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "True False\n"


def test_accuracy_is_the_share_of_right_answers():
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [5.0, 1.0]], dtype=torch.float64)
    assert accuracy(logits, torch.tensor([0, 1, 0, 0])) == 0.75


def test_the_empirical_loss_is_the_model_s_loss_on_examples():
    model = mlp((2, 1))
    theta, examples = model.init(0), Examples(torch.randn(4, 2), torch.randn(4, 1))
    assert empirical_loss(model, mse)(theta, examples) == mse(model(theta, examples.x), examples.y)


TARGETS = {mse: torch.randn(2, 4, 3, dtype=torch.float64), cross_entropy: torch.tensor([[0, 2, 1, 1], [2, 2, 0, 1]])}


@pytest.mark.parametrize("loss", TARGETS, ids=lambda loss: loss.__name__)
def test_the_closed_form_of_a_loss_is_the_loss_and_its_derivatives(loss):
    prediction, moved = torch.randn(2, 2, 4, 3, dtype=torch.float64).unbind()
    y, closed = TARGETS[loss], loss.closed
    assert closed.takes(y)
    torch.testing.assert_close(closed.value(prediction, y), vmap(loss)(prediction, y))
    slope = vmap(grad(loss))
    torch.testing.assert_close(closed.slope(prediction, y), slope(prediction, y))
    expected = grad(lambda prediction: (slope(prediction, y) * moved).sum())(prediction)
    torch.testing.assert_close(closed.curve(prediction, y, moved), expected)


def test_the_closed_form_of_mse_refuses_what_mse_refuses():
    with pytest.raises(ValueError, match=r"one shape.*\(4, 1\).*\(4,\)"):
        mse.closed.slope(torch.ones(2, 4, 1), torch.ones(2, 4))


def test_cross_entropy_has_no_closed_form_for_soft_labels():
    assert not cross_entropy.closed.takes(torch.ones(2, 4, 3))
