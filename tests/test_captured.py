"""The recorded outer loop takes the steps of the plain one: on the CPU bit for bit, on CUDA up to rounding."""

from dataclasses import dataclass

import pytest
import torch

from metakit import captured, minimize
from metakit.algorithms.anil import ANIL
from metakit.algorithms.maml import MAML
from metakit.algorithms.maml_plus_plus import MAMLPlusPlus
from metakit.algorithms.proto_net import ProtoNet
from metakit.captured import WARM_UP, Batches
from metakit.learner import meta_loss, query_loss
from metakit.losses import cross_entropy, mse
from metakit.networks import conv4, mlp
from metakit.optimizers import SGD, Adam, Momentum, cosine
from metakit.tasks import task_batches
from metakit.tasks.episodes import Episodes
from metakit.tasks.sinusoids import Sinusoids
from metakit.tree import to, tree_leaves

LEARNER = MAML(mlp((1, 8, 1)), mse, lr=0.01, steps=2)
OBJECTIVE = meta_loss(LEARNER, query_loss(mse))
N_BATCHES = 7


def batches(device="cpu", n_batches=N_BATCHES, distribution=None):
    generator = torch.Generator(device).manual_seed(3)
    return Batches(distribution or Sinusoids(k_shot=4, n_query=4), 5, n_batches, generator)


def plain(optimizer, stream, phi, objective=OBJECTIVE, state=None):
    return list(minimize.descend(objective, phi, optimizer, stream, state=state))


def assert_equal(came, expected):
    for one, other in zip(tree_leaves(came), tree_leaves(expected), strict=True):
        assert one.equal(other)


@dataclass(frozen=True)
class Lookback:
    """An optimizer whose next state is the tensors it was given as parameters."""

    def init(self, params):
        return params

    def update(self, params, grads, state):
        return {name: p - 0.01 * grads[name] + 0.01 * state[name] for name, p in params.items()}, params


def test_batches_are_those_of_task_batches():
    stream = batches()
    expected = list(task_batches(stream.distribution, 5, N_BATCHES, torch.Generator().manual_seed(3)))
    assert_equal(list(stream), expected)


@pytest.mark.parametrize("optimizer", [SGD(0.01), Momentum(0.01), Adam(cosine(0.1, 5)), Lookback()], ids=repr)
def test_on_the_cpu_steps_losses_and_states_are_those_of_minimize_bit_for_bit(optimizer):
    phi, stream, other = LEARNER.init(0), batches(), batches()
    expected = plain(optimizer, other, phi)
    n = 0
    for step, right in zip(captured.descend(OBJECTIVE, phi, optimizer, stream), expected, strict=True):
        assert_equal(step, right)
        n += 1
    assert n == N_BATCHES
    assert stream.generator.get_state().equal(other.generator.get_state())
    assert_equal(phi, LEARNER.init(0))


def test_it_goes_on_from_a_state_which_it_leaves_as_it_was():
    optimizer, whole = Adam(0.1), batches()
    expected = plain(optimizer, whole, LEARNER.init(0))
    rest = batches()
    half = plain(optimizer, batches(n_batches=3), LEARNER.init(0))[-1]
    list(Batches(rest.distribution, 5, 3, rest.generator))
    rest = Batches(rest.distribution, 5, N_BATCHES - 3, rest.generator)
    *_, last = captured.descend(OBJECTIVE, half.params, optimizer, rest, state=half.state)
    assert_equal(last, expected[-1])
    assert half.state.step == 3


def test_the_next_step_overwrites_all_but_the_value():
    steps = list(captured.descend(OBJECTIVE, LEARNER.init(0), SGD(0.1), batches()))
    assert_equal(steps[0].params, steps[-1].params)
    assert len({step.value.item() for step in steps}) == N_BATCHES


def test_a_state_that_is_not_made_of_tensors_is_refused():
    with pytest.raises(TypeError, match=r"keeps its state in tensors, but the optimizer's has \['int'\]"):
        next(captured.descend(OBJECTIVE, LEARNER.init(0), SGD(0.1), batches(), state=0))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: nothing can be recorded")
class TestOnCuda:
    """Recorded steps against the plain loop on the same GPU."""

    @staticmethod
    def episodes():
        generator = torch.Generator().manual_seed(0)
        x = torch.randint(0, 256, (20 * 8, 1, 28, 28), generator=generator, dtype=torch.uint8)
        return Episodes(x.cuda(), torch.arange(20).repeat_interleave(8).cuda(), n_way=5, k_shot=1, n_query=3)

    @staticmethod
    def conv(learner):
        return learner, meta_loss(learner, query_loss(cross_entropy))

    @pytest.mark.parametrize("recorded", [True, False])
    @pytest.mark.parametrize("name", ["sinusoid", "maml", "anil", "maml_plus_plus", "protonet"])
    def test_losses_phi_and_generator_are_those_of_minimize(self, name, recorded, recwarn):
        model = conv4(5, channels=8)
        learner, objective = {
            "sinusoid": (LEARNER, OBJECTIVE),
            "maml": self.conv(MAML(model, cross_entropy, lr=0.1, steps=2)),
            "anil": self.conv(ANIL(model, cross_entropy, lr=0.1, steps=2)),
            "maml_plus_plus": self.conv(MAMLPlusPlus(model, cross_entropy, steps=2)),
            "protonet": self.conv(ProtoNet(conv4(None, channels=8, downsample="max"), 5)),
        }[name]
        distribution = None if name == "sinusoid" else self.episodes()
        phi, optimizer = to(learner.init(0), "cuda"), Adam(cosine(1e-3, 30))
        stream, other = (batches("cuda", 20, distribution) for _ in range(2))
        expected = plain(optimizer, other, phi, objective)
        losses, offsets = [], []
        for step in captured.descend(objective, phi, optimizer, stream, record=recorded):
            losses.append(step.value)
            offsets.append(stream.generator.get_state())
        assert [str(w.message) for w in recwarn if "recorded" in str(w.message)] == []
        right = torch.stack([one.value for one in expected])
        torch.testing.assert_close(torch.stack(losses), right, rtol=1e-2, atol=1e-3)
        for came, should_be in zip(tree_leaves(step.params), tree_leaves(expected[-1].params), strict=True):
            torch.testing.assert_close(came, should_be, rtol=1e-2, atol=2e-3)
        assert stream.generator.get_state().equal(other.generator.get_state())
        assert len({tuple(offset.tolist()) for offset in offsets}) == 20
        assert_equal(phi, to(learner.init(0), "cuda"))

    def test_a_recorded_run_goes_on_as_if_it_had_not_stopped(self):
        phi, optimizer, stream = to(LEARNER.init(0), "cuda"), Adam(1e-2), batches("cuda", 20)
        whole = plain(optimizer, batches("cuda", 40), phi)
        *_, half = captured.descend(OBJECTIVE, phi, optimizer, stream)
        *_, rest = captured.descend(OBJECTIVE, half.params, optimizer, stream, state=half.state)
        torch.testing.assert_close(rest.value, whole[-1].value, rtol=1e-3, atol=1e-3)
        assert rest.state.step == 40

    def test_a_step_that_waits_for_the_gpu_is_launched_from_python_with_a_warning_and_the_same_result(self):
        waits = Adam(lambda step: 0.01 if step < 5 else 0.001)
        phi, stream, other = to(LEARNER.init(0), "cuda"), batches("cuda", 10), batches("cuda", 10)
        expected = plain(waits, other, phi)
        with pytest.warns(RuntimeWarning, match="cannot be recorded as a CUDA graph.*synchroniz"):
            *_, last = captured.descend(OBJECTIVE, phi, waits, stream)
        torch.testing.assert_close(last.value, expected[-1].value, rtol=1e-3, atol=1e-3)
        assert stream.generator.get_state().equal(other.generator.get_state())

    def test_fewer_steps_than_it_takes_to_warm_up_are_not_recorded(self):
        *_, last = captured.descend(OBJECTIVE, to(LEARNER.init(0), "cuda"), SGD(0.1), batches("cuda", WARM_UP))
        assert last.value.isfinite()
