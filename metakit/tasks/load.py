"""Characters from wherever they can be had."""

import logging
from typing import Literal, get_args

from metakit.tasks.characters import Characters
from metakit.tasks.omniglot import DataUnavailable, omniglot

Source = Literal["auto", "omniglot", "glyphs"]
SOURCES: tuple[str, ...] = get_args(Source)
"""Where characters can come from, the default first."""

logger = logging.getLogger(__name__)


def load_characters(source: Source = "auto") -> Characters:
    """Return Omniglot's characters or the generated glyphs, which teach the same lessons; nothing is downloaded.

    Args:
        source: ``"omniglot"``; ``"glyphs"``; or ``"auto"``: Omniglot if it is there, else glyphs, which a logged
            sentence then says.

    Raises:
        DataUnavailable: ``source`` is ``"omniglot"`` and it is not there.
    """
    if source not in SOURCES:
        raise ValueError(f"source must be one of {', '.join(SOURCES)}; it is {source!r}.")
    if source != "glyphs":
        try:
            return omniglot()
        except DataUnavailable as error:
            if source == "omniglot":
                raise
            logger.warning("These are generated glyphs and not Omniglot: %s", error)
    from metakit.tasks.glyphs import glyphs  # here, as it is not needed where Omniglot is

    return glyphs()
