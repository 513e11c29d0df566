"""Ids that gradebook, globs, regular expressions, file systems and URLs take, made of whatever a student is called."""

import hashlib
import re
import unicodedata
from collections.abc import Collection

LONGEST = 64
_GOOD = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # no file on Windows may be called so


def is_id(name: str) -> bool:
    """Say whether a name can be an id as it is."""
    return bool(_GOOD.fullmatch(name)) and not _DEVICE.fullmatch(name)


def safe_id(name: str) -> str:
    """Return ``name`` if it can be an id, else a readable id that no other such name has.

    The id is what is left of the name in ASCII, and 8 digits of the SHA-256 of the name itself, so that names that
    look alike (unicode's normal forms, upper and lower case) and names that begin alike get ids of their own.
    """
    if is_id(name):
        return name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[: LONGEST - 9].strip("-") or "student"
    return f"{slug}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def free_id(name: str, taken: Collection[str]) -> str:
    """Return ``safe_id(name)``, or another where somebody has that one, in upper or lower case."""
    others = {one.casefold() for one in taken}
    found, count = safe_id(name), 1
    while found.casefold() in others:
        count += 1
        found = safe_id(f"{name} ({count})")
    return found
