"""The lengths at which an exam may stop, and the programs that keep every rule at each of them.

A test of one length is taken only if it can be continued to the maximum: some longer test holds it. Where
rules are counts, counting proves that for every stop ahead in one nested sequence (`reach`); else the longest
test is looked for, with sets that the shorter one uses and what comes before it in order closed, and if there
is none, both are assembled together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from adaptest.constraints import why
from adaptest.constraints.blueprint import Blueprint
from adaptest.constraints.nested import chain, within
from adaptest.constraints.reach import Reach
from adaptest.constraints.rows import Table, matrix, set_of
from adaptest.constraints.solver import Budget, Like, Solved, Solver
from adaptest.errors import ExamError, InfeasibleError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.pool import Pool

DIRECT = 2  # lengths of which growing to the last is growing through all


@dataclass(frozen=True, eq=False)
class Ladder:
    """Assemblies of every length at which an exam may stop.

    Attributes
    ----------
    blueprint : holds the table's own counts too
    stops : ascending; the last is the maximum
    reach : where counts are all there is
    """

    pool: Pool
    table: Table
    blueprint: Blueprint
    stops: tuple[int, ...]
    reach: Reach | None = None
    _solvers: dict[tuple[int, int], Solver] = field(default_factory=dict, repr=False)

    @cached_property
    def set_of(self) -> Rows:
        """(J,) the place of each item's set; -1 where it is in none."""
        return set_of(self.pool)

    @cached_property
    def order(self) -> tuple[Floats | None, Floats | None]:
        """By what items, and sets, are to be given in rising order.

        Raises
        ------
        ExamError, where the items of one set are not alike in order: they are given together.
        """
        by_item = self.table.order("item")
        for name, held in self.pool.sets.items():
            rows = [self.pool.row[item] for item in held]
            if by_item is not None and len(set(by_item[rows].tolist())) > 1:
                raise ExamError(
                    f"item set {name!r}: its items are given together and must be alike in what orders the"
                    " items; order the sets instead"
                )
        return by_item, self.table.order("set") if self.pool.sets else None

    def may(self, available: Bools, rows: Rows) -> Bools:
        """Return (N, J) available items of sets that were not left, whose order does not fall.

        Parameters
        ----------
        available : (N, J)
        rows : (N, n) items given, in order
        """
        if not rows.shape[1] or not (self.pool.sets or self.order[0] is not None):
            return available
        may = available.copy()
        last = rows[:, -1]
        if self.pool.sets:
            current = self.set_of[last]
            for n in range(len(rows)):
                left = np.setdiff1d(self.set_of[rows[n]], [-1, current[n]])
                may[n] &= ~np.isin(self.set_of, left)
        by_item, by_set = self.order
        if by_item is not None:
            may &= (by_item >= by_item[last][:, None]) | (self._same_set(last))
        if by_set is not None:
            for n in range(len(rows)):
                used = self.set_of[rows[n]][self.set_of[rows[n]] >= 0]
                if used.size:
                    may[n] &= (self.set_of < 0) | (by_set[self.set_of] >= by_set[used].max())
        return may

    def inside(self, rest: Bools, rows: Rows) -> Bools:
        """Return (J,) which of the items belong to the set of the last item given."""
        if not len(rows) or self.set_of[rows[-1]] < 0:
            return np.zeros_like(rest)
        return np.asarray(rest & (self.set_of == self.set_of[rows[-1]]))

    def begun(self, rows: Rows) -> str:
        """Return in words how far the item set of the last of these items is given; empty for none."""
        place = self.set_of[rows[-1]] if len(rows) else -1
        if place < 0:
            return ""
        bounds = [one for one in self.table.constraints if one.per_set and not one.soft]
        least = max((one.lower for one in bounds if one.lower is not None), default=0)
        most = min((one.upper for one in bounds if one.upper is not None), default=np.inf)
        many = int(np.count_nonzero(self.set_of[rows] == place))
        told = f"items given of item set {[*self.pool.sets][place]!r}: {many}"
        if many < least:
            return f"{told}; it goes on until {least:g} are given"
        return f"{told}, all that it may have" if many >= most else f"{told}, as many as it must have"

    def first(self, rest: Bools) -> Bools:
        """Return (J,) which of the items are first in order."""
        by_item, by_set = self.order
        if by_item is not None and rest.any():
            rest = rest & (by_item == by_item[rest].min())
        if by_set is not None and rest.any():
            of_set = rest & (self.set_of >= 0)
            if of_set.any():
                rest = rest & ~(of_set & (by_set[self.set_of] > by_set[self.set_of[of_set]].min()))
        return np.asarray(rest)

    def broken(self, test: Bools) -> tuple[str, ...]:
        """Return the hard rules that a test (J,) of a length at which the exam may stop does not keep."""
        length = int(test.sum())
        if length not in self.stops:
            return (f"length {length}",)
        return self._solver(length).matrix.broken(self.whole(test))

    def holds(self, rows: Rows) -> bool:
        """Return whether items given are a test that the exam may stop with."""
        test = np.zeros(len(self.pool), dtype=np.bool_)
        test[rows] = True
        return not self.broken(test)

    def penalty(self, test: Bools) -> float:
        """Return what the soft targets that a test misses cost."""
        rows = self._solver(int(test.sum())).matrix
        return rows.penalty(self.whole(test))

    def missed(self, test: Bools) -> tuple[tuple[str, float], ...]:
        """Return (rule, by how much) for every soft target that a test misses."""
        rows = self._solver(int(test.sum())).matrix
        excess = rows.excess(self.whole(test))
        return tuple(
            (rows.names[row], round(float(excess[row]), 9))
            for row in np.flatnonzero((rows.weight > 0) & (excess > 0))
        )

    def assemble(
        self,
        rows: Rows,
        given: Bools,
        may: Bools,
        cost: Floats,
        *,
        like: Like | None = None,
        budget: Budget | None = None,
    ) -> Solved | None:
        """Return the best test of the next length that can go on; None where no length ahead has any.

        Parameters
        ----------
        rows : items given, in order
        given, may : (J,) what was given, and what may follow
        cost : (J,)
        """
        for length in (stop for stop in self.stops if stop > len(rows)):
            found = self.at(length, given, may, cost, like=like, budget=budget)
            if found.x is not None or found.status == "budget":
                return found
        return None

    def at(
        self,
        length: int,
        given: Bools,
        may: Bools,
        cost: Floats,
        *,
        gap: float = 0.0,
        enough: float = np.inf,
        like: Like | None = None,
        budget: Budget | None = None,
    ) -> Solved:
        """Return the best test of one length that can go on to the maximum; see `assemble`.

        Parameters
        ----------
        gap, enough : relative, how far below the best it may be; what it may be worth whatever the best is
        """
        low, high = self._bounds(given, given | may)
        found = self._solver(length).solve(cost, low, high, gap=gap, enough=enough, budget=budget, like=like)
        if found.x is None or self.continues(found.x[: len(self.pool)], given | may):
            return found
        n, s = len(self.pool), len(self.pool.sets)
        both = self._solver(length, self.stops[-1])
        beside = np.ones(both.matrix.n_columns - 2 * (n + s))
        twice = [np.concatenate([b[:n], b[:n], b[n:], b[n:], beside]) for b in (low, high)]
        twice[0][n : 2 * n], twice[0][2 * n + s :] = 0.0, 0.0  # the longer test holds the shorter by its rows
        found = both.solve(np.concatenate([cost, np.zeros(n)]), *twice, gap=gap, enough=enough, budget=budget)
        x = None if found.x is None else np.concatenate([found.x[:n], found.x[2 * n : 2 * n + s]])
        if x is not None and not self.continues(x[:n], given | may):  # stops between them are in the way
            return Solved("infeasible", None, -np.inf, -np.inf, found.nodes, found.pivots)
        return Solved(found.status, x, found.objective, found.bound, found.nodes, found.pivots)

    def continues(self, test: Bools, able: Bools) -> bool:
        """Return whether some longer test, up to the maximum, holds this one.

        Parameters
        ----------
        able : (J,) the items of the test, and all that may be given
        """
        length, last = int(test.sum()), self.stops[-1]
        if length == last:
            return True
        if self.reach is not None:
            available = able & ~test
            for row in np.flatnonzero(test):
                available[self.pool.rivals[row]] = False
            return bool(self.reach.open(self.blueprint.count(test[None]), available[None], length)[0])
        return self.grown(test, able) is not None

    def grown(self, test: Bools, able: Bools) -> Bools | None:
        """Return (J,) a test of the maximum that holds this one, by assembling; None where there is none.

        Parameters
        ----------
        able : as `continues` says
        """
        closed, last = np.zeros_like(test), self.stops[-1]
        used = np.unique(self.set_of[test])
        closed |= np.isin(self.set_of, used[used >= 0]) | self._before(test)
        low, high = self._bounds(test, test | (able & ~closed))
        found = self._solver(last).solve(np.zeros(len(self.pool)), low, high, gap=1.0)
        return None if found.x is None else found.x[: len(self.pool)]

    def _before(self, test: Bools) -> Bools:
        """Return (J,) items that come before one of the test, or whose set comes before one of its sets."""
        by_item, by_set = self.order
        before = np.zeros_like(test)
        if by_item is not None:
            before |= by_item < by_item[test].max(initial=-np.inf)
        if by_set is not None:
            used = np.unique(self.set_of[test & (self.set_of >= 0)])
            before |= (self.set_of >= 0) & (by_set[self.set_of] < by_set[used].max(initial=-np.inf))
        return before

    def is_open(self, rows: Rows, available: Bools) -> bool:
        """Return whether a sitting can go on to a next length, and from there to the maximum."""
        given = np.zeros(len(self.pool), dtype=np.bool_)
        given[rows] = True
        may = self.may(available[None], rows[None])[0]
        found = self.assemble(rows, given, may, np.zeros(len(self.pool)))
        return found is not None and found.x is not None

    def whole(self, test: Bools) -> Bools:
        """Return (J+S,) a test with the sets it uses."""
        used = [bool(test[[self.pool.row[item] for item in held]].any()) for held in self.pool.sets.values()]
        return np.concatenate([test, np.array(used, dtype=np.bool_)])

    def _bounds(self, low: Bools, high: Bools) -> tuple[Floats, Floats]:
        """Return bounds (J+S,) from those of the items."""
        sets = len(self.pool.sets)
        return (
            np.concatenate([low.astype(np.float64), np.zeros(sets)]),
            np.concatenate([high.astype(np.float64), np.ones(sets)]),
        )

    def _same_set(self, last: Rows) -> Bools:
        """Return (N, J) whether an item is of the set of the last one."""
        mine = self.set_of[last][:, None]
        return np.asarray((self.set_of[None, :] == mine) & (mine >= 0))

    def _solver(self, length: int, then: int = 0) -> Solver:
        """Return the solver of one length, or of a test of one length within one of another."""
        if (length, then) not in self._solvers:
            rows = matrix(self.pool, self.table, self.blueprint, length, counted=False)
            if then:
                longer = matrix(self.pool, self.table, self.blueprint, then, counted=False)
                rows = within((rows, longer), self.set_of, self.order, soft=True)
            self._solvers[length, then] = Solver(rows)
        return self._solvers[length, then]


def admissible(pool: Pool, table: Table, blueprint: Blueprint, lengths: Sequence[int]) -> tuple[int, ...]:
    """Return those of the lengths at which every rule can hold in a test that can grow to the last of them.

    One test can grow through all of them, every rule kept at each, its items in the order asked for: `nested`
    proves it.

    Raises
    ------
    InfeasibleError, where that is not so for the first or the last, or no test grows through all of them.
    """
    ladder = Ladder(pool, table, blueprint, tuple(lengths))
    every, nobody = np.ones(len(pool), dtype=np.bool_), np.zeros(len(pool), dtype=np.bool_)
    stops = []
    for length in lengths:
        if ladder.at(length, nobody, every, np.zeros(len(pool))).x is not None:
            stops.append(length)
        elif length in (lengths[0], lengths[-1]):
            rows = matrix(pool, table, blueprint, length, counted=False)
            if why.holds(rows):
                raise InfeasibleError(
                    f"no test of length {length} that keeps every constraint can grow to length"
                    f" {lengths[-1]} with every constraint kept; widen the bounds or fix the length"
                )
            raise InfeasibleError(f"at length {length} {why.sentence(rows)}")
    if len(stops) > DIRECT:
        parts = [matrix(pool, table, blueprint, stop, counted=False) for stop in stops]
        if chain(parts, ladder.set_of, ladder.order) is None:
            raise InfeasibleError(
                f"every constraint can hold at each of the lengths {', '.join(map(str, stops))}, but not in"
                " one exam that grows item by item through all of them; name others or widen the bounds"
            )
    return tuple(stops)
