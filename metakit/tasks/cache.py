"""The project's cache folder, and characters kept in it so that they need not be decoded or made again."""

import logging
import os
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from metakit.tasks.characters import Characters

logger = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the folder named by METAKIT_CACHE, else the user's cache folder; it need not exist yet."""
    named = os.environ.get("METAKIT_CACHE")
    if named:
        return Path(named).expanduser()
    import pooch  # type: ignore[import-untyped]  # here, as only the extra "data" has it

    return Path(pooch.os_cache("metakit"))


def cached(key: str, make: Callable[[], Characters]) -> Characters:
    """Return the characters kept under ``key``; if there are none, or the file is damaged, make and keep them.

    The file appears whole or not at all, also when two processes write it at once. Where it cannot be written, the
    characters are returned all the same and a sentence is logged.

    Args:
        key: says all that the characters depend on: their source, its digest and the version of what decodes them.
        make: makes them; what it raises is raised.
    """
    path = cache_folder() / f"{key}.npz"
    characters = _read(path)
    if characters is None:
        characters = make()
        try:
            _write(path, characters)
        except OSError as error:
            logger.warning(
                "Nothing is kept in the cache, so the next start is as slow: cannot write %s (%s).", path, error
            )
    return characters


def _read(path: Path) -> Characters | None:
    if not path.is_file():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                raise zipfile.BadZipFile("a checksum does not match")
        with np.load(path, allow_pickle=False) as arrays:
            return Characters(
                images=torch.from_numpy(arrays["images"]),
                alphabet=torch.from_numpy(arrays["alphabet"]),
                alphabets=tuple(arrays["alphabets"].tolist()),
                names=tuple(arrays["names"].tolist()),
                source=str(arrays["source"]),
                digest=str(arrays["digest"]),
            )
    except Exception as error:  # a damaged file can fail in any way, and is made again whatever the way
        logger.warning("The cached %s is made again, as it cannot be read (%s).", path, error)
        return None


def _write(path: Path, characters: Characters) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}-{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as file:
            np.savez(
                file,
                images=characters.images.numpy(),
                alphabet=characters.alphabet.numpy(),
                alphabets=np.array(characters.alphabets),
                names=np.array(characters.names),
                source=np.array(characters.source),
                digest=np.array(characters.digest),
            )
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
