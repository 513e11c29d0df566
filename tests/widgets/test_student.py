"""A student's own inner loop in the widget: whatever it does becomes a path or a sentence."""

import contextlib
import os
import re
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from metakit.algorithms.maml import MAML
from metakit.checkpoints import starts
from metakit.checkpoints.kinds import SINUSOID
from metakit.losses import empirical_loss, mse
from metakit.problem import Examples
from metakit.widgets import AdaptationTrajectory
from metakit.widgets.student import Problem, path_of
from tests.widgets.scenes import unpacked

HOMEWORK = Path(__file__).parents[2] / "homework"
SUPPORT = Examples(torch.linspace(-4, 4, 5)[:, None], torch.sin(torch.linspace(-4, 4, 5))[:, None])
OBJECTIVE = empirical_loss(SINUSOID.model, mse)


def solution(name):
    """The inner_adapt of a homework solution."""
    names = {}
    exec((HOMEWORK / f"{name}.py").read_text(), names)
    return names["inner_adapt"]


def path(adapt, phi=None, steps=3, **options):
    *_, found = path_of(adapt, phi or SINUSOID.model.init(0), OBJECTIVE, SUPPORT, 0.01, steps, **options)
    return found


def problem(adapt, **options):
    with pytest.raises(Problem) as caught:
        path(adapt, **options)
    return str(caught.value)


@pytest.mark.parametrize("name", ["batched", "recursive", "torch_func"])
def test_right_solutions_of_the_homework_walk_as_the_library_does(name):
    phi, found = SINUSOID.model.init(0), path(solution(f"right/hw2_maml/{name}"))
    for m in range(4):
        theta = MAML(SINUSOID.model, mse, 0.01, m).adapt(phi, SUPPORT)
        for weight in phi:
            assert torch.allclose(found[weight][m], theta[weight], atol=1e-6)
    assert not found["head.weight"].requires_grad


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("in_place", "changed layer1.weight of the theta it was given, at steps=1"),
        ("writes_into_the_dict", "changed the dict theta that it was given, at steps=1"),
        ("forgets_to_return", "returned None at steps=0: is a return missing?"),
        ("returns_a_list", "returned a list at steps=0: return a dict"),
        ("drops_a_tensor", "changed the dict theta that it was given, at steps=0"),
        ("zero_steps_raise", "raised "),
    ],
)
def test_wrong_solutions_of_the_homework_are_told_what_is_wrong(name, words):
    assert words in problem(solution(f"wrong/hw2_maml/{name}"))


def raises(theta, loss_fn, support, lr, steps):
    if steps == 2:
        return {"a": 1}["b"]
    return theta


def divides(theta, loss_fn, support, lr, steps):
    return {name: weight / 0 for name, weight in theta.items()}


def unwritten(theta, loss_fn, support, lr, steps):
    return ...


def flattens(theta, loss_fn, support, lr, steps):
    return {name: weight.flatten() for name, weight in theta.items()}


def drops(theta, loss_fn, support, lr, steps):
    return {name: weight for name, weight in theta.items() if name != "head.bias"}


def adds(theta, loss_fn, support, lr, steps):
    return {**theta, "extra": torch.zeros(1)}


def to_numpy(theta, loss_fn, support, lr, steps):
    return {name: weight.detach().numpy() for name, weight in theta.items()}


def leaves(theta, loss_fn, support, lr, steps):
    sys.exit(1)


def takes_three(theta, loss_fn, support):
    return theta


@pytest.mark.parametrize(
    ("adapt", "words"),
    [
        (raises, r"raised KeyError at steps=2, line \d+ \(return {\"a\": 1}\[\"b\"\]\): 'b'"),
        (divides, r"layer1.weight is not a finite number .* at steps=0"),
        (unwritten, r"not written yet: it returns an ellipsis \(\.\.\.\)"),
        (flattens, r"layer1.weight has the shape \(40,\) at steps=0: it should keep its shape, \(40, 1\)"),
        (drops, "has no 'head.bias': return all names of theta"),
        (adds, "has 'extra', which theta has not"),
        (to_numpy, "layer1.weight is a ndarray at steps=0: it should be a tensor"),
        (leaves, "ended the program at steps=0: return theta, do not call exit"),
        (takes_three, r"raised TypeError at steps=0: takes_three\(\) takes 3 positional arguments but 5 were given"),
    ],
)
def test_a_mistake_becomes_one_sentence_that_names_it(adapt, words):
    said = problem(adapt)
    assert re.search(words, said), said
    assert "\n" not in said


def test_what_it_prints_is_dropped_and_too_much_of_it_stops_it(capsys):
    def prints(theta, loss_fn, support, lr, steps):
        print("hello")
        return theta

    def floods(theta, loss_fn, support, lr, steps):
        while True:
            print("hello " * 100)

    path(prints)
    assert "prints more than 100,000 letters" in problem(floods)
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarms")
def test_a_loop_that_does_not_end_is_ended():
    def endless(theta, loss_fn, support, lr, steps):
        while steps and time.perf_counter() - begun < 5:
            with contextlib.suppress(Exception):
                while time.perf_counter() - begun < 5:  # an alarm that rings here, and nowhere else, is kept
                    time.sleep(0.01)
        return theta

    begun = time.perf_counter()
    assert "not done after 0.3 seconds, at steps=1" in problem(endless, seconds=0.3)
    assert time.perf_counter() - begun < 3


@pytest.mark.parametrize("alarms", [True, False])
def test_the_time_of_all_calls_counts_together(alarms, monkeypatch):
    calls = []
    if not alarms:
        monkeypatch.delattr(signal, "setitimer", raising=False)

    def slow(theta, loss_fn, support, lr, steps):
        calls.append(steps)
        time.sleep(0.1)
        return theta

    assert "not done after 0.25 seconds, at steps=2" in problem(slow, seconds=0.25, steps=10)
    assert calls == [0, 1, 2]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarms")
def test_an_alarm_that_was_set_before_still_rings():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    left = signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        path(lambda theta, *_: theta, steps=0)
        assert signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL
        begun = time.monotonic()
        while not rung and time.monotonic() - begun < 5:
            time.sleep(0.01)
        assert rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, *left)
        signal.signal(signal.SIGALRM, before)


def test_an_interrupt_is_the_reader_s_and_goes_on():
    def interrupted(theta, loss_fn, support, lr, steps):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        path(interrupted)


def test_in_the_widget_it_stands_beside_the_library_s():
    widget = AdaptationTrajectory(adapt=solution("right/hw2_maml/recursive"))
    by_name = {start["name"]: start for start in widget.scene["starts"]}
    assert by_name["yours"]["yours"] is True
    assert by_name["MAML"]["yours"] is False
    assert np.allclose(unpacked(by_name["yours"]["query_loss"]), unpacked(by_name["MAML"]["query_loss"]), rtol=1e-4)
    assert unpacked(by_name["yours"]["surface"]["loss"]).shape == (25, 25)
    assert "yours" in widget.limits["omniglot"]["starts"]


def test_a_mistake_is_shown_in_the_widget_and_the_others_are_shown_all_the_same():
    widget = AdaptationTrajectory(adapt=raises)
    by_name = {start["name"]: start for start in widget.scene["starts"]}
    assert "KeyError" in by_name["yours"]["problem"]
    assert by_name["yours"]["path"] is by_name["yours"]["surface"] is by_name["yours"]["query_loss"] is None
    assert by_name["MAML"]["surface"] is not None
    assert widget.status["state"] == "done"


def test_with_a_phi_of_one_s_own_the_library_s_joins_as_reference():
    phi = starts("sinusoid")["pre-training"]
    widget = AdaptationTrajectory(adapt=solution("right/hw2_maml/recursive"), phi=phi)
    assert widget.limits["sinusoid"]["starts"][-2:] == ["reference", "yours"]
    assert "yours" not in widget.limits["omniglot"]["starts"]
    by_name = {start["name"]: unpacked(start["query_loss"]) for start in widget.scene["starts"]}
    assert np.allclose(by_name["yours"], by_name["reference"], rtol=1e-4)
    assert np.allclose(by_name["reference"], by_name["pre-training"])


def test_a_phi_alone_is_adapted_by_the_library_as_yours():
    widget = AdaptationTrajectory(phi=starts("sinusoid")["pre-training"])
    by_name = {start["name"]: start for start in widget.scene["starts"]}
    assert by_name["yours"]["yours"] is True
    assert by_name["yours"]["query_loss"] == by_name["pre-training"]["query_loss"]


def test_a_phi_for_characters_opens_the_widget_on_characters():
    widget = AdaptationTrajectory({"a": SINUSOID.model.init(0)}, phi=starts("omniglot")["MAML"])
    assert widget.choices["task"] == widget.scene["task"] == "omniglot"
    assert [start["name"] for start in widget.scene["starts"]] == ["yours"]
