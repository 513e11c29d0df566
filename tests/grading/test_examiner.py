"""What becomes of a check, whatever the answers are."""

import logging

import pytest
import torch

from autograder.examiner import code_of, demand, judge, needs, own_generator, shares
from autograder.inside.desk import answer
from autograder.inside.wire import encode
from autograder.student import NO_GRAPH, UNREADABLE, Failed, Student, Unreachable
from autograder.verdict import Outcome


def here(**functions):
    return lambda request: answer(request, functions)


def says(reply):
    return lambda request: encode(reply)


def passes(student, rng):
    """Twice as much."""
    demand(student.twice(2) == 4, "Twice 2 is 4.")


def pulls(student, rng):
    """The derivative of a square."""
    _, pulled = student.square.pullback(torch.ones(()), torch.tensor(3.0, requires_grad=True))
    demand(float(pulled[0]) == 6, "The derivative of x² at 3 is 6.")


def judged(check, transport, failed=frozenset()):
    return judge(check, transport, 0, 2.0, set(failed))


def test_a_right_answer_passes_with_all_points():
    mark = judged(passes, here(twice=lambda x: 2 * x))
    assert (mark.outcome, mark.points, mark.message) == (Outcome.PASSED, 2.0, "")
    assert (mark.check, mark.says) == ("passes", "Twice as much.")


def test_a_wrong_answer_fails_with_the_sentence():
    mark = judged(passes, here(twice=lambda x: 3 * x))
    assert (mark.outcome, mark.points, mark.message) == (Outcome.FAILED, 0.0, "Twice 2 is 4.")


def test_parts_share_the_points_and_all_sentences_are_told():
    def halves(student, rng):
        """Two things."""
        shares(lambda: None, lambda: demand(False, "Not this."), lambda: demand(False, "Nor that."), lambda: None)

    mark = judged(halves, here())
    assert (mark.outcome, mark.points, mark.message) == (Outcome.FAILED, 1.0, "Not this.\nNor that.")


def test_a_check_is_not_tried_without_what_it_needs():
    needing = needs("first", "second")(lambda student, rng: demand(False, "tried"))
    mark = judged(needing, here(), {"second"})
    assert (mark.outcome, mark.message) == (
        Outcome.NOT_REACHED,
        "Not tried: it needs second. Get that right first.",
    )
    assert judged(needing, here(), {"other"}).message == "tried"


def test_a_check_that_fails_itself_is_our_fault_and_is_logged(caplog):
    def divides(student, rng):
        """By nothing."""
        return 1 / 0

    with caplog.at_level(logging.ERROR):
        mark = judged(divides, here())
    assert (mark.outcome, mark.points) == (Outcome.OUR_FAULT, 0.0)
    assert "not your fault" in mark.message
    assert "ZeroDivisionError" in caplog.text


def test_a_kernel_that_has_ended_leaves_the_check_not_reached():
    def gone(request):
        raise Unreachable("It ended before.")

    mark = judged(passes, gone)
    assert (mark.outcome, mark.message) == (Outcome.NOT_REACHED, "It ended before.")


def test_a_late_answer_is_told_as_a_loop_with_the_function_s_name():
    def late(request):
        raise TimeoutError

    assert judged(passes, late).message.startswith("twice had not returned when the time was up.")


@pytest.mark.parametrize(
    "transport",
    [lambda request: "%%%", lambda request: "", says({}), says([]), says({"raised": 3}), says({"missing": False})],
)
def test_an_answer_that_is_none_fails_the_check(transport):
    mark = judged(passes, transport)
    assert (mark.outcome, mark.message) == (Outcome.FAILED, UNREADABLE)


@pytest.mark.parametrize(
    "pulled",
    [[], [torch.ones(2)], [torch.ones(()), torch.ones(())], ["six"], 6, [torch.tensor(6.0)] * 2, None],
)
def test_derivatives_of_another_form_fail_the_check(pulled):
    mark = judged(pulls, says({"value": torch.tensor(9.0), "pulled": pulled}))
    assert (mark.outcome, mark.share) == (Outcome.FAILED, 0.0)
    assert mark.message in (UNREADABLE, NO_GRAPH)


@pytest.mark.parametrize(("after", "grads"), [(None, [False]), ([], None), (3, 3)])
def test_arguments_of_another_form_fail_the_check(after, grads):
    with pytest.raises(Failed, match="could not be read"):
        Student(says({"value": 1, "after": after, "grads": grads})).f.after(1)


def test_a_derivative_comes_from_the_student_s_own_graph():
    assert judged(pulls, here(square=lambda x: x**2)).outcome is Outcome.PASSED
    assert judged(pulls, here(square=lambda x: x.detach() ** 2)).message == NO_GRAPH
    assert "of the form" in judged(pulls, here(square=lambda x: {"x": x**2})).message


def test_arguments_come_back_as_the_call_left_them():
    def adds(numbers, x):
        numbers.append(3)
        x.grad = torch.ones(())
        return 1

    value, (numbers, _), wrote = Student(here(adds=adds)).adds.after([1, 2], torch.tensor(1.0, requires_grad=True))
    assert (value, numbers, wrote) == (1, [1, 2, 3], True)


def half(x):
    return torch.as_tensor(x) / 2


def test_a_function_goes_over_as_code():
    def applies(function, x):
        return function(x)

    assert Student(here(applies=applies)).applies(code_of(half), 3.0) == 1.5


def test_each_check_has_draws_of_its_own_that_its_seed_decides():
    draws = {(seed, name): torch.rand(1, generator=own_generator(seed, name)) for seed in (0, 1) for name in "ab"}
    assert len({float(draw) for draw in draws.values()}) == 4
    assert draws[0, "a"] == torch.rand(1, generator=own_generator(0, "a"))
