r"""Warm's estimate of each person without each of the items answered: a theta for every answer.

What a person did on an item is compared with what the other items say of the person. Taken one by one these
are as many estimations as there are answers, but those of one person are nearly the same:

1. Without an item the weighted score is a sum over the others and a mean of their J / 2I. Whatever the item,
   it is positive where the whole sum less the highest term and plus the lowest J / 2I is. Between what is
   surely positive and what is surely negative are few nodes, and it is computed there without each item.
2. A person's maxima lie in two or three cells between nodes. The items' terms at Chebyshev's points of a
   cell, computed once, give the score without each item there. A polynomial through it is the score itself to
   the last digits, and its root costs next to nothing.

Where hardly an answer is right, or wrong, no node may be sure: all are looked at, as for any pattern.

References
----------
Warm (1989), Psychometrika 54(3), 427-450; Trefethen (2013), Approximation theory and approximation practice,
ch. 8: a score is singular pi / 2a or more from the real line, so that over a cell of .3 / a a polynomial of
degree m errs by less than 20^-m of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.polynomial.chebyshev import chebval

from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.optimize import bracketed_root
from adaptest.parameters import ItemParameters
from adaptest.scoring.likelihood import ItemFunction, Patterns, blocks, steepness
from adaptest.scoring.matched import Matched
from adaptest.scoring.mode import Mode, peaks
from adaptest.scoring.search import PER_SLOPE
from adaptest.scoring.wle import WeightedLikelihood, cumulative, ratio

SURE = 0.1  # from 0, for the sign of a score to be sure: far above all rounding
SMOOTH = PER_SLOPE * (1 + 1e-9)  # width of a cell times the steepest slope, up to which a polynomial is exact
POINTS = 12  # in a cell
TURNS = np.pi / POINTS * (np.arange(POINTS) + 0.5)
PLACES = (np.cos(TURNS) + 1) / 2  # Chebyshev's points, as shares of a cell
COEFFICIENTS = np.cos(np.outer(np.arange(POINTS), TURNS)) * 2 / POINTS  # of Chebyshev's polynomials
COEFFICIENTS[0] /= 2
PERSONS = 16_384  # in one table of responses, as wide as the longest sitting among them
WORK = 250_000  # doubles gone through at once
TERMS: tuple[ItemFunction, ...] = (
    ItemParameters.log_slope,
    ItemParameters.warm_numerator,
    ItemParameters.information,
)  # of which the weighted score is made


def wle_without_each(data: Matched, matching: Rows, asked: Bools) -> tuple[Floats, Floats]:
    """Return theta and its error without the item, for each answered cell, as if scored apart.

    Parameters
    ----------
    matching : rows of the items that theta rests on
    asked : (J,) the items of whose cells theta is wanted, each left out if theta would rest on it

    Returns
    -------
    (n,) and (n,) logits; nan where there is not one finite estimate that converged, or none was asked for
    """
    theta, sem = np.full(len(data.person), np.nan), np.full(len(data.person), np.nan)
    column = np.full(len(data.items), -1, dtype=np.intp)
    column[matching] = np.arange(len(matching))
    item = data.item()
    outside = np.flatnonzero((asked & (column < 0))[item])
    with_all = np.isin(np.arange(len(data.responses)), data.person[outside])
    on_all = np.full((2, len(data.responses)), np.nan)
    cells = np.flatnonzero(column[item] >= 0)
    cells = cells[np.lexsort((column[item[cells]], data.person[cells]))]
    count = np.bincount(data.person[cells], minlength=len(data.responses))
    start = count.cumsum() - count
    mode = Mode.of(data.items.take(matching), WeightedLikelihood())
    by_length = np.argsort(count, kind="stable")
    by_length = by_length[count[by_length] > 0]
    for first in range(0, len(by_length), PERSONS):
        persons = by_length[first : first + PERSONS]
        place = np.arange(count[persons].max() + 1)  # in the last there is no response: all others are left
        given = place < count[persons][:, None]
        own = cells[(start[persons][:, None] + place)[given]]
        rows, scores = np.zeros(given.shape, dtype=np.intp), np.full(given.shape, -1, dtype=np.int8)
        rows[given], scores[given] = column[item[own]], data.score[own]
        wanted = np.zeros(given.shape, dtype=np.bool_)
        wanted[given], wanted[:, -1] = asked[item[own]], with_all[persons]
        found = _Persons(mode, Patterns.of(mode.items, rows, scores), wanted).without_each()
        theta[own], sem[own] = (part[given] for part in found)
        on_all[:, persons] = [part[:, -1] for part in found]
    theta[outside], sem[outside] = on_all[:, data.person[outside]]
    return theta, sem


class _Falls(NamedTuple):
    """(P,) each: person and place of a response, the node before the score's root, the scores around that."""

    person: Rows
    place: Rows
    left: Rows
    above: Floats
    below: Floats

    @classmethod
    def joined(cls, parts: Iterable[_Falls]) -> _Falls:
        """Return all parts as one."""
        none = np.empty(0, dtype=np.intp)
        every = [cls(none, none, none, np.empty(0), np.empty(0)), *parts]
        person, place, left, above, below = zip(*every, strict=True)
        whole = np.concatenate
        return cls(whole(person), whole(place), whole(left), whole(above), whole(below))

    def take(self, which: Rows | Bools) -> _Falls:
        """Return some of them."""
        return _Falls(
            self.person[which], self.place[which], self.left[which], self.above[which], self.below[which]
        )

    @property
    def begins(self) -> Rows:
        """Where another person's falls begin, or those in another cell."""
        moved = (np.diff(self.left, prepend=-1) != 0) | (np.diff(self.person, prepend=-1) != 0)
        return np.flatnonzero(moved)


@dataclass(frozen=True, slots=True, eq=False)
class _Persons:
    """N persons' responses, and (N, n) which of them are to be left out in turn."""

    mode: Mode
    patterns: Patterns
    wanted: Bools

    def without_each(self) -> tuple[Floats, Floats]:
        """Return (N, n) theta and sem without each wanted response, nan elsewhere."""
        theta, sem = np.full(self.wanted.shape, np.nan), np.full(self.wanted.shape, np.nan)
        falls = self._falls()
        steepest = steepness(self.patterns.items).max(initial=0.0)
        smooth = (np.diff(self.mode.nodes) * steepest <= SMOOTH)[falls.left]
        for some in self._by_cell(falls.take(smooth)):
            theta[some.person, some.place], sem[some.person, some.place] = self._solved(some)
        rest, mode = falls.take(~smooth), replace(self.mode, items=self.patterns.items)
        for first in range(0, len(rest.person), PERSONS):
            some = rest.take(np.arange(len(rest.person))[first : first + PERSONS])
            scores = self.patterns.scores[some.person]
            scores[np.arange(len(scores)), some.place] = -1
            alone = mode(self.patterns.rows[some.person], scores)
            theta[some.person, some.place] = np.where(alone.converged, alone.theta, np.nan)
            sem[some.person, some.place] = np.where(alone.converged, alone.sem, np.nan)
        return theta, sem

    def _falls(self) -> _Falls:
        """Return where the score falls through 0 without a wanted response, if that is the one maximum."""
        tables = self._tables(self.mode.nodes, np.arange(len(self.patterns)))
        first, last = self._sure(tables)
        wanted = self.wanted.sum(axis=1)
        likely = np.flatnonzero((wanted > 0) & (first < last))
        falls = _Falls.joined(self._in_windows(tables, likely, first, last))
        other = np.bincount(falls.person, minlength=len(wanted)) < wanted
        anywhere = self._anywhere(tables, np.flatnonzero(other))
        return _Falls.joined([falls.take(~other[falls.person]), *anywhere])

    def _tables(self, theta: Floats, which: Rows) -> list[Floats]:
        return [self.patterns.table(function, theta, which) for function in TERMS]

    def _sure(self, tables: Sequence[Floats]) -> tuple[Rows, Rows]:
        """Return (N,) nodes: up to the one and from the other on, the score's sign is sure whatever the item.

        Where there are no such nodes, both are 0.
        """
        slope, warm, information = tables
        shift = ratio(warm, 2 * information)
        none = np.isnan(shift)
        lowest, highest = (
            np.where(none, np.inf, shift).min(axis=0),
            np.where(none, -np.inf, shift).max(axis=0),
        )
        rise = np.where(np.isinf(lowest), 0.0, lowest) - slope.max(axis=0)
        fall = np.where(np.isinf(highest), 0.0, highest) - slope.min(axis=0)
        count = slope.shape[1]
        both = np.zeros((2, len(self.patterns)), dtype=np.intp)
        for some in blocks(np.arange(len(self.patterns)), count):
            sums = self.patterns.gather(slope, some)
            may_fall, may_rise = sums + rise < SURE, sums + fall > -SURE
            first, last = may_fall.argmax(axis=1) - 1, count - may_rise[:, ::-1].argmax(axis=1)
            sure = may_fall.any(axis=1) & may_rise.any(axis=1) & (first >= 0) & (last < count)
            both[:, some] = np.where(sure, [first, last], 0)
        return both[0], both[1]

    def _in_windows(
        self, tables: Sequence[Floats], persons: Rows, first: Rows, last: Rows
    ) -> Iterator[_Falls]:
        """Yield where the score falls through 0 without a wanted response, if it does so once.

        Parameters
        ----------
        persons : those to look at; of each the nodes from `first` to `last`, (N,) both
        """
        nodes = last - first + 1
        persons = persons[np.argsort(nodes[persons], kind="stable")]
        while persons.size:
            most = WORK // (self.wanted.shape[1] * int(nodes[persons[0]]))
            some, persons = np.split(persons, [max(most, 1)])
            width = int(nodes[some[-1]])
            begin = np.minimum(first[some], len(self.mode.nodes) - width)
            node, line = begin[:, None] + np.arange(width), self.patterns.lines(tables[0], some).T[..., None]
            slope, warm, information = (_without_each(table[line, node]) for table in tables)
            slope += ratio(warm, 2 * information)
            falls = (slope[..., :-1] >= 0) & (slope[..., 1:] < 0)
            place, row = np.nonzero((falls.sum(axis=-1) == 1) & self.wanted[some].T)
            left = falls[place, row].argmax(axis=-1)
            around = slope[place, row, left], slope[place, row, left + 1]
            yield _Falls(some[row], place, begin[row] + left, *around)

    def _anywhere(self, tables: Sequence[Floats], persons: Rows) -> Iterator[_Falls]:
        """Yield where there is one maximum without a wanted response: looked for as `Mode` does."""
        nodes = self.mode.nodes
        every = (self.patterns.table(ItemParameters.log_probability, nodes, persons), *tables)
        most = max(WORK // (self.wanted.shape[1] * len(nodes)), 1)
        for start in range(0, len(persons), most):
            some = persons[start : start + most]
            line = self.patterns.lines(tables[0], some).T
            place, row = np.nonzero(self.wanted[some].T)
            height, slope, warm, information = (_without_each(table[line])[place, row] for table in every)
            shift = ratio(warm, 2 * information)
            height += cumulative(np.nan_to_num(shift), nodes)
            found = peaks(np.arange(len(row)), height, slope + shift)
            alone = np.bincount(found.person, minlength=len(row))[found.person] == 1
            at, left = found.person[alone], found.left[alone]
            yield _Falls(some[row[at]], place[at], left, found.slope_low[alone], found.slope_high[alone])

    def _by_cell(self, falls: _Falls) -> Iterator[_Falls]:
        """Yield some falls after the other, cell by cell and person by person."""
        falls = falls.take(np.lexsort((falls.person, falls.left)))
        begins = np.append(falls.begins, len(falls.left))
        most = max(WORK // (self.wanted.shape[1] * POINTS), 1)
        for first in range(0, len(begins) - 1, most):
            yield falls.take(np.arange(begins[first], begins[first : first + most + 1][-1]))

    def _solved(self, falls: _Falls) -> tuple[Floats, Floats]:
        """Return (P,) theta and sem where falls, as `_by_cell` gives them, go through 0."""
        nodes, begins = self.mode.nodes, falls.begins
        person, (cells, cell) = falls.person[begins], np.unique(falls.left[begins], return_inverse=True)
        theta = nodes[cells][:, None] + np.diff(nodes)[cells][:, None] * PLACES
        tables = self._tables(theta.ravel(), person)
        line = self.patterns.lines(tables[0], person).T
        at = falls.place, np.repeat(np.arange(len(begins)), np.diff(begins, append=len(falls.left)))
        slope, warm, information = (
            _without_each(table.reshape(-1, *theta.shape)[line, cell])[at] for table in tables
        )
        slope += ratio(warm, 2 * information)
        of_slope, of_information = (np.einsum("mk,pk->mp", COEFFICIENTS, at) for at in (slope, information))
        low, high = nodes[falls.left], nodes[falls.left + 1]

        def along(polynomial: Floats, value: Floats, which: Rows) -> Floats:
            x = 2 * (value - low[which]) / (high - low)[which] - 1
            return np.asarray(chebval(x, polynomial[:, which], tensor=False))

        root = bracketed_root(
            lambda value, which: along(of_slope, value, which), low, high, falls.above, falls.below
        )
        sem = 1 / np.sqrt(along(of_information, root.value, np.arange(len(low))))
        return np.where(root.converged, root.value, np.nan), np.where(root.converged, sem, np.nan)


def _without_each(terms: Floats) -> Floats:
    """Return (n, M, Q) sums over n items without each of them.

    What stands before an item and what stands after it are added: in a tail, where one item has nearly all
    the information, a difference would leave nothing of the rest.
    """
    sums = np.zeros_like(terms)
    for k in range(1, len(terms)):
        np.add(sums[k - 1], terms[k - 1], out=sums[k])
    after = np.zeros_like(terms[0])
    for k in range(len(terms) - 2, -1, -1):
        after += terms[k + 1]
        sums[k] += after
    return sums
