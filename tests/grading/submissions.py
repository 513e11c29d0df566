"""Notebooks and folders as no one should hand them in, and what is to be said about each."""

import copy
import functools
import json
import os
import random
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, ClearSolutions

from autograder.solutions import fill, model_solution

HOMEWORK = Path(__file__).resolve().parents[2] / "homework"
HW = "hw2_maml"
STUB = "raise NotImplementedError('Write this function.')"


@functools.cache
def _source():
    return nbformat.read(HOMEWORK / "source" / HW / f"{HW}.ipynb", as_version=4)


@functools.cache
def _release():
    notebook = copy.deepcopy(_source())
    for clear in (ClearSolutions(code_stub={"python": STUB}), ClearHiddenTests(), ClearMarkScheme()):
        notebook, _ = clear.preprocess(notebook, {})
    return notebook


def release():
    """The notebook that students get."""
    return copy.deepcopy(_release())


def honest():
    """The notebook, filled in."""
    filled = fill(_release(), {**model_solution(_source()).cells, "why_second_order": "Because."})
    for cell in filled.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return filled


def cell_of(notebook, name):
    """The cell with this grade id, or else this cell id."""
    by_id = {cell.get("id"): cell for cell in notebook.cells}
    by_id |= {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    return by_id[name]


def hand_in(folder, notebook, name=f"{HW}.ipynb"):
    """Write a notebook, or what should be one, into a student's folder, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
    (folder / name).write_bytes(text)
    return folder


def _path(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{HW}.ipynb"


def _large(folder):
    with _path(folder).open("wb") as file:
        file.truncate(200 * 2**20)


def _link(folder):
    hand_in(folder.parent / "other", honest())
    _path(folder).symlink_to(folder.parent / "other" / f"{HW}.ipynb")


def _linked_folder(folder):
    hand_in(folder.parent / "other", honest())
    folder.symlink_to(folder.parent / "other")


def _linked_student(folder):
    hand_in(folder.parent.parent / "other" / HW, honest())
    folder.parent.symlink_to(folder.parent.parent / "other")


def _several(folder):
    hand_in(folder, honest(), "final.ipynb")
    hand_in(folder, honest(), "final2.ipynb")
    hand_in(folder, b"1", "data.csv")


def _cells(change):
    def build(folder):
        notebook = honest()
        notebook.cells = change(notebook.cells)
        hand_in(folder, notebook)

    return build


def _other_notebook(folder):
    hand_in(folder, nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1)")]))


def _only(change):
    def build(folder):
        change(_path(folder))

    return build


def _bytes(data):
    return lambda folder: hand_in(folder, data)


TROUBLE = {
    "nothing": (lambda folder: None, "was not handed in: there is nothing"),
    "an empty folder": (lambda folder: folder.mkdir(parents=True), "in its place there is: nothing"),
    "a file for a folder": (lambda folder: hand_in(folder.parent, b"", HW), "in place of a folder there is a file"),
    "another file": (lambda folder: hand_in(folder, b"x", "report.pdf"), "in its place there is: report.pdf"),
    "several": (_several, "several other notebooks: final.ipynb, final2.ipynb. Which one is it?"),
    "a checkpoint": (lambda f: hand_in(f, honest(), f"{HW}-checkpoint.ipynb"), "was not handed in"),
    "cut short": (_bytes(b'{"cells": [{"cell_ty'), "it is not JSON. Was the upload cut short?"),
    "not UTF-8": (_bytes('{"cells": "é"}'.encode("latin-1")), "not in UTF-8"),
    "empty": (_bytes(b" \n"), "is empty. Open it in Jupyter"),
    "a zip": (_bytes(b"PK\x03\x04rest"), "a zip archive under another name"),
    "a page": (_bytes(b"<!DOCTYPE html><html></html>"), "a web page under another name"),
    "a list": (_bytes(b"[]"), "it holds a list"),
    "a number": (_bytes(b"1"), "it holds 1."),
    "no cells": (_bytes(b'{"nbformat": 4, "metadata": {}}'), "it has no cells"),
    "cells are text": (_bytes(b'{"nbformat": 4, "cells": "cells"}'), "it has no cells"),
    "cells are numbers": (_bytes(b'{"nbformat": 4, "cells": [1, null, []]}'), "none of its cells can be read"),
    "nested": (_bytes(b'{"nbformat": 4, "cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"), "nested too deeply"),
    "format 3 without sheets": (_bytes(b'{"nbformat": 3, "worksheets": 7}'), "old notebook format 3, and could not"),
    "format 5 of another kind": (_bytes(b'{"nbformat": 5, "blocks": [{}]}'), "it has no cells"),
    "200 MB": (_large, "larger than 20 MB (200.0 MB). Clear the outputs"),
    "many cells": (_cells(lambda cells: cells * 30), "at most 1000 are read"),
    "a long cell": (
        _cells(lambda cells: [*cells, nbformat.v4.new_code_cell("x" * 2_000_000)]),
        "2000 kB of text; at most 1048 kB are read",
    ),
    "another notebook": (_other_notebook, "has none of this assignment's cells. Is it another notebook?"),
    "a link": (_link, "is a link to another file, and links are not followed"),
    "a linked folder": (_linked_folder, "is a link to another, and links are not followed"),
    "a linked student": (_linked_student, "is a link to another, and links are not followed"),
    "a folder": (_only(Path.mkdir), "is a folder. Hand in the notebook itself"),
    "a pipe": (_only(os.mkfifo), "is no ordinary file"),
    "a link to a device": (_only(lambda path: path.symlink_to("/dev/zero")), "is a link"),
}
"""Folders that cannot be graded: what builds one, and what the student is told."""


def _format_3(notebook):
    cells = []
    for cell in notebook.cells:
        entry = {"cell_type": cell.cell_type, "metadata": cell.metadata}
        if cell.cell_type == "code":
            entry |= {"input": cell.source, "language": "python", "outputs": [], "collapsed": False}
        else:
            entry["source"] = cell.source
        cells.append(entry)
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}


def _with(**changes):
    return lambda notebook: {**notebook, **changes}


def _each(change):
    def build(notebook):
        for cell in notebook["cells"]:
            change(cell)
        return notebook

    return build


def _schema(version):
    def change(cell):
        if "nbgrader" in cell.metadata and version is None:
            del cell.metadata.nbgrader["schema_version"]
        elif "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["schema_version"] = version

    return _each(change)


def _lines(cell):
    cell["source"] = cell["source"].splitlines(keepends=True)


def _outputs(cell):
    if cell.cell_type == "code":
        cell.outputs = [{"output_type": "stream", "name": "stdout", "text": "x" * 1000}]


def _rich(notebook):
    notebook["metadata"] = {"widgets": {"state": {"a": 1}}, "kernelspec": {"name": "venv", "display_name": "mine"}}
    cell_of(notebook, "title")["attachments"] = {"a.png": {"image/png": "AAAA"}}
    cell_of(notebook, "title")["metadata"] = {"tags": ["raises-exception"], "collapsed": True}
    cell_of(notebook, "inner_adapt")["metadata"]["tags"] = ["not-graded", "skip-execution"]
    return notebook


def _duplicate_keys(notebook):
    return b'{"nbformat": 99, "cells": [], ' + json.dumps(notebook).encode()[1:]


FINE = {
    "as it is": lambda notebook: notebook,
    "with a byte order mark": lambda notebook: b"\xef\xbb\xbf" + json.dumps(notebook).encode(),
    **{f"format 4.{minor}": _with(nbformat_minor=minor) for minor in (0, 2, 4, 6)},
    "without cell ids": _each(lambda cell: cell.pop("id")),
    **{f"schema {version}": _schema(version) for version in (1, 2, 99, None)},
    "source in lines": _each(_lines),
    "with outputs": _each(_outputs),
    "with widgets and attachments": _rich,
    "huge numbers": lambda notebook: (
        json.dumps({**notebook, "nbformat_minor": 0}).encode()[:-1]
        + b', "huge": 1e999, "digits": '
        + b"9" * 5000
        + b', "none": NaN}'
    ),
    "keys that come twice": _duplicate_keys,
}
"""Ways to save the honest notebook that change nothing about it."""

REPAIRED = {
    "format 3": (_format_3, "old notebook format 3"),
    "format 5": (_with(nbformat=5), "its notebook format is 5"),
    "format 99": (_with(nbformat=99), "its notebook format is 99"),
    "format of text": (_with(nbformat="4"), "its notebook format is '4'"),
    "no format": (_with(nbformat=None), "its notebook format is missing"),
    "another language": (
        _with(metadata={"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}),
        "saved with a kernel for R",
    ),
    "cells that are no cells": (
        lambda notebook: {**notebook, "cells": [1, {"cell_type": "video"}, {"cell_type": []}, *notebook.cells]},
        "Cell 2 of hw2_maml.ipynb is damaged",
    ),
    "a cell of numbers": (
        lambda notebook: {**notebook, "cells": [{"cell_type": "code", "source": 5}, *notebook.cells]},
        "Cell 1 of hw2_maml.ipynb is damaged",
    ),
}
"""Ways that leave the same cells, and a note."""

_JUNK = (
    None,
    True,
    0,
    -1,
    1e999,
    "",
    "x",
    [],
    {},
    [[]],
    {"a": 1},
    "\ud800",
    {"grade_id": "inner_adapt"},
    "raw",
    10**30,
)


def _places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _places(value[key], (*path, key))


def damaged(seed):
    """The honest notebook with a few random parts replaced, deleted, doubled or shuffled."""
    draw, notebook = random.Random(seed), json.loads(json.dumps(honest()))
    for _ in range(draw.randrange(1, 6)):
        *above, last = draw.choice([path for path in _places(notebook) if path])
        part = functools.reduce(lambda value, key: value[key], above, notebook)
        what = draw.choice(
            ["replace", "delete", "double", "shuffle"] if isinstance(part, list) else ["replace", "delete"]
        )
        if what == "replace":
            part[last] = copy.deepcopy(draw.choice(_JUNK))
        elif what == "delete":
            del part[last]
        elif what == "double":
            part.insert(draw.randrange(len(part) + 1), copy.deepcopy(part[last]))
        else:
            draw.shuffle(part)
    return notebook
