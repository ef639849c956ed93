"""Responses as the E-step reads them: chunks of persons, whole matrices or sparse rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from adaptest.calibration.options import BLOCK, CHUNK_PERSONS, CHUNKS, DENSE_FROM
from adaptest.models.base import Bools, Floats, Rows
from adaptest.responses.table import Responses, Scores, SparseRows

PATTERN_ITEMS = 15  # up to as many items equal rows are worked on once; more seldom repeat
UNIT_SIZE = 256  # answers to some polytomous items are coded jointly, up to as many combinations ...
SMALL_UNIT = 36  # ... or as many where the tables would cost more than the persons:
UNIT_PERSONS = 30_000  # fewer than these (measured: 5,000 x 40 x 5 categories)
DOUBLE: np.dtype[np.floating] = np.dtype(np.float64)
SINGLE: np.dtype[np.floating] = np.dtype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some persons of one group.

    Attributes
    ----------
    group : index
    weight : (n,) how many persons each row stands for
    dense : (n, D) int8 scores 0, 1 or -1 of the items held whole; D may be 0
    complete : whether no cell of `dense` is missing
    correct : (D,) right answers to each item held whole, each as often as its row stands for persons
    start, index : sparse rows of the other items: (n + 1,) and (cells,) rows of the unit table
    rows : the same as indicator matrices (BLOCK persons, U), block after block; columns : their transposes
    precision : of the products: double, or single on the way to the neighbourhood of the maximum
    """

    group: int
    weight: Floats
    dense: Scores
    complete: bool
    correct: Floats
    start: NDArray[np.int32]
    index: NDArray[np.int32]
    rows: tuple[csr_array, ...]
    columns: tuple[csc_array, ...]
    precision: np.dtype[np.floating] = DOUBLE

    @classmethod
    def of(
        cls,
        group: int,
        weight: Floats,
        dense: Scores,
        start: NDArray[np.int32],
        index: NDArray[np.int32],
        columns: int,
        precision: np.dtype[np.floating] = DOUBLE,
    ) -> Chunk:
        """Return a chunk with its indicator matrices; all their ones are one array."""
        edges = np.append(np.arange(0, len(weight), BLOCK), len(weight))
        cuts = start[edges]
        ones = np.ones(int(np.diff(cuts).max(initial=0)), dtype=precision)
        rows = [
            csr_array(
                (ones[: b - a], index[a:b], start[lo : hi + 1] - a), shape=(int(hi - lo), columns), copy=False
            )
            for (lo, hi), (a, b) in zip(pairwise(edges), pairwise(cuts), strict=True)
        ]
        complete = bool((dense >= 0).all())
        columns_of = tuple(row.T for row in rows)
        correct = np.zeros(dense.shape[1])
        for lo in range(0, len(dense), BLOCK):
            correct += weight[lo : lo + BLOCK] @ (dense[lo : lo + BLOCK] == 1).astype(np.float64)
        return cls(group, weight, dense, complete, correct, start, index, tuple(rows), columns_of, precision)

    def part(self, lo: int, hi: int) -> Chunk:
        """Return persons lo..hi-1."""
        first, last = self.start[lo], self.start[hi]
        columns = self.rows[0].shape[1]
        start = self.start[lo : hi + 1] - first
        return Chunk.of(
            self.group, self.weight[lo:hi], self.dense[lo:hi], start, self.index[first:last], columns,
            self.precision,
        )  # fmt: skip

    def single(self) -> Chunk:
        """Return the chunk in single precision."""
        columns = self.rows[0].shape[1]
        own = (self.group, self.weight, self.dense, self.start, self.index, columns)
        return Chunk.of(*own, SINGLE)

    def __len__(self) -> int:
        return len(self.weight)


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """Items whose answers are coded jointly.

    Attributes
    ----------
    codes : for each item the rows of its categories among all categories
    sizes : number of categories of each, one more where some persons did not answer
    """

    codes: tuple[Rows, ...]
    sizes: tuple[int, ...]

    def __len__(self) -> int:
        return prod(self.sizes)


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """The responses of a fit.

    Attributes
    ----------
    chunks : persons, in a fixed number of chunks, so that no sum depends on the number of threads
    wrong, right : (D,) rows of the categories 0 and 1 of the items held whole
    units : of the items held as sparse rows; empty where each category is its own row
    n_codes : categories of all items; n_groups : groups
    """

    chunks: tuple[Chunk, ...]
    wrong: Rows
    right: Rows
    units: tuple[Unit, ...]
    n_codes: int
    n_groups: int

    def unit_table(self, table: Floats) -> Floats:
        """Return (U, Q) log-probability of each joint answer from (C, Q) of each category."""
        if not self.units:
            return table
        parts = []
        for unit in self.units:
            joint = np.zeros((1, table.shape[1]))
            for codes, size in zip(unit.codes, unit.sizes, strict=True):
                own = np.zeros((size, table.shape[1]))
                own[: len(codes)] = table[codes]
                joint = (joint[:, None] + own).reshape(-1, table.shape[1])
            parts.append(joint)
        return np.concatenate(parts)

    def by_category(self, joint: Floats) -> Floats:
        """Return (C, Q) expected counts of each category from (U, Q) of each joint answer."""
        if not self.units:
            return joint
        result = np.zeros((self.n_codes, joint.shape[1]))
        start = 0
        for unit in self.units:
            size = len(unit)
            part = joint[start : start + size].reshape(*unit.sizes, -1)
            axes = tuple(range(len(unit.sizes)))
            for axis, codes in enumerate(unit.codes):
                own = part.sum(axis=tuple(other for other in axes if other != axis))
                result[codes] = own[: len(codes)]
            start += size
        return result

    def single(self) -> Coded:
        """Return the responses for products in single precision."""
        return replace(self, chunks=tuple(chunk.single() for chunk in self.chunks))

    def ordered(self, order: tuple[Rows, ...]) -> Coded:
        """Return the same persons with those of each group in another order, in chunks as large as before.

        Parameters
        ----------
        order : for each group (n,) the rows, counted over its chunks
        """
        result = []
        for g, rows in enumerate(order):
            own = [chunk for chunk in self.chunks if chunk.group == g]
            ends = np.concatenate([[0], np.cumsum([len(chunk) for chunk in own])]).astype(np.intp)
            for lo, hi in pairwise(ends):
                result.append(_gathered(own, ends, rows[lo:hi]))
        return replace(self, chunks=tuple(result))

    @property
    def precision(self) -> np.dtype[np.floating]:
        """Precision of the products."""
        return self.chunks[0].precision if self.chunks else DOUBLE

    @property
    def n_rows(self) -> int:
        """Rows of the unit table."""
        return sum(len(unit) for unit in self.units) if self.units else self.n_codes


def _gathered(chunks: list[Chunk], ends: Rows, rows: Rows) -> Chunk:
    """Return the persons at `rows`, counted over chunks that end there, as one chunk."""
    lead = chunks[0]
    of = np.searchsorted(ends, rows, side="right") - 1
    row = rows - ends[of]
    length = np.empty(len(rows), dtype=np.int64)
    weight, dense = np.empty(len(rows)), np.empty((len(rows), lead.dense.shape[1]), np.int8)
    for k, chunk in enumerate(chunks):
        mine = of == k
        own = row[mine]
        length[mine] = np.diff(chunk.start)[own]
        weight[mine], dense[mine] = chunk.weight[own], chunk.dense[own]
    start = np.concatenate([[0], length.cumsum()]).astype(np.int32)
    index = np.empty(int(start[-1]), dtype=np.int32)
    for k, chunk in enumerate(chunks):
        mine = np.flatnonzero(of == k)
        cells = length[mine]
        within = np.arange(int(cells.sum())) - np.repeat(cells.cumsum() - cells, cells)
        index[np.repeat(start[mine], cells) + within] = chunk.index[
            np.repeat(chunk.start[row[mine]], cells) + within
        ]
    return Chunk.of(lead.group, weight, dense, start, index, lead.rows[0].shape[1], lead.precision)


def code(responses: Responses, items: Rows, category: NDArray[np.int16], sizes: Rows) -> Coded:
    """Return the responses to `items` with each score replaced by its category.

    Parameters
    ----------
    items : (I,) columns of the items in the fit
    category : (J, S) the category of each score of each item of the responses, -1 where it has none
    sizes : (I,) categories of each item in the fit
    """
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)
    order = np.argsort(responses.group, kind="stable") if len(responses.groups) > 1 else None
    if isinstance(responses.cells, SparseRows):
        answered = len(responses.cells.item)
    else:
        answered = int((responses.cells >= 0).sum())
    dense = answered >= DENSE_FROM * max(len(responses) * len(responses.items), 1)
    if not dense:
        return _sparse(responses, items, category, first, order)
    cells = responses.dense() if order is None else responses.dense()[order]
    if len(items) < cells.shape[1] or (category[:, :2] != [0, 1]).any() or category.shape[1] > 2:  # noqa: PLR2004
        coded = np.empty((len(cells), len(items)), dtype=np.int8)
        for k, item in enumerate(items):
            column = cells[:, item]
            coded[:, k] = np.where(column >= 0, category[item][np.maximum(column, 0)], -1)
        cells = coded
    group, weight = responses.group, responses.weight
    if order is not None:
        group, weight = group[order], weight[order]
    if len(items) <= PATTERN_ITEMS:
        cells, group, weight = _patterns(cells, group, weight, sizes)
    binary = sizes == 2  # noqa: PLR2004 (right or wrong)
    whole = cells if binary.all() else np.ascontiguousarray(cells[:, binary])
    rows = np.flatnonzero(~binary)
    present: Bools = np.ones(len(items), np.bool_)
    if rows.size:
        present = np.asarray((cells >= 0).all(axis=0))
    units = _units(rows, sizes, present, first, UNIT_SIZE if len(cells) >= UNIT_PERSONS else SMALL_UNIT)
    joint = _joint(cells, rows, units)
    chunks = []
    for g, lo, hi in _cuts(group, len(responses.groups)):
        start = np.arange(hi - lo + 1, dtype=np.int32) * len(units)
        index = joint[lo:hi].ravel()
        columns = sum(len(unit) for unit in units)
        chunks.append(Chunk.of(g, weight[lo:hi], whole[lo:hi], start, index, columns))
    wrong = first[:-1][binary]
    return Coded(tuple(chunks), wrong, wrong + 1, units, int(first[-1]), len(responses.groups))


def _sparse(
    responses: Responses, items: Rows, category: NDArray[np.int16], first: Rows, order: Rows | None
) -> Coded:
    """Return chunks of sparse rows, one cell a response."""
    rows = responses.sparse() if order is None else responses.take_persons(order).sparse()
    group = responses.group if order is None else responses.group[order]
    weight = responses.weight if order is None else responses.weight[order]
    place = np.full(len(responses.items), -1, dtype=np.int32)
    place[items] = first[:-1]
    address = np.where(category >= 0, place[:, None] + category, -1).astype(np.int32)
    address[place < 0] = -1
    chunks = []
    for g, lo, hi in _cuts(group, len(responses.groups)):
        a, b = rows.start[lo], rows.start[hi]
        score = rows.score[a:b]
        index = address[rows.item[a:b], np.maximum(score, 0)]
        kept = (index >= 0) & (score >= 0)
        start = (rows.start[lo : hi + 1] - a).astype(np.int32)
        if not kept.all():
            start = np.concatenate([[0], np.cumsum(kept)])[start].astype(np.int32)
            index = index[kept]
        none = np.empty((hi - lo, 0), np.int8)
        chunks.append(Chunk.of(g, weight[lo:hi], none, start, index, int(first[-1])))
    nothing = np.empty(0, np.intp)
    return Coded(tuple(chunks), nothing, nothing, (), int(first[-1]), len(responses.groups))


def _cuts(group: NDArray[np.int32], n_groups: int) -> list[tuple[int, int, int]]:
    """Return (group, first, last + 1) of each chunk; persons are sorted by group."""
    ends = np.searchsorted(group, np.arange(n_groups + 1))
    whole = min(CHUNKS, max(len(group) // CHUNK_PERSONS, 2))
    result = []
    for g in range(n_groups):
        n = int(ends[g + 1] - ends[g])
        parts = max(1, min(n, round(whole * n / max(len(group), 1))))
        edges = np.linspace(ends[g], ends[g + 1], parts + 1).astype(int)
        result += [(g, int(lo), int(hi)) for lo, hi in pairwise(edges) if hi > lo]
    return result


def _patterns(
    cells: Scores, group: NDArray[np.int32], weight: Floats, sizes: Rows
) -> tuple[Scores, NDArray[np.int32], Floats]:
    """Return each answer pattern of each group once, with its weight."""
    if float(np.prod(sizes + 1.0)) * (int(group.max(initial=0)) + 1) >= 2.0**62:
        return cells, group, weight
    key = group.astype(np.int64)
    for k, size in enumerate(sizes):
        key = key * int(size + 1) + (cells[:, k] + 1)
    _, where, back = np.unique(key, return_index=True, return_inverse=True)
    total: Floats = np.bincount(back, weights=weight).astype(np.float64)
    return cells[where], group[where], total


def _units(rows: Rows, sizes: Rows, present: Bools, first: Rows, most: int) -> tuple[Unit, ...]:
    """Return items of several categories in groups of at most so many joint answers."""
    units: list[Unit] = []
    codes: list[Rows] = []
    own: list[int] = []
    for row in rows:
        size = int(sizes[row]) + (0 if present[row] else 1)
        if own and int(np.prod(own)) * size > most:
            units.append(Unit(tuple(codes), tuple(own)))
            codes, own = [], []
        codes.append(np.arange(first[row], first[row + 1]))
        own.append(size)
    if own:
        units.append(Unit(tuple(codes), tuple(own)))
    return tuple(units)


def _joint(cells: Scores, rows: Rows, units: tuple[Unit, ...]) -> NDArray[np.int32]:
    """Return (N, units) the row of each person's joint answer in the unit table."""
    result = np.empty((len(cells), len(units)), dtype=np.int32)
    item, start = iter(rows), 0
    for u, unit in enumerate(units):
        key = np.zeros(len(cells), dtype=np.int32)
        for size, codes in zip(unit.sizes, unit.codes, strict=True):
            score = cells[:, next(item)].astype(np.int32)
            key = key * size + np.where(score >= 0, score, len(codes))
        result[:, u] = start + key
        start += len(unit)
    return result
