"""What a whole class's verdicts say together: numbers, common mistakes, and what an instructor should look at."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import mean, median

from autograder.office.points import Given, Score, score
from autograder.verdict import Outcome, Verdict, Way

_NUMBER = re.compile(r"(?<![\w.])[-+−]?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|nan\b|inf\b)(?!\w)", re.IGNORECASE)
_LONGEST = 300

KINDS = ("passed", "partial", "failed", "not reached", "our fault", "by hand")
"""What can become of a check, partial credit told apart from failure."""


@dataclass(frozen=True)
class Check:
    """One graded cell: its points, its sentence, and how many students ended in each of ``KINDS``."""

    name: str
    says: str
    maximum: float
    counts: dict[str, int]


@dataclass(frozen=True)
class Mistake:
    """A message that students got, numbers in which they differ left out, with its checks and students."""

    text: str
    checks: tuple[str, ...]
    students: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """A class: verdicts and scores in the same order, by student; the rest follows from them."""

    verdicts: list[Verdict]
    scores: list[Score]

    @property
    def maximum(self) -> float:
        """What there was to be had; a submission that could not be read says nothing of it."""
        return max((verdict.maximum for verdict in self.verdicts), default=0.0)

    @property
    def mean(self) -> float:
        """The mean of the points so far."""
        return mean(score.points for score in self.scores)

    @property
    def median(self) -> float:
        """The median of the points so far."""
        return median(score.points for score in self.scores)

    @property
    def waiting(self) -> list[str]:
        """Students with a cell that a person has to read."""
        return [v.student for v, s in zip(self.verdicts, self.scores, strict=True) if s.waiting]

    @property
    def faults(self) -> dict[str, tuple[str, ...]]:
        """Students with checks that the grader failed on, and these."""
        return {v.student: s.faults for v, s in zip(self.verdicts, self.scores, strict=True) if s.faults}

    def by_way(self, way: Way) -> list[Verdict]:
        """Return whose code ran where."""
        return [verdict for verdict in self.verdicts if verdict.way is way]

    @property
    def checks(self) -> list[Check]:
        """The graded cells, in the order of the verdict that has most of them."""
        longest = max(self.verdicts, key=lambda v: len(v.marks), default=None)
        seen = {mark.check: mark for mark in longest.marks} if longest else {}
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for mark in (mark for verdict in self.verdicts for mark in verdict.marks):
            seen.setdefault(mark.check, mark)
            counts[mark.check][kind(mark.outcome, mark.share)] += 1
        return [
            Check(name, mark.says, mark.maximum, {k: counts[name][k] for k in KINDS if counts[name][k]})
            for name, mark in seen.items()
        ]

    @property
    def mistakes(self) -> list[Mistake]:
        """The messages of failed checks, the most common first; those that differ by numbers alone are one."""
        told: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for verdict in self.verdicts:
            for mark in verdict.marks:
                if mark.outcome is Outcome.FAILED and mark.message.strip():
                    message = " ".join(mark.message.split())[:_LONGEST]
                    told[_NUMBER.sub("#", message)].append((message, mark.check, verdict.student))
        found = []
        for group in told.values():
            messages, checks, students = (tuple(dict.fromkeys(column)) for column in zip(*group, strict=True))
            found.append(Mistake(_common(messages), checks, students))
        return sorted(found, key=lambda mistake: (-len(mistake.students), mistake.text))

    @property
    def flags(self) -> dict[str, list[str]]:
        """What was flagged, and whose submissions."""
        found: dict[str, list[str]] = defaultdict(list)
        for verdict in self.verdicts:
            for flag in verdict.flags:
                found[flag].append(verdict.student)
        return dict(sorted(found.items()))


def summarize(verdicts: list[Verdict], given: Given) -> Summary:
    """Return the class, with what a person gave."""
    ordered = sorted(verdicts, key=lambda verdict: verdict.student)
    return Summary(ordered, [score(verdict, given.get(verdict.student, {})) for verdict in ordered])


def kind(outcome: Outcome, share: float) -> str:
    """Return one of ``KINDS``."""
    return "partial" if outcome is Outcome.FAILED and share > 0 else str(outcome)


def _common(messages: tuple[str, ...]) -> str:
    """Return the first message, with "…" for each number that is not the same in all."""
    numbers = zip(*(_NUMBER.findall(message) for message in messages), strict=True)
    same = iter([column[0] if len(set(column)) == 1 else "…" for column in numbers])
    return _NUMBER.sub(lambda _: next(same), messages[0])
