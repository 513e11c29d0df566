"""The sandbox of one run, which many processes share."""

from pathlib import Path

from autograder.wall.ahead import taken_over
from autograder.wall.bubblewrap import why_no_wall
from autograder.wall.nursery import Nursery, is_there


class Sandbox:
    """The nursery that all processes of a run share, where the machine has a wall; it is started again if it falls."""

    def __init__(self, wanted: bool) -> None:
        """Start it, if it is ``wanted``; it is ready when its room is asked for."""
        self.nursery = (taken_over() or Nursery()) if wanted and not why_no_wall() else None

    def __enter__(self) -> "Sandbox":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, and all that is in it."""
        if self.nursery is not None:
            self.nursery.__exit__()

    def stands(self) -> bool:
        """Return whether it answers, if there is one."""
        return self.nursery is None or is_there(self.nursery.room)

    def room(self) -> Path | None:
        """Return its room, once it is ready, or None where there is no wall."""
        if self.nursery is None:
            return None
        self.nursery.wait()
        if not self.stands():
            self.nursery.__exit__()
            self.nursery = Nursery()
            self.nursery.wait()
        return self.nursery.room
