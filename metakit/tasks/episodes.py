"""N-way K-shot classification tasks from any labelled set: draw classes, then instances of each."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from metakit.problem import Examples, Task
from metakit.tasks.characters import Characters

_INK = torch.tensor(255, dtype=torch.float32)  # a scalar tensor: uint8 / _INK is float32 in one pass, on any device


@dataclass(frozen=True, eq=False)
class Episodes:
    """Tasks of ``n_way`` classes drawn from a labelled set, with a few instances of each to learn from.

    Support and query never share an instance, no class is in a task twice, which class gets which label is drawn
    uniformly, and both sets come in random order, so that neither label nor position gives anything away.

        tasks = Episodes(x, y, n_way=5).sample(32, torch.Generator().manual_seed(0))

    Args:
        x: (n, *features), every instance of every class; uint8 is read as pixels and divided by 255 when drawn.
        y: (n,) integers, the class of each instance; any numbers, classes may differ in size.
        n_way, k_shot, n_query: classes of a task, and support and query instances of each.

    Raises:
        ValueError: sizes that are not positive, x and y that do not fit together, fewer than ``n_way`` classes, or
            a class with fewer than ``k_shot + n_query`` instances.
    """

    x: Tensor
    y: Tensor
    n_way: int = 5
    k_shot: int = 1
    n_query: int = 15
    _members: Tensor = field(init=False)  # (n_classes, most) int64: where in x each class's instances are, then zeros
    _filled: Tensor = field(init=False)  # (n_classes, most) bool: which of those are instances

    def __post_init__(self) -> None:
        """Check everything once and list each class's instances, so that ``sample`` only draws."""
        for name in ("n_way", "k_shot", "n_query"):
            _check_positive(name, getattr(self, name))
        x, y = self.x, self.y
        if y.ndim != 1 or y.is_floating_point() or y.is_complex():
            raise ValueError(f"y must be (n,) integers, one class for each row of x; it is {tuple(y.shape)} {y.dtype}.")
        if x.ndim == 0 or len(x) != len(y):
            raise ValueError(f"x and y must have one row for each instance; x is {tuple(x.shape)}, y {tuple(y.shape)}.")
        if x.device != y.device:
            raise ValueError(f"x and y must be on one device; x is on {x.device}, y on {y.device}.")
        classes, which, counts = y.unique(return_inverse=True, return_counts=True)
        self._check_enough(classes, counts)
        filled = torch.arange(int(counts.max()), device=y.device) < counts[:, None]
        members = torch.zeros(filled.shape, dtype=torch.int64, device=y.device)
        members[filled] = which.argsort(stable=True)
        object.__setattr__(self, "_members", members)
        object.__setattr__(self, "_filled", filled)

    @classmethod
    def of(cls, characters: Characters, n_way: int = 5, k_shot: int = 1, n_query: int = 15) -> "Episodes":
        """Return tasks whose classes are characters; x is (n_tasks, n, 1, 28, 28) float32, paper 0 and ink 1."""
        n_characters, n_drawers = characters.images.shape[:2]
        y = torch.arange(n_characters, device=characters.images.device).repeat_interleave(n_drawers)
        return cls(characters.images.flatten(0, 1).unsqueeze(1), y, n_way, k_shot, n_query)

    def sample(self, n_tasks: int, generator: torch.Generator) -> Task:
        """Return ``n_tasks`` tasks: x (n_tasks, n_way * per_class, *features), y (n_tasks, n_way * per_class) int64.

        Args:
            n_tasks: how many.
            generator: the only source of randomness, on the device of the data.
        """
        _check_positive("n_tasks", n_tasks)
        if generator.device.type != self.x.device.type:
            raise ValueError(
                f"the generator must be on the device of the data; it is on {generator.device}, the data on "
                f"{self.x.device}. Make it with torch.Generator({str(self.x.device)!r}), or move the data."
            )
        # The highest of independent uniform scores are a draw without replacement, in random order.
        n_classes, most = self._members.shape
        classes = _scores((n_tasks, n_classes), generator).topk(self.n_way).indices  # (n_tasks, n_way)
        scores = _scores((n_tasks, self.n_way, most), generator).where(self._filled[classes], -1.0)
        chosen = scores.topk(self.k_shot + self.n_query).indices  # (n_tasks, n_way, k_shot + n_query)
        instances = self._members[classes].gather(-1, chosen)
        support, query = instances.split([self.k_shot, self.n_query], dim=-1)
        return Task(self._examples(support, generator), self._examples(query, generator))

    def _examples(self, instances: Tensor, generator: torch.Generator) -> Examples:
        """Fetch ``instances`` (n_tasks, n_way, per_class), in random order, with their place in axis 1 as label."""
        n_tasks, n_way, per_class = instances.shape
        order = _scores((n_tasks, n_way * per_class), generator).argsort(-1)
        rows = instances.flatten(1).gather(-1, order)
        x = self.x.index_select(0, rows.flatten()).unflatten(0, rows.shape)
        return Examples(x / _INK if x.dtype == torch.uint8 else x, order // per_class)

    def _check_enough(self, classes: Tensor, counts: Tensor) -> None:
        if len(classes) < self.n_way:
            raise ValueError(
                f"a {self.n_way}-way task needs {self.n_way} classes, but there are {len(classes)}: "
                f"take n_way <= {len(classes)}, or more classes."
            )
        need = self.k_shot + self.n_query
        short = counts < need
        if short.any():
            pairs = list(zip(classes[short].tolist(), counts[short].tolist(), strict=True))
            shown = ", ".join(f"class {c} has {n}" for c, n in pairs[:5]) + (", ..." if len(pairs) > 5 else "")
            raise ValueError(
                f"every class needs k_shot + n_query = {self.k_shot} + {self.n_query} = {need} instances, but "
                f"{len(pairs)} of {len(classes)} classes have fewer: {shown}. "
                "Take a smaller k_shot or n_query, or leave these classes out."
            )

    def __repr__(self) -> str:
        """Return sizes, not data."""
        sizes = f"n_way={self.n_way}, k_shot={self.k_shot}, n_query={self.n_query}"
        return f"Episodes({len(self._members)} classes, x {tuple(self.x.shape)} {self.x.dtype}, {sizes})"


def _check_positive(name: str, size: int) -> None:
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"{name} must be a whole number of at least 1; it is {size!r}.")


def _scores(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator, device=generator.device)
