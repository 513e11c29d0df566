"""Reading what a student handed in as a notebook, whatever it is: the cells that are in it, or a sentence."""

import json
import warnings
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.door.opening import MEGABYTE, UnreadableError

MOST_CELLS = 1000
LONGEST_CELL = MEGABYTE
_KINDS = ("code", "markdown", "raw")
_LOOKS = {b"PK\x03\x04": "a zip archive", b"%PDF": "a PDF", b"\x1f\x8b": "a gzip archive", b"<": "a web page"}
_AGAIN = "Open it in Jupyter, save it, and hand it in again."


@dataclass(frozen=True)
class Read:
    """A notebook with nothing in it but cells of text: ``cell_type``, ``source``, ``id`` and two kinds of metadata."""

    notebook: NotebookNode
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


def read_cells(data: bytes, name: str) -> Read:
    """Return the cells of a notebook of any format.

    Raises:
        UnreadableError: it is not a notebook.
    """
    raw, notes, flags = _parse(data, name), [], []
    version = raw.get("nbformat")
    if isinstance(version, int) and not isinstance(version, bool) and 1 <= version < 4:
        raw = _upgrade(raw, version, name)
        notes.append(f"{name} is in the old notebook format {version}; it was read as format 4.")
    elif version != 4:
        notes.append(f"{name} says that its notebook format is {_shown(version)}; it was read as format 4.")
    given = raw.get("cells")
    if not isinstance(given, list) or not given:
        raise UnreadableError(f"{name} is not a notebook: it has no cells. {_AGAIN}")
    if len(given) > MOST_CELLS:
        raise UnreadableError(
            f"{name} has {len(given)} cells; at most {MOST_CELLS} are read. "
            "Delete what is not needed, and hand it in again."
        )
    cells = []
    for number, one in enumerate(given, 1):
        cell = _cell(one)
        if cell is None:
            notes.append(f"Cell {number} of {name} is damaged and was left out.")
            flags.append("damaged cells")
            continue
        if len(cell.source) > LONGEST_CELL:
            raise UnreadableError(
                f"Cell {number} of {name} holds {len(cell.source) // 1000} kB of text; "
                f"at most {LONGEST_CELL // 1000} kB are read. Is there data in it? Take it out, and hand it in again."
            )
        if one.get("attachments") and "nbgrader" in cell.metadata:
            notes.append(f"Pictures pasted into cell {number} are not shown when it is graded; say it in words.")
            flags.append("pictures in an answer: see what was handed in")
        cells.append(cell)
    if not cells:
        raise UnreadableError(f"{name} is not a notebook: none of its cells can be read. {_AGAIN}")
    if language := _other_language(raw.get("metadata")):
        notes.append(f"{name} was saved with a kernel for {language}; it is graded with the assignment's own.")
    notebook = NotebookNode(nbformat=4, nbformat_minor=5, metadata=NotebookNode(), cells=cells)
    return Read(notebook, tuple(notes), tuple(dict.fromkeys(flags)))


def _parse(data: bytes, name: str) -> dict[str, Any]:
    if not data.strip():
        raise UnreadableError(f"{name} is empty. {_AGAIN}")
    for head, what in _LOOKS.items():
        if data.lstrip().startswith(head):
            raise UnreadableError(
                f"{name} is not a notebook but {what} under another name. Hand in the notebook itself."
            )
    try:
        raw = json.loads(data.decode("utf-8-sig"), parse_int=_number)
    except UnicodeDecodeError:
        raise UnreadableError(f"{name} is not a notebook: its text is not in UTF-8. {_AGAIN}") from None
    except json.JSONDecodeError:
        raise UnreadableError(f"{name} is not a notebook: it is not JSON. Was the upload cut short? {_AGAIN}") from None
    except RecursionError:
        raise UnreadableError(f"{name} is not a notebook: it is nested too deeply. {_AGAIN}") from None
    if not isinstance(raw, dict):
        raise UnreadableError(f"{name} is not a notebook: it holds {_shown(raw)}. {_AGAIN}")
    return raw


def _number(digits: str) -> float:
    return int(digits) if len(digits) < 20 else float(digits)


def _upgrade(raw: dict[str, Any], version: int, name: str) -> NotebookNode:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            old = nbformat.versions[version].to_notebook_json(raw, minor=0)
            return nbformat.convert(old, 4)
    except Exception:  # whatever nbformat trips over
        raise UnreadableError(
            f"{name} is in the old notebook format {version}, and could not be brought up to date. {_AGAIN}"
        ) from None


def _cell(one: Any) -> NotebookNode | None:
    if not isinstance(one, dict) or one.get("cell_type") not in _KINDS:
        return None
    source = one.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    metadata, kept = one.get("metadata"), NotebookNode()
    if isinstance(metadata, dict):
        if isinstance(metadata.get("nbgrader"), dict):
            kept["nbgrader"] = NotebookNode(metadata["nbgrader"])
        if isinstance(metadata.get("tags"), list):
            kept["tags"] = [tag for tag in metadata["tags"] if isinstance(tag, str)]
    source = source.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair could not be written again
    cell = NotebookNode(cell_type=one["cell_type"], source=source, metadata=kept)
    if isinstance(one.get("id"), str):
        cell["id"] = one["id"]
    return cell


def _other_language(metadata: Any) -> str:
    for place in ("kernelspec", "language_info"):
        entry = metadata.get(place) if isinstance(metadata, dict) else None
        language = entry.get("language" if place == "kernelspec" else "name") if isinstance(entry, dict) else None
        if isinstance(language, str) and language and not language.lower().startswith(("python", "ipython")):
            return language[:20]
    return ""


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return "missing" if value is None else repr(value)[:40]
