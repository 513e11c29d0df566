"""What nbgrader should know of this course; its commands read this file when they are called in this folder."""

import os
import sys
from pathlib import Path

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    IgnorePattern,
    LimitOutput,
    SaveAutoGrades,
)

from autograder.execute import GradingExecute

here = Path(__file__).resolve().parent

c = get_config()  # noqa: F821  # nbgrader hands it to this file
c.CourseDirectory.course_id = "meta-learning"
c.CourseDirectory.root = str(here)


def _put_first(variable: str, folder: Path) -> None:
    others = [f for f in os.environ.get(variable, "").split(os.pathsep) if f and f != str(folder)]
    os.environ[variable] = os.pathsep.join([str(folder), *others])


_put_first("PYTHONPATH", here)  # hidden tests import checks/, which students do not have
_put_first("PATH", Path(sys.executable).parent)  # nbgrader calls alembic by its name

# nbgrader's list, with another way to run a notebook in the first place.
c.Autograde.autograde_preprocessors = [
    GradingExecute,
    IgnorePattern,
    ClearMetadataPreprocessor,
    LimitOutput,
    SaveAutoGrades,
    AssignLatePenalties,
    CheckCellMetadata,
]
c.GradingExecute.timeout = 20
c.GradingExecute.timeout_afterwards = 3
c.GradingExecute.iopub_timeout = 15  # seconds until all that a cell printed has arrived
c.GradingExecute.skip_cells_with_tag = "not-graded"
c.GradingExecute.shutdown_kernel = "immediate"
c.GradingExecute.extra_arguments = ["--HistoryManager.hist_file=:memory:", "--log-level=ERROR"]
c.LimitOutput.max_lines = 100

# A student who deletes a test cell gets it back, and with it the marks.
c.OverwriteCells.add_missing_cells = True
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError('Write this function.')"}
