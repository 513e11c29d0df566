"""Making pictures smaller by exact area averaging."""

import numpy as np
from numpy.typing import NDArray


def area_average(ink: NDArray[np.bool_], size: int) -> NDArray[np.uint8]:
    """Shrink square pictures (..., n, n) to (..., size, size): each pixel is 255 times its share of ink, rounded.

    A new pixel covers a square of n/size by n/size old ones, some of them in part, and each counts by the area that
    is covered: out = W @ ink @ W^T with W (size, n) the lengths of the overlaps. (Pooling with whole windows, as in
    ``interpolate(mode="area")``, lets neighbours overlap when n/size is no whole number: 105/28 = 3.75.) Lengths are
    counted in units of 1/size old pixels, so all sums are whole numbers and the result is the same on every machine.
    """
    n = ink.shape[-1]
    weights = _overlaps(n, size).astype(np.float32)  # rows sum to n; float32 is exact on sums up to n * n
    covered = (weights @ ink.astype(np.float32) @ weights.T).astype(np.int64)
    return ((2 * 255 * covered + n * n) // (2 * n * n)).astype(np.uint8)


def _overlaps(n: int, size: int) -> NDArray[np.int64]:
    """Return (size, n): how much of new pixel i, n units long, lies on old pixel j, size units long."""
    new, old = np.arange(size)[:, None] * n, np.arange(n) * size
    return np.clip(np.minimum(new + n, old + size) - np.maximum(new, old), 0, None)
