"""nbgrader's own page for instructors, in a real browser, on a course that the autograder has graded."""

import os

import pytest

from autograder.grading import grade_class
from autograder.sample import Pupil, copy_course, hand_in
from autograder.solutions import read_solution
from tests.browser.jupyter import TOKEN, serving
from tests.chromium import CHROMIUM, launched
from tests.grading.conftest import HOMEWORK, HW, free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine (Debian: apt install chromium)"),
]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course with two submissions, one right and one wrong, and the verdicts on them."""
    course = copy_course(HOMEWORK, tmp_path_factory.mktemp("formgrader") / "course")
    course.generate(HW)
    for name, file in (("ada", "right/hw2_maml/batched.py"), ("emil", "wrong/hw2_maml/no_create_graph.py")):
        written = {"why_second_order": "When the step overshoots."}
        hand_in(course, HW, Pupil(name, 0, read_solution(HOMEWORK / file), written))
    return course, grade_class(course, HW)


@pytest.fixture(scope="module")
def server(graded, tmp_path_factory):
    """The address of a JupyterLab that was started in the course's folder, as an instructor would."""
    address = f"http://localhost:{free_port()}"
    with serving(address, graded[0].root, dict(os.environ), tmp_path_factory.mktemp("jupyter") / "log"):
        yield address


@pytest.fixture(scope="module")
def page(server):
    with launched() as browser:
        page = browser.new_page()
        page.goto(f"{server}/formgrader?token={TOKEN}")
        yield page


def test_the_assignment_is_there_with_all_submissions(page, graded):
    row = page.locator("tr", has=page.get_by_text(HW, exact=True)).first
    row.wait_for()
    assert "2" in row.inner_text().split()


def test_the_points_are_those_of_the_verdicts(page, server, graded):
    page.goto(f"{server}/formgrader/gradebook/{HW}/{HW}")
    page.get_by_text("Submission #1", exact=True).wait_for()
    scores = [text.split("/")[0].strip() for text in page.locator("tbody tr td:nth-child(3)").all_inner_texts()]
    assert sorted(map(float, scores)) == sorted(verdict.points for verdict in graded[1]) == [20, 28]


def test_a_submission_can_be_opened_and_a_written_answer_given_points(page, server, graded):
    course = graded[0]
    with course.gradebook() as gradebook:
        (notebook,) = gradebook.find_submission(HW, "ada").notebooks
        address = f"{server}/formgrader/submissions/{notebook.id}/"
    page.goto(address)
    points = page.locator("input.score").last
    points.wait_for()
    points.fill("1.5")
    points.press("Tab")
    page.wait_for_timeout(1500)
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("why_second_order", HW, HW, "ada")
        assert grade.manual_score == 1.5
