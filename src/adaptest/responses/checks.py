"""What a set of responses looks like before anything is estimated: empty, constant, unused, disconnected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from adaptest.models.base import Floats, Rows
from adaptest.responses.links import (
    SUBSET,
    Edges,
    Labels,
    blocks,
    crossing,
    edges_from,
    linked,
    maximum_adjacency,
    signatures,
)
from adaptest.responses.table import NOT_REACHED, OMITTED, Responses, Scores, SparseRows

LINK_PERSONS = 32  # two blocks' scales differ with a standard error of sqrt(2 / n) logits where n persons of
# SEM 1 answered in both: 32 make it .25, the gate on SE(b)
LINK_ITEMS = 5  # common items: fewer are at the mercy of one that drifts (a documented, changeable default)
BOOKLETS = (
    2_000  # distinct sets of items; with more, hardly two persons share a set and items mix by themselves
)
CELLS = 1 << 22  # counted at once
SHOWN = 3  # ids that a sentence shows


@dataclass(frozen=True, slots=True, eq=False)
class DesignReport:
    """A person-item design, described.

    Attributes
    ----------
    persons, items : ids
    responses : number of scored responses
    counts : (J, K) persons in each score category of each item, weights aside
    omitted, not_reached : (J,) persons
    empty_persons, empty_items : rows and columns without a scored response
    constant_items : columns whose scored responses are all in one category
    unused : (item, categories) with categories that nobody is in: below the highest seen, or of its own
    component : (J,) number of each item's component, from the largest; -1 where the item is empty
    person_component : (N,) likewise
    block : (J,) number of each item's block; within one, items are linked by `link_persons` or more
    block_links : persons who link each block to others; (number of blocks,)
    booklet_links : (persons, items) of each group of booklets that shares fewer than `link_items` items
        with the others; None where there are too many booklets to ask
    link_persons, link_items : below these a link is weak
    """

    persons: tuple[str, ...]
    items: tuple[str, ...]
    responses: int
    counts: NDArray[np.int64]
    omitted: NDArray[np.int64]
    not_reached: NDArray[np.int64]
    empty_persons: Rows
    empty_items: Rows
    constant_items: Rows
    unused: tuple[tuple[int, tuple[int, ...]], ...]
    component: Labels
    person_component: Labels
    block: Labels
    block_links: Floats
    booklet_links: tuple[tuple[float, int], ...] | None
    link_persons: float
    link_items: float

    @property
    def components(self) -> int:
        """How many parts the design falls into that no person links."""
        return int(self.component.max(initial=-1)) + 1

    @property
    def weak_blocks(self) -> tuple[Rows, ...]:
        """Items of each block but the first that is weakly linked; single items with few responses aside."""
        found = (np.flatnonzero(self.block == k) for k in range(1, len(self.block_links)))
        per_item = self.counts.sum(axis=1)
        return tuple(
            rows
            for rows in found
            if (len(rows) > 1 or per_item[rows[0]] >= self.link_persons)
            and (self.component == self.component[rows[0]]).sum() > len(rows)
        )

    def sentences(self) -> tuple[str, ...]:
        """Return what should be known before estimating, a sentence each; none where all is well."""
        said = []
        for rows, ids, who, what in (
            (self.empty_persons, self.persons, "persons", "without a scored response"),
            (self.empty_items, self.items, "items", "without a scored response"),
            (self.constant_items, self.items, "items", "with the same score from everyone"),
        ):
            if len(rows):
                said.append(f"{len(rows)} {who} {what}: {_some(ids, rows)}")
        if self.unused:
            item, categories = self.unused[0]
            others = f" (and {len(self.unused) - 1} more items have such scores)" if self.unused[1:] else ""
            said.append(f"item {self.items[item]!r}: nobody scored {_list(categories)}{others}; labels stay")
        if self.components > 1:
            sizes = np.bincount(self.component[self.component >= 0])
            second = np.flatnonzero(self.component == 1)
            said.append(
                f"the design is disconnected: no person links its {self.components} parts of {_list(sizes)} "
                f"items; {_some(self.items, second)} stand apart from the largest"
            )
        for rows in self.weak_blocks:
            links = self.block_links[self.block[rows[0]]]
            said.append(
                f"{len(rows)} items are weakly linked, by {links:g} persons who answered others too "
                f"(at least {self.link_persons:g} are wanted): {_some(self.items, rows)}"
            )
        said += [
            f"{persons:g} persons share only {items:g} items with all others "
            f"(at least {self.link_items:g} are wanted)"
            for persons, items in self.booklet_links or ()
        ]
        return tuple(said)


def design_report(
    responses: Responses,
    *,
    categories: Sequence[int] | None = None,
    link_persons: float = LINK_PERSONS,
    link_items: float = LINK_ITEMS,
) -> DesignReport:
    """Return what the design of these responses looks like.

    Omitted and not-reached cells are counted, but link nothing: resolve them first if they shall.

    Parameters
    ----------
    categories : (J,) each item's own number of categories, where they are known
    link_persons, link_items : a part of the design that fewer persons, or items, link to the rest is weak
    """
    cells, j = responses.cells, len(responses.items)
    counts = _table_counts(cells) if isinstance(cells, np.ndarray) else _row_counts(cells, j)
    edges_of = _table_edges(cells) if isinstance(cells, np.ndarray) else _row_edges(cells, j)
    per_item = counts.scores.sum(axis=1)
    parts = linked(edges_of, responses.weight, link_persons, per_item)
    if categories is not None and max(categories, default=0) > counts.scores.shape[1]:
        more = max(categories) - counts.scores.shape[1]
        counts = replace(counts, scores=np.pad(counts.scores, ((0, 0), (0, more))))
    used = counts.scores > 0
    own = used.shape[1] - used[:, ::-1].argmax(axis=1) if categories is None else np.array(categories)
    missing = {int(item): np.flatnonzero(~used[item, : own[item]]) for item in np.flatnonzero(per_item)}
    return DesignReport(
        responses.persons,
        responses.items,
        int(per_item.sum()),
        counts.scores,
        counts.omitted,
        counts.not_reached,
        np.flatnonzero(counts.of_person == 0),
        np.flatnonzero(per_item == 0),
        np.flatnonzero((used.sum(axis=1) == 1) & (per_item > 1)),
        tuple((item, tuple(rows.tolist())) for item, rows in missing.items() if len(rows)),
        parts.component,
        _person_components(edges_of, parts.component, counts.of_person),
        parts.block,
        parts.links,
        _booklets(edges_of, responses.weight, counts.of_person, j, link_items),
        link_persons,
        link_items,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """(J, K) scores, (J,) omitted and not reached, (N,) scored responses of each person."""

    scores: NDArray[np.int64]
    omitted: NDArray[np.int64]
    not_reached: NDArray[np.int64]
    of_person: Rows


def _table_counts(cells: Scores) -> _Counts:
    highest = max(int(cells.max(initial=0)), 1)
    by_code = {code: (cells == code).sum(axis=0) for code in (OMITTED, NOT_REACHED, *range(highest + 1))}
    scores = np.stack([by_code[k] for k in range(highest + 1)], axis=1)
    return _Counts(scores, by_code[OMITTED], by_code[NOT_REACHED], (cells >= 0).sum(axis=1))


def _row_counts(rows: SparseRows, items: int) -> _Counts:
    codes = max(int(rows.score.max(initial=0)), 1) + 1 - NOT_REACHED  # columns: NOT_REACHED, ..., the highest
    table = np.zeros(items * codes, dtype=np.int64)
    for first in range(0, len(rows.item), CELLS):
        part = slice(first, first + CELLS)
        cell = rows.item[part].astype(np.int64) * codes + rows.score[part] - NOT_REACHED
        table += np.bincount(cell, minlength=items * codes)
    counts = table.reshape(items, codes)
    of_person = np.diff(rows.start)
    if rows.score.min(initial=0) < 0:
        of_person = np.diff(np.concatenate([[0], np.cumsum(rows.score >= 0)])[rows.start])
    return _Counts(counts[:, -NOT_REACHED:], counts[:, OMITTED - NOT_REACHED], counts[:, 0], of_person)


def _table_edges(cells: Scores) -> Callable[[Rows], Edges]:
    def edges_of(rows: Rows) -> Edges:
        scored = cells[rows] >= 0
        start = np.concatenate([[0], scored.sum(axis=1).cumsum()])
        return edges_from(start, np.nonzero(scored)[1], cells.shape[1])

    return edges_of


def _row_edges(cells: SparseRows, items: int) -> Callable[[Rows], Edges]:
    start, item = cells.start, cells.item
    if cells.score.min(initial=0) < 0:
        scored = cells.score >= 0
        start, item = np.concatenate([[0], np.cumsum(scored)])[start], item[scored]
    whole = edges_from(start, item, items)

    def edges_of(rows: Rows) -> Edges:
        return whole if len(rows) == whole.shape[0] else whole[rows]

    return edges_of


def _person_components(edges_of: Callable[[Rows], Edges], component: Labels, answers: Rows) -> Labels:
    """Return (N,) the component of each person: that of any item answered."""
    if component.max(initial=0) <= 0:
        return np.where(answers > 0, 0, -1)
    label = np.full(len(answers), -1)
    some = np.flatnonzero(answers)
    edges = edges_of(np.arange(len(answers)))
    label[some] = component[edges.indices[edges.indptr[some]]]
    return label


def _booklets(
    edges_of: Callable[[Rows], Edges], weight: Floats, answers: Rows, items: int, enough: float
) -> tuple[tuple[float, int], ...] | None:
    """Return (persons, items shared with others) of each group of booklets that shares too few."""
    some = np.flatnonzero(answers)
    if not len(some) or (answers == items).all():
        return ()
    tried = some[:: max(len(some) // SUBSET, 1)]
    if len(np.unique(signatures(edges_of(tried)))) > BOOKLETS:
        return None
    edges = edges_of(some)
    first, booklet = np.unique(signatures(edges), return_index=True, return_inverse=True)[1:]
    if len(first) > BOOKLETS:
        return None
    by_item = edges[first].T.tocsr()
    by_booklet = edges_from(by_item.indptr, by_item.indices, len(first))
    one = np.ones(items)
    group = blocks(by_booklet, one, enough, maximum_adjacency(by_booklet, one))
    shared, persons = crossing(by_booklet, one, group), np.bincount(group[booklet], weight[some], len(first))
    has = np.bincount(group, np.diff(edges[first].indptr), minlength=len(group))
    weak = (shared > 0) & (shared < enough) & (has >= enough)
    weak[persons.argmax()] = False
    return tuple((float(persons[k]), int(shared[k])) for k in np.flatnonzero(weak))


def _some(ids: Sequence[str], rows: Rows) -> str:
    return ", ".join(repr(ids[row]) for row in rows[:SHOWN]) + (", ..." if len(rows) > SHOWN else "")


def _list(numbers: Sequence[int] | NDArray[np.int64]) -> str:
    return ", ".join(str(one) for one in numbers[:SHOWN]) + (", ..." if len(numbers) > SHOWN else "")
