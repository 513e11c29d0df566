import pytest
import torch

from metakit.tasks import task_batches
from metakit.tasks.characters import Characters
from metakit.tasks.episodes import Episodes


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def labelled(counts: list[int], names: list[int] | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """x says which instance it is; the classes are interleaved, as a data set on disk may be."""
    y = torch.tensor([c for c, n in zip(names or range(len(counts)), counts, strict=True) for _ in range(n)])
    mixed = torch.randperm(len(y), generator=seeded(1))
    return torch.arange(len(y)), y[mixed]


@pytest.fixture
def uneven() -> Episodes:
    """Eight classes of 5 to 12 instances, under odd names."""
    x, y = labelled(list(range(5, 13)), names=[3, -7, 40, 11, 0, 99, 5, 6])
    return Episodes(x, y, n_way=4, k_shot=2, n_query=3)


def test_a_batch_of_tasks_is_stacked_along_its_first_axis(uneven):
    tasks = uneven.sample(7, seeded())
    assert tasks.support.x.shape == tasks.support.y.shape == (7, 8)
    assert tasks.query.x.shape == tasks.query.y.shape == (7, 12)
    assert tasks.support.y.dtype == tasks.query.y.dtype == torch.int64
    features = Episodes(torch.randn(60, 3, 2), torch.arange(60) // 20, n_way=2).sample(4, seeded())
    assert features.support.x.shape == (4, 2, 3, 2)
    assert features.query.x.shape == (4, 30, 3, 2)


def test_support_and_query_never_share_an_instance_and_none_is_drawn_twice(uneven):
    tasks = uneven.sample(2000, seeded())
    instances = torch.cat([tasks.support.x, tasks.query.x], dim=1).sort(dim=1).values
    assert (instances.diff(dim=1) > 0).all()


def test_a_label_is_one_class_in_support_and_query_and_no_class_is_drawn_twice(uneven):
    tasks = uneven.sample(2000, seeded())
    classes = uneven.y[torch.cat([tasks.support.x, tasks.query.x], dim=1)]
    labels = torch.cat([tasks.support.y, tasks.query.y], dim=1)
    of_label = torch.stack([classes.where(labels == w, -1000).amax(1) for w in range(4)], dim=1)
    assert torch.equal(of_label.gather(1, labels), classes)
    assert (of_label.sort(dim=1).values.diff(dim=1) > 0).all()


def test_every_class_of_a_task_has_k_shot_and_n_query_instances(uneven):
    tasks = uneven.sample(50, seeded())
    for label in range(4):
        assert ((tasks.support.y == label).sum(1) == 2).all()
        assert ((tasks.query.y == label).sum(1) == 3).all()


def chi_square(counts: torch.Tensor) -> float:
    expected = counts.double().mean()
    return float(((counts - expected) ** 2 / expected).sum())


def test_every_label_is_given_to_every_class_equally_often(uneven):
    tasks = uneven.sample(2000, seeded())
    first = tasks.support.y.argsort(dim=1)[:, ::2]  # where each label's first instance is
    classes = uneven.y.unique(return_inverse=True)[1][tasks.support.x.gather(1, first)]
    counts = torch.stack([classes[:, label].bincount(minlength=8) for label in range(4)])
    for row in counts:
        assert chi_square(row) < 24.3  # 7 degrees of freedom, p = 0.001


def test_every_instance_of_a_class_is_drawn_equally_often_in_both_sets():
    x, y = labelled([6, 9])
    tasks = Episodes(x, y, n_way=2, k_shot=1, n_query=2).sample(3000, seeded())
    for drawn in (tasks.support.x, tasks.query.x):
        counts = drawn.flatten().bincount(minlength=15)
        assert chi_square(counts[y == 0]) < 20.5  # 5 degrees of freedom, p = 0.001
        assert chi_square(counts[y == 1]) < 26.1  # 8 degrees of freedom, p = 0.001


@pytest.mark.parametrize("which", ["support", "query"])
def test_a_position_says_nothing_about_the_label(uneven, which):
    labels = getattr(uneven.sample(2000, seeded()), which).y
    for position in range(labels.shape[1]):
        assert chi_square(labels[:, position].bincount(minlength=4)) < 16.3  # 3 degrees of freedom, p = 0.001
    agree = (labels[:, :-1] == labels[:, 1:]).double().mean()
    per_class = labels.shape[1] // 4
    assert agree == pytest.approx((per_class - 1) / (labels.shape[1] - 1), abs=0.02)  # neighbours are no kin


def test_support_and_query_are_not_in_the_same_order():
    x, y = labelled([4] * 6)
    tasks = Episodes(x, y, n_way=4, k_shot=1, n_query=1).sample(2000, seeded())
    agree = (tasks.support.y == tasks.query.y).double().mean()
    assert agree == pytest.approx(1 / 4, abs=0.03)


def test_the_generator_alone_decides_and_the_global_one_is_left_alone(uneven):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = uneven.sample(9, seeded(3))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    again = uneven.sample(9, seeded(3))
    other = uneven.sample(9, seeded(4))
    for a, b in zip((*first.support, *first.query), (*again.support, *again.query), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(first.support.x, other.support.x)


def test_tasks_of_one_batch_and_batches_of_one_generator_differ(uneven):
    first, second = task_batches(uneven, 2, 2, seeded())
    assert not torch.equal(first.query.x[0], first.query.x[1])
    assert not torch.equal(first.query.x, second.query.x)


def test_all_instances_of_a_class_can_be_used_up():
    x, y = labelled([4, 4, 4])
    tasks = Episodes(x, y, n_way=3, k_shot=1, n_query=3).sample(20, seeded())
    instances = torch.cat([tasks.support.x, tasks.query.x], dim=1).sort(dim=1).values
    assert (instances == torch.arange(12)).all()


def characters() -> Characters:
    images = torch.arange(6 * 20, dtype=torch.uint8).reshape(6, 20, 1, 1).expand(6, 20, 28, 28).contiguous()
    images[..., 0, 0] = 255
    names = tuple(f"A/character{i:02}" for i in range(6))
    return Characters(images, torch.zeros(6, dtype=torch.int64), ("A",), names, "test", "")


def test_characters_become_pictures_with_paper_0_and_ink_1():
    tasks = Episodes.of(characters(), n_way=5, k_shot=1, n_query=15).sample(3, seeded())
    assert tasks.support.x.shape == (3, 5, 1, 28, 28)
    assert tasks.query.x.shape == (3, 75, 1, 28, 28)
    assert tasks.query.x.dtype == torch.float32
    assert (tasks.query.x[..., 0, 0] == 1).all()
    assert tasks.query.x[..., 1, 1].max() <= 119 / 255


def test_a_class_is_one_character_by_all_its_drawers():
    tasks = Episodes.of(characters(), n_way=2, k_shot=1, n_query=19).sample(30, seeded())
    value = (torch.cat([tasks.support.x, tasks.query.x], 1)[..., 0, 1, 1] * 255).round().long()
    labels = torch.cat([tasks.support.y, tasks.query.y], 1)
    for task_values, task_labels in zip(value, labels, strict=True):
        for label in (0, 1):
            own = task_values[task_labels == label].sort().values
            assert torch.equal(own, torch.arange(20) + own[0])
            assert own[0] % 20 == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_tasks_are_on_the_device_of_the_data():
    episodes = Episodes.of(characters().to("cuda"), n_way=2, k_shot=1, n_query=2)
    tasks = episodes.sample(3, torch.Generator("cuda").manual_seed(0))
    assert {t.device.type for t in (*tasks.support, *tasks.query)} == {"cuda"}
    with pytest.raises(ValueError, match=r"generator must be on the device of the data; it is on cpu"):
        episodes.sample(3, seeded())


def test_a_generator_on_another_device_is_refused():
    x, y = labelled([3, 3])
    episodes = Episodes(x, y, 2, 1, 1)
    object.__setattr__(episodes, "x", x.to("meta"))  # stands for a GPU, which not every machine has
    with pytest.raises(ValueError, match=r"it is on cpu, the data on meta\. Make it with torch\.Generator\('meta'\)"):
        episodes.sample(1, seeded())


@pytest.mark.parametrize("size", ["n_way", "k_shot", "n_query"])
@pytest.mark.parametrize("value", [0, -1, 2.0])
def test_sizes_that_are_not_positive_are_refused(size, value):
    x, y = labelled([20, 20])
    with pytest.raises(ValueError, match=rf"{size} must be a whole number of at least 1; it is {value}"):
        Episodes(x, y, **{"n_way": 2, "k_shot": 1, "n_query": 1, size: value})


def test_no_tasks_at_all_are_refused(uneven):
    with pytest.raises(ValueError, match="n_tasks must be a whole number of at least 1; it is 0"):
        uneven.sample(0, seeded())


def test_too_few_classes_are_refused_with_what_there_is():
    x, y = labelled([20, 20, 20])
    with pytest.raises(ValueError, match=r"a 4-way task needs 4 classes, but there are 3: take n_way <= 3"):
        Episodes(x, y, n_way=4)
    assert Episodes(x, y, n_way=3).sample(1, seeded()).support.y.sort().values.tolist() == [[0, 1, 2]]


def test_classes_with_too_few_instances_are_named_with_what_to_do():
    x, y = labelled([20, 16, 15, 2], names=[10, 11, 12, 13])
    message = r"= 1 \+ 15 = 16 instances, but 2 of 4 .*: class 12 has 15, class 13 has 2\. Take a smaller"
    with pytest.raises(ValueError, match=message):
        Episodes(x, y, n_way=2)
    assert len(Episodes(x, y, n_way=2, n_query=1).y) == 53


def test_x_and_y_on_different_devices_are_refused():
    with pytest.raises(ValueError, match="x is on meta, y on cpu"):
        Episodes(torch.zeros(6, device="meta"), torch.zeros(6, dtype=torch.int64), 1, 1, 1)


def test_x_and_y_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"x is \(6, 2\), y \(5,\)"):
        Episodes(torch.zeros(6, 2), torch.arange(5), 2, 1, 1)


@pytest.mark.parametrize("y", [torch.zeros(6), torch.zeros(6, 1, dtype=torch.int64)])
def test_labels_must_be_a_row_of_integers(y):
    with pytest.raises(ValueError, match=r"y must be \(n,\) integers"):
        Episodes(torch.zeros(6, 2), y, 1, 1, 1)


def test_repr_shows_sizes_and_no_data(uneven):
    assert repr(uneven) == "Episodes(8 classes, x (68,) torch.int64, n_way=4, k_shot=2, n_query=3)"
