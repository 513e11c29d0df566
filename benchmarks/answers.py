"""How long a reader waits for a widget: from a changed control to the whole answer, in a real kernel."""

from importlib.metadata import version
from typing import Any

from benchmarks.front import Front, kernel
from metakit.widgets.choices import PRESETS

THREE = ["MAML", "pre-training", "random start"]
SIX = [*THREE, "FOMAML", "Reptile", "ANIL"]
CURVE = {"task": "sinusoid", "phase": 0.5, "points": PRESETS["ten points"], "lr": 0.01, "steps": 10}
EPISODE = {"task": "omniglot", "lr": 0.4, "steps": 10}
STUDENT = """
def mine(theta, loss_fn, support, lr, steps):
    for _ in range(steps):
        grads = torch.autograd.grad(loss_fn(theta, support), list(theta.values()), create_graph=True)
        theta = {name: weight - lr * g for (name, weight), g in zip(theta.items(), grads)}
    return theta
widget = AdaptationTrajectory(adapt=mine)
"""


def measure_answers(rounds: int) -> list[dict[str, Any]]:
    """Return a row for each kind of answer, with the milliseconds of each of ``rounds`` interleaved changes."""
    kinds = {
        "a curve, three starts": (0, CURVE, THREE),
        "a curve, six starts": (0, CURVE, SIX),
        "a curve, a student's function beside MAML": (1, CURVE, ["MAML", "yours"]),
        "an episode, three starts": (0, EPISODE, THREE),
        "an episode, six starts": (0, EPISODE, SIX),
    }
    rows = {name: {"name": name, "ms": [], "versions": _versions()} for name in kinds}
    with kernel() as shipped, kernel() as own:
        _say_nothing(shipped, "from metakit.widgets import AdaptationTrajectory; widget = AdaptationTrajectory()")
        _say_nothing(own, f"from metakit.widgets import AdaptationTrajectory{STUDENT}")
        for request in range(rounds + 1):  # the first one loads what is needed, and does not count
            for place, (name, (which, choices, shown)) in enumerate(kinds.items()):
                changed = {"amplitude": 1.0 + 0.1 * request, "episode": request}
                number = 1 + request * len(kinds) + place
                front = (shipped, own)[which]
                front.choose(**choices, **changed, shown=shown, request=number)
                updates, seconds = front.heard(number)
                _check_answered(updates, name)
                if request:
                    rows[name]["ms"].append(1000 * seconds)
    return list(rows.values())


def _say_nothing(front: Front, code: str) -> None:
    printed = front.run(code)
    if printed:
        raise RuntimeError(f"the kernel was to make a widget and print nothing, but it printed: {printed}")


def _check_answered(updates: list[tuple[str, dict[str, Any]]], name: str) -> None:
    """Refuse an answer that is none: it would be a fast one."""
    status = [value for trait, value in updates if trait == "status"][-1]
    if status["state"] != "done":
        raise RuntimeError(f"{name}: the widget was to answer, but said: {status['message']}")


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "anywidget", "ipykernel")}
