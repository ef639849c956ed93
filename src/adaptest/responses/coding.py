"""What a cell means: ids as codes, scores from text or numbers, options scored by a key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import OptionError
from adaptest.responses.table import NOT_PRESENTED, NOT_REACHED, OMITTED, Scores

if TYPE_CHECKING:
    import polars as pl

LARGEST = 127  # scores are kept in one byte
RUNS_SEEN = 4096  # rows that show whether a column has its values in runs, as a log by person has
BAD = -128  # a cell that is neither a score nor a code
RULE = f"a score must be a whole number from 0 to {LARGEST}"
_WHOLE = re.compile(r"\+?0*([0-9]{1,3})(?:\.0+)?")  # 1.0 is what a table with gaps makes of 1


@dataclass(frozen=True, slots=True)
class CellCodes:
    """Cell texts that are no score; an empty cell is always `not_presented`.

    Attributes
    ----------
    omitted : seen, not answered
    not_reached : the person stopped before it
    not_presented : like an empty cell; NA is what R writes
    """

    omitted: tuple[str, ...] = ("omitted",)
    not_reached: tuple[str, ...] = ("not_reached",)
    not_presented: tuple[str, ...] = ("NA",)

    def __post_init__(self) -> None:
        taken: dict[str, str] = {}
        for name in ("omitted", "not_reached", "not_presented"):
            for text in getattr(self, name):
                if text in taken:
                    raise OptionError(f"code {text!r}: must have one meaning; got {taken[text]} and {name}")
                taken[text] = name

    @property
    def numeric(self) -> bool:
        """Whether a code looks like a number, so that numbers must be read as text first."""
        return any(_WHOLE.fullmatch(text) or text.startswith("-") for text in self.every)

    @property
    def every(self) -> tuple[str, ...]:
        """All the texts."""
        return self.omitted + self.not_reached + self.not_presented

    def code(self, cell: str) -> int | None:
        """Return the code of a stripped cell, or None where it is none."""
        if not cell or cell in self.not_presented:
            return NOT_PRESENTED
        if cell in self.omitted:
            return OMITTED
        return NOT_REACHED if cell in self.not_reached else None

    def score(self, cell: str) -> int:
        """Return the score or code that a cell holds; BAD where it is neither."""
        cell = cell.strip()
        if (code := self.code(cell)) is not None:
            return code
        whole = _WHOLE.fullmatch(cell)
        return int(whole[1]) if whole and int(whole[1]) <= LARGEST else BAD

    def keyed(self, cell: str, correct: frozenset[str]) -> int:
        """Return 1 where an answer is one of the correct options, 0 where not, or its code."""
        cell = cell.strip()
        code = self.code(cell)
        return int(cell in correct) if code is None else code


@dataclass(slots=True)
class Coder:
    """Ids in order of first appearance, each with its number; built while a table is read."""

    ids: list[str] = field(default_factory=list)
    _code: dict[str, int] = field(default_factory=dict)

    def codes(self, column: pl.Series) -> NDArray[np.int32]:
        """Return the number of each cell of a text column without nulls; new texts get the next numbers."""
        local, texts = factor(column)
        known = np.empty(len(texts), dtype=np.int32)
        for k, text in enumerate(texts):
            number = self._code.get(text)
            if number is None:
                number = self._code[text] = len(self.ids)
                self.ids.append(text)
            known[k] = number
        codes: NDArray[np.int32] = known[local]
        return codes


def factor(column: pl.Series) -> tuple[NDArray[np.integer], list[str]]:
    """Return each cell's place among the distinct texts of a column without nulls, and those texts."""
    import polars as pl

    head = column.head(RUNS_SEEN)
    if len(column) > RUNS_SEEN and (head != head.shift(1)).sum() < RUNS_SEEN / 2:
        new = (column != column.shift(1)).fill_null(value=True).to_numpy()
        starts = np.flatnonzero(new)
        places, texts = factor(column.gather(starts))  # where neighbours differ: no runs any more
        return np.repeat(places, np.diff(starts, append=len(column))), texts
    distinct = column.unique(maintain_order=True)
    return column.cast(pl.Enum(distinct)).to_physical().to_numpy(), distinct.to_list()


def as_text(column: pl.Series) -> pl.Series | None:
    """Return a column of ids or options as text, null where missing; None where its type cannot be that.

    A whole number is its digits. A fraction is never an id: 1.0 and 1 would be one person or two.
    """
    import polars as pl

    kind = column.dtype
    if kind == pl.String:
        return column
    if kind.is_integer() or isinstance(kind, (pl.Categorical, pl.Enum)):
        return column.cast(pl.String)
    return column.cast(pl.String) if kind == pl.Null else None


def cell_scores(column: pl.Series, codes: CellCodes) -> Scores:
    """Return a column's scores and codes, BAD where a cell is neither."""
    import polars as pl

    kind = column.dtype
    if kind == pl.Boolean:
        column = column.cast(pl.Int8)
    if kind.is_float():
        column = column.fill_nan(None)
        whole = column.cast(pl.Int64, strict=False)
        column = whole if (whole == column).all() else column
    if column.dtype.is_integer() and not codes.numeric:
        return _small(column)
    texts, cells = factored(column)
    scores: Scores = np.array([codes.score(text) for text in texts], dtype=np.int8)[cells]
    return scores


def remedy(cell: str) -> str:
    """Return what to do about a cell that is no score."""
    cell = cell.strip()
    if re.fullmatch(r"-[0-9]+", cell):
        return "say what it means with --omitted-code, --not-reached-code or --not-presented-code"
    if re.fullmatch(r"[-+.0-9eE]+", cell):
        return "name a column that is no item in --id-columns"
    return "give a --key where these are options, or name a column that is no item in --id-columns"


def factored(column: pl.Series) -> tuple[list[str], NDArray[np.integer]]:
    """Return the distinct texts of any column, '' where a cell is missing, and each cell's place in them."""
    import polars as pl

    places, texts = factor(column.cast(pl.String).fill_null(""))
    return texts, places


def _small(column: pl.Series) -> Scores:
    """Return whole numbers as scores: NOT_PRESENTED where missing, BAD outside 0..LARGEST."""
    import polars as pl

    if (column.min() or 0) < 0 or (column.max() or 0) > LARGEST:  # type: ignore[operator]
        fits = (column >= 0) & (column <= LARGEST)
        column = pl.select(pl.when(fits | column.is_null()).then(column).otherwise(BAD)).to_series()
    return column.cast(pl.Int8).fill_null(NOT_PRESENTED).to_numpy()
