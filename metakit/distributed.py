"""One outer loop on several processes (ranks): each takes its share of the tasks.

All ranks hold the same phi and draw the same tasks from the same seed. A rank computes value and gradient on its share,
one sum over the ranks makes them those of all tasks, and every rank takes the same step. So a checkpoint does not
depend on the number of ranks. GPUs must be of one kind, since what a seed draws depends on the kind.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from metakit.gradients import Gradient, ValueAndGrad
from metakit.problem import Objective, Params
from metakit.tree import tree_leaves, tree_map

T = TypeVar("T")

AGAIN = "start the same command again, with as many processes as you like: it goes on from the last checkpoint."


class RankError(RuntimeError):
    """The ranks cannot go on together; the message says why and what to do."""


@dataclass(frozen=True)
class Ranks:
    """This process, number ``rank``, among ``world``; alone by default, and then nothing is sent."""

    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is rank 0, which alone writes files and speaks."""
        return self.rank == 0

    def share(self, n_tasks: int) -> slice:
        """Return which of ``n_tasks`` tasks are this rank's; two ranks' shares differ by one at most.

        Raises:
            RankError: a rank would have nothing to do.
        """
        if n_tasks < self.world:
            raise RankError(
                f"a step has {n_tasks} task{'s' * (n_tasks != 1)} for {self.world} processes, so some would have none; "
                f"start at most {n_tasks}, or take --n-tasks {self.world} or more."
            )
        return slice(n_tasks * self.rank // self.world, n_tasks * (self.rank + 1) // self.world)

    def averaged(self, gradient: Gradient) -> Gradient:
        """Return a gradient that takes this rank's share of a batch, and gives value and gradient of all of it.

        The batch is a tree whose tensors have a leading axis ``n_tasks``; the objective is a mean over tasks. What is
        returned is the shares' mean, weighted by their sizes: the same bits on all ranks.
        """
        if self.world == 1:
            return gradient

        def of(objective: Objective) -> ValueAndGrad:
            value_and_grad = gradient(objective)

            def shared(params: Params, batch: Any) -> tuple[Tensor, Params]:
                n_tasks = len(tree_leaves(batch)[0])
                mine = self.share(n_tasks)
                pair = value_and_grad(params, tree_map(lambda leaf: leaf[mine], batch))
                return self.sum(pair, (mine.stop - mine.start) / n_tasks)

            return shared

        return of

    def sum(self, tree: T, weight: float) -> T:
        """Return the sum over all ranks of ``weight * tree``, sent as one flat tensor."""
        leaves = tree_leaves(tree)
        flat = torch.cat([weight * leaf.flatten() for leaf in leaves])
        self._reduce(flat, dist.ReduceOp.SUM)
        parts = iter(flat.split([leaf.numel() for leaf in leaves]))
        return tree_map(lambda leaf: next(parts).view_as(leaf).to(leaf.dtype), tree)

    def check_equal(self, params: Params) -> None:
        """Do nothing if ``params`` has the same bits on all ranks.

        Raises:
            RankError: it differs.
        """
        if self.world == 1:
            return
        bits = torch.cat([leaf.detach().double().flatten() for leaf in tree_leaves(params)]).view(torch.int64)
        checksum = (bits * torch.arange(1, len(bits) + 1, device=bits.device)).sum()  # wraps, and may
        largest = torch.stack([checksum, ~checksum])  # ~c falls as c grows, so its largest is the smallest checksum's
        self._reduce(largest, dist.ReduceOp.MAX)
        if largest[0] != ~largest[1]:
            raise RankError(
                "phi is no longer the same on all processes, so they do not train together any more; "
                f"use machines and GPUs of one kind and one version of PyTorch, and {AGAIN}"
            )

    def first(self, function: Callable[[], T]) -> T:
        """Return on all ranks what ``function`` returns on rank 0, where alone it is called, or raise what it raises.

        The result travels pickled, between processes of one user.
        """
        if self.world == 1:
            return function()
        box: list[Any] = [None, None]
        if self.leads:
            try:
                box[0] = function()
            except Exception as error:
                box[1] = error
        try:
            dist.broadcast_object_list(box)
        except RuntimeError as error:
            self.lost(error)
        if box[1] is not None:
            raise box[1]
        return box[0]

    def leave(self) -> None:
        """Part from the other ranks, which do so at the same step; from then on each is alone."""
        if self.world > 1:
            dist.destroy_process_group()

    def _reduce(self, tensor: Tensor, operation: Any) -> None:
        try:
            dist.all_reduce(tensor, operation)
        except RuntimeError as error:
            self.lost(error)

    def lost(self, error: RuntimeError) -> NoReturn:
        """Raise what ``torch.distributed`` raised as a ``RankError``, which it may be already: of SIGTERM."""
        if isinstance(error, RankError):
            raise error
        reason = str(error).splitlines()[0]
        raise RankError(f"process {self.rank} of {self.world} lost the others ({reason}); {AGAIN}") from error


ALONE = Ranks()
