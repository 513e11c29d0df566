"""What students write in Markdown, with nothing that a browser runs: instructors open the pages that show it."""

import re

from nbformat import NotebookNode

from autograder.door.cells import text_of

_LETTERS = (
    (re.compile(r"&(?=[#A-Za-z])"), "&amp;"),  # else what follows could be written with it
    (re.compile(r"<(?=[A-Za-z/!?])"), "&lt;"),
    (re.compile(r"(script)(?=\s*:)", re.IGNORECASE), r"\1 "),  # a link in a formula
    (re.compile(r"\](?=\((?!https?://|#))"), r"]\\"),
    (re.compile(r"^(\s*\[[^\]\n]*\])(?=:)", re.MULTILINE), r"\1 "),  # where a link leads, elsewhere
)


def make_harmless(notebook: NotebookNode, release: NotebookNode) -> None:
    """Turn tags, entities and links, except to the web, into letters, in all text that does not stand in ``release``.

    Code is shown as letters anyway.
    """
    given = {text_of(cell) for cell in release.cells}
    for cell in notebook.cells:
        if cell.cell_type != "code" and text_of(cell) not in given:
            for pattern, letters in _LETTERS:
                cell.source = pattern.sub(letters, cell.source)
