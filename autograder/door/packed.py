"""The archives that students hand in."""

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath

from autograder.door.archives import LARGEST_FILE, BombError, Listing, in_zip
from autograder.door.opening import MEGABYTE

_OPENERS: dict[str, Callable[[io.BytesIO], io.IOBase]] = {
    ".tar": lambda data: data,
    ".gz": lambda data: gzip.GzipFile(fileobj=data),
    ".tgz": lambda data: gzip.GzipFile(fileobj=data),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}
BROKEN = (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, RuntimeError)


def is_archive(name: str) -> bool:
    """Say whether a file of this name is an archive that can be opened here."""
    return name.lower().endswith((".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz"))


def in_archive(name: str, data: bytes) -> Listing:
    """List an archive that a student handed in; its files are in memory then, at most ``LARGEST_FILE`` of them.

    Raises:
        BombError: it unpacks to too much.
        BROKEN: it is damaged.
    """
    if name.lower().endswith(".zip"):
        return in_zip(zipfile.ZipFile(io.BytesIO(data)))
    unpacked = _OPENERS[PurePosixPath(name.lower()).suffix](io.BytesIO(data)).read(LARGEST_FILE + 1)
    if len(unpacked) > LARGEST_FILE:
        raise BombError(f"it unpacks to more than {LARGEST_FILE // MEGABYTE} MB")
    listing = Listing()
    archive = tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:")  # noqa: SIM115  # it is read later; in memory
    for member in archive:
        if not member.isdir():
            mode = stat.S_IFREG if member.isreg() else stat.S_IFLNK
            listing.add(member.name, mode, _tar_reader(archive, member), member.mtime)
    return listing


def _tar_reader(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        file = archive.extractfile(member)
        return file.read(LARGEST_FILE) if file else b""

    return read
