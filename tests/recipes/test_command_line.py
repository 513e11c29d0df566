"""Each test runs ``python -m metakit`` as a person would, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from metakit.recipes.checkpoint import CHECKPOINT, JSON, load, save

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """One thread, a cache of its own, and no Omniglot."""
    cache = tmp_path_factory.mktemp("cache")
    (cache / "omniglot-tried").touch()
    kept = {name: value for name, value in os.environ.items() if name != "METAKIT_OMNIGLOT"}
    return kept | {"OMP_NUM_THREADS": "1", "METAKIT_CACHE": str(cache)}


@pytest.fixture(scope="module")
def metakit(environment):
    def run(*arguments):
        command = [sys.executable, "-W", "error", "-m", "metakit", *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)

    return run


@pytest.fixture(scope="module")
def trained(metakit, tmp_path_factory):
    """The folder of a finished run on sine curves, and what was printed."""
    folder = tmp_path_factory.mktemp("runs") / "sinusoid"
    return folder, metakit("train", "maml_sinusoid", "--iterations", 20, "--test-tasks", 50, "--out", folder)


def error_of(done, code=2):
    """The one sentence that was printed, after checking that it is one and no traceback."""
    assert done.returncode == code, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    return lines[0]


def test_recipes_lists_all_with_numbers_and_sources(metakit):
    done = metakit("recipes")
    assert done.returncode == 0, done.stderr
    for words in (
        "maml_sinusoid(",
        "maml_omniglot(",
        "98.70 % ± 0.40 %",
        "protonet_omniglot(",
        "98.80 %",
        "1703.05175",
    ):
        assert words in done.stdout


def test_train_prints_validation_and_test_with_intervals_and_writes_both_files(trained):
    folder, done = trained
    assert done.returncode == 0, done.stderr
    assert "     20  loss " in done.stdout
    assert "validation mean squared error" in done.stdout
    header = json.loads((folder / JSON).read_text())
    (result,) = header["results"]
    assert result["n_tasks"] == 50
    assert f"mean squared error {result['mean']:.4f} ± {result['half_width']:.4f} (95 %)" in done.stdout
    assert load(folder).header == header


def test_a_finished_run_says_so_and_repeats_its_numbers(trained, metakit):
    folder, done = trained
    again = metakit("train", "maml_sinusoid", "--iterations", 20, "--test-tasks", 50, "--out", folder)
    assert again.returncode == 0, again.stderr
    assert "finished: 20 iterations" in again.stdout
    assert again.stdout.splitlines()[-3:] == done.stdout.splitlines()[-3:]
    assert "validation" not in again.stdout


def test_evaluate_takes_more_tasks_and_more_steps(trained, metakit):
    folder, _ = trained
    done = metakit("evaluate", folder / CHECKPOINT, "--tasks", 100, "--steps", 7)
    assert done.returncode == 0, done.stderr
    assert "100 test tasks" in done.stdout
    assert "7 inner steps" in done.stdout


def test_another_configuration_in_the_same_folder_is_refused(trained, metakit):
    folder, _ = trained
    done = metakit("train", "maml_sinusoid", "--iterations", 30, "--out", folder)
    assert "n_iterations is 20 there and 30 here" in error_of(done)


def test_a_checkpoint_that_is_missing_or_truncated_or_of_another_network_is_told(trained, metakit, tmp_path):
    assert "there is no checkpoint at" in error_of(metakit("evaluate", tmp_path / "nowhere"))
    whole = load(trained[0])
    content = (trained[0] / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(content[: len(content) // 2])
    assert "is truncated" in error_of(metakit("evaluate", tmp_path))
    assert "is truncated" in error_of(metakit("train", "maml_sinusoid", "--iterations", 20, "--out", tmp_path))
    configuration = whole.header["configuration"] | {"recipe": "maml_omniglot", "options": {}, "data": "glyphs"}
    save(tmp_path, whole._replace(header=whole.header | {"configuration": configuration}))
    assert "is of another network: best/block1" in error_of(metakit("evaluate", tmp_path))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["maml_omniglott"], "Did you mean maml_omniglot?"),
        (["maml_sinusoid", "--iterations", -5], "n_iterations must be above 0, but is -5"),
        (["maml_sinusoid", "--n-way", 5], "maml_sinusoid has no option n_way"),
        (["maml_sinusoid", "--device", "gpu"], "--device must be auto, cpu or cuda"),
        (["maml_sinusoid", "--precision", "fp16"], "must be one of float32, tf32, bf16, got 'fp16'"),
        (["maml_sinusoid", "--device", "cpu", "--precision", "tf32"], "tf32 is a mode of NVIDIA GPUs"),
        (["maml_omniglot", "--data", "imagenet"], "--data must be one of auto, omniglot, glyphs"),
        (["maml_omniglot", "--data", "glyphs", "--n-way", 5000], "a 5000-way task needs 5000 classes"),
    ],
)
def test_a_bad_argument_is_answered_in_one_sentence(metakit, tmp_path, arguments, sentence):
    assert sentence in error_of(metakit("train", *arguments, "--out", tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made_is_told(metakit, tmp_path):
    (tmp_path / "file").touch()
    done = metakit("train", "maml_sinusoid", "--out", tmp_path / "file" / "run")
    assert "cannot read or write" in error_of(done, code=1)


def test_without_omniglot_auto_gives_glyphs_and_omniglot_an_error(metakit):
    done = metakit("data")
    assert done.returncode == 0, done.stderr
    assert "Glyphs are there" in done.stdout
    assert "--source omniglot" in done.stdout
    refused = metakit("train", "maml_omniglot", "--data", "omniglot")
    assert "images_background.zip is missing" in error_of(refused, code=1)


@pytest.mark.parametrize(
    ("recipe", "sizes"),
    [
        ("maml_omniglot", ["--n-tasks", 2]),
        ("maml_plus_plus_omniglot", ["--n-tasks", 1, "--n-way", 3]),
        ("protonet_omniglot", ["--n-way", 3, "--k-shot", 2]),
    ],
)
def test_an_omniglot_recipe_runs_on_glyphs_and_is_tested_both_ways(metakit, tmp_path, recipe, sizes):
    done = metakit("train", recipe, "--iterations", 2, "--test-tasks", 3, "--data", "auto", "--out", tmp_path, *sizes)
    assert done.returncode == 0, done.stderr
    results = load(tmp_path).header["results"]
    assert [result["queries"] for result in results] == ["together", "one at a time"]
    assert all(0.1 < result["mean"] <= 1 and result["data"] == "glyphs" for result in results)
    assert len(results[0]["digest"]) == 64
    alone = metakit("evaluate", tmp_path, "--tasks", 3, "--one-query-at-a-time")
    if recipe == "maml_plus_plus_omniglot":
        refused = metakit("evaluate", tmp_path, "--tasks", 3, "--steps", 3)
        assert "has learned something for each of its 5 steps; leave --steps out" in error_of(refused)
    assert f"accuracy {100 * results[1]['mean']:.2f} %" in alone.stdout, alone.stderr


def test_the_table_is_trained_where_it_is_not_finished_and_shown_beside_the_papers(metakit, tmp_path):
    sizes = ["--n-way", 5, "--k-shot", 1, "--seeds", 1, "--iterations", 1, "--n-tasks", 1, "--test-tasks", 2]
    table = ["table", "--method", "fomaml_omniglot", "--method", "anil_omniglot", *sizes, "--out", tmp_path]
    nothing = metakit(*table, "--show")
    assert nothing.returncode == 0, nothing.stderr
    assert nothing.stdout.count("| not run |") == 2
    done = metakit(*table, "--data", "glyphs")
    assert done.returncode == 0, done.stderr
    assert "| fomaml_omniglot | 5-way 1-shot | 98.30 % |" in done.stdout
    assert "not run" not in done.stdout
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["anil_omniglot-5way-1shot-seed0", "fomaml_omniglot-5way-1shot-seed0"]
    shown = metakit(*table, "--show")
    assert shown.stdout == done.stdout[done.stdout.index("| recipe |") :]
    assert "--method must be one of maml_omniglot" in error_of(metakit("table", "--method", "reptile"))


def progress(folder: Path) -> int:
    try:
        return json.loads((folder / JSON).read_text())["iteration"]
    except FileNotFoundError:
        return 0


def test_a_run_that_was_killed_and_interrupted_ends_with_the_bits_of_one_that_was_not(environment, metakit, tmp_path):
    command = ["train", "maml_sinusoid", "--iterations", "400", "--save-every", "0", "--test-tasks", "50", "--out"]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for sent, code in [(signal.SIGKILL, -9), (signal.SIGINT, 130)]:
        start = progress(killed)
        process = subprocess.Popen(
            [sys.executable, "-m", "metakit", *command, killed], env=environment, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 120
        while progress(killed) < start + 20:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(sent)
        said = process.communicate()[1]
        assert process.returncode == code, said
        assert progress(killed) < 400
    assert "the same command goes on from the last checkpoint" in said
    for folder in (killed, whole):
        done = metakit(*command, folder)
        assert done.returncode == 0, done.stderr
    expected, came = load(whole), load(killed)
    assert came.header == expected.header
    assert all(expected.tensors[name].equal(came.tensors[name]) for name in expected.tensors)
