import json

import pytest

from metakit.recipes import build
from metakit.recipes.checkpoint import Checkpoint, save
from metakit.recipes.table import METHODS, SECONDS, SETTINGS, Cell, cells, markdown, seconds, timed


def finished(folder, mean, half_width):
    folder.mkdir()
    results = [
        {"queries": "together", "mean": mean, "half_width": half_width},
        {"queries": "one at a time", "mean": mean - 0.1, "half_width": half_width},
    ]
    save(folder, Checkpoint({}, {"results": results}))
    return folder


def row(cell):
    header, _, line = markdown([cell]).splitlines()
    return dict(zip(*([column.strip() for column in text.split("|")][1:-1] for text in (header, line)), strict=True))


def test_all_methods_are_trained_in_all_settings_with_each_seed_in_folders_of_their_own(tmp_path):
    table = cells(tmp_path, 3, n_iterations=7)
    assert len(table) == len(METHODS) * len(SETTINGS) == 20
    recipes = [recipe for cell in table for recipe in cell.recipes]
    options = [recipe.options for recipe in recipes]
    which = {(recipe.name, o["n_way"], o["k_shot"], o["seed"]) for recipe, o in zip(recipes, options, strict=True)}
    assert which == {(method, *setting, seed) for method in METHODS for setting in SETTINGS for seed in range(3)}
    assert {recipe.n_iterations for recipe in recipes} == {7}
    assert len({folder for cell in table for folder in cell.folders}) == 60
    assert table[0].folders[2] == tmp_path / "maml_omniglot-5way-1shot-seed2"


def test_some_of_the_settings_may_be_asked_for(tmp_path):
    assert [cell.folders[0].name for cell in cells(tmp_path, 1, ("anil_omniglot",), n_way=20)] == [
        "anil_omniglot-20way-1shot-seed0",
        "anil_omniglot-20way-5shot-seed0",
    ]
    (only,) = cells(tmp_path, 1, ("anil_omniglot",), n_way=5, k_shot=5)
    assert (only.recipes[0].options["n_way"], only.recipes[0].options["k_shot"]) == (5, 5)


def test_a_row_has_the_mean_over_seeds_its_interval_over_tasks_the_extremes_and_the_time(tmp_path):
    folders = [finished(tmp_path / str(seed), mean, 0.003) for seed, mean in enumerate([0.96, 0.99, 0.975])]
    for folder, took in zip(folders, [60, 120, 240], strict=True):
        (folder / SECONDS).write_text(json.dumps(took))
    shown = row(Cell([build("maml_omniglot", seed=seed) for seed in range(3)], folders))
    assert shown == {
        "recipe": "maml_omniglot",
        "setting": "5-way 1-shot",
        "published": "98.70 %",
        "queries together": "97.50 % ± 0.17 %",  # 0.3 / sqrt(3)
        "one query at a time": "87.50 % ± 0.17 %",
        "seeds, together": "3: 96.00 % to 99.00 %",
        "minutes a seed": "2.3",
    }


def test_only_finished_runs_count(tmp_path):
    begun = tmp_path / "begun"
    begun.mkdir()
    save(begun, Checkpoint({}, {"results": []}))
    recipes = [build("anil_omniglot", seed=seed) for seed in range(3)]
    shown = row(Cell(recipes, [begun, finished(tmp_path / "1", 0.9, 0.01), tmp_path / "2"]))
    assert (shown["published"], shown["seeds, together"]) == ("none", "1: 90.00 % to 90.00 %")
    shown = row(Cell(recipes, [begun, tmp_path / "2", tmp_path / "3"]))
    assert (shown["queries together"], shown["seeds, together"]) == ("", "not run")


def test_the_time_of_a_run_adds_up_over_stops_and_errors(tmp_path):
    ticks = iter([10.0, 13.5, 20.0, 21.0])

    def stop():
        with timed(tmp_path, lambda: next(ticks)):
            raise KeyboardInterrupt

    assert seconds(tmp_path) == 0
    with pytest.raises(KeyboardInterrupt):
        stop()
    with timed(tmp_path, lambda: next(ticks)):
        pass
    assert seconds(tmp_path) == 4.5


def test_a_run_that_made_no_folder_has_no_time(tmp_path):
    with timed(tmp_path / "nowhere"):
        pass
    assert not (tmp_path / "nowhere").exists()
