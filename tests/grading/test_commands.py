"""The commands: nbgrader's own in the homework folder, and ours."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.__main__ import app
from autograder.course import Course
from autograder.sample import Pupil, hand_in
from autograder.solutions import read_solution
from tests.grading.conftest import HW


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


def grade(*arguments) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["grade", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())


def test_an_unknown_assignment_is_answered_with_the_known_ones(homework):
    code, said = grade("hw9", "--course", homework)
    assert code == 1
    assert "no assignment 'hw9'" in said
    assert "there are: hw2_maml" in said


def test_a_folder_that_is_no_course_is_named(tmp_path):
    code, said = grade("--course", tmp_path)
    assert code == 1
    assert "it has no nbgrader_config.py" in said


def test_a_course_where_nothing_was_handed_in_says_where_to_put_it(homework):
    code, said = grade("--course", homework)
    assert code == 1
    assert "Nothing was handed in" in said
    assert "STUDENT/hw2_maml/hw2_maml.ipynb" in said


def test_an_assignment_without_a_sample_class_says_so(tmp_path):
    code, said = grade("hw9", "--into", tmp_path / "class")
    assert code == 1
    assert "no sample class" in said


def test_submissions_are_graded_in_place_and_the_gradebook_is_printed(homework):
    folder = homework / "submitted/ivo" / HW
    folder.mkdir(parents=True)
    (folder / f"{HW}.ipynb").write_text("")
    code, said = grade("--course", homework)
    assert code == 0
    assert "ivo" in said
    assert "not JSON" in said
    assert (homework / "grades.csv").is_file()
    shutil.rmtree(homework)
