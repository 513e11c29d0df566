"""Run a student's inner loop so that whatever it does becomes a path, or a sentence that says what to mend."""

import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor

from metakit.exercises.inner_loop import Adapt
from metakit.problem import Examples, Objective, Params
from metakit.tree import stack
from metakit.widgets.bounded import LETTERS, Full, Late, Unread, alarm, unread

SECONDS = 10.0
"""For all calls of one path together."""


class Problem(Exception):
    """What is wrong with a student's function: one sentence, for the student."""


def path_of(
    adapt: Adapt, phi: Params, loss_fn: Objective, support: Examples, lr: float, steps: int, seconds: float = SECONDS
) -> Iterator[Params | None]:
    """Yield None after each call of ``adapt`` with steps = 0, 1, ..., then the path: every weight (steps + 1, *shape).

    Each call gets clones of phi that ask for a gradient, as in the homework. What it prints is dropped.

    Raises:
        Problem: it raises, exits, prints endlessly, is too slow, changes what it was given, or returns no such weights.
    """
    _load()
    thetas, spent, printed = [], 0.0, Unread()
    for m in range(steps + 1):
        given = {name: weight.detach().clone().requires_grad_() for name, weight in phi.items()}
        leaves, begun = dict(given), time.perf_counter()
        with _told(m, seconds), unread(printed), torch.enable_grad(), alarm(seconds - spent):
            returned = adapt(given, loss_fn, support, lr, m)
        spent += time.perf_counter() - begun
        if spent > seconds:
            raise Problem(_slow(m, seconds))
        _check_left_alone(given, leaves, phi, m)
        thetas.append(_checked(returned, phi, m))
        yield None
    yield stack(thetas)


@cache
def _load() -> None:
    """Let PyTorch load what ``torch.func`` needs, seconds of it, on nobody's time."""
    torch.func.grad(torch.square)(torch.zeros(()))


@contextmanager
def _told(m: int, seconds: float) -> Iterator[None]:
    """Turn what a call raises into a sentence; only an interrupt is handed on."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except Late:
        raise Problem(_slow(m, seconds)) from None
    except Full:
        raise Problem(f"Your function prints more than {LETTERS:,} letters: take the print out of the loop.") from None
    except SystemExit:
        raise Problem(f"Your function ended the program at steps={m}: return theta, do not call exit.") from None
    except BaseException as error:
        raise Problem(_raised(error, m)) from None


def _raised(error: BaseException, m: int) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    own = [frame for frame in frames if "site-packages" not in frame.filename and "metakit" not in frame.filename]
    where = f", line {own[-1].lineno} ({(own[-1].line or '').strip()})" if own else ""
    said = str(error).strip().splitlines()
    return f"Your function raised {type(error).__name__} at steps={m}{where}: {said[0] if said else 'no message'}"


def _slow(m: int, seconds: float) -> str:
    return (
        f"Your function was not done after {seconds:g} seconds, at steps={m}: is there a loop that does not end, or "
        "one that is longer than steps?"
    )


def _check_left_alone(given: Params, leaves: Params, phi: Params, m: int) -> None:
    if list(given) != list(leaves) or any(given[name] is not leaves[name] for name in leaves):
        raise Problem(f"Your function changed the dict theta that it was given, at steps={m}: make a new dict.")
    if changed := [name for name in phi if not torch.equal(leaves[name].detach(), phi[name])]:
        raise Problem(
            f"Your function changed {changed[0]} of the theta it was given, at steps={m}: the start would be lost for "
            "the next task. Make new tensors: weight - lr * grad."
        )


def _checked(returned: Any, phi: Params, m: int) -> Params:
    """Return the weights in phi's order, without a graph."""
    if returned is ...:
        raise Problem("Your function is not written yet: it returns an ellipsis (...).")
    if returned is None:
        raise Problem(f"Your function returned None at steps={m}: is a return missing?")
    if not isinstance(returned, dict):
        raise Problem(f"Your function returned a {type(returned).__name__} at steps={m}: return a dict like theta.")
    if missing := [name for name in phi if name not in returned]:
        raise Problem(f"What your function returned at steps={m} has no {missing[0]!r}: return all names of theta.")
    if extra := [name for name in returned if name not in phi]:
        raise Problem(f"What your function returned at steps={m} has {extra[0]!r}, which theta has not.")
    for name, weight in returned.items():
        if not isinstance(weight, Tensor):
            raise Problem(f"{name} is a {type(weight).__name__} at steps={m}: it should be a tensor.")
        if weight.shape != phi[name].shape:
            came, expected = tuple(weight.shape), tuple(phi[name].shape)
            raise Problem(f"{name} has the shape {came} at steps={m}: it should keep its shape, {expected}.")
        if not torch.isfinite(weight).all():
            raise Problem(
                f"{name} is not a finite number (NaN or infinity) at steps={m}: look at a smaller rate first, then for "
                "a division by zero, a logarithm or a root."
            )
    return {name: returned[name].detach().to(like.dtype).clone() for name, like in phi.items()}
