"""Theta cut into bands, so that exposure can be limited in each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Floats, Rows


@dataclass(frozen=True, slots=True)
class Bands:
    """Half-open intervals of theta, the outer two without end; without edges there is one band.

    Attributes
    ----------
    edges : logits, ascending; an edge belongs to the band above it

    Raises
    ------
    OptionError, where they are not finite and ascending.
    """

    edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        finite = all(np.isfinite(edge) for edge in self.edges)
        if not finite or any(low >= high for low, high in pairwise(self.edges)):
            got = ", ".join(f"{edge:g}" for edge in self.edges)
            raise OptionError(f"bands must be finite edges in ascending order; got {got}")

    def __len__(self) -> int:
        return len(self.edges) + 1

    def of(self, theta: Floats) -> Rows:
        """Return (N,) the band of each theta (N,), from 0."""
        return np.searchsorted(np.array(self.edges, dtype=np.float64), theta, side="right")

    def name(self, band: int) -> str:
        """Return a band in words.

        >>> Bands((-1.0, 1.0)).name(1)
        'theta from -1 to 1'
        """
        if not self.edges:
            return "any theta"
        if band == 0:
            return f"theta below {self.edges[0]:g}"
        if band == len(self.edges):
            return f"theta from {self.edges[-1]:g}"
        return f"theta from {self.edges[band - 1]:g} to {self.edges[band]:g}"
