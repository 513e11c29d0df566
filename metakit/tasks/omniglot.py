"""Omniglot: 1,623 handwritten characters of 50 alphabets, each drawn once by 20 people.

Source: Lake, Salakhutdinov & Tenenbaum 2015, https://github.com/brendenlake/omniglot (MIT licence).
Departs: pictures of 105 x 105 are shrunk to 28 x 28 by exact area averaging; papers leave the method open.
"""

import hashlib
import logging
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch

from metakit.tasks.cache import cache_folder, cached
from metakit.tasks.characters import Characters
from metakit.tasks.omniglot_archive import BY_HAND, OFFICIAL, Archive, DataUnavailable, decode, read

__all__ = ["BASE_URL", "DataUnavailable", "archive_folder", "fetch", "omniglot"]

BASE_URL = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/"
SIZE = 28
VERSION = 1  # of the decoded pictures: raise it when they change, and old caches are left behind
TIMEOUT = 30.0  # seconds without a byte

logger = logging.getLogger(__name__)


def omniglot(download: bool = False, base_url: str = BASE_URL, archives: tuple[Archive, ...] = OFFICIAL) -> Characters:
    """Return all characters, those of the background set first: images (1623, 20, 28, 28), ink 255 on paper 0.

    They come from the decoded cache, else from the zip archives in ``archive_folder()``. Axis 1 is the drawer, 1 to
    20 in the files. ``alphabets`` lists the 30 of the background set, then the 20 of the evaluation set.

    Args:
        download: fetch archives that are missing; without it, nothing is ever downloaded.
        base_url: where from.
        archives: which, with the digests of what must be in them.

    Raises:
        DataUnavailable: with what happened and what to do.
    """
    digest = hashlib.sha256("\n".join(archive.digest for archive in archives).encode()).hexdigest()

    def make() -> Characters:
        folder = fetch(base_url=base_url, archives=archives) if download else archive_folder()
        parts = [decode(read(archive, folder / archive.file), SIZE) for archive in archives]
        names = [name for _, part in parts for name in part]
        alphabet_of = [name.split("/")[0] for name in names]
        alphabets = list(dict.fromkeys(alphabet_of))
        return Characters(
            images=torch.from_numpy(np.concatenate([images for images, _ in parts])),
            alphabet=torch.tensor([alphabets.index(name) for name in alphabet_of]),
            alphabets=tuple(alphabets),
            names=tuple(names),
            source="omniglot",
            digest=digest,
        )

    return cached(f"omniglot-{digest[:16]}-v{VERSION}", make)


def archive_folder() -> Path:
    """Return where the zip archives are looked for: METAKIT_OMNIGLOT if it is set, else in the project's cache."""
    named = os.environ.get("METAKIT_OMNIGLOT")
    return Path(named).expanduser() if named else cache_folder() / "omniglot"


def fetch(folder: Path | None = None, base_url: str = BASE_URL, archives: tuple[Archive, ...] = OFFICIAL) -> Path:
    """Download the archives that are not yet there, verify all of them, and return their folder.

    An archive gets its name only when it is complete and verified, so an interrupted download leaves nothing that
    could be taken for one.

    Args:
        folder: where they belong; ``archive_folder()`` by default.
        base_url: where from.
        archives: which, with the digests of what must be in them.

    Raises:
        DataUnavailable: no network, no space, an interrupted or wrong download, a wrong file in the folder.
    """
    folder = folder or archive_folder()
    for archive in archives:
        path = folder / archive.file
        if path.exists():
            read(archive, path)
        else:
            _download(archive, base_url.rstrip("/") + "/" + archive.file, path)
    return folder


def _download(archive: Archive, url: str, path: Path) -> None:
    import pooch  # type: ignore[import-untyped]  # here, as only the extra "data" has it

    logger.info("Downloading %s to %s", url, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".download-") as temporary, ExitStack() as at_exit:

            def close_at_exit(response: Any, **_: Any) -> None:  # else a refused response keeps its connection
                at_exit.callback(response.close)

            part = Path(temporary) / path.name
            pooch.HTTPDownloader(timeout=TIMEOUT, hooks={"response": close_at_exit})(url, str(part), None)
            read(archive, part, sent_by=url)
            os.replace(part, path)
    except OSError as error:  # of the file system, and (as requests' are OSErrors) of the network
        raise DataUnavailable(
            f"{url} could not be downloaded to {path} ({error}); mend that and try again, or {BY_HAND}"
        ) from error
