"""The functions of one submission, as a check sees them: names that can be called, and values that come back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from autograder.inside.wire import decode, encode
from metakit.tree import tree_leaves

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
