import hashlib
import logging

import numpy as np
import pytest
import torch
from torch import nn

from metakit.algorithms.proto_net import ProtoNet
from metakit.evaluation import evaluate
from metakit.losses import accuracy
from metakit.problem import Model
from metakit.tasks.episodes import Episodes
from metakit.tasks.glyphs import glyphs
from metakit.tasks.glyphs.arrays import gather
from metakit.tasks.glyphs.draws import Draws
from metakit.tasks.glyphs.hands import draw_by_hand
from metakit.tasks.glyphs.neat import select
from metakit.tasks.glyphs.paper import draw, path
from metakit.tasks.glyphs.strokes import KINDS, Stroke, along
from metakit.tasks.splits import official_split

N_ALPHABETS = 12  # of 50: enough for the statistics below


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Glyphs, made once for the tests that only look at them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METAKIT_CACHE", str(tmp_path_factory.mktemp("glyphs")))
        return glyphs(N_ALPHABETS)


@pytest.fixture(scope="module")
def images(world):
    """Ink from 0 to 1, (n_characters, n_drawers, 28, 28)."""
    return world.images.float() / 255


def distance(a, b):
    """Mean squared distance of pictures (..., 28, 28)."""
    return ((a - b) ** 2).sum((-2, -1)).mean().item()


def test_there_are_32_characters_of_each_alphabet_drawn_by_20_hands(world):
    assert world.images.shape == (N_ALPHABETS * 32, 20, 28, 28)
    assert world.images.dtype == torch.uint8
    assert world.alphabet.bincount().tolist() == [32] * N_ALPHABETS
    assert world.alphabets[0] == "Glyph01"
    assert world.names[33] == "Glyph02/character02"
    assert len(set(world.names)) == len(world)
    assert world.source == "glyphs"


def test_the_digest_is_that_of_the_pixels(world):
    assert world.digest == hashlib.sha256(world.images.numpy().tobytes()).hexdigest()


def test_two_alphabets_are_these_on_every_machine(own_folders):
    # Random bits are exact and points fall on whole dots, so a machine whose arithmetic differs in the last digit would
    # have to meet a point within 1e-13 of the line between two dots. If the drawings were changed: raise VERSION too.
    assert glyphs(2).digest == "35073416a3df420ef7c9edffd998dead554b0e6d7265e5f8f3c75c7eaf5234ea"


def test_few_alphabets_are_the_first_of_many(world, own_folders):
    assert glyphs(2).images.equal(world.images[:64])


def test_another_seed_is_another_world(world, own_folders):
    other = glyphs(1, seed=1).images
    assert not any(other[i].equal(world.images[j]) for i in range(32) for j in range(32))


def test_a_split_by_alphabets_works_as_for_omniglot(world):
    split = official_split(world, n_validation=3)
    assert [len(part) // 32 for part in split] == [4, 3, 5]


def test_every_drawing_has_ink_and_some_pixels_are_full(world):
    assert (world.images.flatten(2).amax(-1) > 128).all()
    assert (world.images.flatten(1).amax(-1) == 255).all()


def test_no_two_drawers_draw_a_character_alike(world):
    for drawings in world.images.flatten(2):
        assert len(drawings.unique(dim=0)) == 20


def test_characters_differ_more_than_drawers_do(images):
    within = distance(images[:, 0], images[:, 1])
    between = distance(images[:-32, 0], images[32:, 1])
    neighbours = distance(images[:-1, 0], images[1:, 1])  # nearly all of one alphabet
    assert 0.75 < within / between < 0.90  # Omniglot: 0.84
    assert within < neighbours < between


def test_drawings_look_like_omniglots(images):
    ink = images.sum((-2, -1))
    assert 57 < ink.mean() < 69  # 63.1
    assert 18 < ink.std() < 28  # 22.1
    assert 0.12 < ink.log1p().std(1).mean() < 0.18  # 0.155
    edge = images.diff(dim=-1).abs().sum() + images.diff(dim=-2).abs().sum()
    assert 1.27 < 2 * ink.sum() / edge < 1.42  # 1.32
    middle = (images.sum((0, 1, 2)) @ torch.arange(28.0)) / ink.sum()
    assert 12.5 < middle < 13.8  # 13.1


def test_alphabets_have_styles_of_their_own(images):
    ink = images.sum((-2, -1)).mean(1).view(N_ALPHABETS, 32)
    chance = ink.std() / 32**0.5  # how much the means would differ if alphabets were drawn from one style
    assert ink.mean(1).std() > 2 * chance


def test_a_drawer_has_a_hand_that_shows_in_all_characters_of_an_alphabet(images):
    columns = torch.arange(28.0)
    middle = (images.sum(-2) @ columns / images.sum((-2, -1))).view(N_ALPHABETS, 32, 20)
    middle = middle - middle.mean(-1, keepdim=True)
    habit = middle.mean(1).std(-1).mean()  # over drawers; 1.2 / sqrt(32) = 0.2 would be chance
    assert 0.4 < habit < 1.1


def test_nearest_pixels_do_as_badly_as_on_omniglot(world):
    tasks = Episodes.of(world, n_way=5, k_shot=1, n_query=5)
    nearest = ProtoNet(Model(nn.Flatten), 5)
    found = evaluate(nearest, nearest.init(0), tasks, accuracy, 400, torch.Generator().manual_seed(0))
    assert 0.40 < found.mean() < 0.55  # Omniglot: 0.43


def test_glyphs_come_from_the_cache_and_a_damaged_one_is_made_again(own_folders, caplog):
    made = glyphs(1)
    (file,) = own_folders.iterdir()
    assert file.name.startswith("glyphs-1-0-v")
    before = file.stat().st_mtime_ns
    assert glyphs(1).images.equal(made.images)
    assert file.stat().st_mtime_ns == before
    file.write_bytes(file.read_bytes()[:-1000])
    with caplog.at_level(logging.WARNING):
        assert glyphs(1).images.equal(made.images)
    assert "is made again" in caplog.text
    caplog.clear()
    assert glyphs(1).digest == made.digest
    assert caplog.text == ""


def test_seeds_and_sizes_have_files_of_their_own(own_folders):
    digests = {glyphs(n, seed=seed).digest for n, seed in ((1, 0), (2, 0), (1, 2))}
    assert len(digests) == len(list(own_folders.iterdir())) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_alphabets": 0}, "n_alphabets must be a whole number of at least 1; it is 0"),
        ({"n_alphabets": 2.0}, "n_alphabets must be a whole number of at least 1; it is 2.0"),
        ({"seed": -1}, "seed must be a whole number of at least 0; it is -1"),
        ({"seed": None}, "seed must be a whole number of at least 0; it is None"),
    ],
)
def test_a_bad_argument_is_named(arguments, message, own_folders):
    with pytest.raises(ValueError, match=message):
        glyphs(**arguments)


@pytest.mark.parametrize("seed", range(1, 4))
def test_every_seed_gives_whole_alphabets(seed, own_folders):
    assert glyphs(1, seed=seed).images.shape == (32, 20, 28, 28)


def test_random_numbers_are_made_of_the_bits_that_numpy_promises():
    bits = np.random.PCG64(np.random.SeedSequence((3, 4)))
    assert Draws(3, 4).uniforms(5).tolist() == [(bits.random_raw() >> 11) * 2.0**-53 for _ in range(5)]
    assert Draws(3, 4).uniform(-1, 1) == 2 * Draws(3, 4).uniforms(1)[0] - 1


def test_draws_have_the_moments_they_claim():
    normal = Draws(0).normals(100_000)
    assert normal.mean() == pytest.approx(0, abs=0.02)
    assert normal.std() == pytest.approx(1, abs=0.01)
    assert np.abs(normal).max() < 3.5
    draws = Draws(1)
    assert np.bincount([draws.below(4) for _ in range(8000)]) == pytest.approx([2000] * 4, abs=200)
    assert np.bincount([draws.choose((1, 0, 3)) for _ in range(8000)]) == pytest.approx([2000, 0, 6000], abs=200)
    assert sum(draws.chance(0.25) for _ in range(8000)) == pytest.approx(2000, abs=200)
    assert np.mean([draws.normal(5, 2) for _ in range(8000)]) == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.make.__name__)
def test_a_stroke_begins_at_0_and_is_about_as_large_as_asked(kind):
    for seed in range(20):
        stroke = kind.make(Draws(seed), 3 + 4j, 0.5)
        assert stroke.points[0] == 0
        assert (stroke.points[-1] == 0) == stroke.closed
        assert max(map(abs, stroke.points)) < 2 * 5


def test_along_walks_from_the_first_point_to_the_last():
    bent = Stroke((0, 2, 2 + 2j), 0)
    assert [along(bent, share) for share in (0, 0.25, 0.5, 1)] == [0, 1, 2, 2 + 2j]


def test_a_stroke_is_mirrored_and_then_turned():
    assert Stroke((1 + 2j, 0), 0).transformed(1j, flip=True).points == ((-1 + 2j) * 1j, 0)


@pytest.mark.parametrize("roundness", [0, 0.5, 1])
def test_the_pen_goes_through_every_point_of_a_stroke(roundness):
    points = (20 + 20j, 60 + 20j, 60 + 80j, 20 + 50j)
    pen = path(gather([[Stroke(points, roundness)]]))[0, 0]
    assert pen[0] == points[0]
    assert pen[-1] == points[-1]
    assert all(np.abs(pen - point).min() < 2 for point in points)


def test_straight_strokes_stay_on_their_legs_and_round_ones_swing_out():
    points = (20 + 20j, 60 + 20j, 60 + 80j)
    straight, curved = (path(gather([[Stroke(points, roundness)]])) for roundness in (0, 1))
    assert straight.real.max() == 60
    assert curved.real.max() > 61
    assert curved.imag.min() < 19


def test_a_closed_round_stroke_has_no_corner_where_it_closes():
    circle = (20 + 50j, 50 + 20j, 80 + 50j, 50 + 80j, 20 + 50j)
    pen = path(gather([[Stroke(circle, 1, closed=True)]]))[0, 0]
    into, out_of = pen[-1] - pen[-2], pen[1] - pen[0]
    assert abs(into / abs(into) - out_of / abs(out_of)) < 0.25


def test_the_pen_is_five_dots_wide_and_ink_is_averaged_over_areas():
    (picture,) = draw(gather([[Stroke((30 + 52j, 75 + 52j), 0)]]))[0] / 255
    assert picture.sum() == pytest.approx((46 * 5 + 2 * 5 + 2 * 3 - 2 * 4 + 4) / 3.75**2, rel=0.05)
    column = picture[:, 14]  # dots 50 to 54 of rows; a pixel is 3.75 dots
    assert column.sum() * 3.75 == pytest.approx(5, abs=0.05)
    assert column.nonzero()[0].tolist() == [13, 14]


def test_what_runs_off_the_paper_is_kept_at_its_edge():
    (picture,) = draw(gather([[Stroke((-50 + 52j, 52 + 52j, 52 + 300j), 0)]]))[0]
    assert picture[14, 0] > 0
    assert picture[27, 14] > 0
    assert picture[14, 20:].max() == 0
    assert picture[0].max() == 0


def test_a_pen_at_the_edge_of_the_paper_is_as_wide_as_elsewhere():
    strokes = gather([[Stroke((-50 + 30j, -50 + 75j), 0)], [Stroke((300 + 30j, 300 + 75j), 0)]])
    for picture in draw(strokes)[:, 0] / 255:
        assert picture[14].sum() * 3.75 == pytest.approx(5, abs=0.05)


def test_drawers_stay_on_the_paper():
    corner = [[Stroke((40 + 40j, 50 + 50j), 0)], [Stroke((-60 - 60j, -50 - 50j), 0)]]
    drawn = draw_by_hand(gather(corner), 20, Draws(0))
    assert min(drawn.points.real.min(), drawn.points.imag.min()) > 2.99
    assert max(drawn.points.real.max(), drawn.points.imag.max()) < 102.01


def test_of_characters_that_are_nearly_the_same_one_is_chosen():
    upright, level = (Stroke((-40j, 40j), 0),), (Stroke((-40, 40), 0),)
    nearly = (Stroke((1 - 40j, 40j), 0),)
    assert select([upright, nearly, upright, level], 2) == [upright, level]


def test_a_scant_character_and_a_tangle_are_chosen_last():
    scant, fine = (Stroke((0, 3), 0),), (Stroke((-40j, 40j), 0),)
    tangle = (Stroke((-10, 10, 10 + 2j, -10 + 2j, -10 + 4j, 10 + 4j, 10j, -5j), 0),)
    assert select([scant, tangle, fine], 2) == [fine, scant]


def test_a_broad_pen_is_seven_dots_wide():
    strokes = gather([[Stroke((30 + 52j, 75 + 52j), 0)]])
    strokes.broad[0] = True
    assert draw(strokes)[0, 0, :, 14].sum() / 255 * 3.75 == pytest.approx(7, abs=0.05)
