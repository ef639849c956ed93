"""How a table of responses is to be read, and the checks that long and wide files share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import ResponseFileError
from adaptest.models.base import Floats
from adaptest.responses.coding import LARGEST, CellCodes, as_text
from adaptest.responses.key import AnswerKey
from adaptest.responses.sources import Batch, Source
from adaptest.responses.table import NOT_PRESENTED, NOT_REACHED, OMITTED

if TYPE_CHECKING:
    import polars as pl

Duplicates = Literal["refuse", "first"]

SPARSE_BELOW = 0.2  # a dense cell takes 1 byte, a sparse one 5: below a fifth, sparse is smaller and quicker
SPARSE_FROM = 1_000_000  # cells; smaller tables are always dense


@dataclass(frozen=True, slots=True)
class Reading:
    """How a table of responses is to be read.

    Attributes
    ----------
    codes : cell texts that are no score
    key : scores options; None where the cells are scores
    groups, weights : columns with each person's group and weight, where there are any
    duplicates : what a second row of a person, or of a person and item, is: an error, or left out
    categories : number of score categories by item, where it is known
    every : number of score categories of the items that `categories` does not have
    """

    codes: CellCodes
    key: AnswerKey | None = None
    groups: str | None = None
    weights: str | None = None
    duplicates: Duplicates = "refuse"
    categories: Mapping[str, int] = field(default_factory=dict)
    every: int = LARGEST + 1

    def highest(self, items: Iterable[str]) -> NDArray[np.int16]:
        """Return the highest score that each of these items has."""
        known = [self.categories.get(item, self.every) - 1 for item in items]
        return np.array(known, dtype=np.int16)

    @property
    def of_persons(self) -> tuple[str, ...]:
        """Columns that say something of a person."""
        return tuple(name for name in (self.groups, self.weights) if name is not None)


def holds_sparse(cells: int, persons: int, items: int) -> bool:
    """Whether this many presented cells are held as sparse rows: in large tables with few of them."""
    whole = persons * items
    return whole >= SPARSE_FROM and cells < SPARSE_BELOW * whole


def columns_present(source: Source, names: tuple[str, ...]) -> None:
    """Raise unless the table has these columns."""
    for name in names:
        if name not in source.columns:
            shown = ", ".join(map(repr, source.columns[:8])) + (", ..." if len(source.columns) > 8 else "")  # noqa: PLR2004 (enough to see)
            raise ResponseFileError(f"{source.header}: must have a column {name!r}; got {shown}")


def text_column(source: Source, batch: Batch, name: str, rule: str) -> pl.Series:
    """Return a column as text, every cell filled; ids are never numbers, so '007' stays '007'."""
    column = as_text(batch.frame[name])
    if column is None:
        got = batch.frame[name].dtype
        raise ResponseFileError(f"{source.name}: column {name!r} must hold text or whole numbers; got {got}")
    missing = column.is_null() | (column == "")
    if missing.any():
        row = batch.row + int(missing.arg_max() or 0)
        raise ResponseFileError(f"{source.where(row)}: {rule}; got an empty cell in column {name!r}")
    return column


def weight_column(source: Source, batch: Batch, name: str) -> Floats:
    """Return a column of weights or counts: finite and greater than 0."""
    import polars as pl

    raw = batch.frame[name]
    values = raw.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False).to_numpy()
    bad = ~(np.isfinite(values) & (values > 0))
    if bad.any():
        row = int(bad.argmax())
        got = raw[row]
        shown = "an empty cell" if got is None or got == "" else repr(got)
        raise ResponseFileError(
            f"{source.where(batch.row + row)}: a weight must be a number greater than 0; "
            f"got {shown} in column {name!r}"
        )
    return values


def key_notes(chosen: Mapping[str, tuple[int, int]], key: AnswerKey) -> tuple[str, ...]:
    """Return a note on items whose key nobody chose; (answers, right answers) by item.

    Raises
    ------
    ResponseFileError, where no answer to any item is right: this is not the key of these responses.
    """
    never = [item for item, (answers, right) in chosen.items() if answers and not right]
    if not never:
        return ()
    if not any(right for _, right in chosen.values()):
        raise ResponseFileError(
            f"{key.name}: a key must be right for some answer; no answer to any of {len(chosen)} items is"
        )
    others = f" (and {len(never) - 1} more items)" if len(never) > 1 else ""
    options = "|".join(sorted(key.options[never[0]]))
    return (f"item {never[0]!r}: nobody chose its key {options!r}{others}; check the key",)


def code_notes(counts: Mapping[int, int], where: str) -> tuple[str, ...]:
    """Return a note for each code that was read, with its count."""
    names = {OMITTED: "omitted", NOT_REACHED: "not reached", NOT_PRESENTED: "not presented"}
    return tuple(
        f"{counts[code]} {where} read as {name}" for code, name in names.items() if counts.get(code, 0)
    )


def code_counts(scores: NDArray[np.int8]) -> dict[int, int]:
    """Return how often each code stands in an array of scores."""
    if not scores.size or scores.min() >= 0:
        return {}
    return {code: int((scores == code).sum()) for code in (NOT_PRESENTED, OMITTED, NOT_REACHED)}


def more(others: int) -> str:
    """Return how many more offenders there are at least: those in the same part of the table."""
    return f" (and at least {others} more)" if others else ""
