"""Reading responses: long or wide, from CSV, `.csv.gz`, Parquet, a data frame or arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol

import numpy as np

from adaptest.errors import OptionError, ResponseFileError
from adaptest.files import StrPath
from adaptest.models.base import Rows
from adaptest.responses.coding import LARGEST, CellCodes
from adaptest.responses.columns import Columns, wide_columns
from adaptest.responses.key import answer_key
from adaptest.responses.long import ITEM, PERSON, LongRows, is_long
from adaptest.responses.reading import Duplicates, Reading, more
from adaptest.responses.sources import Source, source_of
from adaptest.responses.table import NOT_PRESENTED, NOT_REACHED, Responses
from adaptest.responses.wide import WideRows

Layout = Literal["long", "wide"]
Key = StrPath | Mapping[str, str | Sequence[str]]


class KnownItems(Protocol):
    """Items whose number of categories is known: an ItemParameters, or any family."""

    @property
    def ids(self) -> tuple[str, ...]:
        """(J,) item ids."""
        ...

    @property
    def categories(self) -> Rows:
        """(J,) number of score categories."""
        ...


def read_responses(
    source: StrPath | Any,
    *,
    format: Layout | None = None,  # noqa: A002 (the word on the command line)
    key: Key | None = None,
    id_columns: Sequence[str] | None = None,
    person: str | None = None,
    groups: str | None = None,
    weights: str | None = None,
    items: KnownItems | Mapping[str, int] | None = None,
    categories: int | None = None,
    omitted: Sequence[str] = CellCodes().omitted,
    not_reached: Sequence[str] = CellCodes().not_reached,
    not_presented: Sequence[str] = CellCodes().not_presented,
    duplicates: Duplicates = "refuse",
) -> Responses:
    """Return the scored responses in a file, a data frame or an array; nothing is dropped without a note.

    A long table has columns `person`, `item` and `score` (or `response` with a key), one row a response; a
    wide one has a column for each item. Ids are text as written: '007' is not '7'. Persons and items keep the
    order in which they first appear.

    Parameters
    ----------
    source : a path (.csv, .csv.gz, .parquet); anything with `__arrow_c_stream__`; a mapping of columns; or a
        (N, J) array, or rows, of scores: nan or -1 where not presented, -2 omitted, -3 not reached
    format : "long" or "wide"; by default long if the header has `person` and `item`
    key : a CSV file with columns item and key, or a mapping item -> option(s): a cell is then an option, and
        earns 1 if it is a correct one and 0 if not
    id_columns : wide: columns that are no items, by name or pattern (RT_*). One that is named like an id
        (person, id, candidate, ...) names the person; else the first does where no value repeats; else rows
        are numbered. By default a first column named like an id, or not at all, is the person and all others
        are items
    person : wide: the column that names the person
    groups, weights : columns with each person's group, and weight or count
    items : scores must be below their number of categories, also as a mapping item -> number; items that are
        not among them are kept
    categories : likewise, the number of score categories of all other items: 2 for right or wrong
    omitted, not_reached, not_presented : cell texts with these meanings; an empty cell is not presented
    duplicates : a person's second row (wide), or second row for an item (long): "refuse" or keep the "first"

    Raises
    ------
    ResponseFileError, one sentence with file, line, item, rule and value. OptionError, where an option is
    wrong.
    """
    if format not in {None, "long", "wide"}:
        raise OptionError(f"format must be long or wide; got {format!r}")
    if duplicates not in {"refuse", "first"}:
        raise OptionError(f"duplicates must be refuse or first; got {duplicates!r}")
    if categories is not None and not 1 < categories <= LARGEST + 1:
        raise OptionError(f"categories must be from 2 to {LARGEST + 1}; got {categories}")
    known = _categories(items)
    reading = Reading(
        CellCodes(tuple(omitted), tuple(not_reached), tuple(not_presented)),
        None if key is None else answer_key(key),
        groups,
        weights,
        duplicates,
        known,
        LARGEST + 1 if categories is None else categories,
    )
    if isinstance(source, (list, tuple)):
        source = _array(source)
    if isinstance(source, np.ma.MaskedArray):
        values = source.data.astype(object)
        values[np.ma.getmaskarray(source)] = None
        source = values
    if isinstance(source, np.ndarray):
        if groups or weights or person or id_columns:
            raise OptionError("an array has no named columns; give a data frame or a mapping of columns")
        ids = None if items is None else tuple(known)
        return _from_array(source, reading, ids)
    table = source_of(source)
    if format == "long" or (format is None and is_long(table.columns)):
        read = _long(table, reading)
        if person is None and id_columns is None:
            return read
        return replace(read, notes=(*read.notes, "id columns say nothing in a long table"))
    _refuse_nearly_long(table, format)
    columns = wide_columns(table, reading, id_columns, person)
    rows = WideRows(table, reading, columns)
    rows.read()
    return rows.responses()


def _long(table: Source, reading: Reading) -> Responses:
    rows = LongRows(table, reading)
    for _ in rows.read():
        pass
    return rows.responses()


def _array(rows: Sequence[Any]) -> np.ndarray[Any, Any]:
    """Return rows of equal length as an array."""
    try:
        return np.asarray(rows)
    except ValueError:
        raise ResponseFileError("responses: rows must have the same length; got different ones") from None


def _refuse_nearly_long(table: Source, layout: Layout | None) -> None:
    """Raise where the header is that of a long table but for capitals."""
    small = [name.lower() for name in table.columns]
    if layout is None and is_long(small):
        found = [table.columns[small.index(name)] for name in (PERSON, ITEM)]
        raise ResponseFileError(
            f"{table.header}: the columns of a long table are named {PERSON!r} and {ITEM!r}; "
            f"got {found[0]!r} and {found[1]!r}; rename them, or say --format wide"
        )


def _categories(items: KnownItems | Mapping[str, int] | None) -> Mapping[str, int]:
    if items is None or isinstance(items, Mapping):
        return items or {}
    return dict(zip(items.ids, items.categories.tolist(), strict=True))


def _from_array(array: np.ndarray[Any, Any], reading: Reading, named: tuple[str, ...] | None) -> Responses:
    """Return a (N, J) array's responses: numbers as they are, options by the key."""
    if array.ndim != 2:  # noqa: PLR2004 (persons by items)
        raise ResponseFileError(
            f"responses: an array must have two axes, persons and items; got {array.ndim}"
        )
    ids = tuple(f"i{k + 1}" for k in range(array.shape[1])) if named is None else named
    if len(ids) != array.shape[1]:
        raise ResponseFileError(
            f"responses: an array must have {len(ids)} columns like the items; got {array.shape[1]}"
        )
    if reading.key is not None or array.dtype.kind not in "biuf":
        columns = {item: array[:, k] for k, item in enumerate(ids)}
        rows = WideRows(source_of(columns), reading, Columns(None, certain=True, items=ids))
        rows.read()
        return rows.responses()
    values = (
        np.where(np.isnan(array), NOT_PRESENTED, array) if array.dtype.kind == "f" else array.astype(np.int64)
    )
    limit = reading.highest(ids)
    bad = np.argwhere((values < NOT_REACHED) | (values > limit) | (values != np.floor(values)))
    if len(bad):
        row, k = bad[0]
        raise ResponseFileError(
            f"responses: row {row}: item {ids[k]!r}: a score must be a whole number from 0 to {limit[k]}; "
            f"got {array[row, k]}{more(len(bad) - 1)}"
        )
    return Responses.of(values.astype(np.int8), ids, notes=(f"read as an array of shape {array.shape}",))
