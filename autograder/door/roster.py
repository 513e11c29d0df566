"""``students.csv``: which id in the gradebook is whom, for the learning management system too."""

import csv
import io
import re
from collections.abc import Collection
from pathlib import Path

from autograder.course import CourseError
from autograder.door.lms import Sent
from autograder.door.names import free_id, is_id
from autograder.whole import write_whole

COLUMNS = ("id", "name", "lms_id", "email")


class Roster:
    """The rows of ``students.csv``; rows and columns are added, and nothing is taken away.

    Canvas has one number for a student. Moodle has another in each assignment, so there is a column
    ``moodle:ASSIGNMENT`` for it, and ``lms_id`` holds the one that came last.
    """

    def __init__(self, root: Path, shared: Collection[str] = ()) -> None:
        """Read the file, if there is one.

        Args:
            root: the course.
            shared: names that several students have, by which nobody can be recognized.

        Raises:
            CourseError: it is not a list of students.
        """
        self.shared = frozenset(shared)
        self.path = root / "students.csv"
        try:
            text = self.path.read_text(encoding="utf-8-sig") if self.path.is_file() else ""
        except UnicodeDecodeError:
            raise CourseError(f"{self.path} is not in UTF-8; save it as 'CSV UTF-8'.") from None
        reader = csv.DictReader(io.StringIO(text), restkey="", restval="")
        if text.strip() and "id" not in (reader.fieldnames or ()):
            raise CourseError(f"{self.path} has no column 'id': its first line should be {','.join(COLUMNS)}.")
        self.columns = list(dict.fromkeys([*(reader.fieldnames or ()), *COLUMNS]))
        self.rows: list[dict[str, str]] = [{**dict.fromkeys(COLUMNS, ""), **row} for row in reader]
        if any("" in row for row in self.rows):
            raise CourseError(f"{self.path} has a line with more columns than the first; put quotes around commas.")
        self._before = self._text()

    def id_of(self, sent: Sent, assignment: str) -> tuple[str, str]:
        """Return the id of who sent something, and a sentence if that needs a look; new ones are entered."""
        row, note = self._find(sent, assignment), ""
        if row is None:
            taken = [one["id"] for one in self.rows]
            alike = [one["id"] for one in self.rows if sent.name and one["name"] == sent.name]
            wanted = sent.name or f"student-{sent.lms_id}"
            crowded = any(one.casefold() == wanted.casefold() for one in taken) and sent.lms_id
            row = {**dict.fromkeys(self.columns, ""), "name": sent.name}
            row["id"] = free_id(f"{wanted}-{sent.lms_id}" if crowded or (alike and sent.lms_id) else wanted, taken)
            self.rows.append(row)
            if alike:
                note = f"{row['id']} has the same name as {', '.join(alike)}; say in students.csv who is who."
        if sent.lms_id:
            row["lms_id"] = sent.lms_id
        if sent.lms == "moodle" and sent.lms_id:
            column = f"moodle:{assignment}"
            self.columns = list(dict.fromkeys([*self.columns, column]))
            row[column] = sent.lms_id
        return row["id"], note

    def save(self) -> None:
        """Write the file if anything was added."""
        text = self._text()
        if text != self._before:
            write_whole(self.path, text.encode("utf-8"))
            self._before = text

    def _find(self, sent: Sent, assignment: str) -> dict[str, str] | None:
        rows = [row for row in self.rows if is_id(row["id"])]
        named = [] if sent.name in self.shared or not sent.name else rows
        if sent.lms == "moodle":
            column = f"moodle:{assignment}"
            known = [row for row in rows if sent.lms_id and row.get(column) == sent.lms_id]
            known = known or [row for row in named if row["name"] == sent.name and not row.get(column)]
        elif sent.lms == "canvas":
            known = [row for row in rows if row["lms_id"] == sent.lms_id]
            known = known or [r for r in named if not r["lms_id"] and sent.name in _squashed(r["name"])]
        else:
            known = [row for row in rows if row["name"] == sent.name] or [r for r in rows if r["id"] == sent.name]
        return known[0] if len(known) == 1 else None

    def _text(self) -> str:
        file = io.StringIO()
        writer = csv.DictWriter(file, self.columns, restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return file.getvalue()


def _squashed(name: str) -> set[str]:
    """Return a name as Canvas may write it: lower case, nothing but letters, the last name first."""
    words = re.findall(r"\w+", name.lower())
    return {"".join(words[k:] + words[:k]) for k in range(len(words))}
