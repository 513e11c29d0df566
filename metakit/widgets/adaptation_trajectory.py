"""Watch theta learn one task, step by step, from several starts."""

import copy
import time
from collections.abc import Generator, Mapping
from typing import Any

import traitlets

from metakit.checkpoints import KINDS, NAMES
from metakit.exercises.inner_loop import Adapt
from metakit.problem import Params
from metakit.widgets import choices as chosen
from metakit.widgets.beforehand import page_state
from metakit.widgets.drawn import episodes, task_of
from metakit.widgets.entrants import entrants_of
from metakit.widgets.kit import Widget
from metakit.widgets.latest import Latest, finish
from metakit.widgets.scenes import Entrants, scenes

SILENT = 0.1
"""Seconds of work of which nothing is said."""


class AdaptationTrajectory(Widget, script="adaptation_trajectory.js"):
    """Show how gradient descent adapts to one task from each start: path, loss around it, fit or answers, losses.

        AdaptationTrajectory()                                  # the starts that are shipped
        AdaptationTrajectory({"mine": phi, "library's": other})
        AdaptationTrajectory(adapt=my_inner_adapt)              # homework 2's function, beside the library's

    Surfaces show the support loss, which the inner loop descends. Each start adapts as it was trained to: ANIL's by its
    head alone, all others by all weights. What ``adapt`` prints is dropped; what it does wrong is said in the widget.

    Args:
        starts: name -> phi, of the network for sine curves, ``mlp((1, 40, 40, 1))``, or for characters,
            ``conv4(out=5, channels=16)``; the six that are shipped for each by default. Under the name ``"ANIL"`` only
            the head adapts.
        adapt: ``(theta, loss_fn, support, lr, steps) -> theta``, shown as "yours".
        phi: where it starts, MAML's start by default; without ``adapt``, the library adapts it, as "yours".
        task: the kind to begin with, ``"sinusoid"`` or ``"omniglot"``; that of phi by default.

    Raises:
        ValueError: a phi of another network, a name that is taken, more starts than can be told apart, no such task.
    """

    told = "A widget: how gradient descent adapts to one task from several starts, step by step."

    choices = traitlets.Dict().tag(sync=True)
    limits = traitlets.Dict().tag(sync=True)
    scene = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(1).tag(sync=True)

    def __init__(
        self,
        starts: Mapping[str, Params] | None = None,
        *,
        adapt: Adapt | None = None,
        phi: Params | None = None,
        task: str | None = None,
    ) -> None:
        """Compute the first scene."""
        entrants = entrants_of(starts, adapt, phi)
        if task is None:
            task = next((kind for kind in entrants if phi is not None and KINDS[kind].takes(phi)), next(iter(entrants)))
        if task not in entrants:
            raise ValueError(f"task must be {' or '.join(map(repr, entrants))} with these starts, but is {task!r}.")
        self._entrants, self._latest = entrants, Latest()
        limits: dict[str, Any] = {kind: limits_of(kind, who) for kind, who in entrants.items()}
        first = {"request": 0, "task": task, "shown": shown_first(entrants[task].names)}
        defaults = chosen.SINUSOID["default"] | chosen.OMNIGLOT["default"] | limits[task]["default"]
        super().__init__(limits=limits | {"live": True}, choices=first | copy.deepcopy(defaults))
        finish(self._answer(self.choices))
        self.observe(lambda change: self._latest.start(self._answer(change["new"])), "choices")

    def _answer(self, raw: dict[str, Any]) -> Generator[None, None, None]:
        """Set scene and status, and yield where newer choices may be heard; whatever happens, the kernel goes on."""
        request = raw.get("request", 0)

        spoken = [time.monotonic()]

        def say(state: str, progress: float, message: str = "") -> None:
            spoken[0] = time.monotonic()
            self.status = {"request": request, "state": state, "progress": progress, "message": message}

        try:
            wanted = chosen.read(raw, self.limits)
            if wanted.task == "omniglot" and not episodes.cache_info().currsize:
                say("working", 0.0, "Loading the characters ...")
                yield None
            task, source = task_of(wanted)
            if source and source != self.limits["omniglot"]["source"]:
                self.limits = {**self.limits, "omniglot": {**self.limits["omniglot"], "source": source}}
            entrants = self._entrants[wanted.task].those(raw.get("shown", self._entrants[wanted.task].names))
            for share, scene in scenes(wanted, KINDS[wanted.task], task, entrants, source):
                if scene is not None:
                    self.scene = scene
                if time.monotonic() - spoken[0] > SILENT and share < 1:
                    say("working", share)
                yield None
            say("done", 1.0)
        except KeyboardInterrupt:
            say("failed", 1.0, "Stopped. Change something to go on.")
        except Exception as error:
            say("failed", 1.0, f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else str(error))

    def static_state(self) -> dict[str, Any]:
        """Return a page's state: every answer for the stops of ``choices.STATIC``, with all steps."""
        return {**page_state(self.choices, self.limits, self._entrants), "step": self.step}


def limits_of(kind: str, entrants: Entrants) -> dict[str, Any]:
    """Return what can be chosen with a kernel."""
    return {"starts": entrants.names, **copy.deepcopy({"sinusoid": chosen.SINUSOID, "omniglot": chosen.OMNIGLOT}[kind])}


def shown_first(names: list[str]) -> list[str]:
    """Return the starts to show at first: all, when few; else the lecture's comparison and what is not shipped."""
    first = ("MAML", "pre-training", "random start", "yours", "reference")
    return names if len(names) <= 4 else [name for name in names if name in first or name not in NAMES]
