"""The page that a student gets back: nbconvert's, without doing anew for each student what is the same for all.

``c.GenerateFeedback.exporter_class`` names it in the course's configuration.
"""

import re
from collections.abc import Callable
from typing import Any

from bs4 import BeautifulSoup
from jinja2 import BytecodeCache, Environment, pass_context
from jinja2.bccache import Bucket
from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
from nbformat import NotebookNode

UNDESCRIBED = "No description has been provided for this image"
MOST_KEPT, LONGEST_KEPT = 1000, 50_000
"""Pieces of HTML, and characters of one: those that all students have, and room for each one's own."""

_IMAGE = re.compile(r"""<img\b(?:"[^"]*"|'[^']*'|[^'">])*>""", re.IGNORECASE)
_kept: dict[tuple[str, ...], str] = {}


class FeedbackExporter(HTMLExporter):
    """nbconvert's exporter: it compiles a template once, and turns each piece of code or text into HTML once.

    Departs: nbconvert parses the whole page to describe the images that nobody described, and writes it again; this one
    looks for the images alone, and leaves the rest as the template made it.
    """

    def from_notebook_node(  # type: ignore[override]  # as nbconvert's own
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page, and the resources as nbconvert left them."""
        resources = self._init_resources(resources)
        kinds = WidgetsDataTypeFilter(notebook_metadata=self._nb_metadata, parent=self, resources=resources)
        self.register_filter("filter_data_type", kinds)
        self.register_filter("highlight_code", self._highlighter(nb))
        page, resources = TemplateExporter.from_notebook_node(self, nb, resources, **kw)
        return _IMAGE.sub(_described, page), resources

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Return a text as HTML; what stands beside the cell has no part in it, unless it has pictures."""
        make = super().markdown2html
        if self.embed_images or context.get("cell", {}).get("attachments"):
            return str(make(context, source))
        options = (self.anchor_link_text, str(self.exclude_anchor_links), str(self.lexer_options))
        return _once(("text", source, *options), lambda: str(make(context, source)))

    def _highlighter(self, nb: NotebookNode) -> Any:
        language = nb.metadata.get("language_info", {})
        lexer = language.get("pygments_lexer", language.get("name"))
        highlight = Highlight2HTML(pygments_lexer=lexer, parent=self)

        def highlighted(source: str, metadata: dict[str, Any]) -> str:
            key = ("code", source, str(lexer), str(metadata.get("magics_language")), str(highlight.config))
            return _once(key, lambda: str(highlight(source, metadata=metadata)))

        return highlighted

    def _create_environment(self) -> Environment:
        environment = super()._create_environment()
        environment.bytecode_cache = _COMPILED
        return environment


class _Compiled(BytecodeCache):
    """Templates as this process has compiled them; jinja looks whether their files have changed."""

    def __init__(self) -> None:
        self.templates: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.templates:
            bucket.bytecode_from_string(self.templates[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.templates[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def _once(key: tuple[str, ...], make: Callable[[], str]) -> str:
    if key in _kept:
        return _kept[key]
    made = make()
    if len(made) <= LONGEST_KEPT:
        if len(_kept) == MOST_KEPT:
            _kept.clear()
        _kept[key] = made
    return made


def _described(found: re.Match[str]) -> str:
    image = BeautifulSoup(found[0], "html.parser").img
    if image is None or image.has_attr("alt"):
        return found[0]
    image["alt"] = UNDESCRIBED
    return str(image)
