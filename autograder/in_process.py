"""The same checks in the notebook's own process, for plain nbgrader: what hidden tests call.

A student's code can see and change everything here, so that a mark given this way is worth what the student is.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from autograder.examiner import find_check, judge
from autograder.inside.desk import answer
from autograder.student import Failed
from autograder.verdict import Outcome


def examine(
    homework: str, name: str, namespace: Mapping[str, Any], points: float = 1.0, seed: int | None = None
) -> float | None:
    """Run one check on the functions in ``namespace``.

    Args:
        homework: whose module in ``checks`` has the check.
        name: of the check, which is the id of its grade cell.
        namespace: a notebook's ``globals()``.
        points: of the cell, for partial credit.
        seed: of the inputs; a new one each time by default, so that no answer can be learned by heart.

    Returns:
        Nothing for full marks, so that nbgrader gives them all; the points for partial credit.

    Raises:
        Failed: with the sentence for the student.
        LookupError: the homework has no such check.
    """
    check = find_check(homework, name)
    if check is None:
        raise LookupError(f"checks.{homework} has no check named {name!r}; it is named after its grade cell.")
    secret = secrets.randbits(62) if seed is None else seed
    mark = judge(check, lambda request: answer(request, namespace), secret, points, set())
    if mark.outcome is Outcome.PASSED:
        return None
    if mark.share > 0:
        print(mark.message)
        return mark.points
    raise Failed(mark.message)
