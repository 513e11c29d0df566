"""The two zip archives of Omniglot: what is in them, and how to know that it is right."""

import hashlib
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metakit.tasks.area import area_average

N_DRAWERS = 20


class DataUnavailable(Exception):
    """A data set cannot be had; the message says in a sentence what happened, and what to do."""


@dataclass(frozen=True)
class Archive:
    """A zip archive with members ``<name>/<Alphabet>/character<NN>/<id>_<drawer>.png``; others are ignored.

    Args:
        name: of the archive and of its top folder.
        digest: SHA-256, over the PNG members in sorted order of their names, of ``name + b"\\0" + bytes``. It is
            about the pictures: an archive packed anew has the same.
        md5: of the official zip file, for whoever downloads it by hand.
    """

    name: str
    digest: str
    md5: str

    @property
    def file(self) -> str:
        """Return the name of the zip file."""
        return f"{self.name}.zip"


OFFICIAL = (
    Archive(
        name="images_background",
        digest="71a1ca99688b462d3818e7fd1d96e592b0bc508754ea500c444035296bf74117",
        md5="68d2efa1b9178cc56df9314c21c6e718",
    ),
    Archive(
        name="images_evaluation",
        digest="748bfbe557520aab543e31b7cb103f75cc655361f4e6b7fe1ccede747c9710f7",
        md5="6b91aef0f799c5bb55b94e3f2daec811",
    ),
)
"""Background and evaluation: 964 characters of 30 alphabets, and 659 of 20."""

BY_HAND = (
    f"download {' and '.join(f'{archive.file} (MD5 {archive.md5})' for archive in OFFICIAL)} from "
    "https://github.com/brendenlake/omniglot/tree/master/python and set METAKIT_OMNIGLOT to their folder."
)
TO_GET = f'run python -c "from metakit.tasks.omniglot import fetch; fetch()", or {BY_HAND}'


def read(archive: Archive, path: Path, sent_by: str = "") -> dict[str, bytes]:
    """Return the PNG members, by name in sorted order, after verifying that they are the right ones.

    Args:
        archive: what must be in the file.
        path: of the zip file.
        sent_by: the address it has just come from, if it has, for the message.

    Raises:
        DataUnavailable: the file is missing, cannot be read, is damaged, or holds other pictures.
    """
    pattern = re.compile(rf"{re.escape(archive.name)}/[^/]+/character\d+/\d+_\d+\.png")
    try:
        with zipfile.ZipFile(path) as file:
            pictures = {name: file.read(name) for name in sorted(file.namelist()) if pattern.fullmatch(name)}
    except FileNotFoundError:
        raise DataUnavailable(f"{path} is missing; to get Omniglot, {TO_GET}") from None
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise _wrong(path, sent_by, f"cannot be read as a zip archive ({error})") from error
    digest = hashlib.sha256()
    for name, picture in pictures.items():
        digest.update(name.encode() + b"\0" + picture)
    if digest.hexdigest() != archive.digest:
        what = f"does not hold the pictures of {archive.file}: {len(pictures)} with SHA-256 {digest.hexdigest()}"
        raise _wrong(path, sent_by, f"{what}, not {archive.digest}")
    return pictures


def decode(pictures: dict[str, bytes], size: int) -> tuple[NDArray[np.uint8], list[str]]:
    """Return images (n_characters, 20, size, size), ink 255 on paper 0, and names such as ``"Greek/character03"``.

    Args:
        pictures: verified PNG members in sorted order; ink is 0 in them. Drawers 1 to 20 of a character follow each
            other and become axis 1.
        size: of the images, by area averaging.
    """
    from PIL import Image  # here, as only the extra "data" has it

    members = list(pictures)
    images = np.empty((len(members) // N_DRAWERS, N_DRAWERS, size, size), dtype=np.uint8)
    for i, image in enumerate(images):
        drawn = members[N_DRAWERS * i : N_DRAWERS * (i + 1)]
        image[:] = area_average(np.stack([np.asarray(Image.open(io.BytesIO(pictures[m]))) == 0 for m in drawn]), size)
    return images, ["/".join(member.split("/")[1:3]) for member in members[::N_DRAWERS]]


def _wrong(path: Path, sent_by: str, problem: str) -> DataUnavailable:
    if sent_by:
        return DataUnavailable(f"what {sent_by} sent {problem}; try again, or {BY_HAND}")
    return DataUnavailable(f"{path} {problem}; delete it and {TO_GET}")
