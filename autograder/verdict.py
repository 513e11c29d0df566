"""What became of one submission: the outcome of every check, and how it was found out; one JSON file each."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from autograder.whole import write_whole


class Outcome(StrEnum):
    """What can become of one graded cell."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not reached"  # something it needs is wrong, or the submission ended before
    OUR_FAULT = "our fault"  # no judgement: the grader failed, and an instructor has to look
    BY_HAND = "by hand"  # a person reads it


class Way(StrEnum):
    """Where the student's code ran, which is how far its marks can be trusted."""

    WALLED = "walled"  # in the sandbox, judged from outside
    NOT_WALLED = "not walled"  # in a plain process, judged from outside
    NOT_RUN = "not run"  # the submission could not be read


@dataclass(frozen=True)
class Mark:
    """The outcome of one graded cell.

    Args:
        check: the id of the cell.
        says: the sentence of the check, what it asks for.
        outcome: what became of it.
        share: of the points, from 0 to 1; more than 0 and less than 1 with ``Outcome.FAILED`` is partial credit.
        maximum: points.
        message: what the student is told; empty if it passed.
        seconds: that the check took.
    """

    check: str
    says: str
    outcome: Outcome
    share: float
    maximum: float
    message: str = ""
    seconds: float = 0.0

    @property
    def points(self) -> float:
        """What the machine gives."""
        return self.share * self.maximum


@dataclass(frozen=True)
class Verdict:
    """What became of one submission.

    Args:
        assignment: which homework.
        student: the id in the gradebook.
        handed_in_as: the name of the folder, where it is not the id.
        way: where the code ran.
        marks: in the order of the notebook.
        trouble: why it could not be graded, in a sentence for the student; else empty.
        notes: what was put right or went wrong, in sentences for the student.
        flags: what an instructor should look at, in a few words each.
        submission: the SHA-256 of what was handed in.
        version: the SHA-256 of source, checks and limits that it was graded with.
        seed: of the inputs; instructors only.
        seconds: that grading took.
        when: it ended, ISO 8601 with zone.
    """

    assignment: str
    student: str
    handed_in_as: str
    way: Way
    marks: tuple[Mark, ...] = ()
    trouble: str = ""
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    submission: str = ""
    version: str = ""
    seed: int = 0
    seconds: float = 0.0
    when: str = ""
    kind: str = field(default="verdict 1", init=False)

    @property
    def points(self) -> float:
        """What the machine gives in all."""
        return sum(mark.points for mark in self.marks)

    @property
    def maximum(self) -> float:
        """What there is to be had, by hand too."""
        return sum(mark.maximum for mark in self.marks)


def verdict_path(root: Path, assignment: str, student: str) -> Path:
    """Return where a course keeps the verdict on one submission."""
    return root / "verdicts" / assignment / f"{student}.json"


def write_verdict(root: Path, verdict: Verdict) -> Path:
    """Write the file at once: whoever is stopped in the middle leaves the old one, or none."""
    path = verdict_path(root, verdict.assignment, verdict.student)
    write_whole(path, json.dumps(asdict(verdict), indent=1, ensure_ascii=False).encode("utf-8"))
    return path


def read_verdict(path: Path) -> Verdict:
    """Read one file.

    Raises:
        ValueError: it is not a verdict.
    """
    try:
        entry: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if entry.pop("kind") != "verdict 1":
            raise ValueError
        marks = tuple(Mark(**{**mark, "outcome": Outcome(mark["outcome"])}) for mark in entry.pop("marks"))
        lists = {name: tuple(entry.pop(name)) for name in ("notes", "flags")}
        return Verdict(**{**entry, **lists, "way": Way(entry["way"]), "marks": marks})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{path} is not a verdict of this autograder; delete it, and grade again.") from None


def read_verdicts(root: Path, assignment: str) -> list[Verdict]:
    """Return all verdicts on an assignment, by student."""
    return [read_verdict(path) for path in sorted((root / "verdicts" / assignment).glob("[!.]*.json"))]
