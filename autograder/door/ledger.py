"""What was ever handed in by one student for one homework, and the folders that hold it."""

import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.course import CourseError
from autograder.door.stamp import STAMP
from autograder.door.versions import Version, content_of
from autograder.whole import write_whole


@dataclass(frozen=True)
class Arrival:
    """One time that a student handed in.

    Args:
        content: the SHA-256 of the files.
        order, when: as in ``Version``.
        handed_in_as: what it was called in the download.
        place: the folder that it is in, from the course.
        late: the learning management system says so.
        notes: on what was not taken, and on names.
    """

    content: str
    order: int
    when: float
    handed_in_as: str
    place: str
    late: bool = False
    notes: tuple[str, ...] = ()


class Ledger:
    """The arrivals of one student for one homework, kept in ``collected/ASSIGNMENT/STUDENT.json``.

    ``submitted/STUDENT/ASSIGNMENT`` holds the newest, ``submitted_before/STUDENT/ASSIGNMENT/N`` the others.
    """

    def __init__(self, root: Path, assignment: str, student: str) -> None:
        """Read the file, if there is one.

        Raises:
            CourseError: it is damaged.
        """
        self.root, self.path = root, root / "collected" / assignment / f"{student}.json"
        self.current = root / "submitted" / student / assignment
        self.before = root / "submitted_before" / student / assignment
        try:
            entries = json.loads(self.path.read_text(encoding="utf-8"))["handed_in"] if self.path.is_file() else []
            self.arrivals = [Arrival(**{**entry, "notes": tuple(entry["notes"])}) for entry in entries]
        except (ValueError, KeyError, TypeError):
            raise CourseError(f"{self.path} is damaged. Delete it, and collect again.") from None

    @property
    def newest(self) -> Arrival | None:
        """What is in ``submitted/``, if it was collected."""
        place = self.current.relative_to(self.root).as_posix()
        return next((arrival for arrival in self.arrivals if arrival.place == place), None)

    def add(self, version: Version, handed_in_as: str, late: bool, stamp: datetime | None = None) -> str:
        """Put a version where it belongs, and return what it is: "new", "newer", "older" or "same"."""
        there = os.path.lexists(self.current)
        content, newest = version.content, self.newest
        if there and self._known(version, content):
            return "same"
        place = self.current.relative_to(self.root).as_posix()
        arrival = Arrival(content, version.order, version.when, handed_in_as, place, late)
        if there and content == self._lies_there():  # put by hand, or by one who was stopped before this was written
            stays = newest is None or newest.content == content
            self._record(arrival, newest, "" if stays or not self._places() else self._places()[-1])
            return "same"
        older = there and newest is not None and _older(version, newest)
        staged = self._stage(version, stamp)
        try:
            moved_to = self._free()
            if older:
                moved_to.parent.mkdir(parents=True, exist_ok=True)
                os.rename(staged, moved_to)
            else:
                if there:
                    moved_to.parent.mkdir(parents=True, exist_ok=True)
                    os.rename(self.current, moved_to)
                self.current.parent.mkdir(parents=True, exist_ok=True)
                os.rename(staged, self.current)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        before = moved_to.relative_to(self.root).as_posix()
        arrival = replace(arrival, notes=tuple(version.notes))
        if older:
            self._record(replace(arrival, place=before), None, "")
        else:
            self._record(arrival, newest, before if there else "")
        return "older" if older else "newer" if there else "new"

    def _record(self, arrival: Arrival, replaced: Arrival | None, its_place: str) -> None:
        self.arrivals = [replace(one, place=its_place) if one is replaced else one for one in self.arrivals]
        self.arrivals.append(arrival)
        text = json.dumps({"handed_in": [asdict(one) for one in self.arrivals]}, indent=1, ensure_ascii=False)
        write_whole(self.path, text.encode("utf-8", "replace"))

    def _known(self, version: Version, content: str) -> bool:
        alike = [one for one in self.arrivals if one.content == content and one.order == version.order]
        return any(version.order or version.when <= one.when for one in alike)

    def _lies_there(self) -> str:
        files = [path for path in self.current.rglob("*") if path.is_file() and not path.is_symlink()]
        return content_of((file.relative_to(self.current).as_posix(), file.read_bytes()) for file in files)

    def _places(self) -> list[str]:
        numbers = sorted(int(path.name) for path in self.before.glob("*") if path.name.isdecimal())
        return [(self.before / str(number)).relative_to(self.root).as_posix() for number in numbers]

    def _stage(self, version: Version, stamp: datetime | None) -> Path:
        above = self.root / "submitted_before"
        above.mkdir(exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".half-", dir=above))
        staged.chmod(0o755)
        files = dict(version.files)
        if stamp is not None:
            files.setdefault(STAMP, f"{stamp.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC\n".encode())
        for path, data in files.items():
            try:
                (staged / path).parent.mkdir(parents=True, exist_ok=True)
                (staged / path).write_bytes(data)
            except OSError as error:
                version.notes.append(f"{path} could not be written ({error.strerror}).")
        return staged

    def _free(self) -> Path:
        places = self._places()
        return self.before / str(int(places[-1].rpartition("/")[2]) + 1 if places else 1)


def arrival_of(root: Path, assignment: str, student: str) -> Arrival | None:
    """Return how the submission that is in ``submitted/`` came, if it was collected."""
    return Ledger(root, assignment, student).newest


def _older(version: Version, newest: Arrival) -> bool:
    if version.order and newest.order:
        return version.order < newest.order
    return bool(version.when and newest.when and version.when < newest.when)
