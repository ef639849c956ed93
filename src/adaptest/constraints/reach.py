"""Which items a sitting may take next so that every later stop and the maximum stay reachable."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from adaptest.constraints.blueprint import Blueprint, Counts
from adaptest.constraints.counting import Blocks
from adaptest.constraints.feasibility import Question, possible, question
from adaptest.models.base import Bools, Rows
from adaptest.pool import Pool

AT_ONCE = 512  # sittings counted together: what stays in a cache


@dataclass(frozen=True, eq=False)
class Reach:
    """The look ahead of one exam.

    Counting answers where it can: exactly, where the rules are blocks and enemies do not matter. Items
    with enemies are first taken as lost (if the rules can be kept without them, they can be kept), then as
    all there (if not even so, they cannot). What is left open, and rules that are no blocks, are settled
    by an integer program. Every way gives the same answer, so that no sitting depends on the way.

    Attributes
    ----------
    stops : lengths at which a sitting may stop, ascending; the last is the maximum
    """

    pool: Pool
    blueprint: Blueprint
    stops: tuple[int, ...]
    _answers: dict[Question, bool] = field(default_factory=dict, repr=False)  # what was asked before

    @cached_property
    def blocks(self) -> Blocks | None:
        """The rules as blocks, where they are."""
        blocks = Blocks.of(self.blueprint, np.array(self.stops, dtype=np.intp))
        return blocks if blocks is not None and blocks.nests else None

    def open(self, counts: Counts, available: Bools, length: int) -> Bools:
        """Return (N,) whether sittings of this length can go on to keep every rule at every later stop.

        Parameters
        ----------
        counts : (N, C) items given, by cell
        available : (N, J) items that may still be given
        """
        reachable = np.zeros(len(counts), dtype=np.bool_)
        unsure = np.ones(len(counts), dtype=np.bool_)
        if self.blocks is not None:
            most, fewest = self._left(available)
            reachable = self.blocks.possible(counts, fewest, length)
            unsure = ~reachable & self.blocks.possible(counts, most, length)
        for n in np.flatnonzero(unsure):
            reachable[n] = self._settle(counts[n], available[n], length)
        return reachable

    def allowed(self, counts: Counts, available: Bools, length: int) -> Bools:
        """Return (N, J) which available items keep every later stop reachable.

        Parameters
        ----------
        counts : (N, C) items given, by cell
        available : (N, J) items that may still be given
        length : items given, of all N
        """
        n, c = counts.shape
        yes, unsure = np.zeros((n, c), dtype=np.bool_), np.ones((n, c), dtype=np.bool_)
        if self.blocks is not None:
            most, fewest = self._left(available)
            for start in range(0, n, AT_ONCE):
                some = slice(start, start + AT_ONCE)
                yes[some] = self.blocks.after(counts[some], fewest[some], length)
                unsure[some] = False
                if not yes[some].all() and fewest is not most:
                    unsure[some] = ~yes[some] & self.blocks.after(counts[some], most[some], length)
        if yes.all():
            return available
        allowed = available & yes[:, self.blueprint.cell]
        for person, cell in zip(*np.nonzero(unsure), strict=True):
            rows = np.flatnonzero(available[person] & (self.blueprint.cell == cell))
            allowed[person, rows] = self._each(counts[person], available[person], rows, length)
        return allowed

    def next_stop(self, length: int) -> int:
        """Return the first length at which a sitting that is `length` long may stop after one more item."""
        return next((stop for stop in self.stops if stop > length), self.stops[-1])

    def _left(self, available: Bools) -> tuple[Counts, Counts]:
        """Return (N, C) the items still available, and those of them that never had an enemy."""
        most = self.blueprint.count(available)
        if not self.pool.has_enemies.any():
            return most, most
        return most, self.blueprint.count(available & ~self.pool.has_enemies)

    def _each(self, counts: Rows, available: Bools, rows: Rows, length: int) -> Bools:
        """Return whether each of a cell's items may come next in one sitting."""
        answers = np.zeros(len(rows), dtype=np.bool_)
        plain: bool | None = None
        for k, row in enumerate(rows):
            rivals = self.pool.rivals[row]
            barred = rivals[available[rivals]]
            if len(np.unique(barred)) == 1 and plain is not None:
                answers[k] = plain
                continue
            taken, rest = counts.copy(), available.copy()
            taken[self.blueprint.cell[row]] += 1
            rest[barred] = False
            answers[k] = self._settle(taken, rest, length + 1)
            if len(np.unique(barred)) == 1:
                plain = bool(answers[k])
        return answers

    def _settle(self, counts: Rows, available: Bools, length: int) -> bool:
        """Return the integer program's answer, asked once."""
        stops = tuple(stop for stop in self.stops if stop >= length)
        asked = question(self.pool, self.blueprint, counts, available, stops)
        if asked not in self._answers:
            self._answers[asked] = possible(asked, self.pool, self.blueprint)
        return self._answers[asked]
