"""Random numbers that are the same on every machine and under every release of numpy."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SQRT_3 = 1.7320508075688772


class Draws:
    """A stream of random numbers with a name, such as ``Draws(seed, alphabet)``.

    numpy promises the bits of ``PCG64``, not what its ``Generator`` makes of them; so numbers are made of the bits
    here, by addition and multiplication alone.
    """

    def __init__(self, *name: int) -> None:
        """Begin the stream of that name: numbers from 0."""
        self._bits = np.random.PCG64(np.random.SeedSequence(name))

    def uniforms(self, *shape: int) -> Floats:
        """Return numbers in [0, 1), of that shape."""
        raw = np.asarray(self._bits.random_raw(math.prod(shape)))
        return (raw >> np.uint64(11)).reshape(shape).astype(np.float64) * 2.0**-53

    def normals(self, *shape: int) -> Floats:
        """Return nearly normal numbers of mean 0 and deviation 1, none beyond 3.5: sums of four uniforms."""
        u = self.uniforms(4, *shape)
        return (u[0] + u[1] + u[2] + u[3] - 2.0) * _SQRT_3

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return one number in [low, high)."""
        return low + (high - low) * (self._bits.random_raw() >> 11) * 2.0**-53

    def normal(self, mean: float = 0.0, deviation: float = 1.0) -> float:
        """Return one nearly normal number."""
        return mean + deviation * float(self.normals())

    def below(self, n: int) -> int:
        """Return one of 0 ... n - 1."""
        return int(self.uniform() * n)

    def chance(self, probability: float) -> bool:
        """Return True with that probability."""
        return self.uniform() < probability

    def choose(self, weights: Sequence[float]) -> int:
        """Return an index, each as often as its weight says."""
        ends = np.cumsum(weights)
        return int(np.searchsorted(ends, self.uniform() * ends[-1], side="right"))
