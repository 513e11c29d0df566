"""Who takes part: which program each contestant is, which Python runs it, and where it does not apply."""

from dataclasses import dataclass

from benchmarks.configurations import Configuration


@dataclass(frozen=True)
class Contender:
    """One row of the tables.

    Args:
        name: of the row.
        program: the module in ``benchmarks.contestants``.
        environment: the folder in ``benchmarks/.envs``; None for the Python that runs the benchmark.
        requirements: the file in ``benchmarks/requirements``, without its ending.
        arguments: of the program.
        only: the network it is for; None for all.
    """

    name: str
    program: str
    environment: str | None = None
    requirements: str | None = None
    arguments: tuple[str, ...] = ()
    only: str | None = None

    def applies(self, configuration: Configuration) -> bool:
        """Return whether this row makes sense for a configuration."""
        return self.only in (None, configuration.network)


OURS = "metakit"
JUDGE = "plain PyTorch"
"""Whose gradient metakit's is held to; all others are held to metakit's."""
BASE = "learn2learn"
"""Whose time is 1."""

CONTENDERS = {
    c.name: c
    for c in (
        Contender(OURS, "metakit"),
        Contender(BASE, "learn2learn", "torch", "learn2learn"),
        Contender("higher", "higher", "torch", "higher"),
        Contender("TorchOpt", "torchopt", "torch", "torchopt"),
        Contender("torch.func", "torch_func"),
        Contender("torch.func, norm by hand", "torch_func", arguments=("--norm-by-hand",), only="conv4"),
        Contender("JAX", "jax", "jax", "jax"),
        Contender(JUDGE, "plain"),
    )
}
