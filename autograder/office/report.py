"""The instructor's page about one homework: who has what, which mistakes are common, and what to look at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.office.lookalike import lookalikes
from autograder.office.pictures import LOOKS, outcome_bar, points_picture, seconds_picture, swatch
from autograder.office.points import Given, Score, gradebook_points
from autograder.office.summary import Check, Summary, kind, summarize
from autograder.verdict import Verdict, Way, read_verdicts
from autograder.whole import write_whole

MOST_PAIRS = 30
"""Look-alikes that are shown with their texts."""

_SIGNS = {"passed": "✓", "partial": "◐", "failed": "✗", "not reached": "–", "our fault": "!", "by hand": "?"}


@dataclass(frozen=True)
class Cell:
    """One student's points for one check as the table shows them: number, sign, and what a screen reader says."""

    points: float | None
    kind: str
    maximum: float

    @property
    def sign(self) -> str:
        """A character that says what the colour says."""
        return _SIGNS.get(self.kind, "")

    @property
    def says(self) -> str:
        """The same in words."""
        if self.points is None:
            return "waits for a person" if self.kind == "by hand" else self.kind
        return f"of {self.maximum:g}, {self.kind}"


def report(
    root: Path,
    assignment: str,
    given: Given | None = None,
    solutions: Mapping[str, str] | None = None,
    boilerplate: list[str] | None = None,
) -> Path:
    """Write ``report/<assignment>.html`` in ``root`` from the verdicts there, and return where it is.

    The page is one file, with its pictures in it; it asks nothing of the network, and its script only sorts the table.
    It is written at once, so that a reader finds the old page or the new one.

    Args:
        root: the course.
        assignment: which homework.
        given: points that a person gave; without it, those of nbgrader's gradebook.
        solutions: what each student wrote, by student, to look for look-alikes; without it, they are left out.
        boilerplate: what everyone may have written.
    """
    given = gradebook_points(root, assignment) if given is None else given
    summary = summarize(read_verdicts(root, assignment), given)
    texts = {v.student: (solutions or {})[v.student] for v in summary.verdicts if v.student in (solutions or {})}
    pairs = lookalikes(texts, boilerplate or [])
    page = _environment().get_template("report.html.jinja").render(
        assignment=assignment,
        summary=summary,
        ways=Way,
        legend={kind: swatch(kind) for kind in LOOKS},
        pictures=_pictures(summary),
        bars=[(check, outcome_bar(check.name, check.counts, len(summary.verdicts))) for check in summary.checks],
        slowest=sorted(summary.verdicts, key=lambda v: -v.seconds)[:5],
        rows=list(_rows(summary)),
        n_compared=len(texts),
        pairs=[(pair, side_by_side(*(texts[student] for student in pair.students))) for pair in pairs[:MOST_PAIRS]],
        more_pairs=pairs[MOST_PAIRS:],
        feedback=lambda student: f"../feedback/{quote(student)}/{quote(assignment)}/{quote(assignment)}.html",
    )  # fmt: skip
    path = root / "report" / f"{assignment}.html"
    write_whole(path, page.encode("utf-8", "replace"))
    return path


def side_by_side(left: str, right: str) -> list[tuple[str, str, bool]]:
    """Return two texts as rows (left, right, whether they are the same but for the space around)."""
    a, b = left.splitlines(), right.splitlines()
    matcher = SequenceMatcher(None, [line.strip() for line in a], [line.strip() for line in b], autojunk=False)
    rows = []
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        for k in range(max(i_end - i, j_end - j)):
            rows.append(
                (a[i + k] if i + k < i_end else "", b[j + k] if j + k < j_end else "", tag == "equal"),
            )
    return rows


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("autograder.office", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _pictures(summary: Summary) -> dict[str, str]:
    if not summary.verdicts:
        return {}
    return {
        "points": points_picture([score.points for score in summary.scores], summary.maximum),
        "seconds": seconds_picture([verdict.seconds for verdict in summary.verdicts]),
    }


def _rows(summary: Summary) -> Iterator[tuple[Verdict, Score, list[Cell]]]:
    checks = summary.checks
    for verdict, score in zip(summary.verdicts, summary.scores, strict=True):
        yield verdict, score, [_cell(check, verdict, score) for check in checks]


def _cell(check: Check, verdict: Verdict, score: Score) -> Cell:
    marks = {mark.check: mark for mark in verdict.marks}
    mark = marks.get(check.name)
    points = score.cells.get(check.name)
    if mark is None:
        return Cell(points, "no mark" if points is None else "given by a person", check.maximum)
    by_person = points is not None and points != mark.points
    return Cell(points, "given by a person" if by_person else kind(mark.outcome, mark.share), mark.maximum)
