"""The examiner: runs a check on the functions of one submission, wherever these are, and says what became of it.

A check is a function in the course's ``checks/``, named after its grade cell; its docstring is the sentence that the
student reads. It gets a handle on the student's functions and a generator with a secret seed, draws inputs, calls, and
demands. It sees values only; how they come, from a sandbox or from this process, is the transport's business.
"""

import hashlib
import importlib
import inspect
import logging
import time
from collections.abc import Callable
from typing import Any

import torch

from autograder.inside.wire import Code
from autograder.student import Failed, Student, Transport, Unreachable
from autograder.verdict import Mark, Outcome

Check = Callable[[Student, torch.Generator], None]
"""Returns if the student's functions do what they should, and otherwise raises ``Failed``."""


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
        logging.getLogger(__name__).exception("The check %s failed itself.", name)
        outcome, share = Outcome.OUR_FAULT, 0.0
        message = f"This could not be judged, and it is not your fault; a person will look. ({type(error).__name__})"
    return Mark(name, says, outcome, share, maximum, message, round(time.monotonic() - start, 3))


def own_generator(seed: int, name: str) -> torch.Generator:
    """Return the generator of one check, which no other check's draws move."""
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
