"""Drawings of characters from alphabets: the one shape in which Omniglot and the generated glyphs arrive."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Characters:
    """Handwritten characters, each drawn once by each drawer.

    Args:
        images: (n_characters, n_drawers, 28, 28) uint8; paper 0, ink up to 255.
        alphabet: (n_characters,) int64, an index into ``alphabets``.
        alphabets: their names.
        names: (n_characters) names, unique, such as ``"Greek/character03"`` or ``"Greek/character03/rot090"``.
        source: where they come from, such as ``"omniglot"`` or ``"glyphs"``.
        digest: SHA-256 of what was read or made, to be written beside results.
    """

    images: Tensor
    alphabet: Tensor
    alphabets: tuple[str, ...]
    names: tuple[str, ...]
    source: str
    digest: str

    def __len__(self) -> int:
        """Return the number of characters."""
        return len(self.names)

    def __repr__(self) -> str:
        """Return sizes, not pixels."""
        shape = "x".join(map(str, self.images.shape))
        return f"Characters({self.source}, {len(self.alphabet.unique())} alphabets, images {shape} uint8)"

    def select(self, index: Tensor) -> "Characters":
        """Return the characters at ``index`` (n,) int64, in that order."""
        names = tuple(self.names[i] for i in index.tolist())
        return replace(self, images=self.images[index], alphabet=self.alphabet[index], names=names)

    def to(self, device: torch.device | str) -> "Characters":
        """Return the characters on a device."""
        return replace(self, images=self.images.to(device), alphabet=self.alphabet.to(device))

    def with_rotations(self) -> "Characters":
        """Return four classes for each: as it is, and turned by 90, 180 and 270 degrees. Call it *after* splitting."""
        turned = [torch.rot90(self.images, k, (-2, -1)) for k in range(4)]
        names = tuple(f"{name}/rot{90 * k:03}" for k in range(4) for name in self.names)
        return replace(self, images=torch.cat(turned), alphabet=self.alphabet.repeat(4), names=names)
