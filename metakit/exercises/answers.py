"""What all exercise checks share: three verdicts, and a decorator that keeps a notebook alive whatever the answer is.

An answer not given yet is ``...``: the number, or what a function returns.
"""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from numbers import Real
from typing import Any, Literal

import torch
from torch import Tensor


@dataclass(frozen=True)
class Verdict:
    """What a check says; a notebook shows it. ``state`` is also written as a sign, so that no colour carries it."""

    state: Literal["right", "not yet", "unanswered"]
    message: str

    def __repr__(self) -> str:
        """Return the sentence with its sign."""
        return f"{_SIGNS[self.state]} {self.message}"

    def _repr_html_(self) -> str:
        return f'<p role="status"><strong>{_SIGNS[self.state]}</strong> {html.escape(self.message)}</p>'


_SIGNS = {"right": "✓ Right.", "not yet": "✗ Not yet.", "unanswered": "… Not answered yet."}


def right(message: str) -> Verdict:
    """Return the verdict for a right answer, with what it teaches."""
    return Verdict("right", message)


def not_yet(message: str) -> Verdict:
    """Return the verdict for a wrong answer, with what to look at."""
    return Verdict("not yet", message)


class _Unanswered(Exception):
    pass


def exercise(check: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """Make a check safe: ``...`` is an answer not given yet, and a student's error becomes a sentence."""

    @wraps(check)
    def safe(*answers: Any, **named: Any) -> Verdict:
        try:
            values = [_opened(a) for a in answers]
            return check(*values, **{name: _opened(a) for name, a in named.items()})
        except _Unanswered:
            return Verdict("unanswered", "Replace the ... and run this cell again.")
        except Exception as error:
            return not_yet(f"It stopped with {type(error).__name__}: {error}")

    return safe


def _opened(answer: Any) -> Any:
    if answer is ...:
        raise _Unanswered
    if not callable(answer):
        return answer

    def function(*arguments: Any) -> Any:
        result = answer(*arguments)
        if result is ... or result is None:
            raise _Unanswered
        return result

    return function


def close(answer: Any, truth: Any, tolerance: float = 1e-4) -> bool:
    """Tell whether two numbers or tensors agree within ``tolerance``, relative to the truth or to 1.

    Raises:
        TypeError: the answer is not a number.
        ValueError: it has another shape.
    """
    if isinstance(answer, bool) or not isinstance(answer, Real | Tensor):
        raise TypeError(f"a number is expected here, but this is {type(answer).__name__}")
    got = torch.as_tensor(answer, dtype=torch.float64).detach()
    want = torch.as_tensor(truth, dtype=torch.float64).detach()
    if got.shape != want.shape:
        raise ValueError(f"a result of shape {tuple(want.shape)} is expected here, but this has {tuple(got.shape)}")
    return bool(((got - want).abs() <= tolerance * want.abs().clamp(min=1)).all())


def recall(answers: Mapping[int, Any], key: Mapping[int, str], reasons: Mapping[int, str]) -> Verdict:
    """Judge a quiz: ``answers`` and ``key`` map a question's number to a letter; ``reasons`` say where to look."""
    missing = [n for n in key if answers.get(n, ...) is ...]
    wrong = [n for n in key if n not in missing and str(answers[n]).strip().lower() != key[n]]
    if len(missing) == len(key):
        return Verdict("unanswered", "Write the letters and run this cell again.")
    if wrong:
        return not_yet(" ".join(f"Question {n}: {reasons[n]}" for n in wrong))
    if missing:
        return Verdict("unanswered", f"Right so far; still open: question {', '.join(map(str, missing))}.")
    return right("All three.")


@dataclass(frozen=True)
class beside:  # reads as a function: beside(prediction, measured)
    """What the reader predicted beside what was measured, one row a question; a notebook shows it as a table."""

    predicted: Mapping[str, Any]
    measured: Mapping[str, Any]

    def rows(self) -> list[tuple[str, str, str]]:
        """Return ``(question, predicted, measured)`` as text."""
        return [
            (q, "nothing written down" if self.predicted.get(q, ...) is ... else str(self.predicted[q]), str(m))
            for q, m in self.measured.items()
        ]

    def __repr__(self) -> str:
        """Return one line for each question."""
        return "\n".join(f"{q}: predicted {p}, measured {m}" for q, p, m in self.rows())

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="text-align:left">{t}</th>' for t in ("", "you predicted", "measured"))
        body = "".join(
            f'<tr><th scope="row" style="text-align:left">{html.escape(q)}</th>'
            f'<td style="text-align:left">{html.escape(p)}</td><td style="text-align:left">{html.escape(m)}</td></tr>'
            for q, p, m in self.rows()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
