"""Wide tables: one row a person, one column an item, empty where it was not presented."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import ResponseFileError
from adaptest.models.base import Floats, Rows
from adaptest.responses.coding import BAD, RULE, Coder, cell_scores, factored, remedy
from adaptest.responses.columns import Columns
from adaptest.responses.reading import (
    SPARSE_BELOW,
    Reading,
    code_counts,
    code_notes,
    holds_sparse,
    key_notes,
    more,
    text_column,
    weight_column,
)
from adaptest.responses.sources import Batch, Source
from adaptest.responses.table import NOT_PRESENTED, Responses, Scores, SparseRows

SECOND_HEADER_FROM = 10  # rows: fewer say too little to tell an odd first row from a second header


@dataclass(slots=True)
class WideRows:
    """What was read of a wide table so far, part by part."""

    source: Source
    reading: Reading
    columns: Columns
    persons: list[str] = field(default_factory=list)
    groups: Coder = field(default_factory=Coder)
    group: list[NDArray[np.int32]] = field(default_factory=list)
    weight: list[Floats] = field(default_factory=list)
    cells: list[Scores | SparseRows] = field(default_factory=list)
    rows: int = 0
    codes: dict[int, int] = field(default_factory=dict)
    chosen: dict[str, tuple[int, int]] = field(default_factory=dict)

    def read(self) -> None:
        """Read everything."""
        text = [*self.reading.of_persons, *([self.columns.person] if self.columns.person is not None else [])]
        keyed = self.reading.key is not None
        asked = ((*text, *self.columns.items), ()) if keyed else (text, self.columns.items)
        for batch in self.source.batches(*asked):
            self._take(batch)
        if not self.rows:
            raise ResponseFileError(
                f"{self.source.name}: must have a row for each person; got a header alone"
            )

    def _take(self, batch: Batch) -> None:
        if self.columns.person is not None:
            ids = text_column(self.source, batch, self.columns.person, "a row must name its person")
            self.persons += ids.to_list()
        if (name := self.reading.groups) is not None:
            column = text_column(self.source, batch, name, "a row must name its group")
            self.group.append(self.groups.codes(column))
        if (name := self.reading.weights) is not None:
            self.weight.append(weight_column(self.source, batch, name))
        cells = np.empty((batch.frame.height, len(self.columns.items)), dtype=np.int8)
        if batch.row == 0:
            self._refuse_second_header(batch)
        for k, item in enumerate(self.columns.items):
            cells[:, k] = self._scored(batch, item)
        self._refuse_bad(batch, cells)
        self._refuse_above(batch, cells)
        for code, count in code_counts(cells).items():
            self.codes[code] = self.codes.get(code, 0) + count
        self.rows += len(cells)
        presented = int((cells != NOT_PRESENTED).sum())
        self.cells.append(_sparse(cells) if presented < SPARSE_BELOW * cells.size else cells)

    def _scored(self, batch: Batch, item: str) -> Scores:
        column, key = batch.frame[item], self.reading.key
        if key is None:
            return cell_scores(column, self.reading.codes)
        correct = key.of(item, self.source.header, "name a column that is no item in --id-columns")
        texts, cells = factored(column)
        scores: Scores = np.array([self.reading.codes.keyed(text, correct) for text in texts], np.int8)[cells]
        answers, right = self.chosen.get(item, (0, 0))
        self.chosen[item] = answers + int((scores >= 0).sum()), right + int((scores == 1).sum())
        return scores

    def _refuse_second_header(self, batch: Batch) -> None:
        """Raise where the first row is the header again, or texts that no other row has."""
        first = [batch.frame[item][0] for item in self.columns.items]
        if any(not isinstance(cell, str) or not cell.strip() for cell in first):
            return
        others = [batch.frame[item][1:] for item in self.columns.items]
        rows, codes = batch.frame.height - 1, self.reading.codes
        again = first == list(self.columns.items)
        if not again and len(first) > 1 and self.reading.key is None:
            odd = all(codes.score(cell) == BAD for cell in first)
            again = (
                odd and rows > 0 and not any((cell_scores(column, codes) == BAD).any() for column in others)
            )
        elif not again and len(first) > 1 and rows >= SECOND_HEADER_FROM and len(set(first)) == len(first):
            again = not any((column == cell).any() for column, cell in zip(others, first, strict=True))
        if again:
            raise ResponseFileError(
                f"{self.source.where(0)}: must be a person's responses; "
                f"got a second header ({first[0]!r}, ...); take it out"
            )

    def _refuse_bad(self, batch: Batch, cells: Scores) -> None:
        if cells.size and cells.min() == BAD:
            bad = np.argwhere(cells == BAD)
            row, k = bad[0]
            item = self.columns.items[k]
            got = str(batch.frame[item][int(row)])
            raise ResponseFileError(
                f"{self.source.where(batch.row + int(row))}: item {item!r}: {RULE}; "
                f"got {got!r}{more(len(bad) - 1)}; {remedy(got)}"
            )

    def _refuse_above(self, batch: Batch, cells: Scores) -> None:
        highest = self.reading.highest(self.columns.items)
        if cells.max(initial=0) <= highest.min():
            return
        above = np.argwhere(cells > highest)
        if len(above):
            row, k = above[0]
            raise ResponseFileError(
                f"{self.source.where(batch.row + int(row))}: item {self.columns.items[k]!r}: a score "
                f"must be at most {highest[k]}; got {cells[row, k]}{more(len(above) - 1)}"
            )

    def responses(self) -> Responses:
        """Return what was read as responses.

        Raises
        ------
        ResponseFileError, where a person has two rows and the reading refuses that.
        """
        ids, kept, said = self._persons()
        presented = self.rows * len(self.columns.items) - self.codes.get(NOT_PRESENTED, 0)
        notes = [
            f"read as wide: {self.rows} persons, {len(self.columns.items)} items",
            *self.columns.notes,
            *said,
        ]
        notes += code_notes(self.codes, "cells")
        if self.reading.key is not None:
            notes += key_notes(self.chosen, self.reading.key)
        whole = Responses.of(
            _together(self.cells, len(self.columns.items), presented),
            self.columns.items,
            tuple(str(row + 1) for row in range(self.rows)),
            group=np.concatenate(self.group) if self.group else None,
            groups=tuple(self.groups.ids) or ("all",),
            weight=np.concatenate(self.weight) if self.weight else None,
            notes=tuple(notes),
        )
        if kept is not None:
            whole = whole.take_persons(kept)
        return whole if ids is None else replace(whole, persons=ids)

    def _persons(self) -> tuple[tuple[str, ...] | None, Rows | None, list[str]]:
        """Return the persons' ids (None: rows are numbered), the rows to keep (None: all), and notes."""
        name = self.columns.person
        if name is None:
            return None, None, ["persons are numbered by row: no column names them"]
        first: dict[str, int] = {}
        again = [row for row, person in enumerate(self.persons) if first.setdefault(person, row) != row]
        if not again:
            return tuple(self.persons), None, []
        row, person = again[0], self.persons[again[0]]
        if not self.columns.certain:
            return (
                None,
                None,
                [f"persons are numbered by row: {name!r} repeats {person!r} ({self.source.where(row)})"],
            )
        if self.reading.duplicates == "refuse":
            raise ResponseFileError(
                f"{self.source.where(row)}: person {person!r} must have one row; got another at "
                f"{self.source.where(first[person])}{more(len(again) - 1)}; "
                "keep the first of each with --duplicates first"
            )
        kept = np.array(list(first.values()))
        return tuple(first), kept, [f"{len(again)} rows repeat a person and were left out; the first counts"]


def _together(parts: list[Scores | SparseRows], items: int, presented: int) -> Scores | SparseRows:
    """Return the parts as one, dense or sparse as `holds_sparse` says."""
    rows = sum(len(part.start) - 1 if isinstance(part, SparseRows) else len(part) for part in parts)
    if not holds_sparse(presented, rows, items):
        return np.concatenate(
            [_dense(part, items) if isinstance(part, SparseRows) else part for part in parts]
        )
    few = [part if isinstance(part, SparseRows) else _sparse(part) for part in parts]
    length = np.concatenate([np.diff(part.start) for part in few])
    start = np.concatenate([[0], length.cumsum()])
    return SparseRows(
        start, np.concatenate([part.item for part in few]), np.concatenate([part.score for part in few])
    )


def _sparse(cells: Scores) -> SparseRows:
    presented = cells != NOT_PRESENTED
    start = np.concatenate([[0], presented.sum(axis=1).cumsum()])
    return SparseRows(start, np.nonzero(presented)[1].astype(np.int32), cells[presented])


def _dense(part: SparseRows, items: int) -> Scores:
    cells = np.full((len(part.start) - 1, items), NOT_PRESENTED, dtype=np.int8)
    cells[part.person(), part.item] = part.score
    return cells
