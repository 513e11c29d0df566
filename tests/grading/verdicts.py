"""A class of verdicts that nobody had to be graded for."""

import random
from pathlib import Path

from autograder.verdict import Mark, Outcome, Verdict, Way, write_verdict

HW = "hw2_maml"
CHECKS = {
    "inner_adapt_one_step": (3, "One step of gradient descent ends where it should, for every tensor of theta."),
    "inner_adapt_many_steps": (3, "Each step starts where the one before ended."),
    "inner_adapt_edges": (2, "No step at all, and theta in double precision."),
    "inner_adapt_pure": (2, "Nothing that was given is changed, nor its .grad."),
    "inner_adapt_differentiable": (3, "The derivative goes through the gradients: (I - lr H) to the power of steps."),
    "maml_loss_value": (3, "The loss on the query set after adapting to the support set."),
    "maml_loss_tasks": (3, "The mean over tasks that do not see one another."),
    "maml_loss_network": (2, "A convolutional network in double precision, several tasks."),
    "why_second_order": (2, "In words: when do MAML's and FOMAML's gradients point in opposite directions?"),
}
MISTAKES = (
    "Each step ends at {:.3g}, where 1.72 is right: does the second start where the first ended?",
    "The derivative is 1: the gradients were constants. create_graph=True?",
    "That is the loss on the support set, {:.4g}. The exam is the query set.",
)


def mark(check: str, outcome: Outcome, share: float | None = None, message: str = "", maximum: float = 2.0) -> Mark:
    """A mark whose share follows from its outcome, unless it is given."""
    if share is None:
        share = float(outcome is Outcome.PASSED)
    return Mark(check, f"What {check} asks for.", outcome, share, maximum, message, 0.1)


def verdict(student: str, *marks: Mark, way: Way = Way.WALLED, **more) -> Verdict:
    """A verdict on hw2_maml."""
    return Verdict(HW, student, student, way, marks, **more)


def drawn(student: str, skill: float, rng: random.Random, way: Way = Way.WALLED) -> Verdict:
    """A student who passes each check with a chance of ``skill``."""
    marks = []
    for check, (maximum, says) in CHECKS.items():
        roll = rng.random()
        message = rng.choice(MISTAKES).format(rng.uniform(1, 4))
        seconds = rng.uniform(0.01, 0.3)
        if check == "why_second_order":
            marks.append(Mark(check, says, Outcome.BY_HAND, 0.0, maximum))
        elif roll < skill:
            marks.append(Mark(check, says, Outcome.PASSED, 1.0, maximum, "", seconds))
        elif roll < skill + 0.1:
            marks.append(Mark(check, says, Outcome.FAILED, 0.5, maximum, message, seconds))
        elif roll < 0.9:
            marks.append(Mark(check, says, Outcome.FAILED, 0.0, maximum, message, seconds))
        else:
            marks.append(Mark(check, says, Outcome.NOT_REACHED, 0.0, maximum, "It needs inner_adapt_one_step."))
    return Verdict(HW, student, student, way, tuple(marks), seconds=rng.lognormvariate(0, 0.6))


def write_class(root: Path, n: int, seed: int = 0) -> list[Verdict]:
    """Write a class: mostly drawn students, and among the first ten one of each kind that a report has to show."""
    rng = random.Random(seed)
    verdicts = [drawn(f"s{i:03d}", rng.betavariate(4, 1.5), rng) for i in range(n)]
    special = {
        1: Verdict(HW, "s001", "s001 (2).ipynb", Way.NOT_RUN, trouble="hw2_maml.ipynb is not a notebook: not JSON."),
        2: drawn("s002", 0.7, rng, Way.NOT_WALLED),
        3: verdict("s003", mark("inner_adapt_one_step", Outcome.OUR_FAULT), flags=("our fault",), seconds=1.0),
        4: verdict(
            "s004",
            mark("inner_adapt_one_step", Outcome.PASSED, maximum=3.0),
            flags=("graded cells were changed",),
            notes=("You changed a cell that grades; it was put back.",),
            seconds=61.0,
        ),
    }
    for i, one in special.items():
        if i < n:
            verdicts[i] = one
    for one in verdicts:
        write_verdict(root, one)
    return verdicts
