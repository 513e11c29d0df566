"""How a check is run: on fresh random inputs, and with a sentence for the student in place of a traceback."""

import importlib
import linecache
import secrets
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import torch

Check = Callable[["Student", torch.Generator], None]
"""Returns if the student's functions do what they should, and otherwise raises ``Failed``."""

_HERE = __file__.rpartition("examine.py")[0]


class Failed(AssertionError):
    """The student's function did not do what the check asked; the message is the sentence the student reads."""

    def _render_traceback_(self) -> list[str]:
        """Return what the notebook shows: the sentence alone, nothing of the check's own code."""
        return [str(self)]


class Student:
    """The functions of one submission.

    Raises:
        Failed: (on use) there is no such function, or it raised.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        """Take the functions from a notebook's ``globals()`` or a module's ``vars``."""
        self._namespace = namespace

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a function that calls the student's."""
        function = self._namespace.get(name)
        if not callable(function):
            raise Failed(f"There is no function named {name}: run the cell that defines it, and keep its name.")

        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except (Exception, KeyboardInterrupt) as error:
                raise Failed(_told(name, error)) from None

        return call


def examine(homework: str, name: str, namespace: Mapping[str, Any], seed: int | None = None) -> None:
    """Run one check on the functions in ``namespace``.

    Args:
        homework: whose module in this package has the check.
        name: of the check, which is the id of its grade cell.
        namespace: where the student's functions are.
        seed: of the inputs; a new one each time by default, so that no answer can be learned by heart.

    Raises:
        Failed: with the sentence for the student.
    """
    generator = torch.Generator().manual_seed(secrets.randbits(32) if seed is None else seed)
    check: Check = getattr(importlib.import_module(f"checks.{homework}"), name)
    try:
        check(Student(namespace), generator)
    except Failed:
        raise
    except Exception as error:  # such as a graph that was used up: their result's doing, and no traceback of the check
        raise Failed(f"What came back could not be checked: {type(error).__name__}: {error}") from None


def demand(condition: bool, otherwise: str) -> None:
    """Raise ``Failed(otherwise)`` unless ``condition`` holds."""
    if not condition:
        raise Failed(otherwise)


def _told(name: str, error: BaseException) -> str:
    """Say what the student's function raised, and at which of their own lines."""
    if isinstance(error, KeyboardInterrupt):
        return f"{name} had not returned when the time was up. Is there a loop that never ends?"
    told = f"{name} raised {type(error).__name__}: {error}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(_HERE)]
    own = [f for f in frames if "site-packages" not in f.filename]
    if own:
        line = linecache.getline(own[-1].filename, own[-1].lineno or 0).strip()
        told += f"\nin line {own[-1].lineno} of its cell:  {line}"
    return told
