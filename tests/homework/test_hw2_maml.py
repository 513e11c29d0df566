"""Every check against every solution: right ones lose nothing, wrong ones exactly what they name."""

import re
from pathlib import Path

import nbformat
import pytest
from checks import hw2_maml
from nbgrader.utils import is_grade, is_solution

from autograder.examiner import judge
from autograder.in_process import examine
from autograder.inside.desk import answer
from autograder.solutions import fill, model_solution, read_solution
from autograder.student import Failed
from autograder.verdict import Outcome

HOMEWORK = Path(__file__).resolve().parents[2] / "homework"
SOURCE = nbformat.read(HOMEWORK / "source/hw2_maml/hw2_maml.ipynb", as_version=4)
RIGHT = sorted((HOMEWORK / "right/hw2_maml").glob("*.py"))
WRONG = sorted((HOMEWORK / "wrong/hw2_maml").glob("*.py"))
CHECKS = [check.__name__ for check in hw2_maml.CHECKS]
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS", re.DOTALL)

pytestmark = pytest.mark.filterwarnings(r"ignore:Using backward\(\) with create_graph=True")  # one of the wrong ones


def notebook_of(path=None):
    """The source notebook with the solution of ``path`` in place of the model's."""
    return fill(SOURCE, model_solution(SOURCE).cells | (read_solution(path).cells if path else {}))


def prepared(notebook):
    """A namespace in which the cells that are not tests have run, as far as they are graded."""
    namespace = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and "nbgrader" in cell.metadata and not is_grade(cell):
            exec(cell.source, namespace)
    return namespace


def marks_of(namespace, seed=0):
    """What the examiner gives the functions in a namespace, one point a check."""
    marks, failed = [], set()
    for check in hw2_maml.CHECKS:
        marks.append(judge(check, lambda request: answer(request, namespace), seed, 1.0, failed))
        failed |= {mark.check for mark in marks if mark.share < 1}
    return marks


def lost_to_checks(path=None, seed=0):
    marks = marks_of(prepared(notebook_of(path)), seed)
    assert {mark.outcome for mark in marks} <= {Outcome.PASSED, Outcome.FAILED, Outcome.NOT_REACHED}
    return {mark.check: 1 - mark.share for mark in marks if mark.share < 1}


def lost_to_cells(path=None, hidden=True):
    notebook, lost = notebook_of(path), set()
    namespace = prepared(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code" and is_grade(cell):
            try:
                exec(cell.source if hidden else HIDDEN.sub("", cell.source), namespace)
            except Exception:
                lost.add(cell.metadata.nbgrader.grade_id)
    return lost


@pytest.mark.parametrize("path", [None, *RIGHT], ids=lambda path: path.stem if path else "model")
class TestRight:
    @pytest.mark.parametrize("seed", range(3))
    def test_a_right_solution_passes_every_check(self, path, seed):
        assert lost_to_checks(path, seed) == {}

    def test_a_right_solution_gets_every_mark_in_the_notebook(self, path):
        assert lost_to_cells(path) == set()


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
class TestWrong:
    @pytest.mark.parametrize("seed", range(3))
    def test_a_wrong_solution_loses_exactly_the_checks_that_it_names(self, path, seed):
        assert lost_to_checks(path, seed) == read_solution(path).loses

    def test_a_wrong_solution_loses_exactly_those_marks_in_the_notebook(self, path):
        loses = read_solution(path).loses  # in a cell, a visible test that fails leaves no partial credit
        assert {check for check, share in loses.items() if share == 1} <= lost_to_cells(path) <= loses.keys()

    def test_visible_tests_take_no_mark_that_a_wrong_solution_keeps(self, path):
        assert lost_to_cells(path, hidden=False) <= read_solution(path).loses.keys()


def test_visible_tests_find_every_mistake_known_so_that_hidden_ones_surprise_few():
    assert [path.stem for path in WRONG if not lost_to_cells(path, hidden=False)] == []


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_catches_a_wrong_solution_that_names_it(check):
    assert any(check in read_solution(path).loses for path in WRONG)


def test_checks_and_graded_code_cells_have_the_same_names_in_the_same_order():
    graded = [
        c.metadata.nbgrader.grade_id
        for c in SOURCE.cells
        if c.cell_type == "code" and is_grade(c) and not is_solution(c)
    ]
    assert graded == CHECKS


def test_wrong_solutions_name_checks_that_exist_and_say_what_is_wrong():
    for path in WRONG:
        solution = read_solution(path)
        assert solution.loses, path.stem
        assert solution.loses.keys() <= set(CHECKS), path.stem
        assert solution.says, path.stem


def spied():
    """The model solution, and the thetas that inner_adapt was given."""
    namespace, given = prepared(notebook_of()), []
    inner_adapt = namespace["inner_adapt"]

    def spy(theta, *args, **kwargs):
        given.append(theta["head"].detach().clone())
        return inner_adapt(theta, *args, **kwargs)

    return {"inner_adapt": spy}, given


def test_a_check_draws_new_inputs_each_time_unless_it_is_given_a_seed():
    student, given = spied()
    for seed in (None, None, 7, 7):
        examine("hw2_maml", "inner_adapt_one_step", student, seed=seed)
    assert not given[0].equal(given[1])
    assert given[2].equal(given[3])


def test_no_two_checks_draw_the_same_inputs():
    student, given = spied()
    for name in ("inner_adapt_one_step", "inner_adapt_pure"):
        examine("hw2_maml", name, student, seed=7)
    assert not given[0].equal(given[1])


def test_in_a_notebook_a_failed_check_shows_its_sentence_alone():
    with pytest.raises(Failed) as caught:
        examine("hw2_maml", "inner_adapt_one_step", {})
    assert caught.value._render_traceback_() == [str(caught.value)]


def test_in_a_notebook_partial_credit_is_the_points_and_full_marks_are_nothing(capsys):
    namespace = prepared(notebook_of(HOMEWORK / "wrong/hw2_maml/at_least_one_step.py"))
    assert examine("hw2_maml", "inner_adapt_edges", namespace, points=2) == 1.0
    assert "steps=0" in capsys.readouterr().out
    assert examine("hw2_maml", "inner_adapt_one_step", namespace, points=3) is None


def test_in_a_notebook_a_check_that_does_not_exist_is_named():
    with pytest.raises(LookupError, match="no check named 'inner_adopt'"):
        examine("hw2_maml", "inner_adopt", {})


def test_what_a_check_needs_is_tried_first_and_without_it_there_is_no_judgement():
    marks = marks_of(prepared(notebook_of(HOMEWORK / "wrong/hw2_maml/sum_over_tasks.py")))
    assert marks[-1].outcome is Outcome.NOT_REACHED
    assert marks[-1].message == "Not tried: it needs maml_loss_tasks. Get that right first."


def message_of(namespace, check="inner_adapt_one_step"):
    mark = next(mark for mark in marks_of(namespace) if mark.check == check)
    assert mark.outcome is Outcome.FAILED
    return mark.message


def test_a_function_that_is_not_there_is_named():
    assert "no function named inner_adapt" in message_of({})


def test_what_a_student_s_function_raises_is_told_with_their_own_line():
    def inner_adapt(theta, *args, **kwargs):
        return theta["nonsense"]

    message = message_of({"inner_adapt": inner_adapt})
    assert "inner_adapt raised KeyError: 'nonsense'" in message
    assert 'return theta["nonsense"]' in message
    assert "checks" not in message


def test_a_result_that_breaks_the_check_itself_is_told_without_the_check_s_traceback():
    namespace = prepared(notebook_of())
    right = namespace["maml_loss"]

    def maml_loss(*args, **kwargs):
        loss = right(*args, **kwargs)
        loss.backward()  # uses the graph up
        return loss

    message = message_of(namespace | {"maml_loss": maml_loss}, "maml_loss_meta_gradient")
    assert "No derivative can be taken" in message
    assert "Trying to backward" in message


def test_an_interrupt_is_told_as_a_loop_that_never_ends():
    def inner_adapt(*args, **kwargs):
        raise KeyboardInterrupt

    assert "never ends" in message_of({"inner_adapt": inner_adapt})


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (lambda theta: None, "it returned NoneType"),
        (lambda theta: {"body": theta["body"]}, "it returned ['body']"),
        (lambda theta: {**theta, "head": theta["head"][:1]}, "head has another"),
        (lambda theta: {**theta, "head": theta["head"].tolist()}, "head has another"),
    ],
)
def test_a_result_of_another_form_is_described(returned, said):
    assert said in message_of({"inner_adapt": lambda theta, *args, **kwargs: returned(theta)})


def test_a_support_set_that_was_changed_is_noticed():
    namespace = prepared(notebook_of())
    right = namespace["inner_adapt"]

    def inner_adapt(theta, loss_fn, support, *args, **kwargs):
        adapted = right(theta, loss_fn, support, *args, **kwargs)
        support.y.data.zero_()
        return adapted

    message = message_of(namespace | {"inner_adapt": inner_adapt}, "inner_adapt_pure")
    assert "changed the support set" in message


@pytest.mark.parametrize("returned", [1.0, None])
def test_a_loss_that_is_not_a_scalar_tensor_is_described(returned):
    namespace = prepared(notebook_of()) | {"maml_loss": lambda *args, **kwargs: returned}
    assert "scalar tensor" in message_of(namespace, "maml_loss_value")


@pytest.mark.parametrize(
    ("wrong", "check", "said"),
    [
        ("sign", "inner_adapt_one_step", "up the gradient"),
        ("does_nothing", "inner_adapt_one_step", "left theta where it was"),
        ("first_order_takes_one_step", "inner_adapt_first_order", "should be the same numbers"),
        ("first_order_all_but_the_last", "inner_adapt_first_order", "should be the identity"),
        ("worst_task", "maml_loss_tasks", "is not the mean"),
        ("gradient_at_the_start", "inner_adapt_many_steps", "gradient at the start"),
        ("only_the_last_step", "inner_adapt_many_steps", "Only the last step"),
        ("returns_float32", "inner_adapt_edges", "should stay float64"),
        ("float32_only", "inner_adapt_edges", "something rounds"),
        ("at_least_one_step", "inner_adapt_edges", "steps=0"),
        ("in_place", "inner_adapt_pure", "changed the theta"),
        ("backward", "inner_adapt_pure", ".grad"),
        ("no_create_graph", "inner_adapt_differentiable", "create_graph"),
        ("detached", "inner_adapt_differentiable", "cut the graph"),
        ("never_first_order", "inner_adapt_first_order", "still differentiates"),
        ("outer_on_support", "maml_loss_value", "judged on the *query* set"),
        ("query_in_inner_loop", "maml_loss_value", "the exam"),
        ("no_adaptation", "maml_loss_value", "adapt first"),
        ("sum_over_tasks", "maml_loss_tasks", "sum over tasks"),
        ("one_after_another", "maml_loss_tasks", "order of the tasks"),
        ("outer_backward", "maml_loss_pure", ".grad"),
        ("no_create_graph", "maml_loss_meta_gradient", "FOMAML's gradient"),
        ("first_order_not_handed_on", "maml_loss_first_order", "hand it on"),
        ("item", "maml_loss_meta_gradient", "No derivative"),
    ],
)
def test_the_message_names_the_mistake(wrong, check, said):
    assert said in message_of(prepared(notebook_of(HOMEWORK / f"wrong/hw2_maml/{wrong}.py")), check)
