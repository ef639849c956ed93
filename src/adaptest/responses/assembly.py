"""From rows of (person, item, score) in any order to cells, person after person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from adaptest.models.base import Rows
from adaptest.responses.reading import holds_sparse
from adaptest.responses.table import NOT_PRESENTED, Scores, SparseRows

Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Repeated:
    """Rows whose person and item stood in an earlier row.

    Attributes
    ----------
    rows : ascending
    first : the earliest row with the person and item of rows[0]
    """

    rows: Rows
    first: int


def repeated(person: Codes, item: Codes) -> Repeated:
    """Return the rows that say a person and item again."""
    order = np.lexsort((item, person))  # stable: equal cells stay in the order of their rows
    again = np.flatnonzero((person[order[1:]] == person[order[:-1]]) & (item[order[1:]] == item[order[:-1]]))
    rows = np.sort(order[again + 1])
    same = np.flatnonzero((person == person[rows[0]]) & (item == item[rows[0]])) if len(rows) else [0]
    return Repeated(rows, int(same[0]))


def assembled(
    person: Codes, item: Codes, score: Scores, shape: tuple[int, int]
) -> Scores | SparseRows | None:
    """Return N x J cells, dense or sparse as `holds_sparse` says; None where a person and item come twice.

    Parameters
    ----------
    person, item, score : (n,) one row each, none of them not presented; used up: the caller gives them away
    """
    persons, items = shape
    count = np.bincount(person, minlength=persons)
    if not (person[1:] >= person[:-1]).all():
        order = _counting_order(person, persons)
        item, score = item[order], score[order]
    start = np.concatenate([[0], count.cumsum()])
    small = _index_type(len(item))
    rows = sparse.csr_array((score, item.astype(small, copy=False), start.astype(small)), shape=shape)
    rows.sort_indices()
    item, score = rows.indices.astype(np.int32, copy=False), rows.data
    same = item[1:] == item[:-1]
    ends = start[(start > 0) & (start < len(item))] - 1
    same[ends] = False  # the last cell of one person and the first of the next
    if same.any():
        return None
    cells = SparseRows(start, item, score)
    if holds_sparse(len(item), persons, items):
        return cells
    whole = np.full(shape, NOT_PRESENTED, dtype=np.int8)
    whole[cells.person(), item] = score
    return whole


def _counting_order(codes: Codes, size: int) -> NDArray[np.integer]:
    """Return the stable order of codes below `size`, in linear time: a transposition is a counting sort."""
    n = len(codes)
    small = _index_type(n)
    start: NDArray[np.integer] = np.arange(n + 1, dtype=small)
    index: NDArray[np.integer] = codes.astype(small, copy=False)
    rows = sparse.csr_array((np.ones(n, dtype=np.int8), index, start), shape=(n, size))
    order: NDArray[np.integer] = rows.tocsc().indices
    return order


def _index_type(cells: int) -> type[np.int32 | np.int64]:
    """Return the smallest type that scipy can count so many cells with."""
    return np.int32 if cells <= np.iinfo(np.int32).max else np.int64
