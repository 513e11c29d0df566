"""One browser for each file of tests of pictures, and pages in it."""

import pytest

from tests.widgets import browser as browsers


@pytest.fixture(scope="module")
def chromium():
    if browsers.CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt install chromium)")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # a busy machine is no mistake
    with sync_playwright() as playwright:
        browser = browsers.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def blank(chromium):
    """Opens a page that can load widgets; at the end nothing must have gone wrong in any."""
    pages = []

    def make(**view):
        pages.append(browsers.blank(chromium, **view))
        return pages[-1]

    yield make
    errors = [error for page in pages for error in page.errors]
    for page in pages:
        page.context.close()
    assert errors == []
