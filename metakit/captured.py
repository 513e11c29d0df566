"""The outer loop on a GPU: a whole step, from drawing tasks to the optimizer, recorded once and then replayed.

Such a step is a thousand small kernels, and to launch them one by one from Python takes longer than to run them.
A CUDA graph launches all of them at once.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from metakit.gradients import Gradient, autodiff
from metakit.minimize import Step
from metakit.optimizers import Optimizer
from metakit.problem import Objective, Params, Task
from metakit.tasks import TaskDistribution, task_batches
from metakit.tree import Tree, tree_leaves, tree_map

WARM_UP = 3
"""Steps taken before one is recorded, so that libraries choose their algorithms and allocate their memory."""


@dataclass(frozen=True)
class Batches:
    """``n_batches`` batches of ``n_tasks`` fresh tasks, as ``task_batches`` yields them, that can be drawn on a GPU.

    Args:
        distribution: with its data on the device.
        generator: on the same device.
    """

    distribution: TaskDistribution
    n_tasks: int
    n_batches: int
    generator: torch.Generator

    def __iter__(self) -> Iterator[Task]:
        """Yield the batches."""
        return task_batches(self.distribution, self.n_tasks, self.n_batches, self.generator)


def descend(
    objective: Objective,
    params: Params,
    optimizer: Optimizer,
    batches: Batches,
    gradient: Gradient = autodiff,
    state: Any = None,
    record: bool = True,
) -> Iterator[Step]:
    """Take one step a batch and yield each, like ``metakit.minimize.descend``, on CUDA by replaying a graph.

    The next step overwrites the tensors of a ``Step``, but ``value``: clone what is to be kept. Numbers are those of
    ``minimize.descend``: on the CPU, where nothing is recorded, bit for bit; on CUDA up to rounding.

    Args:
        objective, params, optimizer, gradient, state: as there; to be recorded they must not wait for the GPU (no
            ``.item()``), and what changes from step to step must be a tensor of ``state``.
        record: False to launch each kernel from Python on CUDA too.

    Raises:
        TypeError: the optimizer's state is not made of tensors alone.

    Warns:
        RuntimeWarning: the step cannot be recorded, with the reason; it is then launched from Python.
    """
    params, state = _static((params, optimizer.init(params) if state is None else state))
    value_and_grad = gradient(objective)

    def step(generator: torch.Generator) -> Tensor:
        tasks = batches.distribution.sample(batches.n_tasks, generator)
        value, grads = value_and_grad(params, tasks)
        _overwrite((params, state), optimizer.update(params, grads, state))
        return value

    take: Callable[[torch.Generator], Tensor] = step
    if record and batches.n_batches > WARM_UP and tree_leaves(params)[0].is_cuda:
        take = _recorded(step, (params, state), batches.generator)
    for _ in range(batches.n_batches):
        yield Step(params, state, take(batches.generator))


def _recorded(
    step: Callable[[torch.Generator], Tensor], static: Tree, generator: torch.Generator
) -> Callable[[torch.Generator], Tensor]:
    """Return a replay of ``step``, or with a warning ``step`` itself; ``static`` and ``generator`` stay as they are.

    The graph draws from a generator of its own, since one that was part of a failed recording cannot be used again.
    """
    with torch.cuda.device(generator.device):
        before = tree_map(torch.clone, static)
        stream, graph = torch.cuda.current_stream(), torch.cuda.CUDAGraph()
        own = torch.Generator(generator.device)
        own.set_state(generator.get_state())
        try:
            _warm_up(step, own)
            graph.register_generator_state(own)
            with torch.cuda.graph(graph):
                value = step(own)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            torch.cuda.set_stream(stream)  # a recording that failed leaves its own in place
            reason = str(error).splitlines()[0]
            words = "the training step cannot be recorded as a CUDA graph, so its kernels are launched one by one"
            warnings.warn(f"{words}, which is slower: {reason}", RuntimeWarning, stacklevel=2)
            return step
        finally:
            _overwrite(static, before)

    def replay(generator: torch.Generator) -> Tensor:
        own.set_state(generator.get_state())
        with torch.cuda.device(generator.device):
            graph.replay()
        generator.set_state(own.get_state())
        return value.clone()

    return replay


def _warm_up(step: Callable[[torch.Generator], Tensor], generator: torch.Generator) -> None:
    """Take steps on a side stream; in the last, an operation that waits for the GPU is an error, which names it."""
    side, mode = torch.cuda.Stream(), torch.cuda.get_sync_debug_mode()
    side.wait_stream(torch.cuda.current_stream())
    try:
        with torch.cuda.stream(side), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch calls this mode experimental
            for i in range(WARM_UP):
                if i == WARM_UP - 1:
                    torch.cuda.set_sync_debug_mode("error")
                step(generator)
    finally:
        torch.cuda.set_sync_debug_mode(mode)
        torch.cuda.current_stream().wait_stream(side)


def _static(tree: Tree) -> Tree:
    """Return a copy, to be overwritten at each step."""
    others = {type(leaf).__name__ for leaf in tree_leaves(tree) if not isinstance(leaf, Tensor)}
    if others:
        raise TypeError(f"a step to be recorded keeps its state in tensors, but the optimizer's has {sorted(others)}")
    return tree_map(torch.clone, tree)


def _overwrite(old: Tree, new: Tree) -> None:
    destinations, sources = tree_leaves(old), tree_leaves(new)
    ours = {leaf.untyped_storage().data_ptr() for leaf in destinations}
    sources = [leaf.clone() if leaf.untyped_storage().data_ptr() in ours else leaf for leaf in sources]
    for destination, source in zip(destinations, sources, strict=True):
        destination.copy_(source)
