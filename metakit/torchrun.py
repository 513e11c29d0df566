"""What a process does that ``torchrun`` has started: find its GPU and the other processes, and end when told.

torchrun --nproc-per-node 2 -m metakit train maml_omniglot
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NoReturn

import torch
import torch.distributed as dist

from metakit.distributed import AGAIN, ALONE, RankError, Ranks


def device_of_rank(device: str) -> str:
    """Return the GPU of this process, ``cuda:LOCAL_RANK``, if ``torchrun`` started it and it is to use one.

    Raises:
        RankError: more processes on this machine than GPUs.
    """
    local = os.environ.get("LOCAL_RANK")
    if device != "cuda" or local is None:
        return device
    if int(local) >= torch.cuda.device_count():
        raise RankError(
            f"there is no GPU for process {local} of this machine, which has {torch.cuda.device_count()}; "
            "lower --nproc-per-node, or take --device cpu."
        )
    return f"cuda:{local}"


@contextmanager
def joined(device: str, timeout: float = 300.0) -> Iterator[Ranks]:
    """Join the processes that ``torchrun`` started, until ``leave``; without ``torchrun``, be alone.

    Where a process ends or hangs, the others raise a ``RankError``, at once or after ``timeout``; so they do when
    ``torchrun`` tells them to end (SIGTERM). A GPU that waits for a dead process cannot be interrupted: then it is
    ``torchrun`` that names the dead one and, after half a minute, kills the others.

    Args:
        device: of phi; CUDA talks through NCCL, the CPU through Gloo.
        timeout: seconds to wait for another process.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield ALONE
        return
    ranks = Ranks(int(os.environ["RANK"]), world)

    def stop(*_: Any) -> NoReturn:
        raise RankError(f"process {ranks.rank} of {world} was told to end, as happens when another has; {AGAIN}")

    before = signal.signal(signal.SIGTERM, stop)
    on_cuda = device.startswith("cuda")
    try:
        if on_cuda:
            torch.cuda.set_device(device)
        try:
            dist.init_process_group("nccl" if on_cuda else "gloo", timeout=timedelta(seconds=timeout))
        except RuntimeError as error:
            ranks.lost(error)
        yield ranks  # after an error nobody takes leave: of a process that has died, that may hang
    finally:
        signal.signal(signal.SIGTERM, before)
