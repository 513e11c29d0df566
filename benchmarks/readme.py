"""Puts measured tables into benchmarks/README.md, between markers, so that no number there is typed by hand."""

import re
from pathlib import Path
from typing import Any

from benchmarks.report import markdown

README = Path(__file__).parent / "README.md"


def key(result: dict[str, Any]) -> str:
    """Return the name of the place where a result belongs, such as ``maml cpu`` or ``maml cpu keep-memory``."""
    used = result["conditions"]
    return " ".join([result["kind"], used["device"], *(["keep-memory"] if used["keep_memory"] else [])])


def put(text: str, result: dict[str, Any]) -> str:
    """Return the README's text with this result in its place.

    Raises:
        ValueError: the text has no such place.
    """
    place = key(result)
    pattern = re.compile(rf"(<!-- measured: {re.escape(place)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the README has no place for this result: <!-- measured: {place} --> ... <!-- end -->")
    return pattern.sub(lambda found: f"{found[1]}\n{markdown(result)}\n\n{found[2]}", text)
