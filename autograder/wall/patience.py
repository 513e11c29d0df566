"""What the grader bears of one notebook."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How long the grader waits, in seconds, and how much it reads."""

    cell: float = 20.0
    call: float = 10.0  # of a function, by a check
    afterwards: float = 2.0  # once something has timed out, as what never ends is probably called again
    interrupt: float = 2.0
    start: float = 60.0
    submission: float = 120.0
    output_bytes: int = 100 * 2**20  # read and thrown away, before the kernel is taken for one that never stops
    outputs: int = 200  # kept, of each cell
