"""From starts to paths, and from a path to the loss around it: plain functions of tensors."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from metakit.checkpoints.kinds import Kind
from metakit.minimize import descend
from metakit.optimizers import SGD
from metakit.problem import Examples, Params
from metakit.tree import stack, tree_map
from metakit.widgets.together import Losses, losses_of

ROOM = 0.3
"""How far the plane goes beyond the path, as a share of the path's size."""


def walks(kind: Kind, starts: Mapping[str, Params], support: Examples, lr: float, steps: int) -> dict[str, Params]:
    """Return theta after 0, 1, ..., steps inner steps from each start; every weight (steps + 1, *shape).

    All starts walk at once: the gradient of the sum of their losses is each one's own. The numbers are those of
    ``kind.learner(name, lr, steps)``: under the name ANIL only the head moves.
    """
    losses = losses_of(kind)
    together = stack(list(starts.values()))
    rates = {weight: _rates(list(starts), weight, lr, leaf) for weight, leaf in together.items()}
    taken = descend(lambda thetas, examples: losses(thetas, examples).sum(), together, SGD(rates), [support] * steps)
    paths = stack([together, *(step.params for step in taken)])  # every weight (steps + 1, n_starts, *shape)
    return {name: tree_map(lambda leaf, i=i: leaf[:, i], paths) for i, name in enumerate(starts)}


def _rates(names: list[str], weight: str, lr: float, like: Tensor) -> Tensor:
    still = [name == "ANIL" and not weight.startswith("head.") for name in names]
    return torch.tensor([0.0 if s else lr for s in still]).view(-1, *[1] * (like.ndim - 1))


def flat(thetas: Params) -> Tensor:
    """Return thetas (m, *shape) as the rows of one matrix (m, n), in the order of their names."""
    return torch.cat([leaf.flatten(1) for leaf in thetas.values()], dim=1)


def unflat(rows: Tensor, like: Params) -> Params:
    """Return the thetas that ``flat`` made the rows of; ``like`` has a leading axis too."""
    parts = rows.split([leaf[0].numel() for leaf in like.values()], dim=1)
    return {name: part.unflatten(1, leaf.shape[1:]) for (name, leaf), part in zip(like.items(), parts, strict=True)}


class Plane(NamedTuple):
    """A plane in the space of weights: ``origin`` (n,), two unit vectors ``axes`` (2, n) at right angles, float64."""

    origin: Tensor
    axes: Tensor

    def project(self, rows: Tensor) -> Tensor:
        """Return the coordinates (m, 2) of the nearest points of the plane."""
        return (rows.double() - self.origin) @ self.axes.T


def plane_of(rows: Tensor) -> Plane:
    """Return the plane of a path (m + 1, n): from its start towards its end, and to where it leaves that line most.

    A path that ends where it began has its farthest point for an end; one on a line, or at a point, has the coordinate
    axes for the directions that it does not give.
    """
    rows = rows.double()
    moved = rows - rows[0]
    first = _unit(moved[-1]) if moved[-1].norm() > 0 else _farthest(moved)
    if first is None:
        first = _unit(_free(torch.zeros_like(rows[0])))
    aside = moved - (moved @ first)[:, None] * first
    second = _farthest(aside) if aside.norm(dim=1).max() > 1e-6 * moved.norm(dim=1).max() else None
    if second is None:
        second = _free(first)
    return Plane(rows[0], torch.stack([first, _unit(second - (second @ first) * first)]))


def _unit(vector: Tensor) -> Tensor:
    return vector / vector.norm()


def _farthest(moved: Tensor) -> Tensor | None:
    distances = moved.norm(dim=1)
    return _unit(moved[distances.argmax()]) if distances.max() > 0 else None


def _free(first: Tensor) -> Tensor:
    """Return the coordinate axis that ``first`` has least of."""
    axis = torch.zeros_like(first)
    axis[first.abs().argmin()] = 1
    return axis


def extent(path: Tensor) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return x and y limits of a square around a path (m + 1, 2) with room on all sides."""
    low, high = path.min(0).values, path.max(0).values
    half = float((high - low).max()) * (0.5 + ROOM) or 1.0
    (a, b), (c, d) = ((float(m) - half, float(m) + half) for m in (low + high) / 2)
    return (a, b), (c, d)


def surface(
    losses: Losses, examples: Examples, like: Params, plane: Plane, x: Tensor, y: Tensor, at_once: int = 1024
) -> Iterator[Tensor]:
    """Yield the losses at the points of a grid on a plane, ``at_once`` of them a time, row after row: y, then x.

    Together they are (len(y) * len(x),). ``like`` are thetas (m, *shape), for names and shapes.
    """
    coordinates = torch.stack([leaf.flatten() for leaf in torch.meshgrid(y, x, indexing="ij")], dim=1).flip(1).float()
    origin, axes = plane.origin.float(), plane.axes.float()
    for some in coordinates.split(at_once):
        with torch.no_grad():
            here = losses(unflat(torch.addmm(origin, some, axes), like), examples)
        yield here
