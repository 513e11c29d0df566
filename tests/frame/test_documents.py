"""What is written agrees with what is there."""

import json
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from tests.frame.house import DOCUMENTS, ROOT, run


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text())
    local = [unquote(link.split("#")[0]) for link in links if not link.startswith(("http:", "https:", "#"))]
    assert [link for link in local if not (path.parent / link).exists()] == []


def test_the_readme_describes_its_pictures_in_the_words_they_were_drawn_with() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert len(pictures) == 3
    for alt, path in pictures:
        with Image.open(ROOT / path) as image:
            assert alt == image.info["Description"]
        assert (ROOT / path).stat().st_size < 200_000


@pytest.mark.slow
def test_the_pictures_can_be_drawn_again(tmp_path: Path) -> None:
    command = (sys.executable, "scripts/picture.py", "--out", str(tmp_path), "--iterations", "2")
    drawn = run(*command, METAKIT_CACHE=str(tmp_path / "empty"))
    assert drawn.returncode == 0, drawn.stderr
    for name in ("glyphs.png", "adaptation.png"):
        with Image.open(tmp_path / name) as new, Image.open(ROOT / "docs" / name) as old:
            assert new.size == old.size
            assert name == "adaptation.png" or np.array_equal(new, old)
    assert (tmp_path / "trajectory.png").exists() == bool(shutil.which("chromium"))


def test_the_readmes_program_runs() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert "n_batches=500" in program
    ran = run(sys.executable, "-c", program.replace("n_batches=500", "n_batches=2"))
    assert ran.returncode == 0, ran.stderr


def test_no_notebook_in_git_has_outputs() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this copy of the course is no git repository")
    listed = run("git", "ls-files", "*.ipynb").stdout.splitlines()
    for path in listed:
        cells = json.loads(run("git", "show", f":{path}").stdout)["cells"]
        ran = [n for n, cell in enumerate(cells) if cell.get("outputs") or cell.get("execution_count")]
        assert ran == [], f"{path}: clear the outputs of cells {ran}"
