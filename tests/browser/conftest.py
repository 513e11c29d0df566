"""A browser, the site, and a JupyterLab: each is started once, and is the real one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from tests.browser.jupyter import started
from tests.chromium import launched
from tests.frame.house import ROOT


@pytest.fixture(scope="session")
def site(request, tmp_path_factory):
    """The folder of the whole site, built from the lectures, once for all of pytest's processes."""
    if named := request.config.getoption("--site"):
        return Path(named).absolute()
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "site"
    with FileLock(shared / "site.lock"):
        if not (folder / "built").exists():
            built = subprocess.run(
                [sys.executable, "site/build.py", "--to", str(folder)], cwd=ROOT, capture_output=True, text=True
            )
            assert built.returncode == 0, built.stderr[-3000:]
            (folder / "built").touch()
    return folder / "html"


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A running JupyterLab, with nobody's settings."""
    with started(tmp_path_factory.mktemp("jupyter")) as lab:
        yield lab


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def screenshots(request, tmp_path_factory):
    """Where pictures of every state go, to be looked at by a person."""
    named = request.config.getoption("--screenshots")
    folder = Path(named).absolute() if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
