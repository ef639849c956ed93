"""N sittings of one length as columns: all that choices depend on. A live sitting is N = 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adaptest.constraints.blueprint import Counts
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Stream, uniform, uniform_one

Seeds = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Sittings:
    """N sittings that have answered the same number of scored items.

    Attributes
    ----------
    seed : (N,) 64 bits
    available : (N, J) items that no exclusion, presentation or enemy bars
    counts : (N, C) scored items by cell of the blueprint
    rows, scores : (N, n) scored items in order, and the category each was scored in
    carried : (N, Q) what the estimator carries along
    theta, sem : (N,) logits, rounded to 6 decimals: nothing finer ever decides
    outcome : (N,) int8, how the estimation ended
    path : (N, n + 1) theta before the first answer and after each
    time_s : (N,) seconds of the candidate's clock used so far; 0 where nobody measured
    """

    seed: Seeds
    available: Bools
    counts: Counts
    rows: Rows
    scores: Rows
    carried: Floats
    theta: Floats
    sem: Floats
    outcome: NDArray[np.int8]
    path: Floats
    time_s: Floats

    def __len__(self) -> int:
        return len(self.seed)

    @property
    def length(self) -> int:
        """Scored items answered."""
        return int(self.rows.shape[1])

    def take(self, which: Rows | Bools) -> Sittings:
        """Return some of the sittings."""
        return Sittings(
            self.seed[which],
            self.available[which],
            self.counts[which],
            self.rows[which],
            self.scores[which],
            self.carried[which],
            self.theta[which],
            self.sem[which],
            self.outcome[which],
            self.path[which],
            self.time_s[which],
        )


def draws(seed: Seeds, stream: Stream, position: int) -> Floats:
    """Return (N,) draws; for one sitting by the quick way, which gives the same bits.

    Parameters
    ----------
    position : scored items given before
    """
    if len(seed) == 1:
        return np.array([uniform_one(int(seed[0]), stream, position)])
    return uniform(seed, stream, position)
