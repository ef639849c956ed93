"""Ways through an exam that are known, each a proof that spares an integer program.

A way is counts by cell at every stop, never falling, with every rule kept at each. It serves a sitting that
has given no more of any cell than it does by the next stop. Where the sitting has one item more of some cell,
one exchange is tried: that item for one of another cell, until the way takes one of its cell itself, or to
the end. Everything is checked in whole numbers; what no known way proves is for the program to settle.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from adaptest.constraints.blueprint import Blueprint, Counts

KEPT = 32  # ways remembered, the last used first
TRIED = 8  # of them for one question


class Known(NamedTuple):
    """Counts (T, C) at every stop; those from the `first`-th on are proven."""

    at: Counts
    first: int


@dataclass(frozen=True, eq=False)
class Certificates:
    """The ways known of one exam.

    Attributes
    ----------
    stops : lengths at which a sitting may stop, ascending
    known : the last used first
    """

    blueprint: Blueprint
    stops: tuple[int, ...]
    known: list[Known] = field(default_factory=list, repr=False)

    @cached_property
    def rows(self) -> tuple[Counts, Counts, Counts]:
        """(R, C) coefficients of the rules as whole numbers, and their bounds (R, T) at each stop."""
        blueprint, many = self.blueprint, len(self.stops)
        endless = np.iinfo(np.int64).max // 4
        terms, low, high = [], [], []
        for rule, what, of in zip(blueprint.rules, blueprint.what, blueprint.of, strict=True):
            if rule.of is None:
                terms.append(what)
                low.append([rule.least(stop) for stop in self.stops])
                high.append([rule.most(stop) for stop in self.stops])
                continue
            for share, is_lower in ((rule.lower, True), (rule.upper, False)):
                if share is not None:
                    terms.append(share.denominator * what - share.numerator * of)
                    low.append([0 if is_lower else -endless] * many)
                    high.append([endless if is_lower else 0] * many)
        return (
            np.array(terms, dtype=np.int64).reshape(len(terms), blueprint.n_cells),
            np.array(low, dtype=np.int64).reshape(len(terms), many),
            np.array(high, dtype=np.int64).reshape(len(terms), many),
        )

    def keep(self, at: Counts, stops: tuple[int, ...]) -> None:
        """Remember counts (T', C) at the last of the stops, as the program found them, if they do hold."""
        first = len(self.stops) - len(stops)
        terms, low, high = self.rows
        held = np.einsum("rc,tc->rt", terms, at)
        if (held < low[:, first:]).any() or (held > high[:, first:]).any() or (np.diff(at, axis=0) < 0).any():
            return
        if (at.sum(axis=1) != np.array(stops)).any():
            return
        whole = np.zeros((len(self.stops), at.shape[1]), dtype=np.int64)
        whole[first:] = at
        self._put(Known(whole, first))

    def used(self, counts: Counts, free: Counts, length: int) -> Counts | None:
        """Return (C,) what a known way still takes of each cell; None where none is known to serve.

        Parameters
        ----------
        counts, free : (C,) items given, and items that can still be given, of which no two bar each other
        length : the stops from it on are asked about
        """
        first = bisect_left(self.stops, length)
        if first == len(self.stops):
            return np.zeros_like(counts)
        for place, known in enumerate(self.known[:TRIED]):
            if known.first > first:
                continue
            at = known.at[first:]
            lacking = np.maximum(counts - at[0], 0)
            if lacking.any():
                if lacking.sum() > 1:
                    continue
                found = self._exchanged(at, counts, free, int(lacking.argmax()), first)
                if found is None:
                    continue
                whole = np.zeros_like(known.at)
                whole[first:] = at = found
                self._put(Known(whole, first))
            elif (at[-1] - counts > free).any():
                continue
            elif place:
                self.known.insert(0, self.known.pop(place))
            return np.asarray(at[-1] - counts)
        return None

    def hopeless(self, counts: Counts, length: int) -> bool:
        """Return whether counts (C,) alone exceed what a rule lets be given by some stop from `length` on."""
        first = bisect_left(self.stops, length)
        if first == len(self.stops):
            return False
        terms, _, high = self.rows
        rising = (terms >= 0).all(axis=1)
        return bool((np.einsum("rc,c->r", terms[rising], counts) > high[rising, first:].min(axis=1)).any())

    def _exchanged(self, at: Counts, counts: Counts, free: Counts, cell: int, first: int) -> Counts | None:
        """Return a way with one item more of `cell` by its first stop, for one less of another cell."""
        terms, low, high = self.rows
        held = np.einsum("rc,tc->rt", terms, at)[:, None, :]
        # (R, C, T): one of `cell` for one of each other
        after = held + (terms[:, [cell]] - terms)[:, :, None]
        keeps = ((after >= low[:, None, first:]) & (after <= high[:, None, first:])).all(axis=0)
        keeps = np.logical_and.accumulate(keeps, axis=1)
        keeps &= (at[0] > counts)[:, None]
        keeps &= np.append(np.diff(at[:, cell]) > 0, True)  # until it takes one itself, or to the end
        over = at[-1] - counts > free
        if over.any():
            keeps[:, :-1] = False
        for other, last in np.argwhere(keeps).tolist():
            made = at.copy()
            made[: last + 1, cell] += 1
            made[: last + 1, other] -= 1
            if (made[-1] - counts <= free).all():
                return made
        return None

    def _put(self, known: Known) -> None:
        """Remember a way as the last used."""
        self.known.insert(0, known)
        del self.known[KEPT:]
