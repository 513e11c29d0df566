"""What Sphinx and its extensions leave to us: links of a file that another includes, and descriptions."""

import html
import re
import textwrap
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def link_from_the_homepage(app: Sphinx, path: Path, docname: str, content: list[str]) -> None:
    """Let links in lectures/README.md, written from its folder, lead on from the page that includes it."""
    if path.parent.name == "lectures":
        content[0] = re.sub(r"\]\((?!https?:|#)", "](lectures/", content[0])


def describe(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Give a page its first paragraph as description."""
    said = next((p.astext() for p in doctree.findall(nodes.paragraph)), "") if doctree else ""
    words = textwrap.shorten(said or f"{app.config.project}, a course on meta-learning: {name}", 160, placeholder="...")
    tag = f'<meta name="description" content="{html.escape(words)}">'
    context["metatags"] = context.get("metatags", "") + tag


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect them."""
    app.connect("include-read", link_from_the_homepage)
    app.connect("html-page-context", describe)
    return {"parallel_read_safe": True}
