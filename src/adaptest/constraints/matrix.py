"""Content rules as rows over item and set variables: what every assembly solves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptest.errors import ExamError
from adaptest.models.base import Bools, Floats, Rows

Index = NDArray[np.int32]

TOLERANCE = 1e-7  # by which an activity may miss its bound, relative to the larger of 1 and the bound


@dataclass(frozen=True, eq=False)
class Matrix:
    """R rows, lower <= A x <= upper, over J items and S sets, x in {0, 1}.

    Attributes
    ----------
    start, index, value : A by rows, compressed; columns 0..J-1 are items, J..J+S-1 are sets
    lower, upper : (R,) bounds; -inf or inf where there is none
    weight : (R,) what each unit beyond a bound costs in objective; 0 for a row that must hold. A soft row has
        one bound only
    group : (R,) soft rows of one number, and of one weight, cost together what the worst missed of them costs
    names : (R,) the rule that each row belongs to
    low, high : (J+S,) bounds of the columns, 0 or 1: what is included and what is excluded

    Raises
    ------
    ExamError, where a row or column breaks its rule.
    """

    n_items: int
    n_sets: int
    start: Index
    index: Index
    value: Floats
    lower: Floats
    upper: Floats
    weight: Floats
    group: Index
    names: tuple[str, ...]
    low: Floats
    high: Floats

    def __post_init__(self) -> None:
        for name, kind in (("start", np.int32), ("index", np.int32), ("group", np.int32)):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=kind))
        for name in ("value", "lower", "upper", "weight", "low", "high"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        if self.index.size and not 0 <= int(self.index.min()) <= int(self.index.max()) < self.n_columns:
            raise ExamError(
                f"a constraint row must name columns below {self.n_columns}; got {self.index.max()}"
            )
        if not np.isfinite(self.value).all():
            raise ExamError("a coefficient of a constraint row must be a finite number")
        for name in ("start", "index", "value", "lower", "upper", "weight", "group", "low", "high"):
            getattr(self, name).flags.writeable = False

    @property
    def n_columns(self) -> int:
        """J + S."""
        return self.n_items + self.n_sets

    @property
    def n_rows(self) -> int:
        """R."""
        return len(self.lower)

    @cached_property
    def row_of(self) -> Rows:
        """(nnz,) the row of each coefficient."""
        return np.repeat(np.arange(self.n_rows), np.diff(self.start))

    @cached_property
    def by_column(self) -> tuple[Rows, Rows, Floats]:
        """A by columns, compressed: where each begins (J+S+1,), rows and coefficients."""
        order = np.argsort(self.index, kind="stable")
        counts = np.bincount(self.index, minlength=self.n_columns)
        return np.concatenate([[0], np.cumsum(counts)]), self.row_of[order], self.value[order]

    @cached_property
    def implied(self) -> tuple[Rows, Rows]:
        """Items and sets, (K,) each, of which some row implies, but none says, that the item needs the set.

        A hard row of the kind: sum of a x <= M y, all a above 0, bars its items where the set is not used. It
        does not say x <= y, and fractions keep it with a y as small as the sum over M.
        """
        pairs = [np.zeros((2, 0), dtype=np.intp)]
        said = [pairs[0]]
        for bound, value in ((self.upper, self.value), (self.lower, -self.value)):
            below = value < 0
            negative = np.bincount(self.row_of, below, self.n_rows)
            sets = np.bincount(self.row_of, self.index >= self.n_items, self.n_rows)
            own = np.bincount(self.row_of, below * self.index, self.n_rows).astype(np.intp)
            most = np.bincount(self.row_of, below * -value, self.n_rows)
            linking = (
                (bound == 0) & (self.weight == 0) & (negative == 1) & (sets == 1) & (own >= self.n_items)
            )
            term = linking[self.row_of] & (value > 0)
            row = self.row_of[term]
            pair, tight = np.stack([self.index[term], own[row]]), value[term] >= most[row]
            said.append(pair[:, tight])
            pairs.append(pair[:, ~tight])
        item, used = np.concatenate(pairs, axis=1)
        every = np.unique(item.astype(np.intp) * self.n_columns + used)
        item, used = np.concatenate(said, axis=1)
        item, used = np.divmod(
            np.setdiff1d(every, item.astype(np.intp) * self.n_columns + used), self.n_columns
        )
        return item, used

    def activity(self, x: ArrayLike) -> Floats:
        """Return (R,) A x for x (J+S,)."""
        terms = self.value * np.asarray(x, dtype=np.float64)[self.index]
        return np.bincount(self.row_of, weights=terms, minlength=self.n_rows).astype(np.float64)

    def excess(self, x: ArrayLike) -> Floats:
        """Return (R,) by how much each row misses its bounds; 0 where it keeps them."""
        activity = self.activity(x)
        below = np.where(np.isfinite(self.lower), self.lower - activity, 0.0)
        above = np.where(np.isfinite(self.upper), activity - self.upper, 0.0)
        excess = np.maximum(np.maximum(below, above), 0.0)
        bound = np.where(below > above, self.lower, self.upper)
        size = np.maximum(1.0, np.abs(np.where(np.isfinite(bound), bound, 1.0)))
        return np.where(excess > TOLERANCE * size, excess, 0.0)

    def broken(self, x: ArrayLike) -> tuple[str, ...]:
        """Return the names of hard rules and columns that x does not keep."""
        at = np.asarray(x, dtype=np.float64)
        rows = np.flatnonzero((self.excess(at) > 0) & (self.weight == 0))
        names = [self.names[row] for row in rows]
        if ((at < self.low) | (at > self.high)).any():
            names.append("what is included or excluded")
        return tuple(dict.fromkeys(names))

    def penalty(self, x: ArrayLike) -> float:
        """Return what the soft rows that x misses cost, in units of the objective."""
        if not self._soft.size:
            return 0.0
        cost = self.excess(x)[self._soft] * self.weight[self._soft]
        order = np.argsort(self.group[self._soft], kind="stable")
        _, first = np.unique(self.group[self._soft][order], return_index=True)
        return float(np.maximum.reduceat(cost[order], first).sum())

    @cached_property
    def _soft(self) -> Rows:
        """Rows that may be missed."""
        return np.flatnonzero(self.weight > 0)

    def take(self, rows: Bools | Rows) -> Matrix:
        """Return some of the rows; the columns stay."""
        return self.writer(np.arange(self.n_rows)[rows]).matrix()

    def writer(self, rows: Rows | None = None) -> Writer:
        """Return all of it, or these rows, as a matrix that more can be written to."""
        kept = np.arange(self.n_rows) if rows is None else rows
        written = Writer(self.n_items, self.n_sets)
        for row in kept.tolist():
            part = slice(self.start[row], self.start[row + 1])
            written.add(
                self.names[row],
                self.index[part],
                self.value[part],
                self.lower[row],
                self.upper[row],
                self.weight[row],
                int(self.group[row]) if self.weight[row] > 0 else None,
            )
        written.low, written.high = self.low.copy(), self.high.copy()
        return written


@dataclass(slots=True)
class Writer:
    """A matrix being written down, row by row."""

    n_items: int
    n_sets: int = 0
    low: Floats = field(init=False)
    high: Floats = field(init=False)
    _index: list[Index] = field(init=False, default_factory=list)
    _value: list[Floats] = field(init=False, default_factory=list)
    _lower: list[float] = field(init=False, default_factory=list)
    _upper: list[float] = field(init=False, default_factory=list)
    _weight: list[float] = field(init=False, default_factory=list)
    _group: list[int] = field(init=False, default_factory=list)
    _names: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.low = np.zeros(self.n_items + self.n_sets)
        self.high = np.ones(self.n_items + self.n_sets)

    def add(
        self,
        name: str,
        columns: ArrayLike,
        coefficients: ArrayLike = 1.0,
        lower: float = -np.inf,
        upper: float = np.inf,
        weight: float = 0.0,
        group: int | None = None,
    ) -> None:
        """Add a row: lower <= sum of coefficients times columns <= upper.

        Parameters
        ----------
        weight : of a soft row, which must have one bound
        group : soft rows that cost together what the worst missed costs; a group of its own if not said
        """
        if weight > 0 and np.isfinite(lower) and np.isfinite(upper):
            raise ExamError(f"{name}: a soft row must have one bound; got two")
        where = np.asarray(columns, dtype=np.int32).reshape(-1)
        value = np.broadcast_to(np.asarray(coefficients, dtype=np.float64), where.shape)
        self._index.append(where)
        self._value.append(value)
        self._lower.append(float(lower))
        self._upper.append(float(upper))
        self._weight.append(float(weight))
        self._group.append(len(self._lower) if group is None else -1 - group)
        self._names.append(name)

    def matrix(self) -> Matrix:
        """Return what was written."""
        sizes = [len(part) for part in self._index]
        return Matrix(
            self.n_items,
            self.n_sets,
            np.cumsum([0, *sizes]).astype(np.int32),
            np.concatenate([np.zeros(0, dtype=np.int32), *self._index]),
            np.concatenate([np.zeros(0), *self._value]),
            np.array(self._lower, dtype=np.float64),
            np.array(self._upper, dtype=np.float64),
            np.array(self._weight, dtype=np.float64),
            np.array(self._group, dtype=np.int32),
            tuple(self._names),
            self.low,
            self.high,
        )


def from_triplets(
    n_items: int, n_sets: int, triplets: Iterable[tuple[int, int, float, float, float]]
) -> Matrix:
    """Return a matrix from (row, column, coefficient, lower, upper), one for each coefficient.

    Raises
    ------
    ExamError, where a row gives two bounds, or a column is none of these.
    """
    rows: dict[int, tuple[list[int], list[float], float, float]] = {}
    for row, column, coefficient, lower, upper in triplets:
        columns, coefficients, low, high = rows.setdefault(row, ([], [], lower, upper))
        if (low, high) != (lower, upper):
            raise ExamError(f"row {row}: must have one lower and one upper bound; got two of them")
        columns.append(column)
        coefficients.append(coefficient)
    written = Writer(n_items, n_sets)
    for row, (columns, coefficients, low, high) in sorted(rows.items()):
        written.add(f"row {row}", columns, coefficients, low, high)
    return written.matrix()
