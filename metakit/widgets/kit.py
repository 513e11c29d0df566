"""What all widgets share on Python's side: one module for the browser, arrays for it, and pages without a kernel.

A widget is a small class beside a plain ES module: ``class Name(Widget, script="name.js")``.
"""

import base64
import html
import json
import os
import re
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
from numpy.typing import ArrayLike

HERE = Path(__file__).parent
KIT, STYLE = "kit.js", "kit.css"

IMPORT = re.compile(r'^import\s*\{[^}]*\}\s*from\s*"\./kit\.js";[ \t]*$', re.MULTILINE)
PART = re.compile(r'^import\s*\{[^}]*\}\s*from\s*"\./(?!kit\.js)(\w+\.js)";[ \t]*$', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default\b)", re.MULTILINE)

MOUNT = """{esm}
for (const root of document.querySelectorAll({selector})) {{
  root.dataset.mounted = "";
  mount(root, render);
}}
"""
"""A page's module: draw in every place for this widget where nothing was drawn yet."""


class Widget(anywidget.AnyWidget):
    """A widget whose view is ``script`` with kit.js, styled by kit.css.

    Subclasses give ``told``, a sentence that says what the widget shows, and ``static_state``.
    """

    _css = (HERE / STYLE).read_text(encoding="utf-8")
    script = ""
    told = ""

    def __init_subclass__(cls, script: str | None = None, **options: Any) -> None:
        """Put the subclass's module together; a class without ``script`` has that of the class above it."""
        super().__init_subclass__(**options)
        if script:
            cls.script = script
            cls._esm = compose((HERE / KIT).read_text(encoding="utf-8"), whole(script))

    def static_state(self) -> dict[str, Any]:
        """Return what a page without a kernel needs, by the names of the traits; arrays as ``array`` gives them."""
        raise NotImplementedError

    def static_html(self) -> str:
        """Return the widget as a piece of a page, which works without a kernel: scripts, style and numbers in one."""
        name = self.script.removesuffix(".js")
        state = json.dumps(in_base64(self.static_state()), allow_nan=False)
        selector = json.dumps(f'[data-name="{name}"]:not([data-mounted])')
        mounted = MOUNT.format(esm=self._esm, selector=selector)
        return (
            f'<div class="metakit-widget" data-name="{name}">\n'
            f"<p>{html.escape(self.told)} It needs JavaScript.</p>\n"
            f'<script type="application/json">{_inline(state)}</script>\n'
            f"<style>{self._css}</style>\n"
            f'<script type="module">{_inline(mounted)}</script>\n</div>'
        )

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the live view, or with METAKIT_WIDGETS=static the page's; and a sentence, for who sees neither."""
        if os.environ.get("METAKIT_WIDGETS") == "static":
            return {"text/html": self.static_html(), "text/plain": self.told}
        bundle = super()._repr_mimebundle_(**options)
        if bundle is None:
            return None
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/plain": self.told}, metadata


def whole(script: str) -> str:
    """Return a script's text with that of its parts, modules beside it that only it imports, where it imports them."""
    text = (HERE / script).read_text(encoding="utf-8")
    return PART.sub(lambda part: EXPORT.sub("", IMPORT.sub("", (HERE / part[1]).read_text(encoding="utf-8"))), text)


def compose(kit: str, script: str) -> str:
    """Return one module: the kit's text in place of the line that imports it, without the kit's exports.

    Raises:
        ValueError: the script has not exactly one such line.
    """
    found = len(IMPORT.findall(script))
    if found != 1:
        raise ValueError(f'a widget\'s script needs one line import {{...}} from "./kit.js"; but this has {found}')
    return IMPORT.sub(lambda _: EXPORT.sub("", kit), script, count=1)


def array(values: ArrayLike, dtype: str = "float32") -> dict[str, Any]:
    """Return numbers as widgets send them: shape, dtype (float32 or uint8) and little-endian bytes."""
    numbers = np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder("<"))
    return {"shape": list(numbers.shape), "dtype": dtype, "data": numbers.tobytes()}


def in_base64(state: Any) -> Any:
    """Return a state that JSON can hold: bytes as base64, all else as it is."""
    if isinstance(state, bytes):
        return base64.b64encode(state).decode()
    if isinstance(state, dict):
        return {str(key): in_base64(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return [in_base64(value) for value in state]
    return state


def _inline(text: str) -> str:
    """Return text that does not end the script element it stands in; the same to JSON, and to strings in JavaScript."""
    return text.replace("</", "<\\/")
