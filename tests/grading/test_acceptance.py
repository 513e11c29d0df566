"""What a student can know before handing in."""

import pytest
from nbformat.v4 import new_code_cell

from autograder.door.acceptance import check_file
from tests.grading.submissions import HW, TROUBLE, cell_of, hand_in, honest, release


@pytest.fixture
def check(tmp_path):
    """Write a notebook and say what is said about it."""

    def say(notebook, name=f"{HW}.ipynb"):
        return check_file(hand_in(tmp_path, notebook, name) / name, HW, release())

    return say


def test_a_finished_notebook_will_be_accepted_and_no_more_is_said(check):
    assert check(honest()) == ["hw2_maml.ipynb will be accepted."]


def test_what_is_not_written_is_named(check):
    said = check(release())
    assert said[0] == "hw2_maml.ipynb will be accepted."
    assert said[1:] == [
        f"The cell `{name}` is not written yet." for name in ("inner_adapt", "maml_loss", "why_second_order")
    ]


def test_an_empty_answer_is_not_written(check):
    notebook = honest()
    cell_of(notebook, "why_second_order").source = " "
    assert check(notebook)[1:] == ["The cell `why_second_order` is not written yet."]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def inner_adapt(theta)\n    return 1", "line 1, expected ':'"),
        ("x = 1\ny = (", "line 2, '(' was never closed"),
        ("\0", "The cell `inner_adapt` is no Python: "),
        ("x = '\\d'", ""),
        ("%time x = 1\n!ls\nx?", ""),
    ],
)
def test_mistakes_of_syntax_are_named_with_their_line(check, source, sentence):
    notebook = honest()
    cell_of(notebook, "inner_adapt").source = source
    said = check(notebook)[1:]
    assert sentence in said[0] if sentence else said == []


def test_cells_that_are_not_run_may_hold_anything(check):
    notebook = honest()
    cell_of(notebook, "train").source = "def"
    assert check(notebook)[1:] == []
    notebook.cells.append(new_code_cell("def", id="mine"))
    assert check(notebook)[1:] == [f"The cell number {len(notebook.cells)} is no Python: line 1, invalid syntax."]


def test_changed_tests_are_named(check):
    notebook = honest()
    cell_of(notebook, "inner_adapt_pure").source = "pass"
    assert "The cell `inner_adapt_pure` was changed; it was put back as it was." in check(notebook)


def test_another_name_is_no_reason_to_refuse_it(check):
    assert check(honest(), "final.ipynb") == ["final.ipynb will be accepted.", f"Call it {HW}.ipynb."]


@pytest.mark.parametrize("name", ["cut short", "200 MB", "a link", "another notebook"])
def test_what_cannot_be_graded_will_not_be_accepted(tmp_path, name):
    build, sentence = TROUBLE[name]
    build(tmp_path / "ada" / HW)
    said = check_file(tmp_path / "ada" / HW / f"{HW}.ipynb", HW, release())
    assert said[0].startswith("It will not be accepted.")
    assert sentence in said[0]
