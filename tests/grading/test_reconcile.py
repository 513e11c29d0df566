"""Submissions put right by the release: the student's answers are kept, and nbgrader's cells are as they were."""

import copy
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.door.cells import is_nbgraders
from autograder.door.reconcile import GRADED_CHANGED, LOCKED_CHANGED, NOTHING_FOUND, reconcile
from tests.grading.submissions import cell_of, honest, release

GIVEN = release()
NBGRADERS = [cell.metadata.nbgrader.grade_id for cell in GIVEN.cells if is_nbgraders(cell)]
SOLUTION = cell_of(honest(), "inner_adapt").source


def put_right(notebook):
    """Reconcile, check what holds for every notebook, and return cells by id with notes and flags."""
    before = copy.deepcopy(notebook)
    result, notes, flags = reconcile(notebook, release())
    assert notebook == before
    nbformat.validate(result, version=4, version_minor=5)
    graded = [cell for cell in result.cells if "nbgrader" in cell.metadata]
    assert [cell.metadata.nbgrader.grade_id for cell in graded] == NBGRADERS
    for cell in graded:
        given = cell_of(GIVEN, cell.metadata.nbgrader.grade_id)
        assert (cell.metadata, cell.cell_type, cell.id) == (given.metadata, given.cell_type, given.id)
        if not cell.metadata.nbgrader.solution:
            assert cell.source == given.source
    return result, " ".join(notes), flags


def order(notebook):
    return [cell.id for cell in notebook.cells]


def kept(result):
    """The answer is in its place, and all else is as in the honest notebook."""
    return [cell.source for cell in result.cells] == [cell.source for cell in honest().cells]


def test_an_honest_notebook_comes_out_as_it_went_in():
    result, notes, flags = put_right(honest())
    assert result == nbformat.from_dict({**honest(), "metadata": GIVEN.metadata})
    assert notes == ""
    assert flags == ()


def test_the_release_itself_comes_out_as_it_was():
    result, notes, flags = put_right(release())
    assert [cell.source for cell in result.cells] == [cell.source for cell in GIVEN.cells]
    assert (notes, flags) == ("", ())


@pytest.mark.parametrize("name", [name for name in NBGRADERS if not cell_of(GIVEN, name).metadata.nbgrader.solution])
def test_a_deleted_locked_cell_is_put_back_in_its_place(name):
    notebook = honest()
    notebook.cells.remove(cell_of(notebook, name))
    result, notes, flags = put_right(notebook)
    assert kept(result)
    assert notes == f"The cell `{name}` was missing; it was put back."
    assert flags == ()


def test_all_graded_cells_deleted_with_their_texts_are_put_back_in_order():
    notebook = honest()
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    result, _, _ = put_right(notebook)
    assert cell_of(result, "inner_adapt").source == SOLUTION


def test_a_deleted_solution_is_the_unwritten_one_and_said_to_be():
    notebook = honest()
    notebook.cells.remove(cell_of(notebook, "inner_adapt"))
    result, notes, _ = put_right(notebook)
    assert cell_of(result, "inner_adapt").source == cell_of(GIVEN, "inner_adapt").source
    assert notes.startswith("The cell `inner_adapt` was missing, and no answer was found")
    assert order(result) == order(GIVEN)


@pytest.mark.parametrize("name", NBGRADERS)
def test_a_cell_that_is_there_twice_is_reduced_to_one(name):
    notebook = honest()
    at = notebook.cells.index(cell_of(notebook, name))
    notebook.cells.insert(at + 1, copy.deepcopy(notebook.cells[at]))
    result, notes, _ = put_right(notebook)
    assert cell_of(result, name).source == cell_of(honest(), name).source
    assert f"`{name}` was there more than once" in notes


@pytest.mark.parametrize("at", [0, 5, 6, 20, 42])
def test_the_copy_that_was_written_into_counts(at):
    notebook = honest()
    written = copy.deepcopy(cell_of(notebook, "inner_adapt"))
    written.id = "copy"
    cell_of(notebook, "inner_adapt").source = cell_of(GIVEN, "inner_adapt").source
    notebook.cells.insert(at, written)
    result, _, _ = put_right(notebook)
    assert kept(result)


def test_of_two_written_copies_the_last_counts_and_the_other_comes_before_it():
    notebook = honest()
    at = notebook.cells.index(cell_of(notebook, "inner_adapt"))
    draft = copy.deepcopy(notebook.cells[at])
    draft.source = "def inner_adapt(theta, *rest):\n    return helper(theta)\n\n\ndef helper(theta): ..."
    notebook.cells.insert(at, draft)
    result, _, _ = put_right(notebook)
    assert [cell.source for cell in result.cells][at : at + 2] == [draft.source, SOLUTION]


def test_a_cell_that_was_split_counts_by_the_half_that_has_the_function():
    notebook = honest()
    at = notebook.cells.index(cell_of(notebook, "inner_adapt"))
    halves = [copy.deepcopy(notebook.cells[at]) for _ in range(3)]
    halves[0].source, halves[2].source = "import math", "print(inner_adapt)"
    notebook.cells[at : at + 1] = halves
    result, _, _ = put_right(notebook)
    assert cell_of(result, "inner_adapt").source == SOLUTION
    assert [cell.source for cell in result.cells][at : at + 3] == ["import math", SOLUTION, "print(inner_adapt)"]


@pytest.mark.parametrize("at", [1, 44])
def test_a_copy_of_a_test_that_was_changed_stays_as_a_cell_of_the_student_s_own(at):
    notebook = honest()
    mine = copy.deepcopy(cell_of(notebook, "inner_adapt_pure"))
    mine.source = "print('mine')"
    notebook.cells.insert(at, mine)
    result, _, flags = put_right(notebook)
    (found,) = [cell for cell in result.cells if cell.source == "print('mine')"]
    assert found.metadata == {}
    assert flags == ()


def test_an_empty_copy_of_an_answer_does_not_count():
    notebook = honest()
    empty = copy.deepcopy(cell_of(notebook, "why_second_order"))
    empty.source = ""
    notebook.cells.append(empty)
    assert cell_of(put_right(notebook)[0], "why_second_order").source == "Because."


def test_moved_cells_go_back_and_what_follows_them_goes_along():
    notebook = honest()
    moved = [cell_of(notebook, "maml_loss"), new_code_cell("after = 'maml_loss'", id="after-maml")]
    notebook.cells.remove(moved[0])
    notebook.cells[1:1] = [new_code_cell("after = 'title'", id="after-title"), *moved]
    result, notes, flags = put_right(notebook)
    assert notes == "The cell `maml_loss` was moved; it was put back in its place."
    assert flags == ()
    wanted = order(GIVEN)
    wanted.insert(wanted.index("maml_loss") + 1, "after-maml")
    wanted.insert(1, "after-title")
    assert order(result) == wanted


def test_cells_in_reverse_are_put_in_order():
    notebook = honest()
    notebook.cells.reverse()
    result, _, _ = put_right(notebook)
    assert cell_of(result, "inner_adapt").source == SOLUTION


def test_the_student_s_own_cells_stay_where_they_are():
    notebook = honest()
    notebook.cells[7:7] = [new_code_cell("a = 1", id="a"), new_markdown_cell("note", id="n")]
    notebook.cells.append(new_code_cell("z = 1", id="z"))
    result, notes, _ = put_right(notebook)
    assert order(result) == order(notebook)
    assert notes == ""


def test_texts_that_were_edited_moved_or_deleted_are_the_student_s_business():
    notebook = honest()
    notebook.cells[0].source = "My homework"
    notebook.cells.insert(9, notebook.cells.pop(4))
    del notebook.cells[14]
    result, notes, _ = put_right(notebook)
    assert order(result) == order(notebook)
    assert notes == ""


@pytest.mark.parametrize("name", ["inner_adapt", "maml_loss", "why_second_order"])
@pytest.mark.parametrize("by", ["its cell id", "its function or place"])
def test_an_answer_whose_grade_id_was_changed_is_recognized(name, by):
    notebook = honest()
    cell = cell_of(notebook, name)
    cell.metadata.nbgrader.grade_id = "renamed"
    if by != "its cell id":
        cell.id = "other"
    result, notes, _ = put_right(notebook)
    assert kept(result)
    assert notes == f"The cell `{name}` had lost its mark, and was recognized."


def stripped():
    notebook = honest()
    for number, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = {}, f"colab-{number}"
    return notebook


def test_a_notebook_without_any_metadata_is_recognized_and_not_graded_cells_are_marked_again():
    result, _, flags = put_right(stripped())
    assert kept(result)
    assert flags == ()
    assert [cell.metadata for cell in result.cells] == [cell.metadata for cell in GIVEN.cells]


@pytest.mark.parametrize("broken", [SOLUTION, SOLUTION.replace("):", ")", 1), f"%time\n{SOLUTION}"])
def test_a_solution_somewhere_else_is_found_by_its_function_even_if_it_is_no_python(broken):
    notebook = stripped()
    cell = next(cell for cell in notebook.cells if cell.source == SOLUTION)
    notebook.cells.remove(cell)
    cell.source = broken
    notebook.cells.append(cell)
    result, notes, _ = put_right(notebook)
    assert cell_of(result, "inner_adapt").source == broken
    assert "`inner_adapt` was moved" in notes


def test_a_renamed_function_is_found_by_its_place():
    notebook = stripped()
    cell = next(cell for cell in notebook.cells if cell.source == SOLUTION)
    cell.source = SOLUTION.replace("inner_adapt", "inner_adpt")
    result, _, _ = put_right(notebook)
    assert cell_of(result, "inner_adapt").source == cell.source


def test_a_cell_somewhere_else_that_defines_something_else_is_no_solution():
    notebook = stripped()
    toy = cell_of(release(), "toy").source
    notebook.cells = [cell for cell in notebook.cells if cell.source not in (SOLUTION, toy)]
    notebook.cells.append(new_code_cell("def toy_loss(theta, examples):\n    return 0"))
    result, notes, _ = put_right(notebook)
    assert "`inner_adapt` was missing, and no answer was found" in notes
    assert "The cell `toy` was missing; it was put back." in notes
    assert result.cells[-1].metadata == {}


def test_of_two_cells_in_a_solution_s_place_none_is_guessed():
    notebook = stripped()
    at = next(i for i, cell in enumerate(notebook.cells) if cell.source == SOLUTION)
    notebook.cells[at : at + 1] = [new_code_cell("a = 1"), new_code_cell("b = 1")]
    result, notes, _ = put_right(notebook)
    assert "`inner_adapt` was missing, and no answer was found" in notes
    assert [cell.source for cell in result.cells if cell.source in ("a = 1", "b = 1")] == ["a = 1", "b = 1"]


@pytest.mark.parametrize(
    "source", [f"{SOLUTION}\n\n\ndef maml_loss(*args):\n    return 0", "if True:\n    inner_adapt = maml_loss = len"]
)
def test_two_solutions_in_one_cell_both_count(source):
    notebook = honest()
    cell_of(notebook, "inner_adapt").source = source
    notebook.cells.remove(cell_of(notebook, "maml_loss"))
    result, notes, _ = put_right(notebook)
    assert cell_of(result, "inner_adapt").source == source
    assert cell_of(result, "maml_loss").source == "# maml_loss: written in another cell"
    assert "what it asks for was found in another cell" in notes


def changes():
    def set_points(cell):
        cell.metadata.nbgrader.points = 100

    def unlock(cell):
        cell.metadata.nbgrader.locked = False

    def no_grade(cell):
        cell.metadata.nbgrader.grade = False

    def empty(cell):
        cell.source = ""

    def to_raw(cell):
        cell.cell_type = "raw"

    return [set_points, unlock, no_grade, empty, to_raw]


@pytest.mark.parametrize("change", changes(), ids=lambda change: change.__name__)
def test_a_graded_cell_that_was_changed_is_put_back_and_flagged(change):
    notebook = honest()
    change(cell_of(notebook, "inner_adapt_pure"))
    result, notes, flags = put_right(notebook)
    assert flags == (GRADED_CHANGED,)
    assert notes == "The cell `inner_adapt_pure` was changed; it was put back as it was."
    assert [cell.source for cell in result.cells if cell.id != "inner_adapt_pure"] == [
        cell.source for cell in honest().cells if cell.id != "inner_adapt_pure"
    ]


def test_a_test_that_was_renamed_and_changed_is_told_of_once():
    notebook = honest()
    cell_of(notebook, "inner_adapt_pure").update(source="pass", metadata={})
    _, notes, flags = put_right(notebook)
    assert notes == "The cell `inner_adapt_pure` was changed; it was put back as it was."
    assert flags == (GRADED_CHANGED,)


def test_code_that_a_student_wrote_into_a_locked_cell_runs_after_it():
    notebook = honest()
    setup = cell_of(notebook, "setup")
    setup.source += "\nimport math"
    result, _notes, flags = put_right(notebook)
    assert flags == (LOCKED_CHANGED,)
    assert [cell.source for cell in result.cells[1:3]] == [cell_of(GIVEN, "setup").source, setup.source]
    assert result.cells[2].metadata == {}
    assert len(set(order(result))) == len(order(result))


def test_a_thousand_cells_that_all_claim_to_be_the_solution_take_seconds():
    notebook = honest()
    copies = [copy.deepcopy(cell_of(notebook, "inner_adapt")) for _ in range(950)]
    for number, cell in enumerate(copies):
        cell.source = f"x = [{'1,' * 9000}{number}]"
    notebook.cells += copies
    start = time.process_time()
    put_right(notebook)
    assert time.process_time() - start < 10


def test_spaces_at_the_ends_of_lines_are_no_change():
    notebook = honest()
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", "  \n") + "\n\n"
    assert put_right(notebook)[1:] == ("", ())


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_solution_turned_into_text_is_code_again(kind):
    notebook = honest()
    cell_of(notebook, "inner_adapt").cell_type = kind
    result, _, flags = put_right(notebook)
    assert kept(result)
    assert flags == (GRADED_CHANGED,)


def test_a_written_answer_turned_into_code_is_text_again():
    notebook = honest()
    cell_of(notebook, "why_second_order").cell_type = "code"
    result, _, flags = put_right(notebook)
    assert kept(result)
    assert flags == (GRADED_CHANGED,)


@pytest.mark.parametrize("value", [None, 5, [], {"grade_id": []}, {"grade_id": {}, "points": "many"}])
def test_metadata_of_any_kind_is_borne(value):
    notebook = honest()
    cell_of(notebook, "maml_loss").metadata["nbgrader"] = value
    result, _, _ = put_right(notebook)
    assert kept(result)


def test_tags_are_kept_only_on_the_student_s_own_cells_and_only_one():
    notebook = honest()
    for cell in notebook.cells:
        cell.metadata["tags"] = ["not-graded", "raises-exception"]
    result, _, _ = put_right(notebook)
    assert all(cell.metadata.tags == ["not-graded"] for cell in result.cells if "nbgrader" not in cell.metadata)


def test_ids_that_are_invalid_or_come_twice_are_replaced():
    notebook = honest()
    names = ["own", "own", "maml_loss", "a b", "x" * 65, "", "own-1"]
    for name in names:
        notebook.cells.append(nbformat.from_dict({**new_code_cell("1"), "id": name}))
    result, _, _ = put_right(notebook)
    assert order(result)[-7:] == ["own", "own-2", "own-3", "own-4", "own-5", "own-6", "own-1"]


def test_a_notebook_with_none_of_the_cells_is_flagged():
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell("print(1)")])
    assert NOTHING_FOUND in put_right(notebook)[2]
    assert NOTHING_FOUND in put_right(nbformat.v4.new_notebook())[2]
