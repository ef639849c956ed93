"""Long tables: one row for each person and item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import ResponseFileError
from adaptest.models.base import Rows
from adaptest.responses.assembly import assembled, repeated
from adaptest.responses.coding import BAD, RULE, Coder, cell_scores, factored, remedy
from adaptest.responses.reading import (
    Reading,
    code_counts,
    code_notes,
    columns_present,
    key_notes,
    more,
    text_column,
    weight_column,
)
from adaptest.responses.sources import Batch, Source, ahead
from adaptest.responses.table import NOT_PRESENTED, Responses, Scores

if TYPE_CHECKING:
    import polars as pl

PERSON, ITEM, SCORE, RESPONSE = "person", "item", "score", "response"
T = TypeVar("T", bound=np.generic)


def is_long(columns: Sequence[str]) -> bool:
    """Whether a header is that of a long table: it has person and item."""
    return PERSON in columns and ITEM in columns


@dataclass(slots=True)
class LongRows:
    """What was read of a long table so far, one entry a row and part.

    Attributes
    ----------
    persons, items, groups : the ids seen
    person, item, score : the rows, part by part
    """

    source: Source
    reading: Reading
    persons: Coder = field(default_factory=Coder)
    items: Coder = field(default_factory=Coder)
    groups: Coder = field(default_factory=Coder)
    person: list[NDArray[np.int32]] = field(default_factory=list)
    item: list[NDArray[np.int32]] = field(default_factory=list)
    score: list[Scores] = field(default_factory=list)
    group: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    weight: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    codes: dict[int, int] = field(default_factory=dict)
    chosen: dict[str, tuple[int, int]] = field(default_factory=dict)
    limits: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))

    @property
    def cell(self) -> str:
        """The column that holds what a person did: the score, or the response where a key scores it."""
        return SCORE if self.reading.key is None else RESPONSE

    def read(self, extra: Sequence[str] = ()) -> Iterator[pl.DataFrame]:
        """Read everything; yield each part's `extra` columns."""
        columns_present(self.source, (PERSON, ITEM, *self.reading.of_persons, *extra))
        if self.cell not in self.source.columns:
            raise ResponseFileError(f"{self.source.header}: {_missing(self.cell, self.source.columns)}")
        text = (PERSON, ITEM, *self.reading.of_persons, *extra)
        if self.reading.key is None:
            batches = self.source.batches(text, (self.cell,))
        else:
            batches = self.source.batches((*text, self.cell), ())
        for batch in ahead(batches):
            self._take(batch)
            yield batch.frame.select(extra)
        if not self.person:
            raise ResponseFileError(
                f"{self.source.name}: must have a row for each response; got a header alone"
            )

    def _take(self, batch: Batch) -> None:
        names = [text_column(self.source, batch, one, f"a row must name its {one}") for one in (PERSON, ITEM)]
        if batch.row == 0 and (names[0][0], names[1][0]) == (PERSON, ITEM):
            raise ResponseFileError(
                f"{self.source.where(0)}: must be a response; got a second header; take it out"
            )
        person, item = self.persons.codes(names[0]), self.items.codes(names[1])
        score = self._scored(batch, item)
        self._within_categories(batch, person, item, score)
        for code, count in code_counts(score).items():
            self.codes[code] = self.codes.get(code, 0) + count
        self._of_persons(batch, person)
        self.person.append(person)
        self.item.append(item)
        self.score.append(score)

    def _scored(self, batch: Batch, item: NDArray[np.int32]) -> Scores:
        column = batch.frame[self.cell]
        if self.reading.key is not None:
            return self._keyed(batch, column, item)
        score = cell_scores(column, self.reading.codes)
        if (score == BAD).any():
            row = int((score == BAD).argmax())
            others = int((score == BAD).sum()) - 1
            raise ResponseFileError(
                f"{self.source.where(batch.row + row)}: item {self.items.ids[item[row]]!r}: {RULE}; "
                f"got {str(column[row])!r}{more(others)}; {remedy(str(column[row]))}"
            )
        return score

    def _keyed(self, batch: Batch, column: pl.Series, item: NDArray[np.int32]) -> Scores:
        key, codes = self.reading.key, self.reading.codes
        assert key is not None  # noqa: S101 (the caller asked)
        texts, cells = factored(column)
        pair, first, place, count = np.unique(
            item.astype(np.int64) * len(texts) + cells,
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        scores = np.empty(len(pair), dtype=np.int8)
        for k in np.argsort(first):  # in the order of the rows, so that the first offender is named
            name, text = self.items.ids[pair[k] // len(texts)], texts[pair[k] % len(texts)]
            correct = key.options.get(name)
            if correct is None:
                correct = key.of(name, self.source.where(batch.row + int(first[k])))
            scores[k] = codes.keyed(text, correct)
            answers, right = self.chosen.get(name, (0, 0))
            if scores[k] >= 0:
                answers, right = answers + int(count[k]), right + int(count[k]) * int(scores[k])
            self.chosen[name] = answers, right
        return scores[place]

    def _within_categories(
        self, batch: Batch, person: NDArray[np.int32], item: NDArray[np.int32], score: Scores
    ) -> None:
        """Raise where a score is above its item's categories; items that are not known have no limit."""
        fresh = self.reading.highest(self.items.ids[len(self.limits) :])
        self.limits = np.concatenate([self.limits, fresh])
        if score.max() <= self.limits.min():
            return
        above = score > self.limits[item]
        if above.any():
            row = int(above.argmax())
            name, highest = self.items.ids[item[row]], int(self.limits[item[row]])
            raise ResponseFileError(
                f"{self.source.where(batch.row + row)}: item {name!r}: a score must be at most {highest}; "
                f"got {score[row]} of person {self.persons.ids[person[row]]!r}{more(int(above.sum()) - 1)}"
            )

    def _of_persons(self, batch: Batch, person: NDArray[np.int32]) -> None:
        """Keep each person's group and weight; a person has one of each."""
        if (name := self.reading.groups) is not None:
            column = text_column(self.source, batch, name, "a row must name its group")
            self.group = self._constant(batch, name, self.group, person, self.groups.codes(column))
        if (name := self.reading.weights) is not None:
            values = weight_column(self.source, batch, name)
            self.weight = self._constant(batch, name, self.weight, person, values)

    def _constant(
        self, batch: Batch, name: str, known: NDArray[T], person: NDArray[np.int32], values: NDArray[T]
    ) -> NDArray[T]:
        fresh = np.full(len(self.persons.ids) - len(known), -1, dtype=known.dtype)
        known = np.concatenate([known, fresh])
        rows = np.flatnonzero(known[person] == -1)[::-1]  # a person's first row comes last, and stays
        known[person[rows]] = values[rows]
        other = known[person] != values
        if other.any():
            row = int(other.argmax())
            raise ResponseFileError(
                f"{self.source.where(batch.row + row)}: person {self.persons.ids[person[row]]!r} must have "
                f"one value in column {name!r}; got {batch.frame[name][row]!r} and another"
            )
        return known

    def rows(self) -> tuple[NDArray[np.int32], NDArray[np.int32], Scores]:
        """Return person, item and score of every row, in the order of the table."""
        return np.concatenate(self.person), np.concatenate(self.item), np.concatenate(self.score)

    def responses(self) -> Responses:
        """Return what was read as responses, an empty cell not presented.

        Raises
        ------
        ResponseFileError, where a person and item come twice and the reading refuses that.
        """
        shape = len(self.persons.ids), len(self.items.ids)
        total = sum(map(len, self.score))
        notes = [f"read as long ({self.cell}): {total} rows, {shape[0]} persons, {shape[1]} items"]
        cells = assembled(*self._presented(), shape)
        if cells is None:
            person, item, score = self._presented()
            again = repeated(person, item)
            if self.reading.duplicates == "refuse":
                row = np.flatnonzero(np.concatenate(self.score) != NOT_PRESENTED)
                raise ResponseFileError(self._said_again(row[again.rows], int(row[again.first])))
            first = np.delete(np.arange(len(person)), again.rows)
            cells = assembled(person[first], item[first], score[first], shape)
            assert cells is not None  # noqa: S101 (each cell is there once now)
            notes.append(f"{len(again.rows)} rows repeat a person and item; the first of each counts")
        notes += code_notes(self.codes, "cells")
        if self.reading.key is not None:
            notes += key_notes(self.chosen, self.reading.key)
        return Responses.of(
            cells,
            tuple(self.items.ids),
            tuple(self.persons.ids),
            group=self.group if self.reading.groups else None,
            groups=tuple(self.groups.ids) or ("all",),
            weight=self.weight if self.reading.weights else None,
            notes=tuple(notes),
        )

    def _presented(self) -> tuple[NDArray[np.int32], NDArray[np.int32], Scores]:
        """Return person, item and score of the rows that were presented."""
        person, item, score = self.rows()
        if not self.codes.get(NOT_PRESENTED, 0):
            return person, item, score
        kept = score != NOT_PRESENTED
        return person[kept], item[kept], score[kept]

    def _said_again(self, rows: Rows, first: int) -> str:
        person, item, _ = self.rows()
        again = int(rows[0])
        return (
            f"{self.source.where(again)}: person {self.persons.ids[person[again]]!r} must have one row "
            f"for item {self.items.ids[item[again]]!r}; got another at {self.source.where(first)}"
            f"{more(len(rows) - 1)}; keep the first of each with --duplicates first, or give every sitting a "
            "person id of its own"
        )


def _missing(cell: str, columns: Sequence[str]) -> str:
    """Return what to do where the column that should be scored is not there."""
    if cell == SCORE and RESPONSE in columns:
        return "must have a column 'score'; got 'response' alone; give the --key that scores it"
    if cell == RESPONSE and SCORE in columns:
        return "must have a column 'response' for the key to score; got 'score' alone; leave the --key out"
    return f"must have a column {cell!r} beside 'person' and 'item'"
