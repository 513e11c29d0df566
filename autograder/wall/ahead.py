"""A sandbox that is started before anybody has asked for one, and ended with this process if nobody does."""

import atexit

from autograder.wall.bubblewrap import why_no_wall
from autograder.wall.nursery import Nursery

_started: list[Nursery] = []


def start() -> None:
    """Start a nursery, where the machine has a wall; it warms up beside whatever this process does next."""
    if not why_no_wall():
        nursery = Nursery()
        _started.append(nursery)
        atexit.register(nursery.__exit__)


def taken_over() -> Nursery | None:
    """Return the nursery that was started, once; who takes it ends it."""
    if not _started:
        return None
    nursery = _started.pop()
    atexit.unregister(nursery.__exit__)
    return nursery
