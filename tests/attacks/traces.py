"""What an attack leaves on a machine: changed files, new files, processes."""

import hashlib
import os
from pathlib import Path
from typing import Any

import psutil

READ_ONLY = ("source", "checks", "submitted", "release", "nbgrader_config.py")
"""Of a course: what grading does not write."""


def tree(graded: Any) -> dict[str, str]:
    """Return the SHA-256 of every file of the course that grading does not write, and of the folder beside it."""
    found = {}
    for place in (*(graded.course.root / name for name in READ_ONLY), graded.outside):
        for path in [place, *place.rglob("*")]:
            if path.is_symlink():
                found[str(path)] = os.readlink(path)
            elif path.is_file():
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
            elif "__pycache__" not in path.parts:
                found[str(path)] = "no file"
    return {path: digest for path, digest in found.items() if "__pycache__" not in path}


def alive(family: set[tuple[int, float]]) -> list[psutil.Process]:
    """Return the processes of those that still live."""
    found = []
    for pid, born in family:
        if psutil.pid_exists(pid):
            process = psutil.Process(pid)
            if process.create_time() == born and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def named(token: str) -> list[str]:
    """Return the processes with ``token`` in their name or their command line."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        if token in (process.info["name"] or "") or any(token in part for part in process.info["cmdline"] or []):
            found.append(str(process))
    return found


def litter(token: str) -> list[str]:
    """Return the files with ``token`` in their names where anybody may write, or an attacker tried to."""
    places = ("/tmp", "/var/tmp", "/dev/shm", "/dev", "/etc", "/usr", "/usr/local/bin", "/", "/home", str(Path.home()))
    return [f"{place}/{name}" for place in places for name in os.listdir(place) if token in name]
