"""Several processes train as one: real ones, started by torchrun, that end in every way."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch

from metakit.distributed import ALONE, RankError, Ranks
from metakit.gradients import autodiff
from metakit.learner import meta_loss
from metakit.recipes import build
from metakit.recipes.checkpoint import JSON, load
from metakit.recipes.runner import train
from metakit.torchrun import device_of_rank, joined
from metakit.tree import tree_leaves, tree_map

N_ITERATIONS = 150
RECIPE = build("maml_sinusoid", n_tasks=5, n_iterations=N_ITERATIONS)
SPLITS = RECIPE.splits("formula", "cpu")
TRAIN = ["-m", "metakit", "train", "maml_sinusoid", "--n-tasks", 5, "--iterations", N_ITERATIONS, "--test-tasks", 20]


def torchrun(n, *arguments):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", n, "--standalone", *arguments]
    return subprocess.Popen(
        [str(word) for word in command],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What one process makes of the recipe."""
    folder = tmp_path_factory.mktemp("whole")
    train(RECIPE, SPLITS, folder, n_test=20)
    return load(folder)


def assert_same_run(came, expected):
    assert came.header["configuration"] == expected.header["configuration"]
    assert came.header["iteration"] == N_ITERATIONS
    assert came.tensors["generator"].equal(expected.tensors["generator"])
    start = RECIPE.learner.init(0)
    for name in start:
        came_from, should_be = came.tensors[f"phi/{name}"], expected.tensors[f"phi/{name}"]
        assert (came_from - should_be).norm() < 1e-3 * (should_be - start[name]).norm(), name


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_shares_are_all_tasks_once_and_as_even_as_can_be(world):
    shares = [Ranks(rank, world).share(5) for rank in range(world)]
    assert [task for share in shares for task in range(5)[share]] == list(range(5))
    sizes = {share.stop - share.start for share in shares}
    assert max(sizes) - min(sizes) <= 1


def test_the_mean_of_the_shares_weighted_by_their_sizes_is_the_gradient_of_all_tasks():
    value_and_grad = autodiff(meta_loss(RECIPE.learner, RECIPE.task_loss))
    phi = tree_map(torch.Tensor.double, RECIPE.learner.init(0))
    tasks = tree_map(torch.Tensor.double, SPLITS.train.sample(5, torch.Generator().manual_seed(0)))
    parts = []
    for rank in range(3):
        mine = Ranks(rank, 3).share(5)
        weight = (mine.stop - mine.start) / 5
        shared = value_and_grad(phi, tree_map(lambda leaf, mine=mine: leaf[mine], tasks))
        parts.append(tree_map(lambda leaf, weight=weight: weight * leaf, shared))
    total = tree_map(lambda *leaves: sum(leaves), *parts)
    for came, expected in zip(tree_leaves(total), tree_leaves(value_and_grad(phi, tasks)), strict=True):
        torch.testing.assert_close(came, expected, rtol=1e-10, atol=1e-12)


def test_more_processes_than_tasks_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(RankError, match=r"has 5 tasks for 6 processes.*start at most 5, or take --n-tasks 6"):
        train(RECIPE, SPLITS, tmp_path / "run", ranks=Ranks(0, 6))
    assert not (tmp_path / "run").exists()


def test_without_torchrun_a_process_is_alone():
    with joined("cpu") as ranks:
        assert ranks is ALONE
    assert ALONE.averaged(autodiff) is autodiff
    assert ALONE.first(lambda: 3) == 3


def test_each_process_of_a_machine_has_a_gpu_of_its_own(monkeypatch):
    assert device_of_rank("cuda") == "cuda"
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert device_of_rank("cpu") == "cpu"
    if torch.cuda.device_count() > 1:
        assert device_of_rank("cuda") == "cuda:1"
    else:
        with pytest.raises(RankError, match=r"no GPU for process 1 of this machine, which has \d; lower --nproc"):
            device_of_rank("cuda")


SCRIPT = """
import json, os, pathlib, sys, time
import torch
from metakit.distributed import RankError
from metakit.gradients import autodiff
from metakit.torchrun import joined

torch.set_num_threads(1)
said = {}

def error_of(function):
    try:
        function()
    except (RankError, ValueError) as error:
        return f"{type(error).__name__}: {error}"

def objective(phi, batch):
    return ((batch @ phi["w"]) ** 3).mean() + phi["b"].sum()

folder = pathlib.Path(sys.argv[1])
(folder / f"{os.environ['RANK']}.ready").touch()
while len(list(folder.glob("*.ready"))) < 3:
    time.sleep(0.01)
with joined("cpu", timeout=3) as ranks:
    generator = torch.Generator().manual_seed(0)
    phi = {"w": torch.randn(4, generator=generator).double(), "b": torch.zeros(2)}
    batch = torch.randn(5, 4, generator=generator).double()
    value, grads = ranks.averaged(autodiff)(objective)(phi, batch)
    right_value, right_grads = autodiff(objective)(phi, batch)
    said["value"] = (value - right_value).abs().item()
    said["grads"] = (grads["w"] - right_grads["w"]).abs().max().item()
    said["dtypes"] = [str(grads[name].dtype) for name in ("w", "b")]
    said["w"] = grads["w"].tolist()
    said["few"] = error_of(lambda: ranks.averaged(autodiff)(objective)(phi, batch[:2]))

    said["equal"] = error_of(lambda: ranks.check_equal(phi))
    phi["w"][3] += 1e-9 * (ranks.rank == 1)
    said["differs"] = error_of(lambda: ranks.check_equal(phi))
    swapped = torch.tensor([1.0, 2.0] if ranks.rank else [2.0, 1.0])
    said["swapped"] = error_of(lambda: ranks.check_equal(swapped))

    said["first"] = ranks.first(lambda: f"from {ranks.rank}")
    def refuse():
        raise ValueError(f"no, says {ranks.rank}")
    said["refused"] = error_of(lambda: ranks.first(refuse))

    start = time.monotonic()
    if ranks.rank == 2:
        time.sleep(5)
    said["hung"] = error_of(lambda: ranks.check_equal(phi))
    said["waited"] = time.monotonic() - start
    (folder / f"{ranks.rank}.json").write_text(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What each of three ranks saw."""
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "script.py").write_text(SCRIPT)
    process = torchrun(3, folder / "script.py", folder)
    out = process.communicate(timeout=120)
    assert process.returncode == 0, out
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(3)]


@pytest.mark.slow
def test_three_ranks_with_five_tasks_have_the_gradient_of_all_five(said):
    for one in said:
        assert one["value"] < 1e-12
        assert one["grads"] < 1e-12
        assert one["dtypes"] == ["torch.float64", "torch.float32"]
        assert one["w"] == said[0]["w"]
        assert "has 2 tasks for 3 processes" in one["few"]


@pytest.mark.slow
def test_a_phi_that_differs_in_one_bit_or_in_order_on_one_rank_is_told_to_all(said):
    for one in said:
        assert one["equal"] is None
        assert "RankError: phi is no longer the same on all processes" in one["differs"]
        assert "RankError: phi is no longer the same" in one["swapped"]


@pytest.mark.slow
def test_what_rank_0_finds_or_refuses_all_do(said):
    assert [one["first"] for one in said] == ["from 0"] * 3
    assert [one["refused"] for one in said] == ["ValueError: no, says 0"] * 3


@pytest.mark.slow
def test_a_rank_that_hangs_is_waited_for_no_longer_than_was_said(said):
    for one in said[:2]:
        assert re.search(r"RankError: process \d of 3 lost the others .* goes on from the last checkpoint", one["hung"])
        assert 2.5 < one["waited"] < 4.9


def rank_of(process, rank):
    for child in psutil.Process(process.pid).children(recursive=True):
        if child.environ().get("RANK") == str(rank):
            return child
    raise AssertionError(f"no rank {rank}")


def iteration_of(folder: Path) -> int:
    return json.loads((folder / JSON).read_text())["iteration"] if (folder / JSON).exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "rank"), [(signal.SIGKILL, 1), (signal.SIGKILL, 0), (signal.SIGTERM, 1)])
def test_a_rank_that_is_killed_ends_the_others_with_a_sentence_and_the_run_goes_on(whole, tmp_path, sent, rank):
    process = torchrun(2, *TRAIN, "--save-every", 0, "--out", tmp_path)
    deadline = time.monotonic() + 60
    while iteration_of(tmp_path) < 20:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    rank_of(process, rank).send_signal(sent)
    killed = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - killed < 30
    assert process.returncode != 0
    survivor = 1 - rank
    said = rf"error: process {survivor} of 2 (lost the others|was told to end).*it goes on from the last checkpoint"
    assert re.search(said, err), err
    assert 20 <= iteration_of(tmp_path) < N_ITERATIONS
    if sent == signal.SIGTERM:
        assert "error: process 1 of 2 was told to end" in err
        again = torchrun(2, *TRAIN, "--out", tmp_path)
        out = again.communicate(timeout=120)
        assert again.returncode == 0, out
        assert out[0].count("finished: ") == out[0].count("2 processes on cpu") == out[0].count("validation") == 1
    else:  # one process goes on where two were
        train(RECIPE, SPLITS, tmp_path, n_test=20)
    assert_same_run(load(tmp_path), whole)
