"""The door: whatever is in a folder, there is a notebook or a sentence, and nothing is raised."""

import hashlib
import json
import os
import time

import nbformat
import pytest

from autograder.door.intake import NOTHING, extras, left_out, take_in
from autograder.door.reconcile import NOTHING_FOUND
from tests.grading.submissions import FINE, HW, REPAIRED, TROUBLE, cell_of, damaged, hand_in, honest, release


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "submitted" / "ada" / HW


def sources(notebook):
    return [(cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]


@pytest.mark.parametrize("name", TROUBLE)
def test_what_cannot_be_graded_gets_a_sentence_and_quickly(folder, name):
    build, sentence = TROUBLE[name]
    build(folder)
    start = time.monotonic()
    taken = take_in(folder, HW, release())
    assert sentence in taken.trouble
    assert taken.trouble.endswith((".", "?"))
    assert taken.notebook is None
    assert not any("intake failed" in flag for flag in taken.flags)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("name", FINE)
def test_what_changes_nothing_is_taken_as_it_is(folder, name):
    hand_in(folder, FINE[name](honest()))
    taken = take_in(folder, HW, release())
    assert taken.trouble == ""
    assert taken.notes == ()
    assert taken.flags == ()
    assert sources(taken.notebook) == sources(honest())
    assert taken.notebook.metadata == release().metadata
    nbformat.validate(taken.notebook, version=4, version_minor=5)
    assert len({cell.id for cell in taken.notebook.cells}) == len(taken.notebook.cells)
    assert not any(cell.get("outputs") or "attachments" in cell for cell in taken.notebook.cells)


@pytest.mark.parametrize("name", REPAIRED)
def test_what_can_be_read_with_a_note_is(folder, name):
    change, note = REPAIRED[name]
    hand_in(folder, change(honest()))
    taken = take_in(folder, HW, release())
    assert any(note in one for one in taken.notes)
    assert sources(taken.notebook) == sources(honest())


@pytest.mark.parametrize(
    "name", ["hw2_maml (1).ipynb", "Hw2_MAML.IPYNB", "Homework 2.ipynb", "hw2_maml.ipynb.txt", "hw2_maml.ipynb.json"]
)
def test_a_single_notebook_under_another_name_is_taken(folder, name):
    hand_in(folder, honest(), name)
    hand_in(folder, b"", ".hidden.ipynb")
    hand_in(folder, b"{}", "hw2_maml-checkpoint.ipynb")
    taken = take_in(folder, HW, release())
    assert taken.notes == (f"{name} was taken for {HW}.ipynb; call it that next time.",)
    assert sources(taken.notebook) == sources(honest())


def test_the_notebook_with_the_right_name_is_taken_among_others(folder):
    hand_in(folder, honest())
    hand_in(folder, b"{}", "scratch.ipynb")
    assert take_in(folder, HW, release()).notes == ()


def test_the_digest_is_that_of_the_bytes_and_of_nothing_where_none_were_read(folder, tmp_path):
    hand_in(folder, b"[]")
    assert take_in(folder, HW, release()).digest == hashlib.sha256(b"[]").hexdigest()
    hand_in(folder, honest())
    data = (folder / f"{HW}.ipynb").read_bytes()
    assert take_in(folder, HW, release()).digest == hashlib.sha256(data).hexdigest()
    assert take_in(tmp_path / "nobody", HW, release()).digest == NOTHING == hashlib.sha256(b"").hexdigest()


def test_half_a_surrogate_pair_in_a_cell_can_be_written_afterwards(folder):
    notebook = honest()
    cell_of(notebook, "inner_adapt").source += "\n# \ud800"
    hand_in(folder, notebook)
    taken = take_in(folder, HW, release())
    assert "# ?" in nbformat.writes(taken.notebook).encode().decode()


def test_twenty_megabytes_are_taken_and_a_byte_more_is_not(folder):
    data = json.dumps(honest()).encode()
    hand_in(folder, data + b" " * (20 * 2**20 - len(data)))
    assert take_in(folder, HW, release()).trouble == ""
    hand_in(folder, data + b" " * (20 * 2**20 - len(data) + 1))
    assert "larger than 20 MB" in take_in(folder, HW, release()).trouble


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said_to_be_that(folder):
    hand_in(folder, honest())
    (folder / f"{HW}.ipynb").chmod(0)
    assert "could not be opened (Permission denied)" in take_in(folder, HW, release()).trouble


def test_pictures_in_an_answer_are_pointed_out(folder):
    notebook = honest()
    cell_of(notebook, "why_second_order")["attachments"] = {"a.png": {"image/png": "AAAA"}}
    hand_in(folder, notebook)
    taken = take_in(folder, HW, release())
    assert "say it in words" in taken.notes[0]
    assert taken.flags == ("pictures in an answer: see what was handed in",)


def test_notebooks_damaged_at_random_are_graded_or_get_a_sentence(folder):
    graded = 0
    for seed in range(60):
        hand_in(folder, damaged(seed))
        taken = take_in(folder, HW, release())
        assert not any("intake failed" in flag for flag in taken.flags), seed
        assert (taken.notebook is None) == bool(taken.trouble)
        if taken.notebook is not None:
            graded += 1
            nbformat.validate(taken.notebook)
            nbformat.writes(taken.notebook).encode()
            ids = [cell.metadata.nbgrader.grade_id for cell in taken.notebook.cells if "nbgrader" in cell.metadata]
            assert ids == [cell.metadata.nbgrader.grade_id for cell in release().cells if "nbgrader" in cell.metadata]
    assert graded > 40


def test_another_notebook_is_flagged(folder):
    TROUBLE["another notebook"][0](folder)
    assert take_in(folder, HW, release()).flags == (NOTHING_FOUND,)


def test_where_the_grader_fails_nothing_is_raised_and_the_instructor_is_told(folder):
    hand_in(folder, honest())
    taken = take_in(folder, HW, None)
    assert "the grader does not know why" in taken.trouble
    assert taken.flags[0].startswith("intake failed: AttributeError")


def test_files_beside_the_notebook_are_listed_and_links_and_rubbish_are_not(folder, tmp_path):
    hand_in(folder, honest())
    (folder / "data" / "__pycache__").mkdir(parents=True)
    (folder / "__MACOSX").mkdir()
    for name in ("b.py", "a.csv", "data/c.txt", "data/d.ipynb", "timestamp.txt", ".DS_Store", "data/__pycache__/b.pyc"):
        (folder / name).write_text(name)
    (folder / "other.ipynb").write_text("{}")
    (folder / "__MACOSX" / "x").write_text("x")
    (folder / "secret").symlink_to("/etc/passwd")
    (folder / "all").symlink_to("/", target_is_directory=True)
    os.mkfifo(folder / "pipe")
    names = [path.relative_to(folder).as_posix() for path in extras(folder)]
    assert names == ["a.csv", "b.py", "data/c.txt", "data/d.ipynb"]
    assert left_out(folder) == [
        "Links are not followed, so these were left out: all, secret.",
        "These are no ordinary files and were left out: pipe.",
    ]
    assert take_in(folder, HW, release()).notes == tuple(left_out(folder))


def test_files_beside_the_notebook_are_bounded_in_number_and_size(folder):
    hand_in(folder, honest())
    for name, megabytes in (("a", 33), ("b", 20), ("b2", 20)):
        with (folder / name).open("wb") as file:
            file.truncate(megabytes * 2**20)
    assert [path.name for path in extras(folder)] == ["b"]
    assert "Not all files" in left_out(folder)[0]
    for number in range(300):
        (folder / f"c{number:03}").touch()
    assert len(extras(folder)) == 200


def test_a_folder_that_is_not_there_has_no_extras(tmp_path):
    assert extras(tmp_path / "nobody") == []
    assert left_out(tmp_path / "nobody") == []
