"""Make sure that there are characters to learn from: Omniglot, or the glyphs that stand in for it."""

import time

from metakit.recipes import RecipeError
from metakit.tasks.cache import cache_folder
from metakit.tasks.load import SOURCES, load_characters
from metakit.tasks.omniglot import DataUnavailable, omniglot

AGAIN = "python -m metakit data --source omniglot"
PATIENCE = 24 * 3600  # seconds from a failed download to the next that nobody asked for


def get_data(source: str) -> str:
    """Return a sentence that says which characters are there now.

    ``"omniglot"`` takes what is there or downloads it. ``"glyphs"`` draws. ``"auto"`` does the first and, where that
    fails, the second; it then leaves the network alone for a day, so that working offline does not mean waiting.

    Raises:
        DataUnavailable: ``source`` is ``"omniglot"``, and it cannot be had.
        RecipeError: an unknown source.
    """
    if source not in SOURCES:
        raise RecipeError(f"--source must be auto, omniglot or glyphs, got {source!r}")
    why = ""
    if source != "glyphs":
        tried = cache_folder() / "omniglot-tried"
        lately = tried.exists() and time.time() - tried.stat().st_mtime < PATIENCE
        try:
            found = omniglot(download=source == "omniglot" or not lately)
            return f"Omniglot is there: {len(found)} characters, {found.images.shape[1]} drawings of each."
        except DataUnavailable as error:
            if source == "omniglot":
                raise
            why = f" They stand in for Omniglot, which could not be had ({error}) To try again now: {AGAIN}"
            if not lately:
                tried.parent.mkdir(parents=True, exist_ok=True)
                tried.touch()
    made = load_characters("glyphs")
    return f"Glyphs are there: {len(made)} characters drawn by code, {made.images.shape[1]} drawings of each.{why}"
