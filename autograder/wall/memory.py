"""How much memory a student's processes use together: limits that Linux enforces hold for one process each."""

from pathlib import Path

import psutil


def pid_of(pidfd: int) -> int | None:
    """Return the process that a pidfd stands for, or None if it has ended."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            pid = int(line.split()[1])
            return pid if pid > 0 else None
    return None


def megabytes_of(pid: int) -> float:
    """Return the memory of a process and all below it; what they share is counted once, where that matters."""
    try:
        first = psutil.Process(pid)
        everyone = [first, *first.children(recursive=True)]
    except psutil.Error:
        return 0.0
    return sum(_own(process.pid) for process in everyone) / 1024


def _own(pid: int) -> int:
    """Return the proportional set size in kB: each page divided by how many processes have it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it has just ended
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
