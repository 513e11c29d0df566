"""The main job on the sample class, with strangers among it, through the real nbgrader and real kernels."""

import csv
import html
import io
import re
from datetime import datetime

import nbformat
import pytest
from rich.console import Console

from autograder.door.names import safe_id
from autograder.exercises import exercises, maxima
from autograder.office.points import score
from autograder.office.table import gradebook_table
from autograder.preprocessors.save import SAID
from autograder.sample import sample_class
from autograder.verdict import Outcome, Way
from autograder.wall.bubblewrap import why_no_wall
from tests.grading.conftest import HOMEWORK, HW

pytestmark = pytest.mark.slow
CLASS = sample_class(HOMEWORK, HW)
BY_HAND = Outcome.BY_HAND
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


def lost(verdict):
    return {mark.check: 1 - mark.share for mark in verdict.marks if mark.share < 1 and mark.outcome is not BY_HAND}


def test_a_wrong_solution_loses_the_cells_it_names_and_no_others(graded):
    emil = next(pupil for pupil in CLASS if pupil.name == "emil")
    assert lost(graded[1]["emil"]) == emil.solution.loses


@pytest.mark.parametrize(("student", "when"), [("z_typo", datetime(2020, 1, 2, 3, 4, 5)), ("g_points", None)])
def test_nbgrader_hears_when_something_was_handed_in_and_survives_a_time_that_is_none(graded, student, when):
    with graded[0].gradebook() as gradebook:
        assert gradebook.find_submission(HW, student).timestamp == when


ZOE = safe_id("Zoë [*] O'Hara")


@pytest.mark.parametrize(
    ("student", "points", "said"),
    [
        ("a_truncated", 0, "JSON"),
        ("c_list", 0, "not a notebook"),
        ("h_link", 0, "link"),
        ("i_empty", 0, "hw2_maml.ipynb"),
        ("d_vandal", 4, "graded cells were changed"),
        ("e_exits", 15, "ended its Python process"),
        ("g_points", 28, "graded cells were changed"),
        ("f_deaf", 15, ""),
        ("z_typo", 15, "raised SyntaxError"),
        ("ines", 15, ""),
        ("leo", 15, ""),
        ("noah", 0, "empty"),
        ("ada", 28, ""),
        ("emil", 20, ""),
        (ZOE, 28, ""),
    ],
)
def test_every_stranger_has_a_verdict_with_a_sentence(graded, student, points, said):
    verdict = graded[1][student]
    assert said in " ".join([verdict.trouble, *verdict.notes, *verdict.flags])
    assert verdict.points == points
    assert verdict.maximum == 30
    assert verdict.version
    assert verdict.submission


def test_marks_are_given_behind_the_wall_where_there_is_one(graded):
    ways = {name: verdict.way for name, verdict in graded[1].items()}
    unread = {"a_truncated", "b_misnamed", "c_list", "h_link", "i_empty"}
    assert {name for name, way in ways.items() if way is Way.NOT_RUN} == unread
    expected = Way.NOT_WALLED if why_no_wall() else Way.WALLED
    assert {way for name, way in ways.items() if name not in unread} == {expected}


def test_a_name_that_nbgrader_cannot_bear_becomes_an_id_and_is_kept(graded):
    assert graded[1][ZOE].handed_in_as == "Zoë [*] O'Hara"
    assert ZOE.startswith("zoe-o-hara-")


def test_the_gradebook_has_what_the_verdicts_say_and_how_it_was_found_out(graded):
    course, verdicts = graded
    said = SAID[Way.NOT_WALLED if why_no_wall() else Way.WALLED]
    with course.gradebook() as gradebook:
        for student, verdict in verdicts.items():
            (notebook,) = gradebook.find_submission(HW, student).notebooks
            assert {grade.name: grade.auto_score or 0 for grade in notebook.grades} == {
                mark.check: mark.points for mark in verdict.marks
            }
            for comment in notebook.comments:
                assert comment.auto_comment.endswith(said if verdict.way is not Way.NOT_RUN else verdict.trouble)


def test_written_answers_wait_for_a_person_and_unwritten_ones_do_not(graded):
    waiting = {name for name, verdict in graded[1].items() if verdict.marks[-1].outcome is BY_HAND}
    assert waiting == {
        *("ada", "emil", "grace", "ines", "mia", "d_vandal", "e_exits", "f_deaf", "g_points", "z_typo"),
        ZOE,
    }


@pytest.mark.parametrize(
    ("student", "sentence"),
    [
        ("ada", "Score: 28.0 / 30.0"),
        ("sofia", "what was learned is judged on the *query* set"),
        ("noah", "inner_adapt raised NotImplementedError: Write this function."),
        ("ada", "PASSED One step down the gradient, of every tensor of theta."),
        ("ada", SAID[Way.NOT_WALLED if why_no_wall() else Way.WALLED]),
        ("ines", "name 'tsk' is not defined"),
        ("leo", "Is there a loop that never ends?"),
        ("f_deaf", "The function went on when it was told to stop."),
        ("a_truncated", "it is not JSON. Was the upload cut short?"),
        ("d_vandal", "When this was graded:"),
        ("e_exits", "The notebook's Python process ended in an earlier cell"),
        ("emil", "This is FOMAML's gradient: the inner gradients were constants."),
        ("z_typo", "SyntaxError: expected ':'"),
    ],
)
def test_every_student_gets_a_page_that_says_what_is_wrong(graded, student, sentence):
    assert sentence in feedback(graded, student)


@pytest.mark.parametrize("student", [*POINTS, "d_vandal", "e_exits", "z_typo"])
def test_feedback_does_not_show_the_hidden_tests(graded, student):
    text = feedback(graded, student)
    assert "HIDDEN TESTS" not in text
    assert "student.inner_adapt" not in text
    assert "def inner_adapt_one_step" not in text


def test_a_page_stays_small_however_much_is_printed(graded):
    assert (graded[0].root / "feedback/mia" / HW / f"{HW}.html").stat().st_size < 1_000_000


def test_the_csv_has_a_line_for_everyone_with_their_points(graded):
    course, verdicts = graded
    with (course.root / "grades.csv").open() as file:
        lines = {line["student_id"]: line for line in csv.DictReader(file)}
    assert {n: float(line["score"]) for n, line in lines.items()} == {n: v.points for n, v in verdicts.items()}
    assert {float(line["max_score"]) for line in lines.values()} == {30.0}


def test_the_table_shows_points_by_exercise_and_what_happened(graded):
    course, verdicts = graded
    console, source = Console(width=100, record=True, file=io.StringIO()), course.source(HW)
    rows = [(verdict, score(verdict, {})) for verdict in verdicts.values()]
    console.print(gradebook_table(HW, rows, exercises(source), maxima(source)))
    lines = {line.split("│")[1].strip(): [part.strip() for part in line.split("│")[2:-1]] for line in _lines(console)}
    sign = " !" if why_no_wall() else ""
    assert lines[f"ada{sign}"] == ["15", "13", "?", "28", ""]
    assert lines[f"emil{sign}"][:4] == ["12", "8", "?", "20"]
    assert lines[f"emil{sign}"][4].startswith("inner_adapt: not differentiable")
    assert lines[f"noah{sign}"] == ["0", "0", "0", "0", "empty"]


def _lines(console):
    return [line for line in console.export_text().splitlines() if line.startswith("│") and line[2] != " "]


def test_what_students_get_holds_neither_solutions_nor_hidden_tests(graded):
    release = nbformat.read(graded[0].root / "release" / HW / f"{HW}.ipynb", as_version=4)
    text = nbformat.writes(release)
    for secret in ("SOLUTION", "HIDDEN", "examine", "autograder", "create_graph=not", "jumps over"):
        assert secret not in text
    assert [path.name for path in (graded[0].root / "release" / HW).iterdir()] == [f"{HW}.ipynb"]
    graded_cells = [c for c in release.cells if c.metadata.get("nbgrader", {}).get("grade") and c.cell_type == "code"]
    assert all("assert" in cell.source for cell in graded_cells)


def test_ungraded_cells_are_not_run_when_grading(graded):
    notebook = nbformat.read(graded[0].root / "autograded/ada" / HW / f"{HW}.ipynb", as_version=4)
    assert [cell.outputs for cell in notebook.cells if cell.id in ("episodes", "train", "before-after")] == [[], [], []]
