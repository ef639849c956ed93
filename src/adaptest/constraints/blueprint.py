"""The content rules of an exam as bounds on counts, and the cells of items that count alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import ExamError
from adaptest.models.base import Bools, Rows

Counts = NDArray[np.int64]

ROOM = "blueprint_upper_bound"  # why an item may not be chosen
ORDERED = "order_or_closed_set"
NEEDED = "blueprint_lower_bounds_need_the_room"
SET_GOES_ON = "item_set_goes_on"
BROKEN = "no_test_holds_it"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Bounds on how many of a sitting's items are of one kind.

    Attributes
    ----------
    name : as it is told to people: "domain CRI"
    what : (J,) the items it counts
    of : (J,) the items its shares are of; None for all that are scored
    lower, upper : shares, 0 to 1; None where there is none
    minimum, maximum : numbers of items; None where there is none
    priority : its place among the rules that may give way, the largest first; None: it never gives way

    Raises
    ------
    ExamError, where the bounds contradict themselves.
    """

    name: str
    what: Bools
    of: Bools | None = None
    lower: Fraction | None = None
    upper: Fraction | None = None
    minimum: int | None = None
    maximum: int | None = None
    priority: int | None = None

    def __post_init__(self) -> None:
        for share in (self.lower, self.upper):
            if share is not None and not 0 <= share <= 1:
                raise ExamError(f"{self.name}: a share must be in 0..100 percent; got {float(share) * 100:g}")
        pairs = ((self.lower, self.upper, 100), (self.minimum, self.maximum, 1))
        for low, high, unit in pairs:
            if low is not None and high is not None and low > high:
                raise ExamError(
                    f"{self.name}: the minimum must not exceed the maximum;"
                    f" got {float(low) * unit:g} and {float(high) * unit:g}"
                )
        for number in (self.minimum, self.maximum):
            if number is not None and number < 0:
                raise ExamError(f"{self.name}: a number of items must be at least 0; got {number}")
        if self.of is not None and (self.minimum is not None or self.maximum is not None):
            raise ExamError(
                f"{self.name}: a rule with 'of' bounds a share; give minimum_percent or maximum_percent"
            )
        object.__setattr__(self, "what", self.what if self.of is None else self.what & self.of)

    @property
    def binds(self) -> bool:
        """Whether it has any bound; one that gave way has none."""
        return any(bound is not None for bound in (self.lower, self.upper, self.minimum, self.maximum))

    def least(self, length: int) -> int:
        """Return the smallest number of items at a length (a rule without 'of')."""
        share = 0 if self.lower is None else -(-self.lower.numerator * length // self.lower.denominator)
        return max(share, self.minimum or 0)

    def most(self, length: int) -> int:
        """Return the largest number of items at a length (a rule without 'of')."""
        share = length if self.upper is None else self.upper.numerator * length // self.upper.denominator
        return share if self.maximum is None else min(share, self.maximum)


@dataclass(frozen=True, eq=False)
class Blueprint:
    """All content rules of an exam over the J items of its pool.

    Items that no rule tells apart form a cell; whatever the rules ask is asked of the counts by cell.

    Attributes
    ----------
    rules : every one is a hard bound
    n_items : J
    cell : (J,) the cell of each item
    what, of : (R, C) whether a rule counts a cell, and whether its share is of it
    """

    rules: tuple[Rule, ...]
    n_items: int
    cell: Rows = field(init=False)
    what: Counts = field(init=False)
    of: Counts = field(init=False)
    _most: dict[int, Counts] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        everything = np.ones(self.n_items, dtype=np.bool_)
        told = [rule.what for rule in self.rules]
        told += [everything if rule.of is None else rule.of for rule in self.rules]
        signature = np.array(told, dtype=np.int64).reshape(2 * len(self.rules), self.n_items)
        cells, cell = np.unique(signature, axis=1, return_inverse=True)
        if not self.rules:
            cells, cell = np.zeros((0, 1), dtype=np.int64), np.zeros(self.n_items, dtype=np.intp)
        columns = cell.reshape(self.n_items).astype(np.intp), *np.split(cells, 2)
        for name, column in zip(("cell", "what", "of"), columns, strict=True):
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    @property
    def n_cells(self) -> int:
        """C."""
        return int(self.what.shape[1])

    def count(self, items: Bools) -> Counts:
        """Return (N, C) how many of the items marked in (N, J) each cell holds."""
        counts = np.zeros((len(items), self.n_cells), dtype=np.int64)
        person, row = np.nonzero(items)
        np.add.at(counts, (person, self.cell[row]), 1)
        return counts

    def holds(self, counts: Counts, length: int) -> Bools:
        """Return (N,) whether every rule holds for counts (N, C) of a sitting of this length."""
        kept = np.ones(len(counts), dtype=np.bool_)
        for k, rule in enumerate(self.rules):
            number = (counts * self.what[k]).sum(axis=1)
            if rule.of is None:
                kept &= (number >= rule.least(length)) & (number <= rule.most(length))
                continue
            base = (counts * self.of[k]).sum(axis=1)
            if rule.lower is not None:
                kept &= number * rule.lower.denominator >= base * rule.lower.numerator
            if rule.upper is not None:
                kept &= number * rule.upper.denominator <= base * rule.upper.numerator
        return kept

    def full(self, counts: Counts, length: int) -> Bools:
        """Return (C,) whether one more item of a cell would exceed a bound at a length, from counts (C,)."""
        most = self._most.get(length)
        if most is None:
            most = np.array([rule.most(length) if rule.of is None else self.n_items for rule in self.rules])
            self._most[length] = most
        reached = (self.what * counts).sum(axis=1) >= most
        return np.asarray((self.what.T * reached).any(axis=1))

    def without(self, dropped: int) -> Blueprint:
        """Return the blueprint with one rule left out."""
        return Blueprint(tuple(r for k, r in enumerate(self.rules) if k != dropped), self.n_items)
