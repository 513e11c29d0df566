import hashlib
import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from metakit.tasks.omniglot_archive import Archive


@dataclass(frozen=True)
class Small:
    """Archives like Omniglot's, with five characters: their folder, what to expect of them, and the drawings."""

    folder: Path
    archives: tuple[Archive, ...]
    ink: dict[str, np.ndarray]  # member -> (105, 105) bool

    def path(self, i: int) -> Path:
        return self.folder / self.archives[i].file


ALPHABETS = (
    ("images_background", {"Beta": 1, "Alpha": 2}),  # out of order, as members of a zip may be
    ("images_evaluation", {"Gamma_(old)": 2}),
)


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Small:
    """Two archives with directory entries and stray members, as the official ones have."""
    folder = tmp_path_factory.mktemp("archives")
    random = np.random.default_rng(0)
    archives, ink, number = [], {}, 0
    for name, alphabets in ALPHABETS:
        pictures = {}
        for alphabet, n_characters in alphabets.items():
            for character in range(1, n_characters + 1):
                number += 1
                for drawer in range(1, 21):
                    member = f"{name}/{alphabet}/character{character:02}/{number:04}_{drawer:02}.png"
                    ink[member] = random.random((105, 105)) < random.random()
                    file = io.BytesIO()
                    Image.fromarray(~ink[member]).save(file, "png")
                    pictures[member] = file.getvalue()
        with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.mkdir(name)
            archive.writestr(f"{name}/.DS_Store", b"not a picture")
            archive.writestr(f"__MACOSX/{name}/Alpha/character01/._0001_01.png", b"not a picture either")
            for member, picture in pictures.items():
                archive.writestr(member, picture)
        digest = hashlib.sha256(b"".join(m.encode() + b"\0" + pictures[m] for m in sorted(pictures))).hexdigest()
        archives.append(Archive(name, digest, md5="0" * 32))
    return Small(folder, tuple(archives), ink)


@pytest.fixture
def own_folders(monkeypatch, tmp_path) -> Path:
    """An empty cache folder, and no METAKIT_OMNIGLOT."""
    monkeypatch.setenv("METAKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("METAKIT_OMNIGLOT", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def real_omniglot(monkeypatch, tmp_path_factory) -> Path:
    """The folder of the real archives, with a cache folder of the tests' own."""
    if not os.environ.get("METAKIT_OMNIGLOT"):
        pytest.skip("needs the real archives: set METAKIT_OMNIGLOT to their folder")
    monkeypatch.setenv("METAKIT_CACHE", str(tmp_path_factory.getbasetemp() / "real"))
    return Path(os.environ["METAKIT_OMNIGLOT"])
