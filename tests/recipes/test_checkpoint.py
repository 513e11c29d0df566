import json

import pytest
import safetensors.torch
import torch

from metakit.optimizers import Adam
from metakit.recipes.checkpoint import CHECKPOINT, JSON, Checkpoint, CheckpointError, flatten, load, save, unflatten

PHI = {"layer1": {"weight": torch.randn(3, 2), "bias": torch.zeros(3)}, "scale": torch.tensor(2.0)}
HEADER = {"iteration": 3, "losses": [0.1, 1 / 3], "history": [], "configuration": {"recipe": "r"}}


@pytest.fixture
def folder(tmp_path):
    save(tmp_path, Checkpoint(flatten("phi", PHI) | flatten("best", PHI), HEADER))
    return tmp_path


def test_what_is_loaded_is_what_was_saved_to_the_last_bit(folder):
    tensors, header = load(folder)
    assert header == HEADER
    phi = unflatten("phi", tensors, PHI)
    assert phi["layer1"]["weight"].equal(PHI["layer1"]["weight"])
    assert phi["scale"].equal(PHI["scale"])


def test_an_optimizers_state_comes_back_as_the_tuple_that_it_was(tmp_path):
    _, state = Adam(0.1).update(PHI, PHI, Adam(0.1).init(PHI))
    save(tmp_path, Checkpoint(flatten("optimizer", state), {}))
    back = unflatten("optimizer", load(tmp_path).tensors, Adam(0.1).init(PHI))
    assert type(back) is type(state)
    assert back.step == 1
    assert back.square["layer1"]["weight"].equal(state.square["layer1"]["weight"])


def test_the_json_beside_it_says_what_the_header_says(folder):
    assert json.loads((folder / JSON).read_text()) == HEADER


def test_the_file_itself_may_be_named_as_well_as_its_folder(folder):
    assert load(folder / CHECKPOINT).header == HEADER


def test_a_checkpoint_replaces_its_predecessor_whatever_a_kill_left_behind(folder):
    (folder / f".{CHECKPOINT}.partial").write_bytes(b"half of a checkpo")
    save(folder, Checkpoint(flatten("phi", PHI), HEADER | {"iteration": 4}))
    assert load(folder).header["iteration"] == 4
    assert sorted(path.name for path in folder.iterdir()) == sorted([CHECKPOINT, JSON])


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=f"no checkpoint at .*{CHECKPOINT}"):
        load(tmp_path)


@pytest.mark.parametrize("size", [0, 5, 100, -1])
def test_a_truncated_checkpoint_is_told(folder, size):
    content = (folder / CHECKPOINT).read_bytes()
    (folder / CHECKPOINT).write_bytes(content[:size])
    with pytest.raises(CheckpointError, match="is truncated or no safetensors file"):
        load(folder)


def test_a_single_wrong_bit_in_a_weight_is_told(folder):
    content = bytearray((folder / CHECKPOINT).read_bytes())
    content[-1] ^= 1
    (folder / CHECKPOINT).write_bytes(content)
    with pytest.raises(CheckpointError, match="is corrupt"):
        load(folder)


def test_a_changed_header_is_told(folder):
    content = (folder / CHECKPOINT).read_bytes()
    assert content.count(b'\\"iteration\\": 3') == 1
    (folder / CHECKPOINT).write_bytes(content.replace(b'\\"iteration\\": 3', b'\\"iteration\\": 9'))
    with pytest.raises(CheckpointError, match="is corrupt"):
        load(folder)


def test_a_safetensors_file_of_another_maker_is_told(tmp_path):
    safetensors.torch.save_file({"weight": torch.ones(2)}, tmp_path / CHECKPOINT)
    with pytest.raises(CheckpointError, match="was not written by metakit"):
        load(tmp_path)


def test_another_shape_is_told_by_name(folder):
    other = PHI | {"layer1": {"weight": torch.zeros(4, 2), "bias": torch.zeros(3)}}
    with pytest.raises(CheckpointError, match=r"another network: phi/layer1.weight should be \(4, 2\).*is \(3, 2\)"):
        unflatten("phi", load(folder).tensors, other)


def test_another_dtype_is_told_by_name(folder):
    with pytest.raises(CheckpointError, match=r"phi/scale should be .*float64 but is .*float32"):
        unflatten("phi", load(folder).tensors, PHI | {"scale": torch.tensor(2.0, dtype=torch.float64)})


@pytest.mark.parametrize("like", [PHI | {"extra": torch.ones(1)}, {"layer1": PHI["layer1"]}])
def test_missing_and_extra_names_are_told(folder, like):
    with pytest.raises(CheckpointError, match=r"another network: phi/(extra|scale) .*absent"):
        unflatten("phi", load(folder).tensors, like)
