"""One browser for each file of tests of pictures, and pages in it."""

import pytest

from tests.chromium import launched
from tests.widgets import browser as browsers


@pytest.fixture(scope="module")
def chromium():
    with launched() as browser:
        yield browser


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
