"""A parameter sheet with its columns recognised: text and numbers by name, errors with the row's place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adaptest.errors import ParameterFileError
from adaptest.models.base import Bools, Floats
from adaptest.parameters.columns import ALIASES, BY_CATEGORY, column_name, misspelt
from adaptest.parameters.sheet import Sheet, is_parquet

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
EMPTY = ("", "NA")  # NA is how R writes an empty cell


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """L rows of a parameter sheet by the table's own column names.

    Attributes
    ----------
    sheet : the text
    index : where each recognised column stands
    extra : where each other column stands
    ids : (L,) item ids
    """

    sheet: Sheet
    index: dict[str, int]
    extra: dict[str, int]
    ids: tuple[str, ...]

    @classmethod
    def of(cls, sheet: Sheet) -> Cells:
        """Return the sheet with its columns recognised and its ids checked.

        Raises
        ------
        ParameterFileError, where two columns mean the same, none names the items, or an id is empty or
        stands twice.
        """
        index, extra = _recognised(sheet)
        if "item_id" not in index:
            got = ", ".join(sheet.header)
            raise ParameterFileError(f"{sheet.path}: must have the column item_id (or id, item); got {got}")
        for name in index:
            stem, _, number = name.rpartition("_")
            if number.isdecimal() and number != "1" and f"{stem}_{int(number) - 1}" not in index:
                rule = f"{stem} columns must be numbered from 1 without a gap"
                raise ParameterFileError(f"{sheet.path}: {rule}; got {sheet.header[index[name]]!r}")
        ids = sheet.column(index["item_id"])
        _require_ids(sheet, ids)
        return cls(sheet, index, extra, ids)

    def __len__(self) -> int:
        return len(self.ids)

    def words(self, name: str) -> tuple[str, ...]:
        """Return (L,) a column's text without blanks around it; "" where the file has no such column."""
        if name not in self.index:
            return ("",) * len(self)
        return tuple(cell.strip() for cell in self.sheet.column(self.index[name]))

    def numbers(self, name: str) -> Floats:
        """Return (L,) a column's numbers; nan where a cell is empty or there is no such column."""
        texts = self.words(name)
        values = np.array([np.nan if text in EMPTY else _number(text) for text in texts], dtype=np.float64)
        self.require(~np.isinf(values), name, "be a finite number", texts)
        return values

    def by_category(self, name: str) -> Floats:
        """Return (L, m) the numbers of name_1, name_2, ...; (L, 0) where the file has none."""
        count = sum(1 for column in self.index if column.rpartition("_")[0] == name)
        if not count:
            return np.full((len(self), 0), np.nan)
        return np.stack([self.numbers(f"{name}_{k + 1}") for k in range(count)], axis=1)

    def require(
        self,
        holds: Bools,
        name: str,
        rule: str,
        got: Sequence[object] | Floats,
        *,
        remedy: str = "",
        quoted: bool = True,
    ) -> None:
        """Raise unless the rule holds in every row: the first that breaks it, and how many more do.

        Parameters
        ----------
        got : (L,) numbers, or text: in quotes if it is the file's own, as it is if it is ours
        """
        if not holds.all():
            rows = np.flatnonzero(~holds)
            first, more = int(rows[0]), len(rows) - 1
            value = repr(got[first]) if quoted and isinstance(got[first], str) else str(got[first])
            others = f" (and {more} more row{'s' if more > 1 else ''})" if more else ""
            then = f"; {remedy}" if remedy else ""
            where = f"{self.sheet.place(first)}: item {self.ids[first]!r}"
            raise ParameterFileError(f"{where}: {name} must {rule}; got {value}{others}{then}")

    def require_given(self, given: Bools, name: str, rule: str) -> None:
        """Raise unless something is there in every row."""
        self.require(given, name, rule, ["nothing"] * len(self), quoted=False)


def _recognised(sheet: Sheet) -> tuple[dict[str, int], dict[str, int]]:
    """Return where each column of the table stands, and where each other one does."""
    index: dict[str, int] = {}
    extra: dict[str, int] = {}
    full = {header.strip().lower() for header in sheet.header}
    for k, header in enumerate(sheet.header):
        if near := misspelt(header):
            stem = f"{near}_1, {near}_2, ..." if near.removeprefix("se_") in BY_CATEGORY else near
            rule = f"a column so like {near} must be named {stem}; got {header!r}"
            raise ParameterFileError(f"{sheet.path}: {rule}; correct it or give it another name")
        name, plain = column_name(header), header.strip().lower()
        if name is None or (plain in ALIASES and ALIASES[plain] in full):
            name, where = header, extra
        else:
            where = index
        if name in where:
            got = f"{sheet.header[where[name]]!r} and {header!r}"
            raise ParameterFileError(f"{sheet.path}: each column must stand once; got {got}")
        where[name] = k
    return index, extra


def _require_ids(sheet: Sheet, ids: Sequence[str]) -> None:
    """Raise unless each row has an id and none stands twice."""
    first: dict[str, int] = {}
    line = "row" if is_parquet(sheet.path) else "line"
    for row, item in enumerate(ids):
        if not item.strip():
            raise ParameterFileError(f"{sheet.place(row)}: item_id must not be empty")
        if item in first:
            more = len(ids) - len(set(ids)) - 1
            others = f" (and {more} more row{'s' if more > 1 else ''})" if more else ""
            raise ParameterFileError(
                f"{sheet.place(row)}: item {item!r}: item_id must be unique;"
                f" got it on {line} {sheet.numbers[first[item]]} too{others}"
            )
        first[item] = row


def _number(text: str) -> float:
    """Return the number that a text is, inf where it is none."""
    return float(text) if NUMBER.fullmatch(text) else np.inf


def counted(count: int, thing: str = "item") -> str:
    """Return "1 item", "2 items"."""
    return f"{count} {thing}{'' if count == 1 else 's'}"
