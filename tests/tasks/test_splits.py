from collections import Counter

import pytest
import torch

from metakit.tasks.characters import Characters
from metakit.tasks.omniglot import omniglot
from metakit.tasks.splits import Split, official_split, random_split


@pytest.fixture(scope="module")
def characters() -> Characters:
    """As many characters in as many alphabets as Omniglot has, all drawn differently, none like another when turned."""
    alphabet = torch.cat([torch.arange(964) % 30, 30 + torch.arange(659) % 20]).sort().values
    images = torch.zeros(1623, 2, 28, 28, dtype=torch.uint8)
    digits = torch.arange(1623)[:, None] // 4 ** torch.arange(6) % 4
    images[:, :, 0, :6] = 1 + digits[:, None].to(torch.uint8)
    names = tuple(f"A{a:02}/character{i:04}" for i, a in enumerate(alphabet.tolist()))
    return Characters(images, alphabet, tuple(f"A{a:02}" for a in range(50)), names, "test", "")


def drawings_of(characters: Characters) -> list[bytes]:
    """Return each character's first drawing, the same whichever way it is turned."""
    turned = [characters.images[:, 0].rot90(k, (-2, -1)).numpy() for k in range(4)]
    return [min(image.tobytes() for image in images) for images in zip(*turned, strict=True)]


def check_parts(split: Split, characters: Characters, turns: int) -> None:
    """Each character is in one part, in each of its turns once; each class still has its own alphabet and name."""
    parts = [drawings_of(part) for part in split]
    assert Counter(drawing for part in parts for drawing in part) == Counter(drawings_of(characters) * turns)
    assert not set(parts[0]) & set(parts[1])
    assert not set(parts[0]) & set(parts[2])
    assert not set(parts[1]) & set(parts[2])
    name_of = dict(zip(drawings_of(characters), characters.names, strict=True))
    for part, drawings in zip(split, parts, strict=True):
        assert [name.split("/rot")[0] for name in part.names] == [name_of[drawing] for drawing in drawings]
        assert [part.alphabets[a] for a in part.alphabet] == [name.split("/")[0] for name in part.names]
        assert len({image.numpy().tobytes() for image in part.images[:, 0]}) == len(part)


@pytest.mark.parametrize("rotations", [False, True])
@pytest.mark.parametrize("split_of", [official_split, random_split])
def test_no_character_is_in_two_parts_not_even_turned(characters, split_of, rotations):
    check_parts(split_of(characters, rotations=rotations), characters, 4 if rotations else 1)


@pytest.mark.parametrize(("rotations", "turns"), [(False, 1), (True, 4)])
def test_the_official_split_is_964_and_659(characters, rotations, turns):
    split = official_split(characters, rotations=rotations)
    assert len(split.train) + len(split.validation) == 964 * turns
    assert len(split.test) == 659 * turns


@pytest.mark.parametrize(("rotations", "turns"), [(False, 1), (True, 4)])
def test_the_literatures_split_is_1200_and_423(characters, rotations, turns):
    split = random_split(characters, rotations=rotations)
    assert [len(part) for part in split] == [1028 * turns, 172 * turns, 423 * turns]


def test_the_official_split_goes_by_whole_alphabets(characters):
    split = official_split(characters)
    assert split.train.alphabet.unique().tolist() == list(range(25))
    assert split.validation.alphabet.unique().tolist() == list(range(25, 30))
    assert split.test.alphabet.unique().tolist() == list(range(30, 50))
    assert official_split(characters, n_validation=2).validation.alphabet.unique().tolist() == [28, 29]


def test_the_random_split_mixes_alphabets(characters):
    split = random_split(characters)
    assert len(split.train.alphabet.unique()) == len(split.test.alphabet.unique()) == 50


def test_the_seed_decides_the_random_split_and_nothing_else_does(characters):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = random_split(characters, seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert [part.names for part in random_split(characters, seed=3)] == [part.names for part in first]
    assert random_split(characters, seed=4).test.names != first.test.names


@pytest.mark.parametrize("split_of", [official_split, random_split])
def test_without_validation_the_test_is_the_same_and_the_rest_is_for_training(characters, split_of):
    split, without = split_of(characters), split_of(characters, n_validation=0)
    assert without.test.names == split.test.names
    assert sorted(without.train.names) == sorted(split.train.names + split.validation.names)
    assert len(without.validation) == 0


def test_another_source_is_split_in_the_same_shares(characters):
    few = characters.select(torch.arange(0, 1623, 3))
    assert [len(part) for part in random_split(few, n_validation=0)] == [400, 0, 141]


@pytest.mark.parametrize("split_of", [official_split, random_split])
def test_characters_that_are_turned_already_are_refused(characters, split_of):
    with pytest.raises(ValueError, match=r"rotated already.*split first, with rotations=True"):
        split_of(characters.with_rotations())


@pytest.mark.parametrize(
    ("split_of", "n", "message"),
    [
        (official_split, 30, "from 0 to 29, as it is taken from 30 alphabets"),
        (random_split, 1200, "from 0 to 1199, as it is taken from 1200 characters"),
        (random_split, -1, "it is -1"),
    ],
)
def test_a_validation_that_leaves_nothing_to_train_on_is_refused(characters, split_of, n, message):
    with pytest.raises(ValueError, match=message):
        split_of(characters, n_validation=n)


def test_the_official_split_of_the_real_data_is_theirs(real_omniglot):
    split = official_split(omniglot())
    assert [len(part) for part in split] == [813, 151, 659]
    assert {split.validation.alphabets[a] for a in split.validation.alphabet} == {
        "Sanskrit",
        "Syriac_(Estrangelo)",
        "Tagalog",
        "Tifinagh",
        "Ojibwe_(Canadian_Aboriginal_Syllabics)",
    }
    assert "Greek/character01" in split.train.names
    assert "Tengwar/character01" in split.test.names
