"""N sittings of one length as columns: all that choices depend on. A live sitting is N = 1."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from adaptest.constraints.blueprint import Counts
from adaptest.constraints.content import Answer, Plan
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Stream, uniform, uniform_one, uniforms_ahead

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
    in_band : (N, B, J) items that exposure control bars while theta is in a band; None where none is
    plan : what the content method planned; None before it did, or where it plans nothing
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
    in_band: Bools | None = None
    plan: Plan | None = None

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
            None if self.in_band is None else self.in_band[which],
            None if self.plan is None else self.plan.take(which),
        )

    def following(self, answer: Answer | None) -> Sittings:
        """Return the sittings with what their content method planned."""
        return self if answer is None or answer.plan is None else replace(self, plan=answer.plan)

    def barring(self, rows: Rows) -> Sittings:
        """Return the sittings without items they may not be shown: `rows` (N, M), -1 where there is none."""
        if not rows.shape[1]:
            return self
        available = self.available.copy()
        who, where = np.nonzero(rows >= 0)
        available[who, rows[who, where]] = False
        return replace(self, available=available)


def chance(seed: Seeds, position: int, draw: int = 0) -> tuple[Floats, Floats]:
    """Return (N,) draws of the selection and of its ties: those of `draws`."""
    if len(seed) == 1:
        choice, tie = chance_of_one(seed.item(), position, draw)
        return np.array([choice]), np.array([tie])
    return uniform(seed, Stream.SELECTION, position, draw), uniform(seed, Stream.TIE, position, draw)


def chance_of_one(seed: int, position: int, draw: int = 0) -> tuple[float, float]:
    """Return what `chance` returns for one sitting, as plain numbers."""
    if draw == 0:
        choice, tie, _ = uniforms_ahead(seed, position)
        return choice, tie
    return uniform_one(seed, Stream.SELECTION, position, draw), uniform_one(seed, Stream.TIE, position, draw)


def draws(seed: Seeds, stream: Stream, position: int, draw: int = 0) -> Floats:
    """Return (N,) draws; for one sitting by the quick way, which gives the same bits.

    Parameters
    ----------
    position : scored items given before
    draw : tells apart several draws at one position
    """
    if len(seed) == 1:
        return np.array([uniform_one(int(seed[0]), stream, position, draw)])
    return uniform(seed, stream, position, draw)
