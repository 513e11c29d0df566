"""Lecture 03 in JupyterLab, run from the menu, as a reader does."""

import json
import shutil

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import open_notebook, run_all, save
from tests.browser.seen import Trajectory
from tests.frame.house import ROOT

LECTURE = "03_learning_to_initialize_maml.ipynb"

pytestmark = pytest.mark.slow


def test_a_reader_runs_the_whole_lecture_and_both_widgets_answer(browser, lab, screenshots):
    shutil.copy(ROOT / "lectures" / LECTURE, lab.root)
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
    open_notebook(page, lab, LECTURE)
    run_all(page, seconds=900)
    save(page)
    cells = [cell for cell in lab.read(LECTURE).cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert [output for cell in cells for output in cell.outputs if output.output_type == "error"] == []
    assert '"output_type": "error"' not in json.dumps(lab.read(LECTURE))
    for name in ("The start in one dimension", "Adaptation trajectory"):
        widget = page.locator(f'.metakit-widget:has(> [aria-label="{name}"])').first
        for _ in range(100):
            if widget.count():
                break
            page.mouse.move(640, 500)
            page.mouse.wheel(0, 800)
            page.wait_for_timeout(100)
        widget.scroll_into_view_if_needed()
        expect(widget.locator("svg[role=img]").first).to_be_visible()
        widget.screenshot(path=screenshots / f"lecture_{name}.png")
    many = Trajectory(page.locator('.metakit-widget:has(> [aria-label="Adaptation trajectory"])').first)
    assert many.at_step(1)["MAML"] < many.losses()["pre-training"]
    page.close()
