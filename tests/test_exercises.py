"""Exercise checks: right answers are accepted, wrong ones get their own sentence, and none ends a notebook."""

import pytest
import torch

from metakit.exercises import Verdict, beside, lecture01, lecture03
from metakit.exercises.answers import close, exercise, not_yet, recall, right
from metakit.networks import mlp
from metakit.widgets import AdaptationTrajectory


@exercise
def double(function) -> Verdict:
    return right("Twice.") if close(function(3.0), 6.0) else not_yet("Not twice.")


def test_an_answer_not_given_yet_is_no_mistake():
    for answer in (..., lambda x: ..., lambda x: None):
        assert double(answer).state == "unanswered"


def test_a_right_answer_is_right_and_a_wrong_one_not_yet():
    assert double(lambda x: 2 * x) == Verdict("right", "Twice.")
    assert double(lambda x: x) == Verdict("not yet", "Not twice.")


def test_an_answer_that_stops_with_an_error_gets_the_error_as_a_sentence():
    verdict = double(lambda x: x / 0)
    assert verdict.state == "not yet"
    assert verdict.message == "It stopped with ZeroDivisionError: float division by zero"
    assert double(lambda: 0).message.startswith("It stopped with TypeError")
    assert double(lambda x: {}[x]).message == "It stopped with KeyError: 3.0"


def test_a_verdict_is_said_in_words_and_not_by_colour():
    assert repr(right("Twice.")) == "✓ Right. Twice."
    assert repr(not_yet("Look.")) == "✗ Not yet. Look."
    assert repr(double(...)) == "… Not answered yet. Replace the ... and run this cell again."
    assert "<script>" not in not_yet("<script>")._repr_html_()
    assert "✗ Not yet." in not_yet("Look.")._repr_html_()


def test_a_quiz_says_where_to_look_and_only_for_wrong_answers():
    key, reasons = {1: "a", 2: "b"}, {1: "look at one.", 2: "look at two."}
    assert recall({1: ..., 2: ...}, key, reasons).state == "unanswered"
    assert recall({1: " A ", 2: "b"}, key, reasons).state == "right"
    assert repr(recall({1: "a", 2: "c"}, key, reasons)) == "✗ Not yet. Question 2: look at two."
    assert "still open: question 2" in recall({1: "a", 2: ...}, key, reasons).message
    assert recall({1: "b", 2: ...}, key, reasons).state == "not yet"


def test_close_wants_a_number_of_the_right_shape():
    assert close(torch.tensor(2.00001), 2.0)
    assert not close(2.01, 2.0)
    assert close(1e-6, 0.0)
    assert not close(float("nan"), 0.0)
    with pytest.raises(TypeError, match="a number is expected here, but this is str"):
        close("2", 2.0)
    with pytest.raises(TypeError, match="but this is bool"):
        close(True, 1.0)
    with pytest.raises(ValueError, match=r"a result of shape \(\) is expected here, but this has \(1,\)"):
        close(torch.ones(1), 1.0)


def test_what_was_predicted_stands_beside_what_was_measured():
    table = beside({"rate": 0.1, "steps": ...}, {"rate": "0.2", "steps": 3, "new": "<b>"})
    assert repr(table).splitlines() == [
        "rate: predicted 0.1, measured 0.2",
        "steps: predicted nothing written down, measured 3",
        "new: predicted nothing written down, measured <b>",
    ]
    assert "<td style" in table._repr_html_()
    assert "&lt;b&gt;" in table._repr_html_()


def line(theta, examples):
    return ((theta["slope"] * examples.x + theta["height"] - examples.y) ** 2).mean()


def ten_steps(rate, examples):
    rates = rate if isinstance(rate, dict) else {"slope": rate, "height": rate}
    theta = {"slope": torch.zeros(()), "height": torch.zeros(())}
    for _ in range(10):
        grads = torch.func.grad(line)(theta, examples)
        theta = {name: theta[name] - rates[name] * grads[name] for name in theta}
    return theta


def swapped(phi):
    return {"slope": phi["height"], "height": phi["slope"]}


def in_place(theta, grads, lr):
    for name in theta:
        theta[name] -= lr * grads[name]
    return theta


def means(x, y, q):
    return torch.cdist(q, torch.stack([x[y == n].mean(0) for n in range(3)])).argmin(1)


def weighted(weights):
    return lambda a, c, r, m: (weights(a, 1 - r * a, m) * c).sum() / weights(a, 1 - r * a, m).sum()


def inner(step=lambda weight, lr, grad: weight - lr * grad, **options):
    """Return an inner loop in the style of the homework's, with whatever is wrong about it."""

    def adapt(theta, loss, support, lr, steps):
        for _ in range(steps):
            value = loss(theta, support)
            grads = torch.autograd.grad(value, list(theta.values()), **{"create_graph": True} | options)
            theta = {name: step(weight, lr, g) for (name, weight), g in zip(theta.items(), grads, strict=True)}
        return theta

    return adapt


def in_other_words(theta, loss, support, lr, steps):
    if steps == 0:
        return theta
    grads = torch.func.grad(loss)(theta, support)
    return in_other_words({name: theta[name] - lr * grads[name] for name in theta}, loss, support, lr, steps - 1)


def always_at_the_start(theta, loss, support, lr, steps):
    one = inner()(theta, loss, support, lr, 1)
    return {name: theta[name] + steps * (one[name] - theta[name]) for name in theta}


def one_step(theta, loss, support, lr, steps):
    return inner()(theta, loss, support, lr, 1)


def at_least_one_step(theta, loss, support, lr, steps):
    return inner()(theta, loss, support, lr, max(steps, 1))


def growing_steps(theta, loss, support, lr, steps):
    for step in range(steps):
        theta = inner()(theta, loss, support, lr * (1 + step), 1)
    return theta


def writes_into_the_dict(theta, loss, support, lr, steps):
    theta.update(inner()(theta, loss, support, lr, steps))
    return theta


def in_place_without_grad(theta, loss, support, lr, steps):
    for _ in range(steps):
        grads = torch.autograd.grad(loss(theta, support), list(theta.values()))
        with torch.no_grad():
            for weight, grad in zip(theta.values(), grads, strict=True):
                weight -= lr * grad
    return dict(theta)


def in_place_with_grad(theta, loss, support, lr, steps):
    for _ in range(steps):
        for weight, grad in zip(
            theta.values(), torch.autograd.grad(loss(theta, support), list(theta.values())), strict=True
        ):
            weight -= lr * grad
    return theta


def backward(theta, loss, support, lr, steps):
    loss(theta, support).backward(create_graph=True)
    return {name: weight - lr * weight.grad for name, weight in theta.items()}


def slope_only(theta, loss, support, lr, steps):
    return inner()(theta, loss, support, lr, steps) | {"height": theta["height"]}


def half_a_derivative(theta, loss, support, lr, steps):
    end = inner()(theta, loss, support, lr, steps)
    return {name: (weight + weight.detach()) / 2 for name, weight in end.items()}


def detached(theta, loss, support, lr, steps):
    return {name: weight.detach() for name, weight in inner()(theta, loss, support, lr, steps).items()}


INNER = [  # what is wrong with an inner loop, what the verdict begins with
    (inner(), "✓"),
    (in_other_words, "✓"),
    (
        inner(create_graph=False),
        "✗ Not yet. The numbers are right, but the gradients count as constants: this is FOMAML",
    ),
    (inner(step=lambda w, lr, g: w - lr * g.detach()), "✗ Not yet. The numbers are right, but the gradients count"),
    (detached, "✗ Not yet. The numbers are right, but theta is cut off"),
    (half_a_derivative, "✗ Not yet. The numbers are right, the derivative"),
    (always_at_the_start, "✗ Not yet. One step is right. With more, each took the gradient at the start"),
    (one_step, "✗ Not yet. With steps=3 it took one"),
    (at_least_one_step, "✗ Not yet. With steps=0"),
    (growing_steps, "✗ Not yet. One step is right, three are not"),
    (in_place_with_grad, "✗ Not yet. It writes into the theta"),
    (in_place_without_grad, "✗ Not yet. It changed the theta"),
    (writes_into_the_dict, "✗ Not yet. It changed the theta"),
    (backward, "✗ Not yet. It wrote into .grad"),
    (lambda theta, loss, support, lr, steps: dict(theta), "✗ Not yet. With steps=1 theta has not moved"),
    (inner(step=lambda w, lr, g: w + lr * g), "✗ Not yet. It walks up the hill"),
    (inner(step=lambda w, lr, g: w - g), "✗ Not yet. After one step the numbers differ"),
    (slope_only, "✗ Not yet. Every tensor of theta takes the step; height did not"),
    (lambda *_: torch.zeros(2), "✗ Not yet. It should return a dict with the names of theta, ['height', 'slope']"),
    (lambda *_: 1 / 0, "✗ Not yet. It stopped with ZeroDivisionError"),
    (lambda *_: torch.zeros(2) @ torch.zeros(3), "✗ Not yet. It stopped with RuntimeError"),
    (lambda *_: ..., "… Not answered yet."),
]


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")  # which one of the mistakes does
@pytest.mark.parametrize(("adapt", "begins"), INNER)
def test_each_mistake_in_an_inner_loop_is_named(adapt, begins):
    assert repr(lecture03.inner_adapt(adapt)).startswith(begins)


def test_an_inner_loop_that_is_not_written_yet_leaves_its_widget_with_the_librarys_alone():
    phi = mlp((1, 40, 40, 1)).init(0)
    scene = AdaptationTrajectory({}, adapt=lambda theta, loss, support, lr, steps: ..., phi=phi).scene
    reference, yours = scene["starts"]
    assert reference["problem"] is None
    assert yours["problem"].startswith("Your function is not written yet")


CASES = [  # check, answers, what the verdict begins with
    (lecture01.counting, (960, 9600), "✓"),
    (lecture01.counting, (15, 150), "✗ Not yet. 15 is the number of outer steps"),
    (lecture01.counting, (64, 640), "✗ Not yet. Each outer step"),
    (lecture01.counting, (960, 960), "✗ Not yet. The trainings are right"),
    (lecture01.task_loss, (lambda phi, t: line(ten_steps(phi, t.support), t.query),), "✓"),
    (lecture01.task_loss, (lambda phi, t: line(ten_steps(phi, t.support), t.support),), "✗ Not yet. This is the loss"),
    (lecture01.task_loss, (lambda phi, t: line(ten_steps(phi, t.query), t.query),), "✗ Not yet. theta was learned"),
    (lecture01.task_loss, (lambda phi, t: line(ten_steps(0.2, t.support), t.query),), "✗ Not yet. For phi = 0.05"),
    (lecture01.largest_rate, (lambda a: 2 / a,), "✓"),
    (lecture01.largest_rate, (lambda a: 1 / a,), "✗ Not yet. At 1/a"),
    (lecture01.largest_rate, (lambda a: 2.0 * a,), "✗ Not yet. For a = 0.5 try 1:"),
    (lecture01.best_rate, (lambda s, q: (s * q).sum() / (s * s).sum(),), "✓"),
    (lecture01.best_rate, (lambda s, q: (q / s).mean(),), "✗ Not yet. The mean of q/s"),
    (lecture01.best_rate, (lambda s, q: torch.ones(()),), "✗ Not yet. 1 is best for the support"),
    (lecture01.best_rate, (lambda s, q: (s * q).sum() / (q * q).sum(),), "✗ Not yet. Differentiate"),
    (lecture01.best_average, (550 / 6,), "✓"),
    (lecture01.best_average, (91.7,), "✓"),
    (lecture01.best_average, (100,), "✗ Not yet. Before trial 1"),
    (lecture01.best_average, (5.5 / 6,), "✗ Not yet. Write it in percent"),
    (lecture01.best_average, (90,), "✗ Not yet. Trial 1 is a guess"),
    (lecture01.two_rates, (ten_steps,), "✓"),
    (lecture01.two_rates, (lambda phi, s: ten_steps(phi["slope"], s),), "✗ Not yet. With two equal rates it is right"),
    (lecture01.two_rates, (lambda phi, s: ten_steps(swapped(phi), s),), "✗ Not yet. The two rates are swapped"),
    (lecture01.two_rates, (lambda phi, s: {n: 0 * v for n, v in phi.items()},), "✗ Not yet. With two equal rates it s"),
    (lecture03.no_steps, ("B",), "✓"),
    (lecture03.no_steps, ("a",), "✗ Not yet. The outer loop still runs"),
    (lecture03.no_steps, ("c",), "✗ Not yet. FOMAML takes inner steps"),
    (lecture03.no_steps, ("pre-training",), "✗ Not yet. One letter"),
    (lecture03.inner_step, (lambda t, g, lr: {n: t[n] - lr * g[n] for n in t},), "✓"),
    (lecture03.inner_step, (lambda t, g, lr: {n: t[n] + lr * g[n] for n in t},), "✗ Not yet. It walks up the hill"),
    (lecture03.inner_step, (in_place,), "✗ Not yet. It changed the theta"),
    (lecture03.inner_step, (lambda t, g, lr: {n: t[n] - g[n] for n in t},), "✗ Not yet. The numbers differ"),
    (lecture03.inner_step, (lambda t, g, lr: [t[n] - lr * g[n] for n in t],), "✗ Not yet. It should return a dict"),
    (lecture03.maml_gradient, (lambda p, a, c, r: a * (1 - r * a) ** 2 * (p - c),), "✓"),
    (lecture03.maml_gradient, (lambda p, a, c, r: a * (1 - r * a) * (p - c),), "✗ Not yet. This is FOMAML's"),
    (lecture03.maml_gradient, (lambda p, a, c, r: a * (p - c),), "✗ Not yet. This is the derivative at"),
    (lecture03.maml_gradient, (lambda p, a, c, r: a * (1 - r * a) ** 2 * (c - p),), "✗ Not yet. For phi ="),
    (lecture03.best_start, (weighted(lambda a, keep, m: a * keep ** (2 * m)),), "✓"),
    (lecture03.best_start, (weighted(lambda a, keep, m: a * keep**m),), "✗ Not yet. This is where FOMAML"),
    (lecture03.best_start, (weighted(lambda a, keep, m: a),), "✗ Not yet. This is where joint"),
    (lecture03.best_start, (weighted(lambda a, keep, m: keep ** (2 * m)),), "✗ Not yet. A steep task"),
    (lecture03.best_start, (lambda a, c, r, m: c.mean(),), "✗ Not yet. For lr = 0.1 and 1 steps"),
    (lecture03.one_argument, ("create_graph",), "✓"),
    (lecture03.one_argument, ("`create_graph=True`",), "✓"),
    (lecture03.one_argument, ("retain_graph",), "✗ Not yet. That keeps a graph alive"),
    (lecture03.one_argument, ("requires_grad",), "✗ Not yet. phi needs it"),
    (lecture03.one_argument, ("lr",), "✗ Not yet. Look at the call"),
    (lecture03.nearest_mean, (means,), "✓"),
    (lecture03.nearest_mean, (lambda x, y, q: torch.cdist(q, x).argmin(1),), "✗ Not yet. These are places"),
    (lecture03.nearest_mean, (lambda x, y, q: y[torch.cdist(q, x).argmin(1)],), "✗ Not yet. Right for one shot"),
    (lecture03.nearest_mean, (lambda x, y, q: y[torch.cdist(q, x).argmax(1)],), "✗ Not yet. Some queries"),
    (lecture03.nearest_mean, (lambda x, y, q: torch.cdist(q, x),), "✗ Not yet. It should return one label"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "answers", "begins"), CASES)
def test_each_answer_gets_the_sentence_that_is_meant_for_it(check, answers, begins):
    assert repr(check(*answers)).startswith(begins)
