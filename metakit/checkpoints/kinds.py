"""The two kinds of task that starts are kept for: their network, their loss, how starts are told apart and judged."""

from collections.abc import Callable
from dataclasses import dataclass

from metakit.algorithms.anil import ANIL
from metakit.algorithms.maml import MAML
from metakit.losses import accuracy, cross_entropy, mse
from metakit.networks import conv4, mlp
from metakit.problem import Loss, Model, Params
from metakit.recipes import RecipeError
from metakit.tasks import TaskDistribution
from metakit.tasks.characters import Characters
from metakit.tasks.episodes import Episodes
from metakit.tasks.load import load_characters
from metakit.tasks.sinusoids import Sinusoids
from metakit.tasks.splits import official_split

NAMES = ("MAML", "FOMAML", "Reptile", "ANIL", "pre-training", "random start")
"""The starts of each kind."""


@dataclass(frozen=True)
class Kind:
    """A network and its loss: what a start is a start of.

    Args:
        name: ``"sinusoid"`` or ``"omniglot"``.
        model, loss: of the inner loop.
        metric: of the query set.
        lr: the inner rate that starts are judged at.
    """

    name: str
    model: Model
    loss: Loss
    metric: Loss
    lr: float

    def learner(self, start: str, lr: float | None = None, steps: int = 1) -> MAML | ANIL:
        """Return what adapts from the start of that name: ``ANIL`` the head alone, all others all weights."""
        kind = ANIL if start == "ANIL" else MAML
        return kind(self.model, self.loss, self.lr if lr is None else lr, steps)

    def takes(self, phi: Params) -> bool:
        """Return whether phi has the names and shapes of this network's weights."""
        return isinstance(phi, dict) and shapes(phi) == shapes(self.model.init(0))


SINUSOID = Kind("sinusoid", mlp((1, 40, 40, 1)), mse, mse, lr=0.01)
OMNIGLOT = Kind("omniglot", conv4(out=5, channels=16), cross_entropy, accuracy, lr=0.4)
KINDS = {kind.name: kind for kind in (SINUSOID, OMNIGLOT)}
"""By name: curves (``Sinusoids``, the network of MAML's paper), and 5-way episodes with four blocks of 16 channels."""


def kind_named(name: str) -> Kind:
    """Return the kind of that name.

    Raises:
        RecipeError: there is none.
    """
    if name not in KINDS:
        raise RecipeError(f"starts are kept for {' and '.join(KINDS)}; there are none for {name!r}.")
    return KINDS[name]


def judged_on(kind: Kind, characters: Callable[[], Characters] = load_characters) -> TaskDistribution:
    """Return the tasks that a kind's starts are judged on: new curves, or 5-way 1-shot episodes of unseen alphabets."""
    if kind is SINUSOID:
        return Sinusoids(k_shot=10, n_query=100)
    return Episodes.of(official_split(characters()).test, n_way=5, k_shot=1, n_query=15)


def shapes(phi: Params) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight, by name."""
    return {name: tuple(getattr(weight, "shape", ())) for name, weight in phi.items()}
