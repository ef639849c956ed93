"""Bands of theta in which measures are told: the points of a grid, or half logits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from adaptest.models.base import Floats, Rows

EDGES = tuple(float(edge) for edge in np.arange(-6, 7) / 2)  # -3 to 3; one more band beyond either end
DISTANCES = (0.25, 0.5, 1.0)  # between bands of |theta - cut|, logits
MOST_POINTS = 61


@dataclass(frozen=True, slots=True)
class Bands:
    """Where one band ends and the next begins, and what each is called.

    Attributes
    ----------
    edges : between bands, rising; a theta on an edge belongs above
    centres : one for each band, logits
    """

    edges: tuple[float, ...]
    labels: tuple[str, ...]
    centres: tuple[float, ...]

    @classmethod
    def of(cls, points: tuple[float, ...]) -> Bands:
        """Return a band for each of a grid's points where they are few, else those of half logits."""
        if 0 < len(points) <= MOST_POINTS:
            ordered = tuple(sorted(points))
            edges = tuple((a + b) / 2 for a, b in pairwise(ordered))
            return cls(edges, tuple(f"{point:g}" for point in ordered), ordered)
        middle = [f"{a:g} to {b:g}" for a, b in pairwise(EDGES)]
        labels = (f"below {EDGES[0]:g}", *middle, f"{EDGES[-1]:g} and above")
        centres = (EDGES[0] - 0.25, *((a + b) / 2 for a, b in pairwise(EDGES)))
        return cls(EDGES, labels, (*centres, EDGES[-1] + 0.25))

    @classmethod
    def of_distance(cls) -> Bands:
        """Return bands of the distance from a cut."""
        labels = [f"up to {DISTANCES[0]:g}"]
        labels += [f"{a:g} to {b:g}" for a, b in pairwise(DISTANCES)]
        labels += [f"{DISTANCES[-1]:g} and more"]
        return cls(DISTANCES, tuple(labels), (*DISTANCES, DISTANCES[-1]))

    def __len__(self) -> int:
        return len(self.labels)

    def __call__(self, theta: Floats) -> Rows:
        """Return (n,) the band of each theta; -1 where it is nan."""
        band = np.searchsorted(np.array(self.edges), theta, side="right")
        return np.where(np.isnan(theta), -1, band).astype(np.intp)
