"""What is left of a lecture's widgets when there is no kernel that could move them."""

import json
import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx

VIEW = "application/vnd.jupyter.widget-view+json"


def leave_what_stands(app: Sphinx, doctree: nodes.document) -> None:
    """Put in the place of each live view what it showed at first, and in that of a progress bar nothing."""
    scripts = NbMetadataCollector.get_js_files(app.env, app.env.docname)
    _, options = scripts.pop("ipywidgets_state", (None, {"body": '{"state": {}}'}))
    models = json.loads(options["body"])["state"]
    for view in [node for node in doctree.findall(nodes.container) if node.get("mime_type") == VIEW]:
        bundle = view.parent
        kinds = {sibling["mime_type"]: sibling.astext() for sibling in bundle.children}
        if "text/html" in kinds:
            bundle.remove(view)  # it brings a form of its own that needs no kernel
        elif re.search(r"\d+%\|", kinds.get("text/plain", "")):
            bundle.parent.remove(bundle)
        else:
            (model,) = re.findall(r'"model_id": "(\w+)"', view.astext())
            first = [nodes.raw("", shown, format="html") for shown in first_shown(models, model)]
            bundle.replace_self([*first, needs_a_kernel()])


def needs_a_kernel() -> nodes.paragraph:
    """Say where the reader can have more."""
    command = nodes.literal("", "make lab")
    return nodes.paragraph("", "", nodes.Text("This moves only where a kernel runs: open the lecture with "), command)


def first_shown(models: dict[str, Any], model: str) -> Iterator[str]:
    """Yield the HTML that a widget held when the notebook was saved."""
    state = models.get(model, {}).get("state", {})
    if state.get("_model_name") == "HTMLModel":
        yield state["value"]
    for child in state.get("children", []):
        yield from first_shown(models, child.removeprefix("IPY_MODEL_"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect them."""
    app.connect("doctree-read", leave_what_stands)
    return {"parallel_read_safe": True}
