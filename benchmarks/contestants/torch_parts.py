"""What the contestants on PyTorch share: the network as its users write it, the data, the outer step."""

from collections import OrderedDict
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.contestants.protocol import Problem


def prepare(problem: Problem) -> None:
    """Set threads and precision, as for every contestant."""
    torch.set_num_threads(problem.threads)
    torch.backends.cuda.matmul.allow_tf32 = problem.tf32
    torch.backends.cudnn.allow_tf32 = problem.tf32


def tensor(array: np.ndarray, problem: Problem) -> Tensor:
    """Return an array on the problem's device."""
    return torch.tensor(array, device=problem.device)


def weights(problem: Problem) -> dict[str, Tensor]:
    """Return the start."""
    return {name: tensor(weight, problem) for name, weight in problem.phi.items()}


def data(problem: Problem) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return support x and y, query x and y, each (n_tasks, n, ...)."""
    arrays = (problem.support_x, problem.support_y, problem.query_x, problem.query_y)
    support_x, support_y, query_x, query_y = (tensor(array, problem) for array in arrays)
    return support_x, support_y, query_x, query_y


def loss_of(problem: Problem) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss of both loops."""
    return F.cross_entropy if problem.network == "conv4" else F.mse_loss


def batch_norm(channels: int) -> nn.Module:
    """Return PyTorch's batch norm, always on the statistics of the batch."""
    return nn.BatchNorm2d(channels, track_running_stats=False)


def network(problem: Problem, norm: Callable[[int], nn.Module] = batch_norm) -> nn.Module:
    """Return the problem's network as an ordinary module that starts at phi."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if problem.network == "conv4":
        sizes = [1, *(len(problem.phi[f"block{i}.conv.weight"]) for i in range(1, 5))]
        for i, (before, after) in enumerate(pairwise(sizes), start=1):
            conv = nn.Conv2d(before, after, 3, stride=2, padding=1)
            layers[f"block{i}"] = nn.Sequential(OrderedDict(conv=conv, norm=norm(after), relu=nn.ReLU()))
        layers["mean"] = nn.AvgPool2d(2)
        layers["flat"] = nn.Flatten()
    else:
        for i in range(1, len(problem.phi) // 2):
            after, before = problem.phi[f"layer{i}.weight"].shape
            layers[f"layer{i}"], layers[f"relu{i}"] = nn.Linear(before, after), nn.ReLU()
    after, before = problem.phi["head.weight"].shape
    layers["head"] = nn.Linear(before, after)
    module = nn.Sequential(layers).to(problem.device, getattr(torch, problem.dtype))
    module.load_state_dict(weights(problem))
    return module


class ModuleContestant:
    """A contestant that keeps phi in a module; a subclass says how ``backward`` fills its gradients."""

    def __init__(self, problem: Problem, net: nn.Module | None = None) -> None:
        """Build the network and the outer optimizer."""
        prepare(problem)
        self.problem, self.loss = problem, loss_of(problem)
        self.net = network(problem) if net is None else net
        self.support_x, self.support_y, self.query_x, self.query_y = data(problem)
        self.outer = torch.optim.Adam(self.net.parameters(), lr=problem.outer_lr)

    def backward(self) -> None:
        """Add the meta-gradient to ``.grad`` of the module's parameters."""
        raise NotImplementedError

    def gradient(self) -> dict[str, np.ndarray]:
        """Return the meta-gradient."""
        self.outer.zero_grad()
        self.backward()
        return {name: weight.grad.cpu().numpy() for name, weight in self.net.named_parameters()}

    def step(self) -> None:
        """Make one meta-iteration."""
        self.outer.zero_grad()
        self.backward()
        self.outer.step()
        finish(self.problem)

    def device_peak(self) -> int | None:
        """Return the most device memory that was in use."""
        return device_peak(self.problem)


def finish(problem: Problem) -> None:
    """Wait until the device has done what it was told."""
    if problem.device == "cuda":
        torch.cuda.synchronize()


def device_peak(problem: Problem) -> int | None:
    """Return the most device memory that was in use, None on the CPU."""
    return torch.cuda.max_memory_allocated() if problem.device == "cuda" else None
