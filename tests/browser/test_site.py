"""The site, as somebody reads it who opens its folder: from the disk, without a network."""

import re
from functools import cache
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.browser.accessibility import overflowing, violations
from tests.frame.house import ROOT

LECTURES = sorted(path.stem for path in (ROOT / "lectures").glob("[0-9]*.ipynb"))
PAGES = ["index", "search", *(f"lectures/{name}" for name in LECTURES)]
SCHEMES = ["light", "dark"]

pytestmark = pytest.mark.slow


@pytest.fixture(params=PAGES)
def name(request):
    return request.param


@pytest.fixture(params=SCHEMES)
def scheme(request):
    return request.param


@pytest.fixture(scope="module")
def read(site):
    """A function from a page's name to what is written in it."""
    return cache(lambda name: BeautifulSoup((site / f"{name}.html").read_text(), "html.parser"))


@pytest.fixture
def visit(site, browser):
    """A function that opens a page in a window of its own, and notes what goes wrong and what is asked for outside."""
    contexts = []

    def visit(name, scheme="light", width=1280):
        contexts.append(browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}))
        page = contexts[-1].new_page()
        page.noted = SimpleNamespace(outside=[], failed=[], said=[])
        page.on("request", lambda request: note_outside(page.noted, request.url))
        page.on("requestfailed", lambda request: page.noted.failed.append(request.url))
        page.on("pageerror", lambda error: page.noted.said.append(str(error)))
        page.on("console", lambda message: page.noted.said.append(message.text) if message.type == "error" else None)
        page.goto((site / f"{name}.html").as_uri())
        page.evaluate("window.MathJax?.startup?.promise")
        return page

    yield visit
    for context in contexts:
        context.close()


def note_outside(noted, url):
    if not url.startswith(("file:", "data:", "blob:")):
        noted.outside.append(url)


def test_every_lecture_has_a_page_and_no_other_page_is_left(site):
    assert {str(path.relative_to(site))[:-5] for path in site.rglob("*.html")} == set(PAGES)
    assert len(LECTURES) >= 2


def test_a_page_needs_no_network_and_makes_no_mistake(visit, name):
    page = visit(name)
    page.mouse.wheel(0, 20_000)
    page.wait_for_timeout(300)
    assert page.noted.outside == page.noted.failed == page.noted.said == []


def test_links_within_the_site_lead_to_a_page_and_a_place_on_it(read, site, name):
    page = read(name)
    links = [tag[key] for key in ("href", "src") for tag in page.find_all(attrs={key: True})]
    assert len(links) > 10
    for link in links:
        if link.startswith(("http:", "https:", "data:")):
            continue
        path, place = unquote(urlsplit(link).path), unquote(urlsplit(link).fragment)
        target = (site / f"{name}.html").parent / path if path else site / f"{name}.html"
        assert target.is_file(), link
        if place and target.suffix == ".html":
            assert read(str(target.resolve().relative_to(site))[:-5]).find(id=place), link


def test_a_page_says_its_title_what_it_is_about_and_in_which_language(read):
    pages = {name: read(name) for name in PAGES}
    assert len({page.title.text for page in pages.values()}) == len(PAGES)
    for name, page in pages.items():
        assert page.html["lang"] == "en"
        assert 40 <= len(page.find("meta", attrs={"name": "description"})["content"]) <= 160, name
        assert len(page.find_all("h1")) == (name != "search")


def test_the_first_key_pressed_offers_to_skip_to_the_content(visit):
    page = visit("lectures/" + LECTURES[0])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('article, .content') !== null")


def test_the_homepage_shows_the_three_steps_every_lecture_with_its_phi_and_how_to_run_them(read):
    page = read("index")
    steps, lectures, *_ = page.find_all("table")
    assert [row.td.text[:2] for row in steps.tbody.find_all("tr")] == ["1.", "2.", "3."]
    rows = [row.find_all("td") for row in lectures.tbody.find_all("tr")]
    assert [row[0].a["href"] for row in rows] == [f"lectures/{name}.html" for name in LECTURES]
    assert all(row[1].text.strip() for row in rows)
    assert "make lab" in page.text


def test_next_leads_from_the_homepage_through_all_lectures_and_previous_back(read):
    chain = ["index", *(f"lectures/{name}" for name in LECTURES)]
    following = [read(name).select_one(".related-pages a.next-page") for name in chain]
    before = [read(name).select_one(".related-pages a.prev-page") for name in chain]
    assert [link and link["href"].split("/")[-1] for link in following] == [
        *(f"{name}.html" for name in LECTURES),
        None,
    ]
    assert [link and link["href"].split("/")[-1] for link in before] == [
        None, "index.html", *(f"{name}.html" for name in LECTURES[:-1]),
    ]  # fmt: skip


@pytest.mark.parametrize("lecture", LECTURES)
def test_a_lecture_shows_its_pictures_with_words_and_nothing_that_needs_a_kernel(visit, read, lecture):
    images = visit(f"lectures/{lecture}").locator("article img")
    assert images.count() >= 5
    for image in images.all():
        assert len((image.get_attribute("alt") or "").split()) >= 5
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    page = read(f"lectures/{lecture}")
    written = page.article.text
    for left in ("HBox(", "interactive(children", "Output()", "Traceback", "Warning:", "it/s]"):
        assert left not in written
    assert page.select(".cell_output .stderr, .cell_output .traceback") == []
    assert "application/vnd.jupyter" not in str(page)


@pytest.mark.parametrize("lecture", LECTURES)
def test_every_formula_is_typeset_and_can_be_read_aloud(visit, read, lecture):
    n_formulas = len(read(f"lectures/{lecture}").select(".math"))
    assert n_formulas > 5
    page = visit(f"lectures/{lecture}")
    assert page.locator(".math > mjx-container > svg").count() == n_formulas
    assert page.locator(".math mjx-assistive-mml math").count() == n_formulas
    assert page.locator("mjx-merror, [data-mml-node=merror]").count() == 0
    assert not re.search(r"\$|\\[a-z(]{2,}", page.locator("article").evaluate(PROSE))


PROSE = """article => {
    const copy = article.cloneNode(true)
    copy.querySelectorAll("pre, code, script, style, .metakit-widget, mjx-container").forEach(part => part.remove())
    return copy.textContent
}"""


def test_the_reader_may_choose_a_dark_page(visit):
    page = visit("index", "dark")
    assert brightness(page) < 60
    page.evaluate("localStorage.clear()")
    toggle = page.locator(".theme-toggle:visible").first
    seen = set()
    for _ in range(3):
        toggle.click()
        seen.add(brightness(page) < 60)
    assert seen == {True, False}


def brightness(page):
    colour = page.evaluate("getComputedStyle(document.querySelector('.main')).backgroundColor")
    red, green, blue, *alpha = map(float, re.findall(r"[\d.]+", colour))
    if alpha == [0]:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        red, green, blue = map(float, re.findall(r"[\d.]+", colour)[:3])
    return (red + green + blue) / 3


def test_search_finds_the_lecture_in_which_a_word_stands(visit):
    page = visit("index")
    page.get_by_role("search").get_by_role("textbox").or_(page.locator("input[name=q]")).first.fill("Reptile")
    page.keyboard.press("Enter")
    found = page.locator("#search-results a").first
    found.wait_for()
    assert any("03_learning" in link.get_attribute("href") for link in page.locator("#search-results a").all())
    assert page.noted.outside == []


def test_on_paper_there_is_no_navigation_hints_are_open_and_nothing_is_cut(visit, screenshots):
    page = visit("lectures/03_learning_to_initialize_maml", "dark", width=700)  # A4 between its margins
    assert page.locator("article details[open]").count() == 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert brightness(page) > 200
    details = page.locator("article details")
    assert details.count() > 10
    folded = page.locator("article details:not([open])")
    assert folded.evaluate_all("parts => parts.filter(part => !part.closest('.metakit-widget')).length") == 0
    for part in (".sidebar-drawer", ".toc-drawer", ".mobile-header", ".related-pages"):
        assert not page.locator(part).is_visible()
    assert overflowing(page) == 0
    assert page.locator("article pre, article div").evaluate_all(CUT) == []
    page.screenshot(path=screenshots / "print.png", full_page=True)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("article details[open]").count() == 0


CUT = """parts => parts.filter(part => getComputedStyle(part).overflowX != "visible"
    && part.scrollWidth > part.clientWidth + 1).map(part => part.outerHTML.slice(0, 300))"""


def test_axe_finds_nothing_serious(visit, name, scheme, screenshots):
    page = visit(name, scheme)
    page.screenshot(path=screenshots / f"{name.replace('/', '_')}_{scheme}.png")
    assert violations(page) == []


def test_nothing_is_wider_than_the_window(visit, name, screenshots):
    page = visit(name)
    for width in (400, 800, 1100, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflowing(page) == 0, width
        edges = page.locator(".content, .toc-sticky:visible, article > section > *").evaluate_all(
            "all => all.map(part => part.getBoundingClientRect()).filter(box => box.width && box.left < innerWidth)"
            ".map(box => box.right)"
        )
        assert max(edges) <= width
        page.screenshot(path=screenshots / f"{name.replace('/', '_')}_{width}.png")


def test_code_that_is_too_wide_can_be_reached_by_keyboard(visit):
    page = visit("lectures/03_learning_to_initialize_maml", width=400)
    wide = page.locator("article pre").evaluate_all(
        "all => all.filter(pre => pre.scrollWidth > pre.clientWidth).map(pre => pre.tabIndex)"
    )
    assert len(wide) > 5
    assert set(wide) == {0}
