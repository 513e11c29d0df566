"""What nbgrader should know of this course; its commands read this file when they are called in this folder."""

import os
import sys
from pathlib import Path

from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import AssignLatePenalties, ClearHiddenTests, IgnorePattern, LimitOutput

from autograder.feedback import FeedbackExporter
from autograder.preprocessors.examine import Examine
from autograder.preprocessors.save import SaveMarks
from autograder.preprocessors.show import ShowMarks

here = Path(__file__).resolve().parent

c = get_config()  # noqa: F821  # nbgrader hands it to this file
c.CourseDirectory.course_id = "meta-learning"
c.CourseDirectory.root = str(here)


def _put_first(variable: str, folder: Path) -> None:
    others = [f for f in os.environ.get(variable, "").split(os.pathsep) if f and f != str(folder)]
    os.environ[variable] = os.pathsep.join([str(folder), *others])


_put_first("PYTHONPATH", here)  # hidden tests import checks/, which students do not have
_put_first("PATH", Path(sys.executable).parent)  # nbgrader calls alembic by its name

# nbgrader's list, with other ways to run a notebook and to save its marks, and CheckCellMetadata once, before. With the
# list as nbgrader has it, the same checks run in the student's own process: for trying a notebook, not for marks.
c.Autograde.autograde_preprocessors = [
    Examine,
    ClearHiddenTests,  # students need not read in their feedback how they were called
    IgnorePattern,
    ClearMetadataPreprocessor,
    LimitOutput,
    SaveMarks,
    AssignLatePenalties,
]
c.Examine.course = c.SaveMarks.root = str(here)
c.Examine.patience = {"cell": 20, "call": 10, "afterwards": 2, "submission": 120}  # seconds
c.Examine.limits = {"megabytes": 4096, "together_megabytes": 6144, "processes": 96, "disk_megabytes": 64}
c.Execute.skip_cells_with_tag = "not-graded"  # nbgrader's own way, as in `nbgrader validate`
c.LimitOutput.max_lines = 100

# The pages that students get back are nbgrader's, made faster.
c.GenerateFeedback.preprocessors = [ShowMarks, CSSHTMLHeaderPreprocessor]
c.GenerateFeedback.exporter_class = FeedbackExporter
c.NotebookExporter.optimistic_validation = c.FeedbackExporter.optimistic_validation = True  # once, not at each step

# A student who deletes a test cell gets it back, and with it the marks.
c.OverwriteCells.add_missing_cells = True
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError('Write this function.')"}
