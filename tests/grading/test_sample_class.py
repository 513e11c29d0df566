"""The main job on the sample class, with strangers among it, through the real nbgrader and real kernels."""

import csv
import html
import io
import re

import nbformat
import pytest
from rich.console import Console

from autograder.gradebook import exercises
from autograder.sample import sample_class
from autograder.table import gradebook_table
from tests.grading.conftest import HOMEWORK, HW

pytestmark = pytest.mark.slow
CLASS = sample_class(HOMEWORK, HW)
POINTS = {pupil.name: pupil.points for pupil in CLASS}


def feedback(graded, student):
    """The text of a student's page."""
    page = (graded[0].root / "feedback" / student / HW / f"{HW}.html").read_text()
    text = html.unescape(re.sub(r"<[^>]+>", "", page[page.index("<body") :]))
    return re.sub(r"\s+", " ", text)


def test_the_sample_class_has_the_submissions_that_matter():
    files = {pupil.solution.says if pupil.solution else "empty" for pupil in CLASS}
    assert len(CLASS) >= 6
    assert len(files) == len(CLASS)


@pytest.mark.parametrize("student", POINTS)
def test_each_pupil_gets_the_points_they_deserve(graded, student):
    assert graded[1][student].points == POINTS[student]


def test_a_wrong_solution_loses_the_cells_it_names_and_no_others(graded):
    emil = next(pupil for pupil in CLASS if pupil.name == "emil")
    assert set(graded[1]["emil"].lost) == emil.solution.loses


@pytest.mark.parametrize(
    ("student", "points", "note"),
    [
        ("a_truncated", 0, "not JSON"),
        ("b_misnamed", 0, "hw2_maml.ipynb was not handed in; in its place there is: Homework 2 (final).ipynb"),
        ("c_list", 0, "not a notebook"),
        ("d_vandal", 4, ""),
        ("e_exits", 15, "ended its Python process"),
        ("g_points", 0, "could not convert string to float: 'many'"),
        ("f_deaf", 15, "timed out"),
        ("z_typo", 15, "raised SyntaxError, raised NameError"),
        ("ines", 15, "raised NameError"),
        ("leo", 15, "timed out"),
        ("noah", 0, "empty"),
        ("ada", 28, ""),
        ("emil", 20, ""),
    ],
)
def test_every_stranger_has_a_row_with_a_sentence(graded, student, points, note):
    row = graded[1][student]
    assert note in row.note if note else row.note == ""
    assert row.points == points


def test_written_answers_wait_for_a_person_and_unwritten_ones_do_not(graded):
    waiting = {name for name, row in graded[1].items() if row.marks[-1].points is None}
    assert waiting == {"ada", "emil", "grace", "ines", "mia", "d_vandal", "e_exits", "f_deaf", "z_typo"}


@pytest.mark.parametrize(
    ("student", "sentence"),
    [
        ("ada", "Score: 28.0 / 30.0"),
        ("emil", "That is FOMAML's gradient: the inner gradients were constants."),
        ("sofia", "That is the loss on the support set. The exam is the *query* set."),
        ("noah", "Write this function."),
        ("ines", "name 'tsk' is not defined"),
        ("leo", "Is there a loop that never ends?"),
        ("mia", "Output truncated"),
        ("a_truncated", "it is not JSON. Was the upload cut short?"),
        ("b_misnamed", "was not handed in"),
        ("d_vandal", "This cell (id:inner_adapt_one_step) was missing from the submission"),
        ("e_exits", "The notebook's Python process ended in an earlier cell"),
        ("f_deaf", "went on when it was told to stop"),
        ("g_points", "nbgrader could not process the notebook"),
        ("z_typo", "SyntaxError: expected ':'"),
    ],
)
def test_every_student_gets_a_page_that_says_what_is_wrong(graded, student, sentence):
    assert sentence in feedback(graded, student)


@pytest.mark.parametrize("student", [*POINTS, "d_vandal", "e_exits", "z_typo"])
def test_feedback_does_not_show_the_hidden_tests(graded, student):
    text = feedback(graded, student)
    assert "student.inner_adapt" not in text
    assert "def inner_adapt_one_step" not in text


def test_a_page_stays_small_however_much_is_printed(graded):
    assert (graded[0].root / "feedback/mia" / HW / f"{HW}.html").stat().st_size < 1_000_000


def test_the_csv_has_a_line_for_everyone_with_their_points(graded):
    course, rows = graded
    with (course.root / "grades.csv").open() as file:
        lines = {line["student_id"]: line for line in csv.DictReader(file)}
    assert {name: float(line["score"]) for name, line in lines.items()} == {n: row.points for n, row in rows.items()}
    assert {float(line["max_score"]) for line in lines.values()} == {30.0}


def test_the_table_shows_points_by_exercise_and_what_happened(graded):
    course, rows = graded
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(gradebook_table(HW, list(rows.values()), exercises(course.source(HW))))
    lines = {line.split("│")[1].strip(): [part.strip() for part in line.split("│")[2:-1]] for line in _lines(console)}
    assert lines["ada"] == ["15", "13", "?", "28", ""]
    assert lines["emil"][:4] == ["12", "8", "?", "20"]
    assert lines["emil"][4].startswith("inner_adapt: not differentiable")
    assert lines["leo"] == ["15", "0", "0", "15", "timed out"]


def _lines(console):
    return [line for line in console.export_text().splitlines() if line.startswith("│") and line[2] != " "]


def test_what_students_get_holds_neither_solutions_nor_hidden_tests(graded):
    release = nbformat.read(graded[0].root / "release" / HW / f"{HW}.ipynb", as_version=4)
    text = nbformat.writes(release)
    for secret in ("SOLUTION", "HIDDEN", "examine", "from checks", "create_graph=not", "jumps over"):
        assert secret not in text
    assert [path.name for path in (graded[0].root / "release" / HW).iterdir()] == [f"{HW}.ipynb"]
    graded_cells = [c for c in release.cells if c.metadata.get("nbgrader", {}).get("grade") and c.cell_type == "code"]
    assert all("assert" in cell.source for cell in graded_cells)


def test_ungraded_cells_are_not_run_when_grading(graded):
    notebook = nbformat.read(graded[0].autograded(HW, "ada"), as_version=4)
    assert [cell.outputs for cell in notebook.cells if cell.id in ("episodes", "train", "before-after")] == [[], [], []]
