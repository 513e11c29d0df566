"""A JupyterLab of the tests' own, and what a reader does in it."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from playwright.sync_api import Page, expect

from tests.grading.conftest import free_port

TOKEN = "secret"
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
}


@dataclass(frozen=True)
class Lab:
    """Where a JupyterLab answers, the folder that it shows, and the folder of its settings."""

    address: str
    root: Path
    settings: Path

    def set(self, **settings: dict[str, object]) -> None:
        """Write settings of JupyterLab's plugins, as its settings editor does."""
        for plugin, values in settings.items():
            file = self.settings / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))

    def write(self, name: str, *cells: str) -> None:
        """Make a notebook of these code cells."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.root / name)

    def read(self, name: str) -> nbformat.NotebookNode:
        return nbformat.read(self.root / name, as_version=4)


@contextmanager
def started(folder: Path) -> Iterator[Lab]:
    """Run JupyterLab in ``folder``, which also gets all that Jupyter and IPython otherwise keep at home."""
    lab = Lab(f"http://localhost:{free_port()}", folder / "root", folder / "settings")
    lab.root.mkdir()
    lab.set(**SETTINGS)
    homes = {
        "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython",
    }  # fmt: skip
    environment = os.environ | {name: str(folder / home) for name, home in homes.items()}
    environment.pop("METAKIT_WIDGETS", None)
    with serving(lab.address, lab.root, environment, folder / "log"):
        yield lab


@contextmanager
def serving(address: str, root: Path, environment: dict[str, str], log: Path) -> Iterator[None]:
    """Run JupyterLab at ``address`` in ``root``; what it says goes to ``log``."""
    environment = environment | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"}
    options = ["--no-browser", "--allow-root", f"--port={address.rpartition(':')[2]}", "--ServerApp.port_retries=0"]
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options, f"--IdentityProvider.token={TOKEN}"],
            cwd=root, env=environment, stdout=said, stderr=said,
        )  # fmt: skip
        try:
            wait_for(f"{address}/api/status?token={TOKEN}", process, log)
            yield
        finally:
            process.terminate()
            process.wait()


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            urllib.request.urlopen(address).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"JupyterLab did not answer within a minute: {log.read_text()[-3000:]}")


def open_notebook(page: Page, lab: Lab, name: str) -> None:
    """Open a notebook in JupyterLab, alone on the screen, and wait for its kernel."""
    page.goto(f"{lab.address}/doc/tree/{name}?token={TOKEN}&reset")
    expect(page.locator(".jp-Notebook .jp-InputPrompt").first).to_be_visible(timeout=60_000)
    expect(page.locator("#jupyterlab-splash")).to_have_count(0, timeout=60_000)
    wait_until_idle(page)


def run_all(page: Page, seconds: float = 240) -> None:
    """Run all cells from the menu, and wait until the kernel has nothing to do."""
    prompts = page.locator(".jp-Notebook .jp-InputPrompt")
    running = prompts.filter(has_text=re.compile(r"[\d*]"))
    for _ in range(5):
        page.wait_for_timeout(2000)  # JupyterLab forgets cells that are run while it is still connecting
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_timeout(1000)
        if running.count():
            break
    expect(prompts.filter(has_text="[*]")).to_have_count(0, timeout=1000 * seconds)
    assert running.count(), "JupyterLab ran no cell"
    wait_until_idle(page, seconds)


def wait_until_idle(page: Page, seconds: float = 240) -> None:
    idle = page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first
    expect(idle).to_be_attached(timeout=1000 * seconds)


def save(page: Page) -> None:
    page.keyboard.press("Control+s")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)
