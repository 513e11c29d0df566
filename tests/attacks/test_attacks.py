"""Every attack is a real submission that tries, in one class with honest students; it gets what its code deserves."""

import re
from html.parser import HTMLParser

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.verdict import Outcome, Way
from tests.attacks.attackers import ATTACKERS, HW
from tests.attacks.conftest import WITNESSES
from tests.attacks.traces import alive, litter, named, tree

pytestmark = pytest.mark.slow


def outputs(graded, student):
    """Everything that stands under the cells of a graded notebook."""
    path = graded.course.root / "autograded" / student / HW / f"{HW}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    return "\n".join(str(output) for cell in notebook.cells for output in cell.get("outputs", []))


def page(graded, student):
    return (graded.course.root / "feedback" / student / HW / f"{HW}.html").read_text()


def rows(graded):
    """The gradebook: of each student the points of each cell, by machine and by hand, and the comments."""
    with Gradebook(f"sqlite:///{graded.course.root / 'gradebook.db'}") as gradebook:
        return {
            submission.student.id: {
                **{
                    g.name: (g.auto_score, g.manual_score, g.extra_credit)
                    for n in submission.notebooks
                    for g in n.grades
                },
                **{
                    f"{c.name} says": (c.auto_comment, c.manual_comment)
                    for n in submission.notebooks
                    for c in n.comments
                },
            }
            for submission in gradebook.assignment_submissions(HW)
        }


def judged(verdict):
    """A verdict without its times, seed and digests."""
    marks = [(m.check, m.outcome, m.share, m.maximum, m.message) for m in verdict.marks]
    return verdict.way, verdict.trouble, verdict.notes, verdict.flags, marks


@pytest.mark.parametrize("name", ATTACKERS)
def test_an_attacker_gets_what_the_code_deserves(graded, name):
    assert graded.verdicts[name].points == ATTACKERS[name].deserves


@pytest.mark.parametrize("name", ATTACKERS)
def test_an_attacker_ran_behind_the_wall_and_was_judged(graded, name):
    verdict = graded.verdicts[name]
    assert verdict.way is Way.WALLED
    assert [m.check for m in verdict.marks if m.outcome is Outcome.OUR_FAULT] == []
    assert len(verdict.marks) == 13
    shown = outputs(graded, name)
    assert [text for text in ATTACKERS[name].shows if text not in shown] == []


@pytest.mark.parametrize("name", ATTACKERS)
def test_no_attempt_brings_anything(graded, name):
    assert re.findall(r"GOT [^\n]{0,200}", outputs(graded, name)) == []


@pytest.mark.parametrize("name", ATTACKERS)
def test_every_attacker_has_a_page_of_bounded_size(graded, name):
    assert name in graded.verdicts
    assert 1000 < len(page(graded, name)) < 6_000_000


@pytest.mark.parametrize("name", WITNESSES)
def test_honest_students_have_what_they_have_without_attackers(graded, alone, name):
    assert judged(graded.verdicts[name]) == judged(alone.verdicts[name])
    assert rows(graded)[name] == rows(alone)[name]
    assert graded.verdicts[name].points == {"mm_wrong": 20}.get(name, 28)
    assert page(graded, name).split("<body")[1] == page(alone, name).split("<body")[1]


def test_the_gradebook_has_one_row_for_each_and_it_says_what_the_verdict_says(graded):
    found = rows(graded)
    assert found.keys() == graded.verdicts.keys() == ATTACKERS.keys() | WITNESSES.keys()
    for student, verdict in graded.verdicts.items():
        for mark in verdict.marks:
            by_machine, by_hand, extra = found[student][mark.check]
            assert by_hand is None
            assert not extra
            assert by_machine == (None if mark.outcome is Outcome.BY_HAND else mark.points)


def test_there_is_one_verdict_for_each_and_nothing_else(graded):
    files = {path.name for path in (graded.course.root / "verdicts").rglob("*") if path.is_file()}
    assert files == {f"{name}.json" for name in graded.verdicts}


def test_the_course_is_as_it_was(graded):
    assert tree(graded) == graded.before
    database = (graded.course.root / "gradebook.db").read_bytes()
    assert graded.token.encode() not in database


def test_no_process_is_left(graded):
    assert len(graded.family) > 3
    assert alive(graded.family) == []
    assert named(graded.token) == []


def test_no_file_is_left(graded):
    torchs = "torchinductor"  # PyTorch's own, of the grader
    assert [path for path in graded.temporary.iterdir() if not path.name.startswith(torchs)] == []
    assert litter(graded.token) == []
    assert sorted(path.name for path in graded.course.root.iterdir()) == [
        ".grading",
        ".grading.lock",
        "autograded",
        "checks",
        "feedback",
        "gradebook.db",
        "grades.csv",
        "nbgrader_config.py",
        "release",
        "source",
        "submitted",
        "verdicts",
    ]


def test_nobody_called_out(graded):
    assert graded.listening.heard() == []


class Live(HTMLParser):
    """Finds what a browser would run that holds a token."""

    def __init__(self, token):
        super().__init__()
        self.token, self.inside, self.found = token, [], []

    def handle_starttag(self, tag, attributes):
        self.inside = [tag] if tag in ("script", "style") else []
        for name, value in attributes:
            text = re.sub(r"\s", "", value or "").casefold()
            if self.token in text and (name.startswith("on") or "script:" in text or name in ("srcdoc", "style")):
                self.found.append((tag, name, value))
            if "x.invalid" in (value or "") and tag != "a":
                self.found.append((tag, name, value))
        if tag in ("iframe", "object", "embed", "base", "form"):
            self.found.append((tag, attributes))

    def handle_endtag(self, tag):
        self.inside = []

    def handle_data(self, data):
        if self.inside and self.token in data:
            self.found.append((self.inside, data[:200]))


@pytest.mark.parametrize("name", ["scripts", "links", "forged_errors"])
def test_scripts_do_not_run_in_the_feedback_page(graded, name):
    text = page(graded, name)
    assert graded.token in text
    live = Live(graded.token)
    live.feed(text)
    assert live.found == []


def test_what_instructors_are_told_of_an_error_is_a_name(graded):
    assert graded.verdicts["scripts"].notes == ("raised an error",)
