"""Every lecture keeps the grammar, runs in a real kernel from top to bottom, and accepts its exercises' solutions."""

import ast
import json
import os
import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent / "lectures"
LECTURES = sorted(ROOT.glob("[0-9][0-9]_*.ipynb"))
GRAMMAR = [
    "Recall", "Objectives", "The three steps", "Predict", "Run", "Try it", "Claim check", "Exercises", "Misconceptions",
    "What to read",
]  # fmt: skip
MOST_SECONDS_OF_A_CELL, MOST_SECONDS = 60, 300
SLOWER = 3  # or faster: a machine on which a lecture is executed, beside the one that its minutes were measured on
VIEW, STATE = "application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json"

WRONG = {  # an answer of each exercise that must not be accepted
    "check.counting(": "trainings, inner_steps = 15, 150",
    "check.task_loss(": "def my_l(phi, task):\n    return loss(F(phi, task.support), task.support)",
    "check.largest_rate(": "def largest_rate(a):\n    return 1 / a",
    "check.best_rate(": "def best_rate(s, q):\n    return (q / s).mean()",
    "check.best_average(": "best_average = 100",
    "check.two_rates(": "def two_rates(phi, support):\n    return F(phi['slope'], support)",
    "check.no_steps(": "letter = 'a'",
    "check.inner_step(": "def inner_step(theta, grads, lr):\n    return {n: theta[n] + lr * grads[n] for n in theta}",
    "check.maml_gradient(": "def maml_gradient(phi, a, c, lr):\n    return a * (1 - lr * a) * (phi - c)",
    "check.best_start(": "def best_start(a, c, lr, steps):\n    return (a * c).sum() / a.sum()",
    "check.one_argument(": "name = 'retain_graph'",
    "check.inner_adapt(": """def my_inner_adapt(theta, loss, support, lr, steps):
    for _ in range(steps):
        grads = torch.autograd.grad(loss(theta, support), list(theta.values()))
        theta = {name: weight - lr * g for (name, weight), g in zip(theta.items(), grads, strict=True)}
    return theta""",
    "check.nearest_mean(": "def nearest_mean(x, y, q):\n    return torch.cdist(q, x).argmin(1)",
}


def read(path):
    return nbformat.read(path, as_version=4)


def text(notebook, kind="markdown"):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == kind)


def headings(notebook):
    prose = re.sub(r"```.*?```", "", text(notebook), flags=re.DOTALL)
    return [(len(marks), title.strip()) for marks, title in re.findall(r"^(#+) (.*)$", prose, flags=re.MULTILINE)]


def tagged(notebook, tag):
    return [i for i, cell in enumerate(notebook.cells) if tag in cell.metadata.get("tags", [])]


def stated_minutes(notebook, pattern):
    section = notebook.cells[position(notebook, "Objectives")].source
    return float(re.search(pattern, section)[1])


def position(notebook, heading):
    return next(i for i, cell in enumerate(notebook.cells) if re.search(rf"^## {heading}$", cell.source, re.MULTILINE))


@pytest.fixture(params=LECTURES, ids=lambda path: path.stem)
def lecture(request):
    return read(request.param)


def test_there_are_lectures():
    assert LECTURES


def test_a_lecture_in_git_is_a_clean_notebook(lecture):
    nbformat.validate(lecture)
    assert (lecture.nbformat, lecture.nbformat_minor) >= (4, 5)
    assert lecture.metadata.kernelspec.name == "python3"
    assert "widgets" not in lecture.metadata
    for cell in lecture.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_headings_follow_the_grammar_and_skip_no_level(lecture):
    levels = [level for level, _ in headings(lecture)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))
    assert [title for level, title in headings(lecture) if level == 2] == GRAMMAR


def test_the_elements_of_the_grammar_stand_in_their_sections(lecture):
    order = [position(lecture, heading) for heading in GRAMMAR]
    assert order == sorted(order)
    sections = dict(zip(GRAMMAR, zip(order, [*order[1:], len(lecture.cells)], strict=True), strict=True))
    for tag, section in [("quiz", "Recall"), ("predict", "Predict"), ("claim", "Claim check")]:
        (cell,) = tagged(lecture, tag)
        assert cell in range(*sections[section]), f"the cell tagged {tag} is not in section {section}"
    assert tagged(lecture, "beside")
    assert all(cell in range(*sections["Run"]) for cell in tagged(lecture, "beside"))
    assert any(cell in range(*sections["Try it"]) for cell in tagged(lecture, "widget"))
    assert all(cell in range(*sections["Exercises"]) for cell in tagged(lecture, "exercise"))


def test_text_above_each_widget_says_what_to_look_for_and_try_it_what_there_is_without_a_kernel(lecture):
    for i in tagged(lecture, "widget"):
        assert lecture.cells[i - 1].cell_type == "markdown"
        assert len(lecture.cells[i - 1].source.split()) >= 30
    first, end = position(lecture, "Try it"), position(lecture, "Claim check")
    assert "ithout a running kernel" in "".join(cell.source for cell in lecture.cells[first:end])


def test_the_quiz_has_three_questions_and_the_box_three_steps(lecture):
    quiz = lecture.cells[position(lecture, "Recall")].source
    assert re.findall(r"^(\d)\. ", quiz, re.MULTILINE) == ["1", "2", "3"]
    assert all(quiz.count(f"**{letter}**") == 3 for letter in "abc")
    box = lecture.cells[position(lecture, "The three steps")].source
    assert re.findall(r"^\| \*\*(\d)\*\* ", box, re.MULTILINE) == ["1", "2", "3"]


def test_objectives_come_with_prerequisites_and_minutes(lecture):
    section = lecture.cells[position(lecture, "Objectives")].source
    assert "**Prerequisites:**" in section
    assert re.search(r"\*\*Time:\*\* \d+ minutes of reading and running, \d+ minutes of exercises\. The comp", section)


def test_the_minutes_of_the_exercises_are_their_sum_to_the_nearest_five(lecture):
    each = re.findall(r"^### Exercise \d+: .+, (\d+) minutes\)$", text(lecture), re.MULTILINE)
    stated = stated_minutes(lecture, r"(\d+) minutes of exercises")
    assert abs(stated - sum(map(int, each))) < 5, each


def test_a_prediction_is_left_to_the_reader(lecture):
    (cell,) = tagged(lecture, "predict")
    assert re.search(r"^prediction = \{", lecture.cells[cell].source, re.MULTILINE)
    assert lecture.cells[cell].source.count(": ...") >= 3


def test_every_figure_is_shown_with_words(lecture):
    code = text(lecture, "code")
    assert len(re.findall(r"\b(?:show|Picture)\(", code)) == len(re.findall(r"\balt=", code)) > 0
    assert "plt." not in code
    assert all(alt.strip() for alt in re.findall(r"!\[(.*?)\]\(", text(lecture)))


def test_links_to_other_files_lead_somewhere(lecture):
    for link in re.findall(r"\]\(([^)#]+)\)", text(lecture)):
        assert link.startswith(("https://", "http://")) or (ROOT / link).exists(), link


def test_exercises_come_with_difficulty_minutes_hints_and_a_solution(lecture):
    cells = tagged(lecture, "exercise")
    assert len(cells) >= 6
    for number, i in enumerate(cells, start=1):
        task = lecture.cells[i - 1].source
        assert re.search(rf"^### Exercise {number}: .+ \((easy|medium|hard), \d+ minutes\)$", task, re.MULTILINE)
        summaries = re.findall(r"<details><summary>(.*?)</summary>", task)
        assert summaries[-1] == "Solution"
        assert summaries[:-1] == [f"Hint {n}" for n in range(1, len(summaries))]
        assert len(summaries) >= 2
        assert task.count("<details>") == task.count("</details>")
        assert "..." in lecture.cells[i].source
        assert check_line(lecture.cells[i]).startswith("check.")


def check_line(cell):
    return cell.source.splitlines()[-1]


def solution_of(task):
    return re.search(r"<summary>Solution</summary>\s*```python\n(.*?)```", task, re.DOTALL)[1]


def with_answers(notebook):
    """Return a copy in which each exercise is followed by its solution and by a wrong answer, both checked."""
    cells = []
    for i, cell in enumerate(notebook.cells):
        cells.append(cell)
        if i in tagged(notebook, "exercise"):
            line = check_line(cell)
            wrong = WRONG[line[: line.index("(") + 1]]
            for tag, answer in [("right", solution_of(notebook.cells[i - 1].source)), ("wrong", wrong)]:
                cells.append(nbformat.v4.new_code_cell(f"{answer}\n{line}", metadata={"tags": [tag]}))
    return nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)


@pytest.fixture(scope="module", params=LECTURES, ids=lambda path: path.stem)
def run(request):
    """Execute a lecture once, with answers, in a real kernel that shows every warning; time what each cell computes."""
    notebook = with_answers(read(request.param))
    seconds = {}

    def note(cell, cell_index, **_):
        times = psutil.Process(client.km.provisioner.pid).cpu_times()
        seconds[cell_index] = times.user + times.system - seconds.get(cell_index, 0.0)

    client = NotebookClient(
        notebook, timeout=4 * MOST_SECONDS_OF_A_CELL, kernel_name="python3", allow_errors=True,
        resources={"metadata": {"path": str(ROOT)}}, on_cell_execute=note, on_cell_executed=note,
    )  # fmt: skip
    client.execute(env=os.environ | {"PYTHONWARNINGS": "default"})
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    return SimpleNamespace(
        notebook=notebook, cells=[notebook.cells[i] for i in code], seconds=[seconds[i] for i in code]
    )


def outputs(cells, kind):
    return [output for cell in cells for output in cell.outputs if output.output_type == kind]


def verdicts(run, tag):
    return [output.data["text/plain"] for i in tagged(run.notebook, tag) for output in run.notebook.cells[i].outputs]


@pytest.mark.slow
def test_a_lecture_runs_from_top_to_bottom_without_an_error(run):
    errors = [f"{error.ename}: {error.evalue}" for error in outputs(run.cells, "error")]
    assert errors == []
    for sign in ('"output_type": "error"', 'role=\\"alert\\"'):  # nor inside of a widget
        assert sign not in json.dumps(run.notebook)


@pytest.mark.slow
def test_no_warning_is_shown(run):
    said = "\n".join(stream.text for stream in outputs(run.cells, "stream") if stream.name == "stderr")
    assert "Warning" not in said


@pytest.mark.slow
def test_no_cell_keeps_the_reader_waiting_for_long(run):
    assert 0 < max(run.seconds) < MOST_SECONDS_OF_A_CELL, run.seconds
    assert sum(run.seconds) < MOST_SECONDS


@pytest.mark.slow
def test_the_stated_minutes_of_the_computer_are_those_measured_within_a_factor(run):
    stated = stated_minutes(run.notebook, r"The computer needs ([\d.]+) minutes? of it\.")
    assert stated / SLOWER < sum(run.seconds) / 60 < stated * SLOWER


@pytest.mark.slow
def test_each_widget_is_shown_and_has_nothing_to_complain_about(run):
    state = run.notebook.metadata.widgets[STATE]["state"]
    for i in tagged(run.notebook, "widget"):
        (view,) = [o.data[VIEW] for o in run.notebook.cells[i].outputs if VIEW in o.get("data", {})]
        shown = state[view["model_id"]]["state"]
        assert shown.get("status", {}).get("state", "done") == "done"
        assert [one["problem"] for one in shown.get("scene", {}).get("starts", []) if one["problem"]] == []


@pytest.mark.slow
def test_what_takes_more_than_a_few_seconds_shows_its_progress(run):
    for cell, seconds in zip(run.cells[1:], run.seconds[1:], strict=True):  # the first one imports
        bars = [o for o in cell.outputs if VIEW in o.get("data", {})]
        assert seconds < 5 or bars, cell.source


@pytest.mark.slow
def test_every_image_has_alternative_text(run):
    everything = json.dumps(run.notebook)
    images = re.findall(r"<img [^>]*?>", everything)
    assert len(images) >= 5
    for image in images:
        alt = re.search(r'alt=\\"(.*?)\\"', image)
        assert alt, image[:200]
        assert len(alt[1].split()) >= 5
    assert '"image/png"' not in everything


@pytest.mark.slow
def test_what_the_reader_predicted_stands_beside_what_was_measured(run):
    rows = "\n".join(verdicts(run, "beside")).splitlines()
    assert all(": predicted nothing written down, measured " in row for row in rows), rows
    assert not [row for row in rows if "nan" in row]
    (cell,) = tagged(run.notebook, "predict")
    predicted = ast.literal_eval(run.notebook.cells[cell].source.split("prediction = ", 1)[1])
    assert sorted(row.split(": predicted ")[0] for row in rows) == sorted(predicted)


@pytest.mark.slow
def test_the_claim_check_ends_in_a_verdict(run):
    (cell,) = (run.notebook.cells[i] for i in tagged(run.notebook, "claim"))
    said = "".join(output.text for output in cell.outputs)
    assert re.search(r"Verdict: (supports|contradicts|cannot tell)", said)
    assert "±" in said
    assert "seeds" in said


@pytest.mark.slow
def test_unanswered_exercises_are_said_to_be_so_and_solutions_are_accepted_and_wrong_answers_are_not(run):
    n_exercises = len(tagged(run.notebook, "exercise"))
    for tag, sign in [("exercise", "… Not answered yet."), ("right", "✓ Right."), ("wrong", "✗ Not yet.")]:
        said = verdicts(run, tag)
        assert len(said) == n_exercises
        assert all(verdict.startswith(sign) for verdict in said), said
    assert verdicts(run, "quiz")[0].startswith("… Not answered yet.")
