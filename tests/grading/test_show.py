"""Marks are shown as nbgrader's own preprocessor shows them, from a gradebook that is read anew each time."""

import copy

import pytest
from nbgrader.preprocessors import GetGrades

from autograder.preprocessors.gradebook import opened, rows_of
from autograder.preprocessors.show import ShowMarks
from autograder.sample import copy_course
from tests.grading.conftest import HOMEWORK, HW


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with a submission in its gradebook: marks of both kinds, a comment, and a penalty for being late."""
    course = copy_course(HOMEWORK, tmp_path_factory.mktemp("show") / "course")
    course.generate(HW)
    course.no_marks(HW, "ada", "")
    with course.gradebook() as gradebook:
        notebook = gradebook.find_submission_notebook(HW, HW, "ada")
        for number, grade in enumerate(notebook.grades):
            grade.auto_score = number % 3
        notebook.grades[0].manual_score = 2.5
        notebook.comments[0].manual_comment = "Well put."
        notebook.late_submission_penalty = 1.5
        gradebook.db.commit()
    return course


def shown(kind, course):
    names = {"notebook": HW, "assignment": HW, "student": "ada", "db_url": course.api.coursedir.db_url}
    notebook, resources = kind().preprocess(copy.deepcopy(course.release(HW)), {"nbgrader": names})
    return notebook, resources["nbgrader"]


def test_marks_comments_and_sums_are_those_of_nbgraders_own(course):
    notebook, sums = shown(ShowMarks, course)
    assert (notebook, sums) == shown(GetGrades, course)
    assert sums["late_penalty"] == 1.5
    assert "Well put." in [cell.metadata.get("nbgrader", {}).get("comment") for cell in notebook.cells]


def test_what_a_person_changes_is_seen_the_next_time(course):
    url = course.api.coursedir.db_url
    for score in (1.0, 2.0):
        with course.gradebook() as gradebook:
            gradebook.find_grade("maml_loss_value", HW, HW, "ada").manual_score = score
            gradebook.db.commit()
        with opened(url) as gradebook:
            assert rows_of(gradebook, HW, HW, "ada").grades["maml_loss_value"].score == score


def test_a_gradebook_that_was_opened_is_closed_again(course):
    with opened(course.api.coursedir.db_url) as gradebook:
        rows_of(gradebook, HW, HW, "ada")
        assert gradebook.engine.pool.checkedout() == 1
    assert gradebook.engine.pool.checkedin() == gradebook.engine.pool.checkedout() == 0
