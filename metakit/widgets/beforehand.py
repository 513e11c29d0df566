"""The adaptation trajectory on a page without a kernel: every answer that can be asked for, computed beforehand."""

from collections.abc import Iterator, Mapping
from typing import Any

from metakit.checkpoints import KINDS
from metakit.widgets import choices as chosen
from metakit.widgets.drawn import episodes, task_of
from metakit.widgets.scenes import Entrants, scenes

N_X, GRID = 41, 17
"""Points of a curve, and along each side of a surface."""


def page_state(choices: dict[str, Any], limits: dict[str, Any], entrants: Mapping[str, Entrants]) -> dict[str, Any]:
    """Return the traits that a page begins with, and ``scenes`` by their keys; ``choices`` and ``limits`` are live."""
    own = {kind: kinds | chosen.STATIC[kind] for kind, kinds in limits.items() if kind != "live"}
    if "omniglot" in own:
        own["omniglot"]["source"] = episodes()[1]

    def computed(raw: dict[str, Any]) -> dict[str, Any]:
        wanted = chosen.read(raw, limits)
        task, source = task_of(wanted, N_X)
        *_, (_, scene) = scenes(wanted, KINDS[wanted.task], task, entrants[wanted.task], source, GRID)
        assert scene is not None
        return scene

    found = {key: computed(raw) for kind in own for key, raw in asked(kind, own[kind])}
    first = {**choices, **own[choices["task"]]["default"]}
    key = next(key for key, raw in asked(first["task"], own[first["task"]]) if raw.items() <= first.items())
    done = {"request": first["request"], "state": "done", "progress": 1.0, "message": ""}
    return {
        "choices": first, "limits": own | {"live": False}, "scene": found[key], "status": done, "scenes": found
    }  # fmt: skip


def asked(kind: str, limits: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the key and the choices of every scene of a page."""
    steps = max(limits["steps"])
    for lr in limits["lr"]:
        if kind == "omniglot":
            for episode in limits["episode"]:
                yield f"omniglot|{episode}|{lr}", {"task": kind, "episode": episode, "lr": lr, "steps": steps}
            continue
        for amplitude in limits["amplitude"]:
            for phase in limits["phase"]:
                for preset, points in limits["presets"].items():
                    curve = {"amplitude": amplitude, "phase": phase, "points": points}
                    key = f"sinusoid|{amplitude}|{phase}|{preset}|{lr}"
                    yield key, {"task": kind, **curve, "lr": lr, "steps": steps}
