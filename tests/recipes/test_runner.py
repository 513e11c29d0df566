import json
from dataclasses import replace

import pytest
import torch

from metakit.optimizers import SGD, Adam
from metakit.recipes import build
from metakit.recipes.checkpoint import JSON, CheckpointError, load
from metakit.recipes.run import TrainingError
from metakit.recipes.runner import READ_EVERY, train
from metakit.recipes.score import generator, score, validate

RECIPE = replace(build("maml_sinusoid", n_tasks=4, n_iterations=40), validate_every=10)
SPLITS = RECIPE.splits("formula", "cpu")


class Stopped(Exception):
    pass


def stop_at(iteration):
    def watch(moment):
        if moment.iteration == iteration:
            raise Stopped

    return watch


def run(folder, recipe=RECIPE, **options):
    return train(recipe, SPLITS, folder, n_test=20, **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, run(folder)


@pytest.mark.parametrize("stops", [(17,), (1, 10, 39, 40)])
@pytest.mark.parametrize("save_every", [0.0, 1e9])
def test_a_run_that_was_stopped_ends_with_the_bits_of_one_that_was_not(whole, tmp_path, stops, save_every):
    for iteration in stops:
        with pytest.raises(Stopped):
            run(tmp_path, watch=stop_at(iteration), save_every=save_every)
    header = run(tmp_path, save_every=save_every)
    assert header == whole[1]
    expected, came = load(whole[0]).tensors, load(tmp_path).tensors
    assert expected.keys() == came.keys()
    assert all(expected[name].equal(came[name]) for name in expected)


def test_saving_each_step_loses_none(tmp_path):
    with pytest.raises(Stopped):
        run(tmp_path, watch=stop_at(17), save_every=0)
    assert load(tmp_path).header["iteration"] == 17
    seen = []
    run(tmp_path, watch=lambda moment: seen.append(moment.iteration))
    assert seen == list(range(18, 41))


@pytest.mark.parametrize("every", [7, 1000])
def test_losses_that_are_read_now_and_then_are_those_that_are_read_at_once(whole, tmp_path, monkeypatch, every):
    monkeypatch.setitem(READ_EVERY, "cpu", every)  # as on a GPU
    seen = []
    header = run(tmp_path, watch=lambda moment: seen.append(moment.iteration), save_every=1e9)
    assert header == whole[1]
    assert seen == ([7, 10, 17, 20, 27, 30, 37, 40] if every == 7 else [10, 20, 30, 40])
    expected, came = load(whole[0]).tensors, load(tmp_path).tensors
    assert all(expected[name].equal(came[name]) for name in expected)


def test_the_step_that_diverged_is_named_though_it_is_noticed_later(tmp_path, monkeypatch):
    recipe, folders = replace(RECIPE, optimizer=SGD(1e12)), [tmp_path / "now", tmp_path / "later"]
    sentences = []
    for folder, every in zip(folders, [1, 8], strict=True):
        monkeypatch.setitem(READ_EVERY, "cpu", every)
        with pytest.raises(TrainingError) as caught:
            run(folder, recipe, save_every=1e9)
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1]
    assert load(folders[1]).header["iteration"] == 0


def test_another_precision_is_another_configuration_and_another_run(whole, tmp_path):
    with pytest.raises(CheckpointError, match="precision is float32 there and bf16 here"):
        run(whole[0], precision="bf16")
    header = run(tmp_path, precision="bf16")
    assert header["configuration"]["precision"] == "bf16"
    expected, came = load(whole[0]).tensors, load(tmp_path).tensors
    assert 0 < (expected["phi/head.weight"] - came["phi/head.weight"]).abs().max() < 0.02
    assert all(tensor.dtype == torch.float32 for name, tensor in came.items() if name != "generator")


def test_training_lowers_the_error_and_what_happened_is_written_down(whole):
    folder, header = whole
    history = header["history"]
    assert [h["iteration"] for h in history] == [10, 20, 30, 40]
    assert history[-1]["validation"] < history[0]["validation"]
    assert header["configuration"]["options"]["n_tasks"] == 4
    assert header["versions"]["torch"] == torch.__version__
    assert json.loads((folder / JSON).read_text()) == header


def test_the_loss_in_the_history_is_the_mean_since_the_last_validation(tmp_path):
    losses = []
    header = run(tmp_path, watch=lambda moment: losses.append(moment.loss))
    assert [h["loss"] for h in header["history"]] == pytest.approx(
        [sum(losses[i : i + 10]) / 10 for i in (0, 10, 20, 30)]
    )


def test_the_best_validated_phi_is_kept_and_tested(tmp_path):
    # A rate that is far too large at the end: the last phi is worse than an earlier one.
    recipe = replace(RECIPE, optimizer=Adam(lambda step: 0.01 if step < 25 else 3.0))
    header = run(tmp_path, recipe)
    history = header["history"]
    best = min(history, key=lambda h: h["validation"])
    assert best is not history[-1]
    assert [h for h in history if h["best"]][-1] is best
    tensors = load(tmp_path).tensors
    start = recipe.learner.init(0)
    phi = {name: tensors[f"best/{name}"] for name in start}
    assert validate(recipe, phi, SPLITS, "cpu").mean == best["validation"]
    assert header["results"] == [score(recipe, phi, SPLITS, 20, "cpu")]


def test_where_higher_is_better_the_highest_is_best(tmp_path):
    recipe = replace(RECIPE, metric=RECIPE.metric._replace(higher_is_better=True))
    history = run(tmp_path, recipe)["history"]
    assert history[0]["validation"] == max(h["validation"] for h in history)
    assert [h["best"] for h in history] == [True, False, False, False]


def test_a_finished_run_takes_no_step_and_is_not_tested_again(whole, monkeypatch):
    folder, header = whole
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.safetensors")}
    monkeypatch.setattr("metakit.recipes.runner.score", None)
    assert run(folder, watch=stop_at(41)) == header
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.safetensors")} == before


def test_a_kill_between_the_two_files_is_mended_when_the_run_goes_on(whole):
    folder, header = whole
    (folder / JSON).write_text('{"iteration": 12}')
    run(folder)
    assert json.loads((folder / JSON).read_text()) == header


@pytest.mark.parametrize("change", [{"seed": 1}, {"n_iterations": 50}, {"k_shot": 5}])
def test_a_folder_with_another_configuration_is_left_alone(whole, change):
    folder, header = whole
    recipe = build("maml_sinusoid", **{**RECIPE.options, **change})
    (option,) = change
    with pytest.raises(CheckpointError, match=f"another run \\({option} is .* there and {change[option]} here\\)"):
        run(folder, recipe)
    assert load(folder).header == header


def test_other_data_are_another_configuration(whole):
    with pytest.raises(CheckpointError, match="digest is  there and abc here"):
        train(RECIPE, SPLITS._replace(digest="abc"), whole[0])


def test_another_seed_is_another_start_and_other_tasks(whole, tmp_path):
    other = replace(build("maml_sinusoid", n_tasks=4, n_iterations=10, seed=1), validate_every=10)
    run(tmp_path, other)
    first, second = load(whole[0]).tensors, load(tmp_path).tensors
    assert not first["generator"].equal(second["generator"])
    assert not first["phi/layer1.weight"].equal(second["phi/layer1.weight"])


def test_training_that_diverges_stops_and_keeps_the_last_good_checkpoint(tmp_path):
    recipe = replace(RECIPE, optimizer=SGD(1e12))
    with pytest.raises(TrainingError, match=r"at iteration .* diverged; .*lower rate"):
        run(tmp_path, recipe, save_every=0)
    assert all(tensor.isfinite().all() for tensor in load(tmp_path).tensors.values())


def test_training_validation_and_test_draw_different_tasks():
    draws = {p: torch.rand(3, generator=generator(RECIPE, "cpu", p)) for p in ("train", "validation", "test")}
    assert len({tuple(d.tolist()) for d in draws.values()}) == 3
