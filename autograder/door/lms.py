"""File names as Canvas and Moodle make them when an instructor downloads all submissions, and plain ones."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

_CANVAS = re.compile(r"(?:(?P<name>\w+?)_)?(?P<late>LATE_)?(?P<user>\d+|anon_\w{5})_(?P<file>\d+)_(?P<original>.+)")
_CANVAS_TEXT = re.compile(
    r"(?:(?P<name>\w+?)_)?(?P<late>LATE_)?(?P<user>\d+|anon_\w{5})_(?P<original>(?:text|link)\.html)"
)
_MOODLE = re.compile(r"(?P<name>.+?)(?:_(?P<user>\d+))?_assignsubmission_[a-z0-9]+(?:_(?P<original>.*))?")
_COUNTER = re.compile(r"-\d+(?=\.[^.]+$)")  # Canvas's, where a student's files have the same name


@dataclass(frozen=True)
class Sent:
    """One file, and who sent it.

    Args:
        lms: "canvas", "moodle" or nothing.
        name: the student's, as the name of the file or folder has it.
        lms_id: Canvas's number of the user, Moodle's of the participant; the latter is another in each assignment.
        file: the path within what the student handed in.
        late: Canvas says so.
        order: Canvas's number of the file, larger for later ones; else 0.
    """

    lms: str
    name: str
    lms_id: str
    file: str
    late: bool = False
    order: int = 0

    @property
    def sender(self) -> tuple[str, str, str]:
        """What tells one sender from another."""
        return self.lms, self.lms_id, "" if self.lms_id else self.name


def who_sent(paths: Iterable[str], assignment: str, wrapper: str = "") -> dict[str, Sent | None]:
    """Say for each path in a download who sent it; None where the name does not tell.

    Source: Canvas's ``lib/content_zipper.rb`` (``[NAME_][LATE_]USER_FILE_original``) and Moodle's
    ``mod/assign/classes/downloader.php`` (``NAME_PARTICIPANT_assignsubmission_file/original``, older versions with an
    underscore at the end, and all in one folder if the instructor chose that).

    Args:
        paths: with "/".
        assignment: the folder of this name that nbgrader expects in a student's may be there.
        wrapper: the name of the archive; a folder of this name at the top, which systems add, is left away.
    """
    all_paths = list(paths)
    tops = {path.split("/")[0] for path in all_paths if "/" in path}
    flat = [path for path in all_paths if "/" not in path]
    inner = {path: path.partition("/")[2] for path in all_paths} if len(tops) == 1 and not flat else {}
    for cut in ({path: path for path in all_paths}, inner):
        if any("_assignsubmission_" in path.split("/")[0] for path in cut.values()):
            return {path: _moodle(short) for path, short in cut.items()}
        if any(_canvas(short) for short in cut.values()):
            return {path: _canvas(short) for path, short in cut.items()}
    named = inner if inner and tops == {wrapper} else {path: path for path in all_paths}
    return {path: _plain(short, assignment) for path, short in named.items()}


def without_counter(name: str) -> str:
    """Return a file's name without the number that Canvas adds to a second file of that name."""
    return _COUNTER.sub("", name)


def _canvas(path: str) -> Sent | None:
    found = _CANVAS.fullmatch(path) or _CANVAS_TEXT.fullmatch(path)
    if not found or "/" in path:
        return None
    parts = found.groupdict()
    user = parts["user"]
    return Sent(
        "canvas", parts["name"] or "", user, parts["original"], bool(parts["late"]), int(parts.get("file") or 0)
    )


def _moodle(path: str) -> Sent | None:
    top, _, rest = path.partition("/")
    found = _MOODLE.fullmatch(top)
    if not found:
        return None
    file = rest or found["original"]
    return Sent("moodle", found["name"], found["user"] or "", file) if file else None


def _plain(path: str, assignment: str) -> Sent | None:
    parts = path.split("/")
    if len(parts) == 1:
        name = PurePosixPath(path).name
        stem = re.fullmatch(r"(.+?)\.(?:ipynb|zip|tar|tgz|tar\.(?:gz|bz2|xz))", name, re.IGNORECASE)
        return Sent("", stem[1], "", f"{assignment}{name[len(stem[1]) :]}") if stem else None
    rest = parts[2:] if parts[1] == assignment and len(parts) > 2 else parts[1:]
    return Sent("", parts[0], "", "/".join(rest))
