"""A student's page is the one that nbconvert and nbgrader make: the same elements with the same text."""

import base64

import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.preprocessors import GetGrades

from autograder import feedback
from autograder.course import Course
from autograder.feedback import LONGEST_KEPT, MOST_KEPT, UNDESCRIBED, FeedbackExporter
from tests.grading.conftest import HW

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
PICTURE = {"output_type": "display_data", "data": {"image/png": PNG, "text/plain": "<Figure>"}}


def page_of(exporter, notebook):
    return exporter(template_name="classic").from_notebook_node(notebook)[0]


def parsed(page):
    """The page as nbconvert writes it after parsing."""
    return str(BeautifulSoup(page, "html.parser"))


def notebook_of(*cells):
    return new_notebook(cells=list(cells), metadata={"language_info": {"name": "python"}})


@pytest.mark.slow
@pytest.mark.parametrize("student", ["ada", "d_vandal", "z_typo"])
def test_a_graded_page_has_the_elements_and_the_text_of_nbgraders_own(graded, student):
    pages = []
    for steps, exporter in (({}, {}), ({"preprocessors": [GetGrades, CSSHTMLHeaderPreprocessor]}, HTMLExporter)):
        course = Course(graded[0].root)
        if exporter:
            course.api.config.GenerateFeedback.update(steps, exporter_class=exporter)
        pages.append(course.feedback(HW, student, "").read_text())
    ours, nbgraders = pages
    assert parsed(ours) == nbgraders


@pytest.mark.parametrize(
    "cell",
    [
        new_code_cell("plot()", outputs=[new_output(**PICTURE)]),
        new_code_cell("plot()", outputs=[new_output(**PICTURE, metadata={"image/png": {"alt": 'says "a > b"'}})]),
        new_markdown_cell('![](a.png) <img src="b.png"> <IMG title="a > b" alt="c" src=d.png> <img title=\'"\'>'),
        new_markdown_cell("![pasted](attachment:a.png)", attachments={"a.png": {"image/png": PNG}}),
        new_markdown_cell("# Head\n\n$a < b$ and <i>x</i>"),
        new_code_cell("if 1 < 2 and '<img>':\n    pass"),
        new_code_cell("%%html\n<b>bold</b>"),
    ],
)
def test_a_page_has_the_elements_and_the_text_of_nbconverts_own(cell):
    notebook = notebook_of(cell)
    for _ in range(2):  # made, and kept
        assert parsed(page_of(FeedbackExporter, notebook)) == page_of(HTMLExporter, notebook)


def test_a_picture_that_nobody_described_says_so_and_others_say_what_they_did():
    described = new_output(**PICTURE, metadata={"image/png": {"alt": "a curve"}})
    page = page_of(FeedbackExporter, notebook_of(new_code_cell("plot()", outputs=[new_output(**PICTURE), described])))
    assert [image["alt"] for image in BeautifulSoup(page, "html.parser").select("img")] == [UNDESCRIBED, "a curve"]


def test_one_text_has_the_pictures_that_stand_in_its_own_cell():
    cells = [
        new_markdown_cell("![pasted](attachment:a.png)", attachments={"a.png": {"image/png": data}})
        for data in (PNG, PNG.replace("A", "B"))
    ]
    pages = [page_of(FeedbackExporter, notebook_of(cell)) for cell in cells]
    assert [parsed(page) for page in pages] == [page_of(HTMLExporter, notebook_of(cell)) for cell in cells]


def test_the_same_code_in_another_language_is_highlighted_as_that():
    for magic in ({}, {"magics_language": "html"}):
        notebook = notebook_of(new_code_cell("<b>x</b>", metadata=magic))
        notebook.metadata.language_info["pygments_lexer"] = "ipython3"  # for others it says nothing
        assert parsed(page_of(FeedbackExporter, notebook)) == page_of(HTMLExporter, notebook)


def test_templates_are_kept_as_they_were_compiled():
    feedback._COMPILED.templates.clear()
    page_of(FeedbackExporter, notebook_of(new_markdown_cell("one")))
    compiled = dict(feedback._COMPILED.templates)
    assert compiled
    page_of(FeedbackExporter, notebook_of(new_markdown_cell("two")))
    assert all(feedback._COMPILED.templates[key] is code for key, code in compiled.items())


def test_what_is_kept_is_bounded():
    feedback._kept.clear()
    page_of(FeedbackExporter, notebook_of(new_markdown_cell("a" * LONGEST_KEPT)))
    assert feedback._kept == {}
    for number in range(MOST_KEPT + 1):
        feedback._once((str(number),), lambda: "x")
    assert 0 < len(feedback._kept) <= MOST_KEPT


def test_what_is_kept_is_what_was_made():
    feedback._kept.clear()
    assert feedback._once(("a",), lambda: "first") == "first"
    assert feedback._once(("a",), lambda: "second") == "first"
    assert feedback._once(("b",), lambda: "second") == "second"
