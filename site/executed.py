"""Where executed lectures are kept between builds: a folder for each state of what they use."""

import hashlib
import shutil
from pathlib import Path


def cache_of(root: Path, folder: Path) -> Path:
    """Return the folder below ``folder`` for the present library and package versions; delete those of earlier ones.

    A lecture's own cells are looked after by jupyter-cache. That what they import is the same, it cannot know.
    """
    present = folder / digest(root)
    for old in folder.glob("*"):
        if old != present:
            shutil.rmtree(old)
    return present


def digest(root: Path) -> str:
    """Return letters and digits that change when a file of the library or a package's version does."""
    files = [path for path in (root / "metakit").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    sha = hashlib.sha256()
    for path in sorted([*files, root / "constraints.txt"]):
        sha.update(f"{path.relative_to(root)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return sha.hexdigest()[:16]
