"""What axe has against a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def violations(page: Page, part: str | None = None) -> list[str]:
    """Return a line for each serious or critical violation, in the whole page or below a CSS selector."""
    formulas = [["mjx-container"]]  # thousands of shapes, which say nothing; their MathML beside them is read
    response = Axe().run(page, context={"include": [[part or "html"]], "exclude": formulas}).response
    assert len(response["passes"]) > 0, "axe looked at nothing"
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for found in response["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


def overflowing(page: Page, part: str = "html") -> int:
    """Return by how many pixels a part is wider than the window has room for."""
    return page.locator(part).first.evaluate("part => Math.max(0, part.scrollWidth - part.clientWidth)")
