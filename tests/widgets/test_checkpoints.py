"""The starts that are shipped: each still reaches its stored number, and one command makes them again."""

import itertools
import os

import pytest
import torch
from typer.testing import CliRunner

from metakit.__main__ import app
from metakit.checkpoints import KINDS, NAMES, header, making, starts
from metakit.checkpoints.kinds import OMNIGLOT, SINUSOID, judged_on
from metakit.checkpoints.making import judge, make
from metakit.checkpoints.training import omniglot_trainings, sinusoid_trainings
from metakit.recipes import RecipeError
from metakit.tasks.characters import Characters

NEAR = {"sinusoid": 0.02, "omniglot": 0.005}
"""How far a stored number may be from one that is found again, on another machine say."""


def results(kind):
    return header(kind.name)["results"]


@pytest.mark.parametrize("name", NAMES)
def test_each_start_for_curves_still_gives_its_stored_errors(name):
    found = judge(SINUSOID, name, starts("sinusoid")[name], judged_on(SINUSOID), steps=(1, 3))
    for steps, (mean, half) in found.items():
        assert (mean, half) == pytest.approx(results(SINUSOID)[name][steps], abs=NEAR["sinusoid"]), steps


@pytest.mark.slow
@pytest.mark.skipif("METAKIT_OMNIGLOT" not in os.environ, reason="METAKIT_OMNIGLOT names no folder with Omniglot")
@pytest.mark.parametrize("name", NAMES)
def test_each_start_for_characters_still_gives_its_stored_accuracy(name):
    found = judge(OMNIGLOT, name, starts("omniglot")[name], judged_on(OMNIGLOT), steps=(1,))
    assert found["1"] == pytest.approx(results(OMNIGLOT)[name]["1"], abs=NEAR["omniglot"])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_stored_numbers_are_so_far_apart_that_a_wrong_start_would_show(kind):
    after_one = {name: mean for name, by_step in results(kind).items() for mean, _ in [by_step["1"]]}
    for (_, a), (_, b) in itertools.combinations(after_one.items(), 2):
        assert abs(a - b) > 3 * NEAR[kind.name]


def test_after_one_step_maml_s_start_is_far_better_than_the_pre_trained_one():
    curves, characters = results(SINUSOID), results(OMNIGLOT)
    assert sum(curves["MAML"]["1"]) < 0.5 * (curves["pre-training"]["1"][0] - curves["pre-training"]["1"][1])
    assert characters["MAML"]["1"][0] > characters["pre-training"]["1"][0] + 0.05
    assert characters["MAML"]["0"][0] == pytest.approx(0.2, abs=0.03)  # no start knows labels that are drawn at random


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_checkpoint_says_how_it_was_made(kind):
    made = header(kind.name)
    assert made["command"].startswith(f"python -m metakit starts {kind.name} --iterations ")
    assert made["data"] == {"sinusoid": "formula", "omniglot": "omniglot"}[kind.name]
    assert list(made["trained"]) == list(made["results"]) == list(NAMES)
    assert {"python", "torch"} <= set(made["versions"])
    assert all(kind.takes(phi) for phi in starts(kind.name).values())


def test_what_is_told_of_the_training_is_what_the_code_does():
    assert {n: t.told for n, t in sinusoid_trainings(0).items()}.items() <= header("sinusoid")["trained"].items()


def test_a_kind_without_starts_is_refused():
    with pytest.raises(RecipeError, match="sinusoid and omniglot"):
        starts("faces")
    told = CliRunner().invoke(app, ["starts", "faces"])
    assert told.exit_code == 2
    assert "there are none for 'faces'" in told.output


def test_the_command_makes_a_checkpoint_that_can_be_read(tmp_path, monkeypatch):
    monkeypatch.setitem(making.JUDGED, "sinusoid", 20)
    told = CliRunner().invoke(app, ["starts", "sinusoid", "--iterations", "2", "--seed", "3", "--out", str(tmp_path)])
    assert told.exit_code == 0, told.output
    assert "pre-training" in told.output
    made = starts("sinusoid", tmp_path)
    assert header("sinusoid", tmp_path)["command"] == "python -m metakit starts sinusoid --iterations 2 --seed 3"
    first = SINUSOID.model.init(3)
    assert all(torch.equal(made["random start"][name], first[name]) for name in first)
    assert not torch.equal(made["MAML"]["head.weight"], first["head.weight"])
    again = sinusoid_trainings(3)["MAML"].run(2)
    assert all(torch.equal(made["MAML"][name], again[name]) for name in again)


def test_all_starts_for_curves_see_the_same_points():
    seen = {name: next(iter(training.batches(1))) for name, training in sinusoid_trainings(0).items()}
    support, query = seen["MAML"]
    assert support.x.shape == query.x.shape == (25, 10, 1)
    for name in ("FOMAML", "ANIL"):
        assert torch.equal(seen[name].support.x, support.x)
        assert torch.equal(seen[name].query.y, query.y)
    everything = torch.cat([support.x, query.x], dim=1)
    assert torch.equal(seen["Reptile"].support.x, everything)
    assert torch.equal(seen["pre-training"].query.x, everything)


def test_pre_training_on_characters_ends_with_an_empty_head():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (100, 20, 28, 28), generator=generator, dtype=torch.uint8)
    alphabet = torch.arange(100) // 2
    names = tuple(f"{a}/{i}" for i, a in enumerate(alphabet.tolist()))
    noise = Characters(images, alphabet, tuple(map(str, range(50))), names, "noise", "")
    training = omniglot_trainings(0, noise)["pre-training"]
    assert "50 characters told apart" in training.told  # 25 alphabets of 2
    made = training.run(1)
    assert OMNIGLOT.takes(made)
    assert not made["head.weight"].any()
    assert not torch.equal(made["block1.conv.weight"], training.start["block1.conv.weight"])


def test_making_starts_for_characters_needs_the_real_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("METAKIT_OMNIGLOT", str(tmp_path))
    monkeypatch.setenv("METAKIT_CACHE", str(tmp_path))
    told = CliRunner().invoke(app, ["starts", "omniglot", "--out", str(tmp_path)])
    assert told.exit_code == 1
    assert not (tmp_path / "omniglot").exists()


def test_making_refuses_a_kind_that_there_is_not(tmp_path):
    with pytest.raises(RecipeError, match="faces"):
        make("faces", tmp_path)
