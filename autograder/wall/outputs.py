"""What a kernel sent, as output that is safe to keep: text and pictures, bounded, nothing that a browser runs."""

import base64
import binascii
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

MAX_TEXT = 20_000
MAX_PICTURE = 2 * 2**20
_PNG = b"\x89PNG\r\n\x1a\n"


def clean_output(kind: object, content: dict[str, Any]) -> NotebookNode | None:
    """Return a notebook output, or None for whatever is not one, or has no part that can be kept."""
    match kind, content:
        case "stream", {"name": "stdout" | "stderr" as name, "text": str(text)}:
            return new_output("stream", name=name, text=_cut(text))
        case "error", {"ename": str(name), "evalue": str(value), "traceback": [*lines]}:
            told = [_cut(line) for line in lines[:100] if isinstance(line, str)]
            return new_output("error", ename=_cut(name), evalue=_cut(value), traceback=told)
        case "execute_result" | "display_data", {"data": dict(data)}:
            kept = {k: v for k, v in (("text/plain", _text(data)), ("image/png", _picture(data))) if v}
            return new_output("display_data", data=kept) if kept else None
    return None


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}\n[cut off here]\n"


def _text(data: dict[str, Any]) -> str:
    text = data.get("text/plain")
    return _cut(text) if isinstance(text, str) else ""


def _picture(data: dict[str, Any]) -> str:
    picture = data.get("image/png")
    if not isinstance(picture, str) or len(picture) > MAX_PICTURE:
        return ""
    try:
        return picture if base64.b64decode(picture, validate=False).startswith(_PNG) else ""
    except (binascii.Error, ValueError):
        return ""
