"""The examiner: runs a check on the functions of one submission, wherever these are, and says what became of it.

A check is a function in the course's ``checks/``, named after its grade cell; its docstring is the sentence that the
student reads. It gets a handle on the student's functions and a generator with a secret seed, draws inputs, calls, and
demands. It sees values only; how they come, from a sandbox or from this process, is the transport's business.
"""

import hashlib
import importlib
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from autograder.inside.wire import Code, decode, encode
from autograder.verdict import Mark, Outcome
from metakit.tree import tree_leaves

Check = Callable[["Student", torch.Generator], None]
"""Returns if the student's functions do what they should, and otherwise raises ``Failed``."""

Transport = Callable[[str], str]
"""Takes a request to the desk in the student's kernel and returns its answer.

It may raise ``Failed``, ``TimeoutError`` if the answer is late, and ``Unreachable``.
"""


class Failed(AssertionError):
    """The student's function did not do what the check asked; the message is the sentence the student reads.

    Args:
        message: the sentence.
        share: of the points that are given all the same.
    """

    def __init__(self, message: str, share: float = 0.0) -> None:
        """Take the sentence."""
        super().__init__(message)
        self.share = share

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows: the sentence alone, nothing of the check's own code."""
        return [str(self)]


class Unreachable(Exception):
    """The student's kernel has ended or does not answer; the message is the sentence for the checks that come after."""


@dataclass(frozen=True)
class Function:
    """One function of the student's."""

    name: str
    transport: Transport

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what it returns, as values.

        Raises:
            Failed: there is no such function, or it raised.
        """
        return self._asked(args, kwargs)["value"]

    def pullback(self, cotangent: Any, *args: Any, **kwargs: Any) -> tuple[Any, list[Tensor | None]]:
        """Return its result, and the derivative of <result, cotangent> by each leaf of the arguments.

        Raises:
            Failed: as in a call; or the result is not of the cotangent's form, or no derivative flows through it.
        """
        reply = self._asked(args, kwargs, cotangent=cotangent)
        pulled = reply.get("pulled")
        if pulled == "no graph" or (isinstance(pulled, list) and all(p is None for p in pulled)):
            raise Failed(NO_GRAPH)
        if pulled == "form":
            raise Failed(f"{self.name} should return tensors of the form that the text of the exercise says.")
        if isinstance(pulled, str):
            raise Failed(f"No derivative can be taken of what {self.name} returns: it {pulled}.")
        leaves = [t for t in tree_leaves([args, kwargs]) if isinstance(t, Tensor) and t.requires_grad]
        if not isinstance(pulled, list) or len(pulled) != len(leaves):
            raise Failed(UNREADABLE)
        if not all(
            p is None or (isinstance(p, Tensor) and p.shape == t.shape) for p, t in zip(pulled, leaves, strict=True)
        ):
            raise Failed(UNREADABLE)
        return reply["value"], [p if p is None else p.detach() for p in pulled]

    def after(self, *args: Any, **kwargs: Any) -> tuple[Any, list[Any], bool]:
        """Return its result, the arguments as it left them, and whether something stands in a ``.grad`` of theirs."""
        reply = self._asked(args, kwargs, after=True)
        after, grads = reply.get("after"), reply.get("grads")
        if not isinstance(after, list) or not isinstance(grads, list):
            raise Failed(UNREADABLE)
        return reply["value"], after, any(grads)

    def _asked(self, args: tuple[Any, ...], kwargs: dict[str, Any], **more: Any) -> dict[str, Any]:
        request = encode({"function": self.name, "args": list(args), "kwargs": kwargs, **more})
        try:
            reply = decode(self.transport(request))
        except ValueError:
            raise Failed(UNREADABLE) from None
        except TimeoutError:
            raise Failed(f"{self.name} {LATE}") from None
        match reply:
            case {"value": _}:
                return dict(reply)
            case {"missing": True}:
                raise Failed(
                    f"There is no function named {self.name}: run the cell that defines it, and keep its name."
                )
            case {"raised": str(what), "line": str(line), "number": int(number)}:
                if what.startswith("KeyboardInterrupt"):
                    raise Failed(f"{self.name} {LATE}")
                where = f"\nin line {number} of its cell:  {line}" if line else ""
                raise Failed(f"{self.name} raised {what}{where}")
        raise Failed(UNREADABLE)


NO_GRAPH = "No derivative flows back to theta: something cut the graph (detach, .data, .item(), no_grad?)."
LATE = "had not returned when the time was up. Is there a loop that never ends?"
UNREADABLE = "What came back from the notebook could not be read."


@dataclass(frozen=True)
class Student:
    """The functions of one submission: ``student.inner_adapt(theta, ...)``."""

    transport: Transport

    def __getattr__(self, name: str) -> Function:
        """Return a handle on the function of that name."""
        return Function(name, self.transport)


def code_of(function: Callable[..., Any]) -> Code:
    """Return a function as code for the sandbox, to be handed over as an argument; it may use ``torch`` and imports."""
    return Code(f"from __future__ import annotations\n\n{inspect.getsource(function)}", function.__name__)


def demand(condition: bool, otherwise: str) -> None:
    """Raise ``Failed(otherwise)`` unless ``condition`` holds."""
    if not condition:
        raise Failed(otherwise)


def shares(*parts: Callable[[], None]) -> None:
    """Run the parts of a check, each worth the same.

    Raises:
        Failed: some fail, with the sentences of those, and the share of the others.
    """
    sentences = []
    for part in parts:
        try:
            part()
        except Failed as failed:
            sentences.append(str(failed))
    if sentences:
        raise Failed("\n".join(sentences), 1 - len(sentences) / len(parts))


def needs(*others: str) -> Callable[[Check], Check]:
    """Say which checks must have been passed for this one to be tried: without these it could only repeat them."""

    def mark(check: Check) -> Check:
        check.needs = others  # type: ignore[attr-defined]
        return check

    return mark


def find_check(homework: str, name: str) -> Check | None:
    """Return the check of a grade cell, or None if the homework has none of that name."""
    return getattr(importlib.import_module(f"checks.{homework}"), name, None)


def judge(check: Check, transport: Transport, seed: int, maximum: float, failed: set[str]) -> Mark:
    """Run one check, and return the mark.

    Args:
        check: which.
        transport: to the student's functions.
        seed: of the submission; each check draws from it its own inputs.
        maximum: points.
        failed: the checks without full marks up to here.
    """
    name, says = check.__name__, (check.__doc__ or "").strip()
    lacking = [other for other in getattr(check, "needs", ()) if other in failed]
    if lacking:
        message = f"Not tried: it needs {' and '.join(lacking)}. Get that right first."
        return Mark(name, says, Outcome.NOT_REACHED, 0.0, maximum, message)
    start = time.monotonic()
    outcome, share, message = Outcome.PASSED, 1.0, ""
    try:
        check(Student(transport), own_generator(seed, name))
    except Failed as error:
        outcome, share, message = Outcome.FAILED, error.share, str(error)
    except Unreachable as error:
        outcome, share, message = Outcome.NOT_REACHED, 0.0, str(error)
    except Exception as error:  # the check itself is wrong, which is not the student's doing
        outcome, share = Outcome.OUR_FAULT, 0.0
        message = f"This could not be judged, and it is not your fault; a person will look. ({type(error).__name__})"
    return Mark(name, says, outcome, share, maximum, message, round(time.monotonic() - start, 3))


def own_generator(seed: int, name: str) -> torch.Generator:
    """Return the generator of one check, which no other check's draws move."""
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
