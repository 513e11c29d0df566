import pytest
import torch

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


def test_accuracy_is_the_share_of_right_answers():
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [5.0, 1.0]], dtype=torch.float64)
    assert accuracy(logits, torch.tensor([0, 1, 0, 0])) == 0.75


def test_the_empirical_loss_is_the_model_s_loss_on_examples():
    model = mlp((2, 1))
    theta, examples = model.init(0), Examples(torch.randn(4, 2), torch.randn(4, 1))
    assert empirical_loss(model, mse)(theta, examples) == mse(model(theta, examples.x), examples.y)
