"""Scored responses of N persons to J items, dense or sparse, frozen."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import ResponseError
from adaptest.models.base import Floats, Rows

Scores = NDArray[np.int8]

NOT_PRESENTED = -1
OMITTED = -2  # seen, not answered
NOT_REACHED = -3  # the person stopped before it

Policy = Literal["wrong", "not_presented"]


@dataclass(frozen=True, slots=True, eq=False)
class SparseRows:
    """What each person was presented, person after person.

    Attributes
    ----------
    start : (N + 1,) where each person's cells begin; the last is their number n
    item : (n,) item of each cell, ascending within a person, never twice
    score : (n,) score from 0, or OMITTED or NOT_REACHED
    """

    start: NDArray[np.int64]
    item: NDArray[np.int32]
    score: Scores

    def person(self) -> Rows:
        """Return (n,) the person of each cell."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


@dataclass(frozen=True, slots=True, eq=False)
class Responses:
    """N persons' scores on J items.

    Attributes
    ----------
    persons, items : ids, text, each unique
    cells : (N, J) int8 scores from 0, or NOT_PRESENTED, OMITTED, NOT_REACHED; or SparseRows
    group : (N,) index into `groups`
    weight : (N,) how many persons each row stands for, > 0
    notes : what reading dropped, recoded or counted, a sentence each

    Raises
    ------
    ResponseError, naming the first offender.
    """

    persons: tuple[str, ...]
    items: tuple[str, ...]
    cells: Scores | SparseRows
    group: NDArray[np.int32]
    groups: tuple[str, ...]
    weight: Floats
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, j = len(self.persons), len(self.items)
        for kind, ids in (("person", self.persons), ("item", self.items)):
            if len(set(ids)) < len(ids):
                twice, times = Counter(ids).most_common(1)[0]
                raise ResponseError(f"{kind} {twice!r}: ids must be unique; got it {times} times")
        got = (len(self.cells.start) - 1, j) if isinstance(self.cells, SparseRows) else self.cells.shape
        if got != (n, j):
            raise ResponseError(f"cells must have shape {(n, j)}; got {got}")
        scores = self.cells.score if isinstance(self.cells, SparseRows) else self.cells
        if scores.size and scores.min() < NOT_REACHED:
            raise ResponseError(f"a score must be at least 0; got {scores.min()}")
        if self.weight.shape != (n,) or not (np.isfinite(self.weight).all() and (self.weight > 0).all()):
            raise ResponseError(f"weight must be (N,) = ({n},), finite and greater than 0")
        if self.group.shape != (n,) or (
            n and not 0 <= self.group.min() <= self.group.max() < len(self.groups)
        ):
            raise ResponseError(f"group must be (N,) = ({n},) rows of {len(self.groups)} groups")
        for array in (self.group, self.weight, scores):
            array.flags.writeable = False
        if isinstance(self.cells, SparseRows):
            self._freeze_rows(self.cells)

    def _freeze_rows(self, rows: SparseRows) -> None:
        n, item = len(rows.item), rows.item
        if (
            rows.start[0] != 0
            or rows.start[-1] != n
            or (np.diff(rows.start) < 0).any()
            or len(rows.score) != n
        ):
            raise ResponseError(f"start must rise from 0 to the number of cells, {n}")
        if n and not 0 <= item.min() <= item.max() < len(self.items):
            raise ResponseError(f"item must be in 0..{len(self.items) - 1}; got {item.min()} to {item.max()}")
        for array in (rows.start, item):
            array.flags.writeable = False

    @classmethod
    def of(
        cls,
        cells: NDArray[np.integer] | SparseRows,
        items: tuple[str, ...] | None = None,
        persons: tuple[str, ...] | None = None,
        *,
        group: NDArray[np.integer] | None = None,
        groups: tuple[str, ...] = ("all",),
        weight: NDArray[np.floating] | None = None,
        notes: tuple[str, ...] = (),
    ) -> Responses:
        """Return responses from arrays; ids are 'i1', 'p1', ... where none are given.

        Raises
        ------
        ResponseError, for what cannot be held as it is: a fraction, nan, a masked cell, a score out of range.
        """
        if isinstance(cells, SparseRows):
            n, j = len(cells.start) - 1, int(cells.item.max(initial=-1)) + 1
        else:
            if cells.ndim != 2:  # noqa: PLR2004 (persons by items)
                raise ResponseError(f"cells must have two axes, persons and items; got {cells.ndim}")
            n, j = cells.shape
            if cells.dtype.kind not in "biu" or np.ma.is_masked(cells):
                raise ResponseError(
                    "cells must be whole numbers, -1 where not presented, without nan or mask; got "
                    f"{'masked cells' if np.ma.is_masked(cells) else cells.dtype}; use read_responses"
                )
            if cells.size and (cells.min() < NOT_REACHED or cells.max() > np.iinfo(np.int8).max):
                raise ResponseError(f"a score must be in 0..127; got {cells.min()} to {cells.max()}")
        held = cells if isinstance(cells, SparseRows) else np.array(cells, dtype=np.int8)
        items = tuple(f"i{k + 1}" for k in range(j)) if items is None else tuple(items)
        persons = tuple(f"p{k + 1}" for k in range(n)) if persons is None else tuple(persons)
        where = np.zeros(n, np.int32) if group is None else np.array(group, dtype=np.int32)
        weights = np.ones(n) if weight is None else np.array(weight, dtype=np.float64)
        return cls(persons, items, held, where, groups, weights, notes)

    def __len__(self) -> int:
        return len(self.persons)

    @property
    def is_sparse(self) -> bool:
        """Whether only what was presented is held."""
        return isinstance(self.cells, SparseRows)

    def dense(self) -> Scores:
        """Return (N, J) cells; N x J bytes."""
        if not isinstance(self.cells, SparseRows):
            return self.cells
        whole = np.full((len(self.persons), len(self.items)), NOT_PRESENTED, dtype=np.int8)
        whole[self.cells.person(), self.cells.item] = self.cells.score
        return whole

    def sparse(self) -> SparseRows:
        """Return the presented cells, person after person."""
        if isinstance(self.cells, SparseRows):
            return self.cells
        whole, (n, j) = np.ravel(self.cells), self.cells.shape
        cell = np.flatnonzero(whole != NOT_PRESENTED)
        start = np.searchsorted(cell, np.arange(n + 1, dtype=np.int64) * j).astype(np.int64)
        item = cell - np.repeat(np.arange(n, dtype=np.int64) * j, np.diff(start))
        return SparseRows(start, item.astype(np.int32), whole[cell])

    def resolved(self, *, omitted: Policy = "wrong", not_reached: Policy = "not_presented") -> Responses:
        """Return the responses with omitted and not-reached cells scored 0 or taken out, and a note."""
        scores = self.cells.score if isinstance(self.cells, SparseRows) else self.cells
        if scores.min(initial=0) >= NOT_PRESENTED:
            return self
        notes = []
        new = scores.copy()
        for code, name, policy in ((OMITTED, "omitted", omitted), (NOT_REACHED, "not reached", not_reached)):
            if count := int((scores == code).sum()):
                new[scores == code] = 0 if policy == "wrong" else NOT_PRESENTED
                notes.append(f"{count} {name} responses treated as {policy.replace('_', ' ')}")
        if not notes:
            return self
        cells: Scores | SparseRows = new
        if isinstance(self.cells, SparseRows):
            kept = new != NOT_PRESENTED
            start = np.concatenate([[0], np.cumsum(kept)])[self.cells.start].astype(np.int64)
            cells = SparseRows(start, self.cells.item[kept], new[kept])
        return replace(self, cells=cells, notes=(*self.notes, *notes))

    def lowered(self, by: int) -> Responses:
        """Return the responses with every score lowered, where a file counts them from 1, say; and a note.

        Raises
        ------
        ResponseError, where a score is below `by`.
        """
        scores = self.cells.score if isinstance(self.cells, SparseRows) else self.cells
        if by == 0:
            return self
        if (low := int(scores.min(where=scores >= 0, initial=by))) < by:
            raise ResponseError(f"a score must be at least {by}, where scores are counted from; got {low}")
        new = np.where(scores >= 0, scores - by, scores).astype(np.int8)
        cells: Scores | SparseRows = new
        if isinstance(self.cells, SparseRows):
            cells = SparseRows(self.cells.start, self.cells.item, new)
        return replace(self, cells=cells, notes=(*self.notes, f"scores are counted from {by}"))

    def take_items(self, rows: Rows) -> Responses:
        """Return the responses to the items at `rows`, in that order; persons stay."""
        items = tuple(self.items[row] for row in rows)
        if not isinstance(self.cells, SparseRows):
            return replace(self, items=items, cells=self.cells[:, rows].copy())
        place = np.full(len(self.items), -1, dtype=np.int32)
        place[rows] = np.arange(len(rows))
        column = place[self.cells.item]
        kept = column >= 0
        start = np.concatenate([[0], np.cumsum(kept)])[self.cells.start].astype(np.int64)
        person = self.cells.person()[kept]
        order = np.lexsort((column[kept], person))
        cells = SparseRows(start, column[kept][order], self.cells.score[kept][order])
        return replace(self, items=items, cells=cells)

    def take_persons(self, rows: Rows) -> Responses:
        """Return the persons at `rows`, in that order; items stay."""
        cells: Scores | SparseRows
        if isinstance(self.cells, SparseRows):
            length = np.diff(self.cells.start)[rows]
            start = np.concatenate([[0], length.cumsum()]).astype(np.int64)
            cell = np.repeat(self.cells.start[rows] - start[:-1], length) + np.arange(start[-1])
            cells = SparseRows(start, self.cells.item[cell], self.cells.score[cell])
        else:
            cells = self.cells[rows].copy()
        persons = tuple(self.persons[row] for row in rows)
        return replace(self, persons=persons, cells=cells, group=self.group[rows], weight=self.weight[rows])

    @property
    def fingerprint(self) -> str:
        """SHA-256 of ids, cells, groups and weights; dense and sparse holdings of the same cells agree."""
        rows = self.sparse()
        text = hashlib.sha256()
        for ids in (self.persons, self.items, self.groups):
            for one in ids:
                text.update(f"{len(one)}:{one}".encode())
            text.update(b"\n")
        for array, kind in (
            (rows.start, "<i8"),
            (rows.item, "<i4"),
            (rows.score, "<i1"),
            (self.group, "<i4"),
            (self.weight, "<f8"),
        ):
            text.update(np.ascontiguousarray(array, dtype=kind).tobytes())
        return text.hexdigest()
