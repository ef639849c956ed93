"""The cells of a table as they were written, beside the responses made of it: raw options, response times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import ResponseFileError
from adaptest.files import StrPath
from adaptest.models.base import Rows
from adaptest.responses.coding import as_text
from adaptest.responses.long import ITEM, PERSON, is_long
from adaptest.responses.reading import columns_present
from adaptest.responses.sources import Source, source_of
from adaptest.responses.table import Responses

if TYPE_CHECKING:
    import polars as pl

Texts = NDArray[np.object_]


def cell_texts(
    source: StrPath | Any,
    responses: Responses,
    *,
    column: str,
    person: str | None = None,
    wide: bool | None = None,
) -> Texts:
    """Return (N, J) texts of the cells, stripped, "" where there is none; the first where one comes twice.

    Parameters
    ----------
    source : as `read_responses` takes it: the table of the responses, or another on the same persons
    responses : whose persons and items the rows and columns are
    column : of a long table, the one to read; of a wide table every item has its own
    person : wide: the column that names the person; by default the one that has every id, else rows are
        taken as they come
    wide : whether the table is wide; None looks at its header

    Raises
    ------
    ResponseFileError, where the table lacks the column, an item or a person.
    """
    table = source_of(source)
    if is_long(table.columns) if wide is None else not wide:
        return _long(table, responses, column)
    missing = [item for item in responses.items if item not in table.columns]
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise ResponseFileError(
            f"{table.header}: must have a column for each item of the responses; {missing[0]!r} has none"
            f"{more}"
        )
    frame = _read(table, table.columns)
    rows = _rows(table, frame, responses, person)
    cells = np.empty((len(responses), len(responses.items)), dtype=object)
    for j, item in enumerate(responses.items):
        cells[:, j] = _texts(frame[item])[rows]
    return cells


def cell_numbers(texts: Texts, items: Sequence[str], what: str) -> NDArray[np.float64]:
    """Return (N, J) numbers, nan where a cell is empty.

    Parameters
    ----------
    what : the thing that a number is, for the error

    Raises
    ------
    ResponseFileError, naming the first cell that is no number of at least 0.
    """
    numbers = np.full(texts.shape, np.nan)
    for j, item in enumerate(items):
        distinct, place = np.unique(texts[:, j].astype(str), return_inverse=True)
        values = np.full(len(distinct), np.nan)
        for k, text in enumerate(distinct.tolist()):
            if text in {"", "NA"}:
                continue
            try:
                values[k] = float(text)
            except ValueError:
                values[k] = -1.0
            if not values[k] >= 0:
                raise ResponseFileError(f"item {item!r}: {what} must be a number of at least 0; got {text!r}")
        numbers[:, j] = values[place.ravel()]
    return numbers


def response_times(
    source: StrPath | Any,
    responses: Responses,
    apart: StrPath | Any = None,
    *,
    person: str | None = None,
    wide: bool | None = None,
) -> NDArray[np.float64] | None:
    """Return (N, J) seconds from column time_s of a long table, or a table apart; None where neither is.

    Parameters
    ----------
    source, person, wide : as `cell_texts` takes them
    apart : the table of times, where it is not that of the responses

    Raises
    ------
    ResponseFileError, as `cell_texts` and `cell_numbers` say.
    """
    if apart is not None:
        texts = cell_texts(apart, responses, column="time_s", person=person)
    else:
        columns = source_of(source).columns
        if wide or not is_long(columns) or "time_s" not in columns:
            return None
        texts = cell_texts(source, responses, column="time_s")
    return cell_numbers(texts, responses.items, "a response time")


def _read(table: Source, columns: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    return pl.concat([batch.frame for batch in table.batches(tuple(columns), ())])


def _texts(column: pl.Series) -> Texts:
    text = as_text(column)
    whole = column.cast(str) if text is None else text
    return whole.fill_null("").str.strip_chars().to_numpy().astype(object)


def _rows(table: Source, frame: pl.DataFrame, responses: Responses, person: str | None) -> Rows:
    """Return (N,) the row of each person."""
    n = len(responses)
    if person is not None:
        columns_present(table, (person,))
    by_row = tuple(str(row + 1) for row in range(n))
    if person is None and responses.persons == by_row and frame.height == n:
        return np.arange(n)
    for name in (person,) if person is not None else table.columns:
        place: dict[str, int] = {}
        for row, text in enumerate(_texts(frame[name])):
            place.setdefault(text, row)
        if all(one in place for one in responses.persons):
            return np.array([place[one] for one in responses.persons], dtype=np.intp)
    if person is None and frame.height == n:
        return np.arange(n)
    raise ResponseFileError(
        f"{table.name}: must have a row for each of the {n} persons; got {frame.height} rows and no column"
        " that has every person's id"
    )


def _long(table: Source, responses: Responses, column: str) -> Texts:
    columns_present(table, (PERSON, ITEM, column))
    frame = _read(table, (PERSON, ITEM, column))
    persons = {name: row for row, name in enumerate(responses.persons)}
    items = {name: row for row, name in enumerate(responses.items)}
    cells = np.full((len(responses), len(responses.items)), "", dtype=object)
    parts = [_texts(frame[name]) for name in (PERSON, ITEM, column)]
    for one, item, text in reversed(list(zip(*parts, strict=True))):
        if text and one in persons and item in items:
            cells[persons[one], items[item]] = text
    return cells
