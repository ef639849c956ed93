"""How many items of each cell can still be given, enemies considered.

Items are enemies in components of a graph. Where a component lies within one cell and is small, the most of
its items that can go together is looked up by which of them are left (a maximum independent set, computed
once for every subset); counting is then exact. Other components are awkward: counted as none for the fewest,
as all for the most.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from adaptest.constraints.blueprint import Blueprint, Counts
from adaptest.models.base import Bools, Rows
from adaptest.pool import Pool

SMALL = 12  # items of a component with a table: 4,096 subsets


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """Items of one cell that enemies connect.

    Attributes
    ----------
    rows : (k,) of the pool
    bit : (k,) powers of two
    barred : (k,) the subset that each item bars: itself and its enemies
    most : (2^k,) the most items of a subset that can go together
    """

    cell: int
    rows: Rows
    bit: Rows
    barred: Rows
    most: NDArray[np.int64]

    def left(self, available: Bools) -> Rows:
        """Return (N,) the subset that is available, as a number."""
        subset: Rows = np.where(available[:, self.rows], self.bit, 0).sum(axis=1)
        return subset


@dataclass(frozen=True, eq=False)
class Availability:
    """What can still be given, by cell of a blueprint."""

    pool: Pool
    blueprint: Blueprint

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Those that can be counted."""
        return tuple(
            _component(self.pool, int(self.blueprint.cell[rows[0]]), rows)
            for rows in _connected(self.pool)
            if len(rows) <= SMALL and len(np.unique(self.blueprint.cell[rows])) == 1
        )

    @cached_property
    def counted(self) -> Bools:
        """(J,) whether an item is in one of `components`."""
        return _marked(len(self.pool), [part.rows for part in self.components])

    @cached_property
    def awkward(self) -> Bools:
        """(J,) whether an item has enemies that cannot be counted."""
        return np.asarray(self.pool.has_enemies & ~self.counted)

    @cached_property
    def worst_drop(self) -> Counts:
        """(C,) the most by which giving one item of a cell can lower what is left of it."""
        worst = np.ones(self.blueprint.n_cells, dtype=np.int64)
        for part in self.components:
            worst[part.cell] = max(int(worst[part.cell]), int(part.most[part.barred].max()))
        return worst

    def left(self, available: Bools, enough: int | None = None) -> tuple[Counts, Counts]:
        """Return (N, C) the fewest and the most that can still be given; one object if nothing is awkward.

        Parameters
        ----------
        enough : more of any cell never matter; where even so many are sure to be left, they are not counted
        """
        if enough is not None:
            if len(available) == 1:  # the same, quicker
                held = np.array([np.count_nonzero(available)])
            else:  # bytes summed as numbers: three times quicker than counting along an axis
                held = np.add.reduce(available.view(np.int8), axis=1, dtype=np.int32)
            barred = available.shape[1] - held.astype(np.int64)
            sure: Counts = self._at_first - barred[:, None]
            if sure.min() > enough + self.worst:
                return sure, sure
        fewest = np.zeros((len(available), self.blueprint.n_cells), dtype=np.int64)
        columns, starts, cells = self._plain
        if len(columns):
            fewest[:, cells] = np.add.reduceat(available[:, columns], starts, axis=1, dtype=np.int64)
        for part in self.components:
            fewest[:, part.cell] += part.most[part.left(available)]
        if not self.awkward.any():
            return fewest, fewest
        most = fewest.copy()
        for row in np.flatnonzero(self.awkward):
            most[:, self.blueprint.cell[row]] += available[:, row]
        return fewest, most

    def plenty(self, available: Bools, length: int, last: int) -> bool:
        """Return whether every sitting surely has more items of each cell than matter up to length `last`.

        All are `length` long, so that each has as many items barred at least: what is barred beyond that is
        counted of all sittings together, which is quick, and taken as if it were one sitting's.
        """
        beyond = available.size - int(np.count_nonzero(available)) - len(available) * length
        return self._fewest_at_first - length - beyond > last - length + self.worst

    def drop(self, available: Bools) -> Counts:
        """Return (N, J) by how much giving each item lowers what is left of its cell."""
        drop = np.ones(available.shape, dtype=np.int64)
        for part in self.components:
            subset = part.left(available)
            after = part.most[subset[:, None] & ~part.barred]
            drop[:, part.rows] = part.most[subset][:, None] - after
        return drop

    def together(self, available: Bools) -> Bools:
        """Return (J,) available items no two of which are enemies, as many as taking them in turn gives."""
        chosen = available & ~self.pool.has_enemies
        left = available & self.pool.has_enemies
        for row in np.flatnonzero(left):
            if left[row]:
                chosen[row] = True
                left[self.pool.rivals[row]] = False
        return np.asarray(chosen)

    @cached_property
    def worst(self) -> int:
        """The most by which giving one item can lower what is left of its cell."""
        return int(self.worst_drop.max())

    @cached_property
    def _fewest_at_first(self) -> int:
        """The least of `_at_first`."""
        return int(self._at_first.min(initial=len(self.pool)))

    @cached_property
    def _at_first(self) -> Counts:
        """(C,) items without enemies, when nothing is barred."""
        free = self.blueprint.cell[~self.pool.has_enemies]
        return np.bincount(free, minlength=self.blueprint.n_cells).astype(np.int64)

    @cached_property
    def _plain(self) -> tuple[Rows, Rows, Rows]:
        """Items without enemies sorted by cell, where each cell begins, and which cells these are."""
        free = np.flatnonzero(~self.pool.has_enemies)
        columns = free[np.argsort(self.blueprint.cell[free], kind="stable")]
        cells, starts = np.unique(self.blueprint.cell[columns], return_index=True)
        return columns, starts, cells


def _connected(pool: Pool) -> list[Rows]:
    """Return the components of the enemy graph, of two items or more."""
    seen: set[int] = set()
    parts = []
    for first in np.flatnonzero(pool.has_enemies).tolist():
        if first in seen:
            continue
        part, ahead = {first}, [first]
        while ahead:
            new = set(pool.rivals[ahead.pop()].tolist()) - part
            part |= new
            ahead += new
        seen |= part
        parts.append(np.array(sorted(part), dtype=np.intp))
    return parts


def _component(pool: Pool, cell: int, rows: Rows) -> Component:
    """Return a component with its table."""
    k = len(rows)
    bit = 1 << np.arange(k)
    place = {int(row): n for n, row in enumerate(rows)}
    barred = np.array([sum({1 << place[int(rival)] for rival in pool.rivals[row]}) for row in rows])
    most = np.zeros(1 << k, dtype=np.int64)
    for subset in range(1, 1 << k):
        lowest = (subset & -subset).bit_length() - 1
        without, taken = subset & (subset - 1), subset & ~int(barred[lowest])
        most[subset] = max(most[without], 1 + most[taken])
    return Component(cell, rows, bit, barred, most)


def _marked(n: int, parts: list[Rows]) -> Bools:
    marked = np.zeros(n, dtype=np.bool_)
    for rows in parts:
        marked[rows] = True
    return marked
