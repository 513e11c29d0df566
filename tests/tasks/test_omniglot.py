import hashlib
import time
import zipfile
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from metakit.tasks.area import area_average
from metakit.tasks.omniglot import DataUnavailable, archive_folder, omniglot
from metakit.tasks.omniglot_archive import read

# area averaging


def by_definition(ink: np.ndarray, size: int) -> list[list[int]]:
    """Sum the areas, pixel by pixel, in fractions."""
    n = len(ink)
    step = Fraction(n, size)
    out = [[Fraction(0)] * size for _ in range(size)]
    for r, c in zip(*ink.nonzero(), strict=True):
        for i, j in product(range(size), repeat=2):
            high = min(r + 1, (i + 1) * step) - max(int(r), i * step)
            wide = min(c + 1, (j + 1) * step) - max(int(c), j * step)
            if high > 0 and wide > 0:
                out[i][j] += high * wide
    return [[int(255 * area / step**2 + Fraction(1, 2)) for area in row] for row in out]


@pytest.mark.parametrize(("n", "size"), [(15, 4), (7, 3), (6, 3), (5, 5)])
def test_area_average_is_the_share_of_ink_under_each_new_pixel(n, size):
    ink = np.random.default_rng(0).random((n, n)) < 0.4
    assert area_average(ink, size).tolist() == by_definition(ink, size)


def test_area_average_of_105_to_28_is_right_where_a_stroke_crosses_pixels():
    ink = np.zeros((105, 105), dtype=bool)
    ink[2:6, 50] = True  # rows 2 to 6 cover 1.75 and 2.25 of rows 0 and 1; column 50 is in column 13 alone
    out = area_average(ink, 28)
    assert out[0, 13] == round(255 * 1.75 / 3.75**2)
    assert out[1, 13] == round(255 * 2.25 / 3.75**2)
    assert out.astype(int).sum() == out[0, 13] + out[1, 13]


def test_area_average_reaches_0_and_255_and_takes_stacks():
    ink = np.stack([np.zeros((105, 105), dtype=bool), np.ones((105, 105), dtype=bool)])
    out = area_average(ink, 28)
    assert out.dtype == np.uint8
    assert (out[0] == 0).all()
    assert (out[1] == 255).all()


# reading


@pytest.fixture
def here(small, own_folders, monkeypatch):
    """The small archives, in the folder that METAKIT_OMNIGLOT names."""
    monkeypatch.setenv("METAKIT_OMNIGLOT", str(small.folder))
    return small


def test_every_drawing_is_at_its_character_and_drawer(here):
    characters = omniglot(archives=here.archives)
    assert characters.images.shape == (5, 20, 28, 28)
    assert characters.images.dtype == torch.uint8
    for member, ink in here.ink.items():
        _, alphabet, character, file = member.split("/")
        i = characters.names.index(f"{alphabet}/{character}")
        drawer = int(file[5:7]) - 1
        assert np.array_equal(characters.images[i, drawer].numpy(), area_average(ink, 28)), member
        assert characters.alphabets[characters.alphabet[i]] == alphabet


def test_background_comes_first_then_alphabets_and_characters_by_name(here):
    characters = omniglot(archives=here.archives)
    assert characters.alphabets == ("Alpha", "Beta", "Gamma_(old)")
    assert characters.names == (
        "Alpha/character01",
        "Alpha/character02",
        "Beta/character01",
        "Gamma_(old)/character01",
        "Gamma_(old)/character02",
    )
    assert characters.alphabet.tolist() == [0, 0, 1, 2, 2]
    assert characters.source == "omniglot"


def test_the_digest_of_the_data_depends_on_the_contents_alone(here):
    expected = hashlib.sha256("\n".join(a.digest for a in here.archives).encode()).hexdigest()
    assert omniglot(archives=here.archives).digest == expected


def test_an_archive_packed_anew_is_as_good(small, tmp_path):
    with zipfile.ZipFile(small.path(0)) as old, zipfile.ZipFile(tmp_path / "new.zip", "w") as new:
        for name in reversed(old.namelist()):
            if name.endswith(".png"):
                new.writestr(name, old.read(name))
    assert read(small.archives[0], tmp_path / "new.zip") == read(small.archives[0], small.path(0))


def test_one_pixel_of_another_picture_is_noticed(small, tmp_path):
    path = tmp_path / "images_background.zip"
    with zipfile.ZipFile(small.path(0)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            with old.open(name) as file:
                content = file.read()
            if name.endswith("0002_07.png"):
                with old.open(name) as file:
                    picture = np.array(Image.open(file))
                picture[3, 3] = ~picture[3, 3]
                with new.open(name, "w") as file:
                    Image.fromarray(picture).save(file, "png")
            else:
                new.writestr(name, content)
    with pytest.raises(DataUnavailable, match=r"does not hold the pictures of images_background\.zip: 60 with SHA-256"):
        read(small.archives[0], path)


@pytest.mark.parametrize("change", ["a picture is missing", "two pictures have changed places"])
def test_names_belong_to_the_contents(small, tmp_path, change):
    path = tmp_path / "images_background.zip"
    with zipfile.ZipFile(small.path(0)) as old:
        pictures = {
            name: old.read(name) for name in old.namelist() if name.startswith("images") and name[-4:] == ".png"
        }
    a, b, *_ = pictures
    if change == "a picture is missing":
        del pictures[a]
    else:
        pictures[a], pictures[b] = pictures[b], pictures[a]
    with zipfile.ZipFile(path, "w") as new:
        for name, picture in pictures.items():
            new.writestr(name, picture)
    with pytest.raises(DataUnavailable, match="does not hold the pictures"):
        read(small.archives[0], path)


def test_any_damage_ends_in_the_one_error_that_names_the_file_and_says_what_to_do(small, tmp_path):
    whole = small.path(0).read_bytes()
    right = read(small.archives[0], small.path(0))
    path = tmp_path / "images_background.zip"
    random = np.random.default_rng(0)
    complaints = []
    for trial in range(150):
        damaged = bytearray(whole)
        if trial % 3 == 0:
            damaged = damaged[: random.integers(len(whole))]
        else:  # in the contents, or in the directory at the end
            start = 0 if trial % 3 == 1 else len(whole) - 8000
            for at in random.integers(start, len(whole), 8):
                damaged[at] = random.integers(256)
        path.write_bytes(damaged)
        try:
            assert read(small.archives[0], path) == right  # only a date may have changed
        except DataUnavailable as error:
            complaints.append(str(error))
    assert len(complaints) > 100
    for complaint in complaints:
        assert complaint.startswith(f"{path} ")
        assert "; delete it and run python -c" in complaint


def spoil_the_stream(whole: bytes) -> bytes:
    at = whole.index(b"0001_01.png", whole.index(b"images_background/Alpha")) + len(b"0001_01.png")
    return whole[:at] + b"\xff" + whole[at + 1 :]  # no such kind of block


def spoil_a_name(whole: bytes) -> bytes:
    return whole.replace("ß".encode(), b"\xff\xff")


def lengthen_the_last_member(whole: bytes) -> bytes:
    at = whole.rindex(b"PK\x01\x02") + 20
    return whole[:at] + 2 * (2**30).to_bytes(4, "little") + whole[at + 8 :]


def ask_for_a_password(whole: bytes) -> bytes:
    at = whole.rindex(b"PK\x01\x02") + 8
    return whole[:at] + bytes([whole[at] | 1]) + whole[at + 1 :]


@pytest.mark.parametrize("spoil", [spoil_the_stream, spoil_a_name, lengthen_the_last_member, ask_for_a_password])
def test_rarer_damage_ends_in_the_same_error(small, tmp_path, spoil):
    path = tmp_path / "images_background.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ß", "a name that is not ASCII")
        archive.writestr("images_background/Alpha/character01/0001_01.png", bytes(1000))
        archive.writestr("images_background/Alpha/character01/0001_02.png", bytes(1000), zipfile.ZIP_STORED)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataUnavailable, match="cannot be read as a zip archive"):
        read(small.archives[0], path)


def test_missing_archives_are_named_with_what_to_do(small, own_folders):
    with pytest.raises(DataUnavailable) as caught:
        omniglot(archives=small.archives)
    assert f"{own_folders / 'omniglot' / 'images_background.zip'} is missing" in str(caught.value)
    assert "from metakit.tasks.omniglot import fetch; fetch()" in str(caught.value)
    assert "set METAKIT_OMNIGLOT to their folder" in str(caught.value)


def test_archives_are_looked_for_in_the_named_folder_else_in_the_cache(own_folders, monkeypatch):
    assert archive_folder() == own_folders / "omniglot"
    monkeypatch.setenv("METAKIT_OMNIGLOT", "~/zips")
    assert archive_folder() == Path.home() / "zips"


# the real data


def test_the_real_archives_have_1623_characters_of_50_alphabets_by_20_drawers(real_omniglot):
    characters = omniglot()
    assert characters.images.shape == (1623, 20, 28, 28)
    assert len(set(characters.names)) == len(characters) == 1623
    assert characters.alphabet.bincount().shape == (50,)
    assert (characters.alphabet < 30).sum() == 964
    assert characters.alphabets[0] == "Alphabet_of_the_Magi"
    assert {"Greek", "Latin", "Hebrew"} < set(characters.alphabets[:30])
    assert {"Tibetan", "Tengwar", "ULOG"} < set(characters.alphabets[30:])


def test_real_characters_are_thin_ink_on_paper(real_omniglot):
    images = omniglot().images.float() / 255
    assert 0.05 < images.mean() < 0.12
    assert (images.flatten(2).amax(-1) > 0.4).all()  # nothing is blank


def test_one_real_drawing_is_its_file_made_smaller(real_omniglot):
    characters = omniglot()
    with zipfile.ZipFile(real_omniglot / "images_evaluation.zip") as archive:
        member = next(
            m for m in archive.namelist() if m.startswith("images_evaluation/Tibetan/character10/") and "_13" in m
        )
        ink = np.asarray(Image.open(archive.open(member))) == 0
    image = characters.images[characters.names.index("Tibetan/character10"), 12]
    assert np.array_equal(image.numpy(), area_average(ink, 28))


def test_the_real_data_load_from_the_cache_in_under_half_a_second(real_omniglot):
    omniglot()
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        omniglot()
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.5
