"""Compare the glyphs with Omniglot: how drawings look, and what can be learned from them, by one protocol.

    METAKIT_OMNIGLOT=folder/of/the/archives python scripts/compare_glyphs.py [--iterations 200] [--sources glyphs]

Prints the table of ``metakit.tasks.glyphs``; five to ten minutes of CPU for each source. Learners train on the first
three fifths of the alphabets and are tested on the others, 1-shot; accuracies are means over test tasks.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from metakit.algorithms.maml import MAML
from metakit.algorithms.proto_net import ProtoNet
from metakit.evaluation import evaluate
from metakit.learner import Learner, meta_loss, query_loss
from metakit.losses import accuracy, cross_entropy
from metakit.minimize import minimize
from metakit.networks import conv4
from metakit.optimizers import Adam
from metakit.problem import Model, Params
from metakit.tasks import task_batches
from metakit.tasks.characters import Characters
from metakit.tasks.episodes import Episodes
from metakit.tasks.load import load_characters
from metakit.tasks.splits import official_split

CHANNELS = 16
N_TASKS = 8  # of an outer step
N_TEST = 400
LR = 3e-3  # of the outer loop


def main() -> None:
    """Measure each source and print one column for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=200, help="outer steps of each learner")
    parser.add_argument("--sources", nargs="+", default=["omniglot", "glyphs"], choices=["omniglot", "glyphs"])
    arguments = parser.parse_args()
    columns = {}
    for source in arguments.sources:
        characters = load_characters(source)
        columns[source] = {**dict(looks(characters)), **dict(lessons(characters, arguments.iterations))}
    width = max(len(row) for column in columns.values() for row in column)
    print(" " * width, *(f"{source:>9}" for source in columns))
    for row in next(iter(columns.values())):
        print(f"{row:{width}}", *(f"{column[row]:>9}" for column in columns.values()))


def looks(characters: Characters) -> Iterator[tuple[str, str]]:
    """Yield what can be measured on the drawings; lengths in pixels, ink in fully inked pixels."""
    images = characters.images.float() / 255  # (n_characters, n_drawers, 28, 28)
    ink = images.sum((-2, -1))
    yield "ink, pixels", f"{ink.mean():.1f}"
    yield "ink, deviation over all drawings", f"{ink.std():.1f}"
    yield "ink, deviation of log over drawers", f"{ink.log1p().std(1).mean():.3f}"
    edge = images.diff(dim=-1).abs().sum() + images.diff(dim=-2).abs().sum()
    yield "stroke width, 2 ink / length of edge", f"{2 * ink.sum() / edge:.2f}"
    for name, dim in (("height", -1), ("width", -2)):
        marked = (images > 0.15).any(dim)  # (n_characters, n_drawers, 28)
        first, last = marked.int().argmax(-1), 27 - marked.flip(-1).int().argmax(-1)
        size, middle = (last - first + 1).float(), (first + last).float() / 2
        yield f"{name}, pixels", f"{size.mean():.1f}"
        yield f"{name}, deviation over all, over drawers", f"{size.std():.1f}, {size.std(1).mean():.1f}"
        yield f"{name}, its middle, deviation over drawers", f"{middle.mean():.1f}, {middle.std(1).mean():.1f}"
    within, between = pixel_distances(images)
    yield "squared distance within / between", f"{within / between:.2f}"


def pixel_distances(images: Tensor, n_pairs: int = 20_000) -> tuple[float, float]:
    """Return the mean squared distance of two drawings of one character, and of two characters."""
    generator = torch.Generator().manual_seed(0)
    n_characters, n_drawers = images.shape[:2]

    def pairs(n: int) -> tuple[Tensor, Tensor]:
        one = torch.randint(n, (n_pairs,), generator=generator)
        return one, (one + torch.randint(1, n, (n_pairs,), generator=generator)) % n

    (a, b), (i, j) = pairs(n_drawers), pairs(n_characters)
    within, between = (images[i, a] - images[i, b]) ** 2, (images[i, a] - images[j, b]) ** 2
    return within.sum((-2, -1)).mean().item(), between.sum((-2, -1)).mean().item()


def lessons(characters: Characters, n_iterations: int) -> Iterator[tuple[str, str]]:
    """Yield accuracies on the test alphabets, 5-way (and 20-way), before and after a short training."""
    split = official_split(characters, n_validation=0)
    train = Episodes.of(split.train, n_way=5, k_shot=1, n_query=5)

    def trained(learner: Learner) -> Params:
        batches = task_batches(train, N_TASKS, n_iterations, torch.Generator().manual_seed(0))
        return minimize(meta_loss(learner, query_loss(cross_entropy)), learner.init(0), Adam(LR), batches)

    def score(learner: Learner, phi: Params, n_way: int) -> str:
        tasks = Episodes.of(split.test, n_way=n_way, k_shot=1, n_query=1 if n_way > 5 else 5)
        per_task = evaluate(learner, phi, tasks, accuracy, N_TEST, torch.Generator().manual_seed(1))
        return f"{100 * per_task.mean():.1f}"

    def scores(learner: ProtoNet, phi: Params) -> str:
        return ", ".join(score(replace(learner, n_way=n), phi, n) for n in (5, 20))

    pixels = ProtoNet(Model(nn.Flatten), 5)  # of one example, the prototype is the example: nearest neighbour
    yield "nearest pixels, 5-way, 20-way %", scores(pixels, pixels.init(0))
    proto_net = ProtoNet(conv4(None, CHANNELS, "max"), 5)
    yield "ProtoNet untrained, 5-way, 20-way %", scores(proto_net, proto_net.init(0))
    yield f"ProtoNet after {n_iterations} steps", scores(proto_net, trained(proto_net))
    maml = MAML(conv4(5, CHANNELS), cross_entropy, lr=0.4, steps=1)
    yield "MAML untrained, 5-way %", score(maml, maml.init(0), 5)
    yield f"MAML after {n_iterations} steps", score(maml, trained(maml), 5)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
