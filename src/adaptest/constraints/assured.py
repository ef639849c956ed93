"""What may come next where rules are more than counts and no shadow test is made: proven by assembling.

An item may come next if some test of the next length at which the exam may stop holds it and what was given,
keeps every hard rule, can be continued to the maximum, and can be given so that the items of a set come
together. So a set is left only when what it must hold was given of it, and none is entered that could not be
finished. Among the items that may come next the criterion chooses, weighed anew by a light method if any.
After any of them there is such an item again, for the test that holds it is still there.

One assembly shows many items: those it holds, and those that can stand in for one of them. Items of which
nothing is known are asked for in the next, until none holds any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, islice
from typing import NamedTuple

import numpy as np

from adaptest.constraints.blueprint import BROKEN, ORDERED, ROOM, SET_GOES_ON, Blueprint
from adaptest.constraints.content import Answer, Asked, Report
from adaptest.constraints.ladder import Ladder
from adaptest.constraints.light import Light
from adaptest.constraints.reach import Reach
from adaptest.constraints.rows import matrix
from adaptest.errors import InfeasibleError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Stream, uniform

NAME, PROVEN = "look_ahead", "proven"  # in reports, where no light method weighs criteria
KEPT = 2_000  # answers; then they are forgotten and found anew
NEAR = 0.5  # relative; by how much an assembly may hold fewer unknown items than another
KNOWN, ENOUGH = (
    0.6,
    0.65,
)  # known items are worth less than that together, an unknown one (1 + NEAR) times this
MANY = 60  # ways to take items of a set that are tried
SLACK = 1e-10  # relative; of rules that an exchange keeps, less than what the solver allows


class Sums(NamedTuple):
    """The rules at one length, and what a test adds up to.

    Attributes
    ----------
    amount : (R, J+S) what items and sets add to each
    low, high : (R, 1) bounds, with what rounding may miss them by
    have : (R,)
    """

    amount: Floats
    low: Floats
    high: Floats
    have: Floats


@dataclass(frozen=True, eq=False)
class Assured:
    """The look ahead of one exam, by assembling.

    Attributes
    ----------
    ladder : of the hard rules
    light : what weighs criteria; None where nothing does
    """

    ladder: Ladder
    light: Light | None = None
    _known: dict[tuple[bytes, bytes], Bools] = field(default_factory=dict, repr=False)
    _rules: dict[int, tuple[Floats, Floats, Floats]] = field(default_factory=dict, repr=False)

    @classmethod
    def over(cls, ladder: Ladder, light: Light | None) -> Assured:
        """Return the look ahead over the hard rules of a ladder."""
        soft = tuple(one.title for one in ladder.table.constraints if one.soft)
        hard = ladder.table.without(soft)
        return cls(Ladder(ladder.pool, hard, ladder.blueprint, ladder.stops, ladder.reach), light)

    @property
    def stops(self) -> tuple[int, ...]:
        """Lengths at which a sitting may stop."""
        return self.ladder.stops

    def may(self, asked: Asked) -> Bools:
        """Return (N, J) items that may come next: of those that can, the first in order."""
        may = np.zeros_like(asked.available)
        for n, (rows, available) in enumerate(zip(asked.rows, asked.available, strict=True)):
            held = self.held(rows, available)
            inside = self.ladder.inside(held, rows)
            may[n] = inside | self.ladder.first(held & ~inside)
        return may

    def __call__(self, asked: Asked, tests: Bools | None = None) -> Answer:  # noqa: ARG002 (one signature)
        """Return what may come next: all that `may` left available."""
        if self.light is None:
            return Answer(asked.available, None, None, (Report(NAME, PROVEN),) * len(asked))
        left = asked.available if asked.left is None else asked.left
        left = self.ladder.may(left, asked.rows)
        return self.light.weighed(asked, asked.available, left, left)

    def holds(self, asked: Asked) -> Bools:
        """Return (N,) whether every hard rule holds for the items given."""
        return np.array([self.ladder.holds(rows) for rows in asked.rows], dtype=np.bool_)

    @property
    def priorities(self) -> dict[str, int]:
        """Rules that may give way, with their priorities."""
        return self.ladder.table.priorities

    def without(self, names: tuple[str, ...], blueprint: Blueprint, reach: Reach | None) -> Assured:
        """Return the look ahead without some rules; see Content."""
        before = self.ladder
        ladder = Ladder(before.pool, before.table.without(names), blueprint, before.stops, reach)
        return Assured(ladder, None if self.light is None else self.light.without(names, blueprint, reach))

    def can_run(self, available: Bools) -> bool:
        """Return whether a sitting that may see these items can keep every hard rule to its end."""
        return self.ladder.is_open(np.zeros(0, dtype=np.intp), available)

    def why_not(self, asked: Asked, items: Bools) -> dict[str, int]:
        """Return how many of the items (J,) may not come next in one sitting, by reason."""
        rows, available = asked.rows[0], asked.available[0]
        held, follows = self.held(rows, available), self.ladder.may(available[None], rows[None])[0]
        inside = self.ladder.inside(available, rows)
        order, other = items & (held | ~follows), items & follows & ~held
        stays = bool(held.any()) and not (held & ~inside).any()
        goes_on = other & ~inside & stays
        blueprint, stop = (
            self.ladder.blueprint,
            next((one for one in self.stops if one > len(rows)), self.stops[-1]),
        )
        counts = np.bincount(blueprint.cell[rows], minlength=blueprint.n_cells)
        full = other & ~goes_on & blueprint.full(counts, stop)[blueprint.cell]
        reasons = {ORDERED: order, SET_GOES_ON: goes_on, ROOM: full, BROKEN: other & ~goes_on & ~full}
        return {reason: int(np.count_nonzero(barred)) for reason, barred in reasons.items()}

    def begun(self, rows: Rows) -> str:
        """Return in words how far the item set of the last of these items is given; empty for none."""
        return self.ladder.begun(rows)

    def disagreement(self, asked: Asked, report: Report) -> str:
        """Return how a logged report differs from what is found again."""
        again = self(asked).reports[0]
        return "" if again == report else f"the log has {report.status}; found again: {again.status}"

    def held(self, rows: Rows, available: Bools) -> Bools:
        """Return (J,) items that can come next, whatever comes first in order.

        Parameters
        ----------
        rows : (n,) items given, in order
        available : (J,)
        """
        key = (rows.tobytes(), available.tobytes())
        if key not in self._known:
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[key] = self._held(rows, available)
        return self._known[key]

    def _held(self, rows: Rows, available: Bools) -> Bools:
        """Return what `held` says, found anew: for the first length ahead that has any test."""
        may = self.ladder.may(available[None], rows[None])[0]
        given = np.zeros_like(may)
        given[rows] = True
        inside = self.ladder.inside(may, rows)
        outside = may & ~inside
        for stop in self.stops:
            if stop > len(rows):
                held = self._within(stop, given, may, inside) | self._within(stop, given, outside, outside)
                if held.any():
                    return held
        return np.zeros_like(may)

    def _within(self, stop: int, given: Bools, may: Bools, wanted: Bools) -> Bools:
        """Return (J,) which of the items wanted are in some test of one length that can go on.

        Parameters
        ----------
        given, may : (J,) what was given, and what else a test may hold
        """
        held, unknown = np.zeros_like(wanted), wanted.copy()
        draw = uniform(np.uint64(0), Stream.ASSEMBLY, stop, np.arange(len(wanted), dtype=np.uint64))
        while unknown.any():
            cost = np.where(unknown, 1.0 + draw, KNOWN * draw / stop)
            found = self.ladder.at(stop, given, may, cost, gap=NEAR, enough=ENOUGH)
            test = np.zeros_like(wanted) if found.x is None else found.x[: len(wanted)]
            if not (test & unknown).any():
                if found.status == "budget":
                    raise InfeasibleError(
                        f"which items keep every rule after {int(given.sum())} could not be settled within"
                        f" {found.nodes:,} branches; simplify the rules"
                    )
                break
            shown = (test & unknown) | self._exchanged(stop, test, given, may, unknown & ~test)
            held, unknown = held | shown, unknown & ~shown
        return held

    def _exchanged(self, stop: int, test: Bools, given: Bools, may: Bools, unknown: Bools) -> Bools:
        """Return (J,) unknown items that a test can hold instead of what it adds.

        One item stands in for one of the same set and rank, or some of a set for all of another set.
        """
        tests, last = [(stop, test)], self.stops[-1]
        if stop < last:
            longer = self.ladder.grown(test, given | may)
            if longer is None:
                return np.zeros_like(unknown)
            tests.append((last, longer))
            unknown = unknown & ~longer
        sums = [self._sums(length, items) for length, items in tests]
        can = np.zeros_like(unknown)
        for row in np.flatnonzero(test & ~given).tolist():
            like = np.flatnonzero(unknown & ~can & (self._kind == self._kind[row]))
            can[like[_fits(sums, [row], like[:, None])]] = True
        if any(by is not None for by in self.ladder.order):
            return can
        n, set_of = len(test), self.ladder.set_of
        used = np.append(set_of[tests[-1][1]], -1)
        for out in np.setdiff1d(set_of[test], np.append(set_of[given], -1)).tolist():
            for other in np.setdiff1d(set_of[unknown & ~can], used).tolist():
                rows = np.flatnonzero(test & (set_of == out)).tolist()
                some = combinations(np.flatnonzero(may & (set_of == other)).tolist(), len(rows))
                new = np.array([(*one, n + other) for one in islice(some, MANY)], dtype=np.intp)
                if len(new):
                    can[new[_fits(sums, [*rows, n + out], new), :-1]] = True
        return can & unknown

    @cached_property
    def _kind(self) -> Rows:
        """(J,) alike for items of one set and one rank in order."""
        by_item = self.ladder.order[0]
        both = np.column_stack(
            [self.ladder.set_of, np.zeros(len(self.ladder.pool)) if by_item is None else by_item]
        )
        return np.unique(both, axis=0, return_inverse=True)[1].reshape(-1)

    def _sums(self, length: int, test: Bools) -> Sums:
        """Return what a test of one length adds up to, rule by rule."""
        if length not in self._rules:
            ladder = self.ladder
            rows = matrix(ladder.pool, ladder.table, ladder.blueprint, length, counted=False, linked=False)
            writer = rows.writer()
            for column in np.flatnonzero(rows.low > 0).tolist():
                writer.add("included", [column], lower=1.0)
            rows = writer.matrix()
            amount = np.zeros((rows.n_rows, rows.n_columns))
            np.add.at(amount, (rows.row_of, rows.index), rows.value)
            low, high = rows.lower[:, None], rows.upper[:, None]
            self._rules[length] = amount, low - _slack(low), high + _slack(high)
        amount, low, high = self._rules[length]
        return Sums(amount, low, high, amount[:, self.ladder.whole(test)].sum(axis=1))


def _fits(sums: Sequence[Sums], out: Sequence[int], new: Rows) -> Bools:
    """Return (M,) whether every rule holds with the columns `new` (M, k) in place of the columns `out`."""
    fits = np.ones(len(new), dtype=np.bool_)
    for one in sums:
        rest = one.have - one.amount[:, out].sum(axis=1)
        after = rest[:, None] + one.amount[:, new].sum(axis=2)
        fits &= ((after >= one.low) & (after <= one.high)).all(axis=0)
    return fits


def _slack(bound: Floats) -> Floats:
    """Return by how much a sum may miss a bound for the sake of rounding."""
    return SLACK * np.maximum(1.0, np.abs(np.where(np.isfinite(bound), bound, 1.0)))
