"""Estimates that are where an estimating function falls through zero: all maxima are looked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from adaptest.models.base import Floats, Rows
from adaptest.numerics.optimize import bracketed_root
from adaptest.parameters import ItemParameters
from adaptest.scoring.estimate import Estimates, Outcome
from adaptest.scoring.likelihood import Integers, ItemFunction, Patterns, blocks
from adaptest.scoring.search import search_nodes

PROMINENCE = 1e-6  # log-likelihood by which a maximum must rise above the lows on both sides of it

Sums = Callable[[ItemFunction], Floats]


class Equation(Protocol):
    """What is maximised over theta.

    `sums` gives, for an item function, its sum over each person's responses, of theta's shape; so each
    formula is written once, for shared nodes (M, Q) as for persons' own theta (M,).
    """

    @property
    def method(self) -> str:
        """Name of the estimator."""
        ...

    @property
    def sem_kind(self) -> str:
        """What the standard error is, in words."""
        ...

    def objective(self, sums: Sums, theta: Floats) -> Floats:
        """Return (M, Q) what is maximised, at nodes theta (Q,), up to a constant for each person."""
        ...

    def slope(self, sums: Sums, theta: Floats) -> Floats:
        """Return its derivative in theta, (M, Q) at nodes theta (Q,) or (M,) at theta (M,)."""
        ...

    def sem(self, sums: Sums, theta: Floats) -> Floats:
        """Return (M,) standard errors at theta (M,)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Mode:
    """The estimator that maximises an equation over theta, for N persons at once.

    Attributes
    ----------
    nodes : (Q,) where maxima are looked for; they depend on all items, not on who answered which
    bounds : theta stays within, and a maximum at a bound is no maximum; None looks everywhere
    """

    items: ItemParameters
    equation: Equation
    bounds: tuple[float, float] | None
    nodes: Floats

    @classmethod
    def of(cls, items: ItemParameters, equation: Equation, bounds: tuple[float, float] | None = None) -> Mode:
        """Return the estimator over these items."""
        return cls(items, equation, bounds, search_nodes(items, bounds))

    def __call__(self, rows: Integers, scores: Integers) -> Estimates:
        """Return the estimates from responses (N, n): items answered, and scores or -1.

        All maxima on the nodes are bracketed and solved; the highest is the estimate. With several, the
        outcome says so. Without any, theta is the end towards which the likelihood rises (an infinity, or
        the bound), sem is nan, and the outcome says all_correct, all_incorrect or no_maximum.

        Raises
        ------
        ResponseError, naming the first score that its item does not have.
        """
        patterns = Patterns.of(self.items, rows, scores)
        n = len(patterns)
        theta, sem = np.full(n, np.nan), np.full(n, np.nan)
        outcome = np.full(n, Outcome.NO_RESPONSES, dtype=np.int8)
        answered = np.flatnonzero(patterns.answered > 0)
        if answered.size:
            self._at_ends(patterns, answered, outcome)
            self._at_peaks(patterns, self._peaks(patterns, answered, theta), theta, sem, outcome)
        kind, method = self.equation.sem_kind, self.equation.method
        return Estimates(theta, sem, outcome, kind, method, patterns.answered, self._notes())

    def _notes(self) -> tuple[str, ...]:
        if self.bounds is None:
            return ()
        low, high = self.bounds
        return (f"theta was kept in [{low:g}, {high:g}]; a theta at a bound is no maximum and has no sem",)

    def _at_ends(self, patterns: Patterns, which: Rows, outcome: NDArray[np.int8]) -> None:
        """Put what holds where there is no maximum; theta is filled in by `_peaks`."""
        top = patterns.items.categories - 1
        for some in blocks(which, patterns.rows.shape[1]):
            rows, scores = patterns.rows[some], patterns.scores[some]
            given = scores >= 0
            right = (~given | (scores == top[np.where(given, rows, 0)])).all(axis=1)
            wrong = (scores <= 0).all(axis=1)
            ends = np.where(right, Outcome.ALL_CORRECT, Outcome.NO_MAXIMUM)
            outcome[some] = np.where(wrong, Outcome.ALL_INCORRECT, ends)

    def _peaks(self, patterns: Patterns, which: Rows, theta: Floats) -> Peaks:
        """Return the brackets of all maxima of `which`; put the higher end into the theta of all."""
        tables: dict[ItemFunction, Floats] = {}

        def sums_of(some: Rows, function: ItemFunction) -> Floats:
            if function not in tables:
                tables[function] = patterns.table(function, self.nodes, which)
            return patterns.gather(tables[function], some)

        ends = (-np.inf, np.inf) if self.bounds is None else self.bounds
        parts = []
        for some in blocks(which, len(self.nodes)):
            sums = partial(sums_of, some)
            objective = self.equation.objective(sums, self.nodes)
            last, first = objective[:, -1], objective[:, 0]
            theta[some] = np.select([last > first, last < first], [ends[1], ends[0]], np.nan)
            parts.append(peaks(some, objective, self.equation.slope(sums, self.nodes)))
        return Peaks(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _at_peaks(
        self, patterns: Patterns, found: Peaks, theta: Floats, sem: Floats, outcome: NDArray[np.int8]
    ) -> None:
        """Solve for the maximum in each bracket, and put the highest of each person."""
        if not found.person.size:
            return
        sums_at = patterns.sums_at

        def slope(at: Floats, which: Rows) -> Floats:
            persons = found.person[which]
            return self.equation.slope(lambda function: sums_at(function, at, persons), at)

        low, high = self.nodes[found.left], self.nodes[found.left + 1]
        solved = bracketed_root(slope, low, high, found.slope_low, found.slope_high)
        rise = (solved.value - low) / 6  # by Simpson's rule; the slope at the maximum is 0
        middle = slope((low + solved.value) / 2, np.arange(len(low)))
        height = found.height + rise * (found.slope_low + 4 * middle)
        order = np.lexsort((-height, found.person))
        persons, first, count = np.unique(found.person[order], return_index=True, return_counts=True)
        best = order[first]
        theta[persons] = solved.value[best]
        ended = np.where(count > 1, Outcome.MULTIPLE_MAXIMA, Outcome.OK)
        outcome[persons] = np.where(solved.converged[best], ended, Outcome.NOT_CONVERGED)
        at = theta[persons]
        sem[persons] = self.equation.sem(lambda function: sums_at(function, at, persons), at)


class Peaks(NamedTuple):
    """(P,) each: a maximum's person, the node before it, the objective there, and the slopes around it."""

    person: Rows
    left: Rows
    height: Floats
    slope_low: Floats
    slope_high: Floats


def peaks(which: Rows, objective: Floats, slope: Floats) -> Peaks:
    """Return the maxima of M objectives (M, Q) that rise above the lows beside them and above both ends.

    A person's maxima are left out together if the objective is as high at an end as at any of them: then
    its supremum is not at a maximum.
    """
    falls = (slope[:, :-1] >= 0) & (slope[:, 1:] < 0)
    row, left = np.nonzero(falls)
    height = np.maximum(objective[row, left], objective[row, left + 1])
    highest = np.full(len(objective), -np.inf)
    np.maximum.at(highest, row, height)
    keep = (highest > np.maximum(objective[:, 0], objective[:, -1]) + PROMINENCE)[row]
    first = np.concatenate([[0], falls.sum(axis=1).cumsum()])
    for person in np.flatnonzero((np.diff(first) > 1) & (highest > -np.inf)):
        mine = slice(first[person], first[person + 1])
        if keep[mine].any():
            keep[mine] = _prominent(height[mine], _lows(objective[person], left[mine]))
    row, left, height = row[keep], left[keep], height[keep]
    return Peaks(which[row], left, objective[row, left], slope[row, left], slope[row, left + 1])


def _lows(objective: Floats, left: Rows) -> list[float]:
    """Return the lowest objective before the first maximum, between two, and after the last."""
    starts = np.concatenate([[0], left + 1])
    return [float(low) for low in np.minimum.reduceat(objective, starts)]


def _prominent(height: Floats, lows: list[float]) -> list[bool]:
    """Return which maxima rise above the lows on both sides, the least merged into its neighbour first."""
    kept = list(range(len(height)))
    while kept:
        rises = [height[peak] - max(lows[k], lows[k + 1]) for k, peak in enumerate(kept)]
        least = min(range(len(kept)), key=rises.__getitem__)
        if rises[least] > PROMINENCE:
            break
        lows[least : least + 2] = [min(lows[least], lows[least + 1])]
        del kept[least]
    return [peak in kept for peak in range(len(height))]
