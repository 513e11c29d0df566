"""The commands: nbgrader's own in the homework folder, and ours."""

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli.app import app
from autograder.course import Course
from autograder.sample import Pupil, hand_in
from autograder.solutions import read_solution
from autograder.verdict import Way, read_verdict, verdict_path
from autograder.wall.bubblewrap import why_no_wall
from tests.grading.conftest import HOMEWORK, HW


def nbgrader(folder: Path, *arguments: str) -> None:
    """Call nbgrader as an instructor would, who has not activated the environment."""
    command = [str(Path(sys.executable).parent / "nbgrader"), *arguments]
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": os.defpath}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_nbgrader_s_own_commands_work_in_the_homework_folder(homework):
    nbgrader(homework, "generate_assignment", HW)
    emil = Pupil("emil", 20, read_solution(homework / "wrong" / HW / "no_create_graph.py"), {})
    hand_in(Course(homework), HW, emil)
    nbgrader(homework, "autograde", HW)
    nbgrader(homework, "generate_feedback", HW)
    nbgrader(homework, "export")
    with (homework / "grades.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [(line["student_id"], float(line["score"])) for line in lines] == [("emil", 20.0)]
    assert "FOMAML" in (homework / "feedback/emil" / HW / f"{HW}.html").read_text()
    verdict = read_verdict(verdict_path(homework, HW, "emil"))
    assert (verdict.points, verdict.way) == (20, Way.NOT_WALLED if why_no_wall() else Way.WALLED)


@pytest.mark.slow
def test_with_nbgrader_s_own_execution_the_same_checks_run_in_process(homework):
    config = homework / "nbgrader_config.py"
    config.write_text(f"{config.read_text()}\ndel c.Autograde.autograde_preprocessors\n")
    nbgrader(homework, "generate_assignment", HW)
    emil = Pupil("emil", 20, read_solution(homework / "wrong" / HW / "no_create_graph.py"), {})
    hand_in(Course(homework), HW, emil)
    nbgrader(homework, "autograde", HW)
    with Course(homework).gradebook() as gradebook:
        assert gradebook.find_submission(HW, "emil").score == 20
    assert not (homework / "verdicts").exists()


@pytest.mark.slow
def test_nbgrader_validates_what_a_student_will_hand_in(homework):
    nbgrader(homework, "generate_assignment", HW)
    hand_in(Course(homework), HW, Pupil("ada", 28, read_solution(homework / "right" / HW / "library.py"), {}))
    nbgrader(homework, "validate", f"submitted/ada/{HW}/{HW}.ipynb")


def autograder(*arguments) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())


def hand_in_from(course, student, file):
    course = Course(course)
    course.generate(HW)
    hand_in(course, HW, Pupil(student, 0, read_solution(HOMEWORK / file), {}))


def test_an_unknown_assignment_is_answered_with_the_known_ones(homework):
    code, said = autograder("grade", "hw9", "--course", homework)
    assert code == 1
    assert "no assignment 'hw9'" in said
    assert "there are: hw2_maml" in said


def test_a_folder_that_is_no_course_is_named(tmp_path):
    code, said = autograder("grade", "--course", tmp_path)
    assert code == 1
    assert "it has no nbgrader_config.py" in said


def test_a_course_where_nothing_was_handed_in_says_where_to_put_it(homework):
    code, said = autograder("grade", "--course", homework)
    assert code == 1
    assert "Nothing was handed in" in said
    assert "STUDENT/hw2_maml/hw2_maml.ipynb" in said


def test_a_student_who_handed_nothing_in_is_answered_with_those_who_did(homework):
    hand_in_from(homework, "ada", "right/hw2_maml/batched.py")
    code, said = autograder("grade", HW, "--course", homework, "--student", "bob")
    assert code == 1
    assert "no submission of bob; there are: ada" in said


def test_an_assignment_without_a_sample_class_says_so(tmp_path):
    code, said = autograder("grade", "hw9", "--into", tmp_path / "class")
    assert code == 1
    assert "no sample class" in said


@pytest.mark.slow
def test_from_the_platform_s_download_to_the_platform_s_grades(homework, tmp_path):
    """An instructor's whole way: collect, grade, regrade, feedback, report, export."""
    hand_in_from(homework, "source", "wrong/hw2_maml/no_create_graph.py")
    download = tmp_path / "submissions.zip"
    with zipfile.ZipFile(download, "w") as archive:
        archive.write(homework / f"submitted/source/{HW}/{HW}.ipynb", f"noetheremmy_1001_9001_{HW}.ipynb")
        archive.writestr(f"turingalan_LATE_1002_9002_{HW}.ipynb", "")
    shutil.rmtree(homework / "submitted")
    course = ("--course", homework)

    code, said = autograder("collect", download, HW, *course)
    assert (code, said.count(" new ")) == (0, 2)
    code, said = autograder("grade", HW, *course, "--json")
    rows = {row["student"]: row for row in json.loads(said[said.index("[") :])}
    assert (code, sorted(row["points"] for row in rows.values())) == (0, [0, 20])
    emmy = next(name for name in rows if "emmy" in name)
    alan = next(name for name in rows if "alan" in name)

    assert rows[alan]["flags"] == ["late"]
    assert rows[alan]["handed_in_as"] == "turingalan"

    before = read_verdict(verdict_path(homework, HW, emmy))
    assert autograder("grade", HW, *course)[0] == 0
    assert read_verdict(verdict_path(homework, HW, emmy)) == before
    assert autograder("regrade", HW, *course, "--student", emmy)[0] == 0
    after = read_verdict(verdict_path(homework, HW, emmy))
    assert after.seed != before.seed
    assert after.points == before.points

    page = homework / "feedback" / emmy / HW / f"{HW}.html"
    page.unlink()
    code, said = autograder("feedback", HW, *course)
    assert code == 0
    assert "FOMAML" in page.read_text()

    code, said = autograder("report", HW, *course)
    assert code == 0
    assert emmy in (homework / "report" / f"{HW}.html").read_text()

    code, said = autograder("export", HW, "--to", "canvas", *course)
    if why_no_wall():
        assert (code, emmy in said) == (1, True)
        assert "wall" in said
    code, said = autograder("export", HW, "--to", "canvas", *course, "--allow-not-walled")
    assert code == 0, said
    text = (homework / "exports" / f"{HW}_canvas.csv").read_text(encoding="utf-8-sig")
    assert "1001" in text
    assert alan in rows


@pytest.mark.slow
def test_marks_that_were_not_given_behind_the_wall_say_so_and_are_not_exported(homework):
    config = homework / "nbgrader_config.py"
    config.write_text(f"{config.read_text()}\nc.Examine.wall = False\n")
    hand_in_from(homework, "emil", "wrong/hw2_maml/no_create_graph.py")
    code, said = autograder("grade", HW, "--course", homework)
    assert code == 0
    assert "1 of 1 were not marked behind the wall." in said
    verdict = read_verdict(verdict_path(homework, HW, "emil"))
    assert (verdict.way, verdict.points) == (Way.NOT_WALLED, 20)
    with Course(homework).gradebook() as gradebook:
        (notebook,) = gradebook.find_submission(HW, "emil").notebooks
        assert all("without a wall" in comment.auto_comment for comment in notebook.comments)
    assert "Marked without a wall" in (homework / f"feedback/emil/{HW}/{HW}.html").read_text()
    assert autograder("report", HW, "--course", homework)[0] == 0
    assert "not walled" in (homework / "report" / f"{HW}.html").read_text()
    code, said = autograder("export", HW, "--course", homework)
    assert code == 1
    assert "emil" in said
    assert "--allow-not-walled" in said
    assert autograder("export", HW, "--course", homework, "--allow-not-walled")[0] == 0


def test_export_before_grading_says_what_to_do(homework):
    code, said = autograder("export", HW, "--course", homework)
    assert code == 1
    assert "grade it first" in said


@pytest.mark.slow
def test_the_doctor_tries_a_kernel_and_knows_the_course(homework):
    code, said = autograder("doctor", "--course", homework, "--json")
    findings = {finding["what"]: finding for finding in json.loads(said)}
    assert code == 0
    assert findings["wall"]["well"] is not bool(why_no_wall())
    kernel = "a kernel without a wall" if why_no_wall() else "a kernel behind the wall"
    assert findings[kernel]["well"]
    assert HW in findings["course"]["says"]


def test_the_doctor_ends_with_an_error_where_nothing_can_be_graded(tmp_path):
    code, said = autograder("doctor", "--course", tmp_path)
    assert code == 1
    assert "✗ course" in said


def test_release_makes_what_students_get(homework):
    code, said = autograder("release", HW, "--course", homework)
    assert code == 0
    assert said.endswith(f"release/{HW}/{HW}.ipynb")
    assert Path(said).is_file()


def test_a_student_learns_before_handing_in_whether_the_file_will_be_accepted(homework, tmp_path):
    hand_in_from(homework, "ada", "right/hw2_maml/batched.py")
    code, said = autograder("check", homework / f"submitted/ada/{HW}/{HW}.ipynb", "--course", homework)
    assert code == 0
    assert "will be accepted" in said
    (tmp_path / f"{HW}.ipynb").write_text('{"cells": [')
    code, said = autograder("check", tmp_path / f"{HW}.ipynb", "--course", homework)
    assert code == 1
    assert "It will not be accepted." in said


@pytest.mark.slow
def test_a_student_can_run_the_visible_tests_with_their_messages(homework):
    hand_in_from(homework, "emil", "wrong/hw2_maml/no_create_graph.py")
    code, said = autograder("check", homework / f"submitted/emil/{HW}/{HW}.ipynb", "--course", homework, "--run")
    assert code == 0
    assert "inner_adapt_one_step: passed" in said
    assert "maml_loss_meta_gradient: That is FOMAML's gradient: the inner gradients were constants." in said


@pytest.mark.slow
def test_submissions_are_graded_in_place_and_the_gradebook_is_printed(homework):
    folder = homework / "submitted/ivo" / HW
    folder.mkdir(parents=True)
    (folder / f"{HW}.ipynb").write_text("")
    code, said = autograder("grade", "--course", homework)
    assert code == 0
    assert "ivo" in said
    assert (homework / "grades.csv").is_file()
