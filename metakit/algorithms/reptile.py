"""Reptile. Learnable: phi = the start, drawn towards what tasks make of it. A task learns all weights."""

from torch import Tensor

from metakit.learner import Learner
from metakit.problem import Params, Task
from metakit.tree import axpy, detach, dot


def reptile(learner: Learner, phi: Params, task: Task) -> Tensor:
    """Learnable: phi = the start, drawn towards what tasks make of it. A task learns all weights.

        l_n = |phi - theta|^2 / 2      with theta = F_phi(support) held constant, so that  grad l_n = phi - theta

    A ``TaskLoss``: step 2 is all that makes MAML's learner Reptile. No query set, no derivative through the inner loop.
    ``SGD(epsilon)`` in the outer loop then moves phi by ``epsilon * mean(theta - phi)``.

    Raises:
        ValueError: theta is not like phi (ANIL's, ProtoNet's), so that there is no phi - theta.

    Source: Nichol et al. 2018, https://arxiv.org/abs/1803.02999, algorithm 2 (batched).
    Departs: each inner step sees the whole support set; the paper's draw a small batch, with Adam.
    """
    theta = detach(learner.adapt(detach(phi), task.support))
    towards = axpy(-1, theta, phi)
    return dot(towards, towards) / 2
