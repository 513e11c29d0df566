"""Who is shown: starts given or shipped, sorted by the kind of task that their network is for."""

from collections.abc import Mapping

from metakit.checkpoints import KINDS, NAMES, starts
from metakit.checkpoints.kinds import shapes
from metakit.exercises.inner_loop import Adapt
from metakit.problem import Params
from metakit.widgets.scenes import REFERENCE, YOURS, Entrants

MOST = 8
"""Starts that a picture can show apart."""


def entrants_of(
    given: Mapping[str, Params] | None, adapt: Adapt | None = None, phi: Params | None = None
) -> dict[str, Entrants]:
    """Return the entrants of each kind of task that has some.

    Raises:
        ValueError: a phi of another network, a name that is taken, too many starts, ``adapt`` that cannot be called.
    """
    if adapt is not None and not callable(adapt):
        raise ValueError(f"adapt must be a function (theta, loss_fn, support, lr, steps); it is {adapt!r}.")
    if given is not None and not isinstance(given, Mapping):
        raise ValueError(f"starts must be a dict, name -> phi; it is a {type(given).__name__}.")
    if given is None:
        sorted_ = {kind: starts(kind) for kind in KINDS}
    else:
        sorted_ = {kind: {} for kind in KINDS}
        for name, one in given.items():
            sorted_[kind_of(one, f"the start {name!r}")][str(name)] = detached(one)
    own = None if phi is None else kind_of(phi, "phi")
    made: dict[str, Entrants] = {}
    for kind, found in sorted_.items():
        if taken := {YOURS, REFERENCE} & set(found):
            raise ValueError(f"the name {min(taken)!r} is the widget's own: give that start another.")
        start = detached(phi) if phi is not None and own == kind else None
        if start is not None:
            found = {**found, (REFERENCE if adapt else YOURS): start}
        elif adapt and phi is None:
            start = found.get("MAML", next(iter(found.values()), None))
        if len(found) + (adapt is not None) > MOST:
            raise ValueError(f"a picture can show at most {MOST} starts apart, but there are {len(found)}: take fewer.")
        if found:
            made[kind] = Entrants(found, adapt if start is not None else None, start)
    if not made:
        raise ValueError(f"there is no start to show: give some, or leave starts out for the shipped ones, {NAMES}.")
    return made


def kind_of(phi: Params, what: str) -> str:
    """Return the kind whose network has weights of these names and shapes.

    Raises:
        ValueError: none has.
    """
    for name, kind in KINDS.items():
        if kind.takes(phi):
            return name
    came = shapes(phi) if isinstance(phi, dict) else type(phi).__name__
    raise ValueError(
        f"{what} must be weights of mlp((1, 40, 40, 1)), for sine curves, or of conv4(out=5, channels=16), for "
        f"characters, as model.init(0) returns them; but it has {came}."
    )


def detached(phi: Params) -> Params:
    """Return float32 copies without a graph, so that what is shown does not change with the caller's tensors."""
    return {name: weight.detach().float().clone() for name, weight in phi.items()}
