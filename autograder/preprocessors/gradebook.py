"""nbgrader's gradebook for preprocessors that are called for one submission after another."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nbgrader.api import BaseCell, Comment, Grade, Gradebook, SubmittedNotebook


@dataclass(frozen=True)
class Rows:
    """What the gradebook has of one student's notebook: a grade and a comment for each cell, by the cell's id."""

    notebook: SubmittedNotebook
    grades: dict[str, Grade]
    comments: dict[str, Comment]


@contextmanager
def opened(db_url: str) -> Iterator[Gradebook]:
    """Open a gradebook, and close its file and forget its rows afterwards; what SQL was written is kept.

    nbgrader makes an engine each time, looks at all tables, and writes the same SQL for each submission.
    """
    gradebook = _gradebook(db_url)
    try:
        yield gradebook
    finally:
        gradebook.close()


@lru_cache(1)
def _gradebook(db_url: str) -> Gradebook:
    return Gradebook(db_url)


def rows_of(gradebook: Gradebook, notebook: str, assignment: str, student: str) -> Rows:
    """Return one submission's rows, in two queries.

    Raises:
        nbgrader.api.MissingEntry: there is no such submission.
    """
    submitted = gradebook.find_submission_notebook(notebook, assignment, student)
    return Rows(submitted, _by_cell(gradebook, submitted, Grade), _by_cell(gradebook, submitted, Comment))


def _by_cell(gradebook: Gradebook, submitted: SubmittedNotebook, kind: Any) -> dict[str, Any]:
    found = gradebook.db.query(BaseCell.name, kind).join(kind, kind.cell_id == BaseCell.id)
    return dict(found.filter(kind.notebook_id == submitted.id).all())
