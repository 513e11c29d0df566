"""A contestant at work: a process that is asked and answers, or says why it cannot."""

import json
import os
import select
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.environments import last_error

ROOT = Path(__file__).parent.parent
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(4 << 30), "MALLOC_TRIM_THRESHOLD_": str(16 << 30)}
"""Tells glibc to give nothing back to the system: no page faults at every large tensor."""


class WorkerError(Exception):
    """A contestant failed; the message is the reason that stands in the table."""


@dataclass(frozen=True)
class Conditions:
    """What is the same for all processes.

    Args:
        threads: each may use, and processors it may run on.
        device: ``"cpu"`` or ``"cuda"``.
        tf32: allow it, on CUDA.
        keep_memory: start all with ``KEEP_MEMORY``.
        patience: seconds for one answer.
    """

    threads: int = 1
    device: str = "cpu"
    tf32: bool = False
    keep_memory: bool = False
    patience: float = 600.0

    def environ(self) -> dict[str, str]:
        """Return the environment variables of a worker."""
        numbers = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC", "PJRT_NPROC")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "PYTHON"))}
        return {
            **kept,
            **dict.fromkeys(numbers, str(self.threads)),
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # all are in memory at once
            **(KEEP_MEMORY if self.keep_memory else {}),
        }

    def choices(self) -> dict[str, Any]:
        """Return what a contestant is told of them."""
        return {"threads": self.threads, "device": self.device, "tf32": self.tf32}


class Worker:
    """One process that runs one contestant. Use it in a ``with`` statement: it ends with it."""

    def __init__(self, command: list[str], conditions: Conditions, processors: set[int] | None = None) -> None:
        """Start ``command``; it runs on ``processors`` alone, if they are given."""
        self.patience = conditions.patience
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the process
        try:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=conditions.environ(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                bufsize=0,
            )
        except OSError as error:
            self._said.close()
            raise WorkerError(str(error)) from error
        if processors and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._process.pid, processors)  # before it has imported anything that starts threads
        self._rest = b""

    def ask(self, do: str, **details: Any) -> dict[str, Any]:
        """Return the answer to one request.

        Raises:
            WorkerError: the contestant reports an error, died, said something else, or said nothing for too long.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **details}).encode() + b"\n")
        except (BrokenPipeError, ValueError):
            raise WorkerError(self._how_it_ended()) from None
        line = self._line(do)
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self.stop()
            raise WorkerError(f"answered {do!r} with something that is no answer: {line[:80]!r}")
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def __enter__(self) -> "Worker":
        """Return self."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.stop()
        self._said.close()

    def _line(self, do: str) -> str:
        assert self._process.stdout is not None
        if self._process.stdout.closed:
            raise WorkerError(self._how_it_ended())
        end = time.monotonic() + self.patience
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                self.stop()
                raise WorkerError(f"no answer to {do!r} within {self.patience:g} s")
            more = os.read(self._process.stdout.fileno(), 1 << 16)
            if not more:
                raise WorkerError(self._how_it_ended())
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode(errors="replace")

    def _how_it_ended(self) -> str:
        code = self._process.wait()
        if code < 0:
            return f"killed by {signal.Signals(-code).name}" + (" (out of memory?)" if code == -signal.SIGKILL else "")
        self._said.seek(0)
        return f"ended with exit code {code}: {last_error(self._said.read().decode(errors='replace'))}"


def processors(n: int) -> set[int]:
    """Return ``n`` processors this process may use, of different cores as far as there are.

    Raises:
        ValueError: there are fewer.
    """
    if not hasattr(os, "sched_getaffinity"):
        return set()
    allowed = sorted(os.sched_getaffinity(0))
    if n > len(allowed):
        raise ValueError(f"--threads {n}: this process may use {len(allowed)} processors; take at most as many.")
    first, others, seen = [], [], set()
    for processor in allowed:
        core = _core(processor)
        (others if core in seen else first).append(processor)
        seen.add(core)
    return set((first + others)[:n])


def _core(processor: int) -> str:
    path = Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
    return path.read_text().strip() if path.exists() else str(processor)
