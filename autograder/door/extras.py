"""The files that a student handed in beside the notebook."""

import os
from collections.abc import Iterator
from pathlib import Path

from autograder.door.opening import MEGABYTE
from autograder.door.stamp import STAMP

MOST_FILES = 200
MOST_BYTES = 32 * MEGABYTE
_MOST_SEEN = 5000
_RUBBISH = {"__pycache__", "__macosx", STAMP, "thumbs.db", "desktop.ini"}


def extras(folder: Path) -> list[Path]:
    """Return the regular files beside the notebook, as many as are taken, in the order of their names.

    Links, hidden files and other notebooks are no extras; ``left_out`` says what else is missing.
    """
    return _survey(folder)[0]


def left_out(folder: Path) -> list[str]:
    """Return what ``extras`` leaves out and why, in sentences for the student."""
    return _survey(folder)[1]


def shown(name: str) -> str:
    """Return a file's name as it can be written anywhere: short, printable and valid unicode."""
    text = name.encode("utf-8", "replace").decode("utf-8")
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= 80 else f"{text[:77]}..."


def is_rubbish(name: str) -> bool:
    """Say whether systems and editors make files or folders of this name, and people do not."""
    return name.startswith(".") or name.casefold() in _RUBBISH


def _survey(folder: Path) -> tuple[list[Path], list[str]]:
    taken: list[Path] = []
    links, other, room, beyond = [], [], MOST_BYTES, 0
    for number, entry in enumerate(_walk(folder)):
        if number == _MOST_SEEN:
            beyond += 1
            break
        name = shown(os.path.relpath(entry.path, folder))
        if entry.is_symlink():
            links.append(name)
        elif not entry.is_file(follow_symlinks=False):
            other.append(name)
        elif (size := entry.stat(follow_symlinks=False).st_size) > room or len(taken) == MOST_FILES:
            beyond += 1
        else:
            room -= size
            taken.append(Path(entry.path))
    notes = []
    if links:
        notes.append(f"Links are not followed, so these were left out: {_listed(links)}.")
    if other:
        notes.append(f"These are no ordinary files and were left out: {_listed(other)}.")
    if beyond:
        most = f"{MOST_FILES} files and {MOST_BYTES // MEGABYTE} MB"
        notes.append(f"Not all files beside the notebook were taken: at most {most} are.")
    return taken, notes


def _walk(folder: Path, depth: int = 0) -> Iterator[os.DirEntry[str]]:
    """Yield what is in a folder and below, but no folders, rubbish, or notebooks at the top."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:  # no folder, or one that may not be read
        return
    for entry in entries:
        if is_rubbish(entry.name) or (depth == 0 and entry.name.casefold().endswith(".ipynb")):
            continue
        if entry.is_dir(follow_symlinks=False):
            if depth < 20:
                yield from _walk(Path(entry.path), depth + 1)
        else:
            yield entry


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
