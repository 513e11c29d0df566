"""The adaptation trajectory in a real kernel: what it answers, and what interrupts it."""

import time

import pytest

from benchmarks.front import kernel
from metakit.widgets.choices import PRESETS

pytestmark = pytest.mark.slow

CURVE = {
    "task": "sinusoid", "amplitude": 2.0, "phase": 0.5, "points": PRESETS["ten points"], "lr": 0.01, "steps": 10,
    "episode": 1, "shown": ["MAML", "FOMAML", "Reptile", "ANIL", "pre-training", "random start"],
}  # fmt: skip
CHARACTERS = {**CURVE, "task": "omniglot", "lr": 0.4}


@pytest.fixture(scope="module")
def front():
    with kernel() as front:
        assert front.run("from metakit.widgets import AdaptationTrajectory; widget = AdaptationTrajectory()") == ""
        yield front


def test_six_starts_on_a_curve_are_answered_at_once(front):
    front.choose(**CURVE, request=1)
    updates, _ = front.heard(1)
    scene = dict(updates)["scene"]
    assert scene["request"] == 1
    assert len(scene["starts"]) == 6


def test_characters_come_with_progress_paths_first(front):
    front.choose(**CHARACTERS, request=30)
    updates, _ = front.heard(30)
    scenes = [value for name, value in updates if name == "scene"]
    assert all(start["surface"] is None for start in scenes[0]["starts"])
    assert all(start["path"] is not None for start in scenes[0]["starts"])
    assert all(start["surface"] is not None for start in scenes[-1]["starts"])
    states = [value for name, value in updates if name == "status"]
    assert states[0]["message"] == "Loading the characters ..."
    assert {status["state"] for status in states[:-1]} == {"working"}
    assert states[-1] == {"request": 30, "state": "done", "progress": 1.0, "message": ""}


def test_the_next_change_takes_the_place_of_what_is_running(front):
    front.choose(**CHARACTERS, request=40)
    front.choose(**{**CHARACTERS, "episode": 2}, request=41)
    front.choose(**CURVE, request=42)
    updates, _ = front.heard(42)
    finished = [value["request"] for name, value in updates if name == "status" and value["state"] == "done"]
    assert finished == [42]


def test_a_loop_that_does_not_end_can_be_interrupted_and_the_kernel_goes_on(front):
    endless = (
        "def endless(theta, loss_fn, support, lr, steps):\n"
        "    while slow and steps: pass\n"
        "    return theta\n"
        "slow = False\n"
        "widget = AdaptationTrajectory(adapt=endless)\n"
        "slow = True\n"
    )
    assert front.run(endless) == ""
    front.choose(**{**CURVE, "shown": ["MAML", "yours"]}, request=50)
    time.sleep(1)
    front.interrupt()
    updates, _ = front.heard(50)
    assert dict(updates)["status"]["message"] == "Stopped. Change something to go on."
    front.choose(**{**CURVE, "shown": ["MAML"]}, request=51)
    updates, _ = front.heard(51)
    assert dict(updates)["status"]["state"] == "done"
    assert front.run("print(1 + 1)") == "2\n"


def test_a_function_that_exits_leaves_the_kernel_alive(front):
    assert front.run("def leaves(*_): raise SystemExit\nwidget = AdaptationTrajectory(adapt=leaves)") == ""
    front.choose(**{**CURVE, "shown": ["yours"]}, request=60)
    updates, _ = front.heard(60)
    (start,) = dict(updates)["scene"]["starts"]
    assert "ended the program" in start["problem"]
    assert front.run("print(1 + 1)") == "2\n"
