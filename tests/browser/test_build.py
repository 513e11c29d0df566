"""Building the site: of a small course that is built in seconds, and what must not get through."""

import importlib.util
import shutil
import subprocess
import sys

import nbformat
import pytest

from tests.frame.house import ROOT

pytestmark = pytest.mark.slow

PROGRESS = "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)):\n    pass\nprint(6 * 7)"


@pytest.fixture
def course(tmp_path):
    """A course with one lecture, whose site is made by the same files as ours."""
    shutil.copytree(ROOT / "site", tmp_path / "site", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("metakit", "lectures", "docs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "metakit/tree.py").write_text("x = 1\n")
    (tmp_path / "site/index.md").write_text("# Home\n\n```{toctree}\nlectures/01_one\n```\n")
    for name in ("README.md", "lectures/README.md", "constraints.txt"):
        (tmp_path / name).write_text("# Read me\n")
    return tmp_path


def build(course, cell):
    """Build with one cell of code; return the exit status, the page, and what was said."""
    cells = [nbformat.v4.new_markdown_cell("# One"), nbformat.v4.new_code_cell(cell)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, course / "lectures/01_one.ipynb")
    ran = subprocess.run([sys.executable, "site/build.py"], cwd=course, capture_output=True, text=True)
    page = course / "build/site/html/lectures/01_one.html"
    return ran.returncode, page.read_text() if page.exists() else "", ran.stdout + ran.stderr


def test_a_lecture_shows_its_results_but_no_progress_bar_that_has_ended(course):
    status, page, said = build(course, PROGRESS)
    assert status == 0, said
    assert ">42\n" in page
    assert "3/3" not in page
    assert "HBox" not in page
    assert "cdn" not in page


@pytest.mark.parametrize("cell", ["1 / 0", "import warnings\nwarnings.warn('old')"])
def test_an_error_or_a_warning_in_a_lecture_fails_the_build(course, cell):
    status, _, said = build(course, cell)
    assert status != 0
    assert "01_one" in said


def test_lectures_are_executed_again_when_the_library_or_a_version_has_changed(course):
    spec = importlib.util.spec_from_file_location("executed", course / "site/executed.py")
    executed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(executed)
    caches = [executed.cache_of(course, course / "kept")]
    for name in ("metakit/tree.py", "constraints.txt"):
        caches[-1].mkdir(parents=True)
        assert executed.cache_of(course, course / "kept") == caches[-1]
        assert caches[-1].exists()
        (course / name).write_text("x = 2\n")
        caches.append(executed.cache_of(course, course / "kept"))
        assert not caches[-2].exists()
    assert len(set(caches)) == 3
