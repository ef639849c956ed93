"""A long log of responses, every row with its further columns: sitting, position, time_s, role, at, ..."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import ResponseError
from adaptest.files import StrPath
from adaptest.models.base import Bools
from adaptest.responses.assembly import assembled, repeated
from adaptest.responses.coding import CellCodes, as_text
from adaptest.responses.files import Key
from adaptest.responses.key import answer_key
from adaptest.responses.long import ITEM, PERSON, SCORE, LongRows
from adaptest.responses.reading import Reading
from adaptest.responses.sources import source_of
from adaptest.responses.table import NOT_PRESENTED, Responses, Scores


@dataclass(frozen=True, slots=True, eq=False)
class ResponseLog:
    """n rows of a long table, in its order; unlike Responses it may have a person and item more than once.

    Attributes
    ----------
    persons, items : the ids, in order of first appearance
    person, item : (n,) index into them
    score : (n,) int8 score from 0, or NOT_PRESENTED, OMITTED, NOT_REACHED
    columns : the further columns as text, (n,) each; None where a cell is empty
    notes : what reading recoded or counted, a sentence each
    """

    persons: tuple[str, ...]
    items: tuple[str, ...]
    person: NDArray[np.int32]
    item: NDArray[np.int32]
    score: Scores
    columns: Mapping[str, tuple[str | None, ...]]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.score)

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return (n,) a column's numbers, such as time_s; nan where a cell is empty.

        Raises
        ------
        ResponseError, naming the first row whose cell is no number.
        """
        values = np.empty(len(self), dtype=np.float64)
        for row, cell in enumerate(self.columns[column]):
            try:
                values[row] = float("nan") if cell is None or not cell.strip() else float(cell)
            except ValueError:
                raise ResponseError(
                    f"row {row + 1} of the log: column {column!r} must be a number; got {cell!r}"
                ) from None
        return values

    def responses(self, keep: Bools | None = None, *, duplicates: str = "refuse") -> Responses:
        """Return the responses in the rows to keep (all by default).

        Parameters
        ----------
        keep : (n,) which rows count; persons and items stay, whether they have any or not
        duplicates : what a later row with the same person and item is: "refuse", or keep the "first"

        Raises
        ------
        ResponseError, naming the first person and item that come twice.
        """
        presented = self.score != NOT_PRESENTED
        rows = np.flatnonzero(presented if keep is None else presented & keep)
        shape = len(self.persons), len(self.items)
        cells = assembled(self.person[rows], self.item[rows], self.score[rows], shape)
        notes = self.notes
        if cells is None:
            again = repeated(self.person[rows], self.item[rows])
            if duplicates != "first":
                row, others = rows[again.rows[0]], len(again.rows) - 1
                more = f" (and {others} more)" if others else ""
                raise ResponseError(
                    f"person {self.persons[self.person[row]]!r}: must have one row for item "
                    f"{self.items[self.item[row]]!r}; got rows {rows[again.first] + 1} and {row + 1}{more}"
                )
            rows = np.delete(rows, again.rows)
            cells = assembled(self.person[rows], self.item[rows], self.score[rows], shape)
            assert cells is not None  # noqa: S101 (each cell is there once now)
            notes = (*notes, f"{len(again.rows)} rows repeat a person and item; the first of each counts")
        return Responses.of(cells, self.items, self.persons, notes=notes)


def read_log(
    source: StrPath | Any,
    *,
    columns: Sequence[str] | None = None,
    key: Key | None = None,
    codes: CellCodes | None = None,
) -> ResponseLog:
    """Return a long table row by row, with its further columns as text.

    Parameters
    ----------
    source : as `read_responses` takes it; it has person, item and score (or response, with a key)
    columns : the further columns to keep; all that there are by default
    key : scores the options in column response; else column score is read
    codes : cell texts that are no score

    Raises
    ------
    ResponseFileError, one sentence with file and line.
    """
    table = source_of(source)
    if columns is None:
        columns = [name for name in table.columns if name not in {PERSON, ITEM, SCORE}]
    rows = LongRows(table, Reading(codes or CellCodes(), None if key is None else answer_key(key)))
    kept: dict[str, list[str | None]] = {name: [] for name in columns}
    for part in rows.read(columns):
        for name in columns:
            text = as_text(part[name])
            kept[name] += (part[name].cast(str) if text is None else text).to_list()
    person, item, score = rows.rows()
    texts = {name: tuple(cells) for name, cells in kept.items()}
    notes = (f"read as long ({rows.cell}): {len(score)} rows",)
    return ResponseLog(tuple(rows.persons.ids), tuple(rows.items.ids), person, item, score, texts, notes)
