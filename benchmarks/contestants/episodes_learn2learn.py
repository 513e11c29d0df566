"""learn2learn's TaskDataset, by its documented pipeline, on a data set in memory; one step is 32 tasks.

``--fused`` takes FusedNWaysKShots, as its own Omniglot benchmark does, for NWays and KShots. Its tasks are 5 classes of
16 instances, which a user still has to split into support and query and to stack; that is not counted.

Source: https://github.com/learnables/learn2learn, learn2learn/vision/benchmarks/omniglot_benchmark.py.
"""

import importlib
import sys

import numpy as np
from torch.utils.data import TensorDataset

from benchmarks.contestants.learn2learn import without_its_front_door
from benchmarks.contestants.protocol import Problem, serve
from benchmarks.contestants.torch_parts import finish, prepare, tensor


class EpisodesOfLearn2learn:
    """5-way tasks of 16 instances of each class, by ``TaskDataset.sample``."""

    def __init__(self, problem: Problem) -> None:
        """Put the characters, as the floats it would decode them to, on the device, and list what is where."""
        prepare(problem)
        without_its_front_door()
        data = importlib.import_module("learn2learn.data")
        self.problem = problem
        images = tensor(problem.support_x, problem).float() / 255
        labels = problem.support_y.tolist()
        members: dict[int, list[int]] = {}
        for i, label in enumerate(labels):
            members.setdefault(label, []).append(i)
        dataset = data.MetaDataset(
            TensorDataset(images, tensor(problem.support_y, problem)),
            labels_to_indices=members,
            indices_to_labels=dict(enumerate(labels)),
        )
        t = data.transforms
        chosen = (
            [t.FusedNWaysKShots(dataset, n=5, k=16)]
            if "--fused" in sys.argv
            else [t.NWays(dataset, n=5), t.KShots(dataset, k=16)]
        )
        steps = [*chosen, t.LoadData(dataset), t.RemapLabels(dataset), t.ConsecutiveLabels(dataset)]
        self.tasks = data.TaskDataset(dataset, task_transforms=steps)

    def gradient(self) -> dict[str, np.ndarray]:
        """Return nothing: nothing is learned here."""
        return {}

    def step(self) -> None:
        """Draw 32 tasks."""
        for _ in range(32):
            self.tasks.sample()
        finish(self.problem)


if __name__ == "__main__":
    serve(EpisodesOfLearn2learn, ("learn2learn", "torch", "numpy"))
