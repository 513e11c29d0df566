"""The instructor's page: what it counts, what it shows, and what it does not let in."""

import re
from html.parser import HTMLParser

import pytest

from autograder.office.points import LATE, score
from autograder.office.report import report, side_by_side
from autograder.office.summary import summarize
from autograder.verdict import Outcome, Way, write_verdict
from tests.grading.styles import STYLES
from tests.grading.verdicts import HW, mark, verdict, write_class

PASSED, FAILED, HAND = Outcome.PASSED, Outcome.FAILED, Outcome.BY_HAND
EVIL = "<script>alert('me')</script>"


class Page(HTMLParser):
    """Tags with their attributes, the text, and whether every tag is closed."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def page_of(root, *verdicts, **more) -> Page:
    for one in verdicts:
        write_verdict(root, one)
    path = report(root, HW, **{"given": {}, **more})
    assert path == root / "report" / f"{HW}.html"
    page = Page(path.read_text(encoding="utf-8"))
    assert page.open == []
    return page


def numbers(page: Page) -> dict[str, str]:
    head = page.text[: page.text.index("Points ")]
    return {
        name: number for number, name in re.findall(r"([\d.]+) (student|mean|median|wait|not walled|could|our)", head)
    }


def test_headline_numbers_of_a_small_class(tmp_path) -> None:
    page = page_of(
        tmp_path,
        verdict("ada", mark("a", PASSED), mark("b", PASSED), mark("c", HAND)),
        verdict("ben", mark("a", PASSED), mark("b", FAILED), way=Way.NOT_WALLED),
        verdict("cleo", mark("a", PASSED, maximum=1), mark("b", Outcome.OUR_FAULT)),
        verdict("dan", way=Way.NOT_RUN, trouble="It is not JSON."),
    )
    assert numbers(page) == {
        "student": "4", "mean": "1.8", "median": "1.5", "wait": "1", "not walled": "1", "could": "1", "our": "1",
    }  # fmt: skip
    assert "mean of 6" in page.text
    assert "dan: It is not JSON." in page.text


def test_points_given_by_a_person_stand_instead_of_the_machine_s_and_nothing_waits(tmp_path) -> None:
    ada = verdict("ada", mark("a", FAILED), mark("c", HAND))
    page = page_of(tmp_path, ada, given={"ada": {"c": 1.5, "a": 0.25, LATE: -0.5}})
    assert numbers(page)["wait"] == "0"
    assert numbers(page)["mean"] == "1.2"
    assert "1.5 of 2, given by a person" in page.text
    assert "so far" not in page.text.partition("Students")[2]
    assert "late: -0.5" in page.text


def test_a_mark_by_hand_says_that_it_waits(tmp_path) -> None:
    page = page_of(tmp_path, verdict("ada", mark("a", PASSED), mark("c", HAND)))
    assert "2 ? so far" in page.text
    assert "waits for a person" in page.text


@pytest.mark.parametrize(("late", "points"), [(-0.5, 1.5), (-3.0, 0.0)])
def test_a_late_penalty_ends_at_zero(late: float, points: float) -> None:
    assert score(verdict("ada", mark("a", PASSED)), {LATE: late}).points == points


def test_a_fault_waits_until_a_person_gives_points_and_an_unread_file_waits_for_nobody() -> None:
    ours = verdict("ada", mark("a", Outcome.OUR_FAULT, share=1.0))
    assert (score(ours, {}).faults, score(ours, {}).points, score(ours, {}).final) == (("a",), 0.0, False)
    assert (score(ours, {"a": 2.0}).faults, score(ours, {"a": 2.0}).points) == ((), 2.0)
    unread = verdict("ben", mark("c", HAND), way=Way.NOT_RUN)
    assert score(unread, {}).final
    assert score(verdict("cleo", way=Way.NOT_RUN), {"c": 1.0}).points == 1.0  # on paper, say


def test_checks_are_counted_by_outcome_with_partial_credit_apart() -> None:
    summary = summarize(
        [
            verdict("ada", mark("a", PASSED), mark("b", FAILED, 0.5)),
            verdict("ben", mark("a", FAILED), mark("b", Outcome.NOT_REACHED)),
            verdict("cleo", mark("a", PASSED)),
        ],
        {},
    )
    assert [(check.name, check.counts) for check in summary.checks] == [
        ("a", {"passed": 2, "failed": 1}),
        ("b", {"partial": 1, "not reached": 1}),
    ]


def test_a_check_that_few_have_is_shown_after_those_of_the_longest_verdict() -> None:
    few = verdict("ada", mark("z", PASSED), mark("a", FAILED))
    summary = summarize([few, verdict("ben", mark("a", PASSED), mark("b", PASSED), mark("c", PASSED))], {})
    assert [check.name for check in summary.checks] == ["a", "b", "c", "z"]


def test_messages_that_differ_by_numbers_alone_are_one_mistake() -> None:
    def told(student, message, check="a"):
        return verdict(student, mark(check, FAILED, message=message))

    summary = summarize(
        [
            told("ada", "From 3, hw2 ends at 2.31."),
            told("ben", "From 3, hw2 ends\nat -2.4e-05.", "b"),
            told("cleo", "From 3, hw2 ends at nan."),
            told("dan", "From 3, hw1 ends at 2.31."),
            verdict("eva", mark("a", PASSED, message="From 3, hw2 ends at 2.31.")),
            told("fay", ""),
        ],
        {},
    )
    first, second = summary.mistakes
    assert (first.text, first.checks, first.students) == ("From 3, hw2 ends at ….", ("a", "b"), ("ada", "ben", "cleo"))
    assert (second.text, second.students) == ("From 3, hw1 ends at 2.31.", ("dan",))


def test_a_student_who_fails_two_checks_in_one_way_is_one_student() -> None:
    summary = summarize([verdict("ada", mark("a", FAILED, message="No 1"), mark("b", FAILED, message="No 2"))], {})
    assert [(m.text, m.students, m.checks) for m in summary.mistakes] == [("No …", ("ada",), ("a", "b"))]


def test_flags_name_the_students(tmp_path) -> None:
    flagged = verdict("ada", mark("a", PASSED), flags=("graded cells were changed",))
    page = page_of(tmp_path, flagged, verdict("ben", mark("a", PASSED), way=Way.NOT_WALLED))
    assert "Flagged: graded cells were changed ada" in page.text
    assert "as far as the student can. ben" in page.text
    assert "Nothing." not in page.text


def test_a_class_with_nothing_to_look_at_says_so(tmp_path) -> None:
    assert "To look at Nothing." in page_of(tmp_path, verdict("ada", mark("a", PASSED))).text


def test_whatever_students_write_is_shown_and_not_run(tmp_path) -> None:
    evil = verdict(
        EVIL.replace("/", ""), mark("a", FAILED, message=EVIL), mark(EVIL, Outcome.OUR_FAULT), way=Way.NOT_WALLED,
        trouble=EVIL, notes=(EVIL,), flags=(EVIL,),
    )  # fmt: skip
    texts = {evil.student: STYLES[0] + EVIL, "ben": STYLES[0] + EVIL}
    page = page_of(tmp_path, evil, verdict("ben", mark("a", PASSED)), solutions=texts)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert page.text.count(EVIL) >= 7
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


def test_look_alikes_are_shown_side_by_side_and_the_boilerplate_is_not(tmp_path) -> None:
    students = [verdict(name, mark("a", PASSED)) for name in ("ada", "ben", "cleo")]
    texts = {"ada": STYLES[1], "ben": STYLES[1].replace("gs", "slopes"), "cleo": STYLES[4], "gone": STYLES[1]}
    page = page_of(tmp_path, *students, solutions=texts)
    assert "ada and ben: 100 %" in page.text
    assert "gone" not in page.text
    assert "Solutions compared with one another: 3." in page.text
    assert "slopes" in page.text
    assert "ada and ben" not in page_of(tmp_path, solutions=texts, boilerplate=[STYLES[1]]).text


def test_two_texts_are_laid_beside_each_other_line_by_line() -> None:
    rows = [("a", "a", True), ("b", "", False), (" c", "  c", True), ("", "d", False)]
    assert side_by_side("a\nb\n c", "a\n  c\nd") == rows
    assert side_by_side("x\nz", "p\nq\nz") == [("x", "p", False), ("", "q", False), ("z", "z", True)]


def test_a_class_of_which_nothing_could_be_read_has_a_page(tmp_path) -> None:
    assert "mean of 0" in page_of(tmp_path, verdict("dan", way=Way.NOT_RUN, trouble="It is not JSON.")).text


def test_no_verdicts_make_a_page_with_a_sentence(tmp_path) -> None:
    page = page_of(tmp_path)
    assert "There is no verdict on hw2_maml yet" in page.text
    assert [tag for tag, _ in page.tags].count("script") == 0


@pytest.mark.parametrize("n", [1, 2, 60, 500])
def test_a_class_of_any_size_is_one_page_that_asks_nothing_of_the_network(tmp_path, n: int) -> None:
    write_class(tmp_path, n)
    page = page_of(tmp_path)
    assert numbers(page)["student"] == str(n)
    attributes = [item for _, found in page.tags for item in found.items()]
    asked = [value for name, value in attributes if name in ("src", "href", "data", "xlink:href")]
    assert all(value.startswith(("../feedback/", "#")) for value in asked)
    text = (tmp_path / "report" / f"{HW}.html").read_text()
    assert not re.search(r"@import|url\((?!#)", text)
    rows = [attributes for tag, attributes in page.tags if tag == "th" and attributes.get("scope") == "row"]
    assert len(rows) == n


def test_every_picture_has_words_and_ids_of_its_own(tmp_path) -> None:
    write_class(tmp_path, 60)
    page = page_of(tmp_path)
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(pictures) == 2 + 6 + 9  # points and seconds, a legend, a bar a check
    assert all(picture["role"] == "img" and len(picture["aria-label"]) > 10 for picture in pictures)
    assert pictures[0]["aria-label"].startswith("Histogram of points: 60 students, lowest 0, median")
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids)) > 10


def test_pictures_take_their_ink_from_the_page(tmp_path) -> None:
    write_class(tmp_path, 3)
    text = report(tmp_path, HW, {}).read_text()
    assert "#010203" not in text
    assert "currentColor" in text
    assert re.search(r'<text style="[^"]*fill: currentColor[^"]*"[^>]*>median', text)


def test_names_lead_to_feedback_pages(tmp_path) -> None:
    page = page_of(tmp_path, verdict("ada lovelace?", mark("a", PASSED)))
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == [f"../feedback/ada%20lovelace%3F/{HW}/{HW}.html"]


def test_the_report_of_a_class_reads_the_gradebook_when_no_points_are_named(tmp_path) -> None:
    write_verdict(tmp_path, verdict("ada", mark("c", HAND)))
    assert numbers(Page(report(tmp_path, HW).read_text()))["wait"] == "1"  # there is no gradebook, and none is made
    assert not (tmp_path / "gradebook.db").exists()
