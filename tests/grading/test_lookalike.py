"""Look-alikes: copies are found in disguise, and what is natural to write is not shown."""

import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import nbformat
import pytest

from autograder.office import lookalike
from autograder.office.lookalike import GRAM, LEAST, Pair, fingerprints, lookalikes, meetings, tokens
from autograder.office.solution_cells import solution_cells
from autograder.solutions import model_solution, read_solution
from tests.grading.styles import STYLES
from tests.grading.verdicts import HW

HOMEWORK = Path(__file__).resolve().parents[2] / "homework"

SOURCE = nbformat.read(HOMEWORK / "source" / HW / f"{HW}.ipynb", as_version=4)
MODEL = model_solution(SOURCE).cells
FILES = [path for folder in ("right", "wrong", "class") for path in sorted((HOMEWORK / folder / HW).glob("*.py"))]
CLASS = {
    f"{path.parent.parent.name}/{path.stem}": "\n".join((MODEL | read_solution(path).cells).values()) for path in FILES
}
CLASS |= {f"style {i}": style for i, style in enumerate(STYLES)}
MODEL_TEXT = ["\n".join(MODEL.values())]
LETTERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def copied(original: str, copy: str) -> float:
    """How alike a copy in the class and its original are; 0 if it is not found at all."""
    found = lookalikes(CLASS | {"the copy": copy}, MODEL_TEXT)
    others = [pair for pair in found if pair.students[0] != original]
    assert others == []
    return found[0].similarity if found else 0.0


def renamed(text: str) -> str:
    own = "theta|loss|grads?|g|v|w|k|weights?|values?|names?|params|fast|phi|t|s"
    return re.sub(rf"(?<![.\w])({own})\b(?!\()", r"my_\1", text)


def filled_up(text: str) -> str:
    """A line that does nothing after each line that begins a loop, comments, and other space around."""
    lines = []
    for line in text.splitlines():
        lines += [line + "  # what is done here", ""]
        if line.strip().startswith("for ") and line.endswith(":"):
            lines.append(re.match(r"\s*", line)[0] + "    useless = 0")
    return "\n".join(lines)


def rewritten(text: str) -> str:
    """A line or two said in another way."""
    return (
        renamed(text)
        .replace("create_graph=True", "create_graph=(not first_order)")
        .replace("total = 0", "total = torch.zeros(())")
        .replace("list(theta)", "[*theta]")
        .replace("torch.stack(losses).mean()", "sum(losses) / len(losses)")
    )


ORIGINALS = [name for name in CLASS if name.startswith(("right", "style"))]


@pytest.mark.parametrize("original", ORIGINALS)
@pytest.mark.parametrize("disguise", [str, renamed, filled_up, rewritten])
def test_a_copy_is_found_in_disguise(original: str, disguise: Callable[[str], str]) -> None:
    assert copied(original, disguise(CLASS[original])) >= 0.8


def test_nobody_who_worked_alone_is_shown() -> None:
    assert len(CLASS) == 53
    assert lookalikes(CLASS, MODEL_TEXT) == []


def test_those_who_worked_alone_stay_well_under_the_threshold() -> None:
    most = max(pair.similarity for pair in lookalikes(CLASS, MODEL_TEXT, threshold=0))
    assert 0.4 < most < 0.6


def test_the_model_solution_does_not_count() -> None:
    same = {"ada": MODEL_TEXT[0], "ben": MODEL_TEXT[0]}
    assert lookalikes(same, MODEL_TEXT) == []
    assert len(lookalikes(same, [])) == 1


def line(words: list[str]) -> str:
    return " + ".join(f"x.{word}" for word in words)


def test_similarity_is_the_weighted_share_of_the_smaller_one() -> None:
    """Both have the same n fingerprints, one of them as many more: all of the smaller one is shared."""
    short = line(LETTERS)
    (pair,) = lookalikes({"ben": short, "ada": short + " + " + line([word * 2 for word in LETTERS])}, [])
    assert pair == Pair(("ada", "ben"), 1.0, len(fingerprints(short)))


def test_what_is_rare_weighs_more_than_what_is_common() -> None:
    """Ada shares as much with Ben as with Cleo, but what she shares with Cleo four others have too."""
    rare, common = line([f"r{word}" for word in LETTERS]), line([f"c{word}" for word in LETTERS])
    own = {name: "\n" + line([name + word for word in LETTERS]) for name in ("ada", "ben", "cleo", "d", "e", "f", "g")}
    texts = {name: f"{common if name != 'ben' else rare}{own[name]}" for name in own}
    texts["ada"] = f"{rare}\n{common}"
    found = {pair.students: pair.similarity for pair in lookalikes(texts, [], threshold=0)}
    assert found["ada", "ben"] > found["ada", "cleo"] > found["cleo", "d"] - 1e-9


def test_a_line_or_two_in_common_are_not_enough() -> None:
    def counted(n_fingerprints: int) -> str:
        return " ".join(map(str, range(n_fingerprints + GRAM - 1)))

    longer = counted(3 * LEAST)
    assert [pair.shared for pair in lookalikes({"ada": counted(LEAST), "ben": longer}, [])] == [LEAST]
    assert lookalikes({"ada": counted(LEAST - 1), "ben": longer}, []) == []


def test_a_class_of_two_can_be_compared() -> None:
    assert [pair.similarity for pair in lookalikes({"ada": STYLES[0], "ben": STYLES[0]}, MODEL_TEXT)] == [1.0]


def test_own_names_comments_and_docstrings_do_not_count_but_attributes_and_keywords_do() -> None:
    one = 'def f(a):\n    """What."""\n    b = a.sum(dim=1)  # why\n    return b\n'
    other = "def g(x):\n\n    y  =  x.sum(dim = 1)\n    return y"
    assert " ".join(tokens(one)) == " ".join(tokens(other)) == "def v ( v ) : v = v . sum ( dim = 1 ) return v"
    assert tokens('x = "text"') == ["v", "=", '"text"']


@pytest.mark.parametrize("broken", ["def f(:\n  'open", "for x in (1, 2:\n", "  a\n b", "x = '''", "\ud800 = \x00", ""])
def test_what_is_not_python_is_compared_by_its_words(broken: str) -> None:
    text = STYLES[2] + broken
    assert "autograd" in tokens(text)
    assert len(lookalikes({"ada": text, "ben": STYLES[2]}, [])) == 1


def test_the_work_grows_with_the_class_and_not_with_its_square(monkeypatch) -> None:
    """500 students, half of whom wrote the same, the others in rings of 25: the worst that is looked at."""
    n_meetings = 0

    def counted(holders):
        nonlocal n_meetings
        for meeting in meetings(holders):
            n_meetings += 1
            yield meeting

    monkeypatch.setattr(lookalike, "meetings", counted)
    texts = {f"s{i:03d}": STYLES[0] if i % 2 else line([f"{w}{i // 50}" for w in LETTERS]) for i in range(500)}
    n_pairs = len(lookalikes(texts, []))
    assert n_pairs == 10 * 25 * 24 / 2  # the half is the natural way of writing it
    assert n_meetings == n_pairs * len(fingerprints(texts["s000"]))  # not the 31,125 pairs of the half


def test_a_ring_of_twenty_five_among_five_hundred_is_found_and_one_more_is_not() -> None:
    others = {f"s{i:03d}": line([f"{word}{i}" for word in LETTERS]) for i in range(475)}
    ring = {f"r{i:02d}": STYLES[3] for i in range(25)}
    assert len(lookalikes(others | ring, [])) == len(list(combinations(ring, 2)))
    assert lookalikes(others | ring | {"r25": STYLES[3]}, []) == []


def notebook(path, *cells) -> None:
    path.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)


def cell(source: str, grade_id: str | None = None):
    metadata = {"nbgrader": {"grade_id": grade_id}} if grade_id else {}
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def test_solutions_are_read_from_what_was_handed_in(tmp_path) -> None:
    source = tmp_path / "source" / HW / f"{HW}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(SOURCE, source)

    def handed_in(student):
        return tmp_path / "submitted" / student / HW / f"{HW}.ipynb"

    notebook(handed_in("ada"), cell("mine = 1", "inner_adapt"), cell("not mine"), cell("mine = 2", "maml_loss"))
    notebook(handed_in("ben"), cell("his"), nbformat.v4.new_markdown_cell("words"), cell("own"))
    broken = {"cut": '{"cells": [{"ce', "list": "[]", "odd": '{"cells": [1]}', "none": '{"cells": []}'}
    for student, text in broken.items():
        handed_in(student).parent.mkdir(parents=True)
        handed_in(student).write_text(text)
    handed_in("link").parent.mkdir(parents=True)
    handed_in("link").symlink_to(handed_in("ada"))
    handed_in("large").parent.mkdir(parents=True)
    handed_in("large").write_text('{"cells": [{"cell_type": "code", "source": "' + "x" * 5_000_001 + '"}]}')
    solutions, everyones = solution_cells(tmp_path, HW)
    assert solutions == {"ada": "mine = 1\nmine = 2", "ben": "his\nown"}
    assert any("def toy_loss" in text for text in everyones)
    assert any("create_graph" in text and "SOLUTION" not in text for text in everyones)
