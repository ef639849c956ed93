"""A table as text cells with the place of each row: what CSV and Parquet parameter files share."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adaptest.errors import ParameterFileError
from adaptest.files import StrPath, read_bytes, read_text, write_bytes, write_text

QUOTE = '"'
QUOTED = frozenset(',"\r\n')
MAGIC = b"PAR1"  # a Parquet file begins and ends with it


Column = list[str | float | None]  # None is an empty cell


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of text under a header.

    Attributes
    ----------
    path : the file's name, for messages
    header : column names as they stand in the file
    rows : cells of each row, as many as the header has
    numbers : line of a CSV file where each row begins, or number of the row in a Parquet file
    empty : number of rows without any text, which are left out
    """

    path: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    empty: int

    def place(self, row: int) -> str:
        """Return where a row stands: "pool.csv:12" or "pool.parquet row 12"."""
        between = " row " if is_parquet(self.path) else ":"
        return f"{self.path}{between}{self.numbers[row]}"

    def column(self, index: int) -> tuple[str, ...]:
        """Return one column's cells."""
        return tuple(row[index] for row in self.rows)


def is_parquet(path: StrPath) -> bool:
    """Return whether the file's name says Parquet."""
    return str(path).lower().endswith((".parquet", ".pq"))


def read_sheet(path: StrPath) -> Sheet:
    """Return the cells of a CSV, gzipped CSV or Parquet file.

    Raises
    ------
    ParameterFileError, with the file and the line, where it is not one.
    """
    return _read_parquet(path) if is_parquet(path) else _read_csv(path)


def _read_csv(path: StrPath) -> Sheet:
    text = read_text(path, error=ParameterFileError)
    if not text.strip():
        raise ParameterFileError(f"{path}: must begin with a line of column names; got an empty file")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    last = 0
    try:
        for record in reader:
            records.append((last + 1, record))
            last = reader.line_num
    except csv.Error as problem:
        raise ParameterFileError(f"{path}:{last + 1}: must be CSV; {problem}") from None
    filled = [(line, record) for line, record in records if any(map(str.strip, record))]
    empty = sum(1 for line, record in records if record) - len(filled)
    first, header = filled[0]
    for sign, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and sign in header[0]:
            raise ParameterFileError(f"{path}:{first}: columns must be separated by commas; got {name}")
    for line, record in filled[1:]:
        if len(record) != len(header):
            got = f"{len(record)} cell{'s' if len(record) > 1 else ''}"
            raise ParameterFileError(
                f"{path}:{line}: must have a cell for each of the {len(header)} columns; got {got}"
            )
    rows = tuple(tuple(record) for _, record in filled[1:])
    lines = tuple(line for line, _ in filled[1:])
    return Sheet(str(path), tuple(name.strip() for name in header), rows, lines, empty)


def _read_parquet(path: StrPath) -> Sheet:
    data = read_bytes(path, error=ParameterFileError)
    if not (data.startswith(MAGIC) and data.endswith(MAGIC)):
        raise ParameterFileError(f"{path}: must be a whole Parquet file; got something else or a part of one")
    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError, ValueError) as problem:
        reason = str(problem).splitlines()[0]
        raise ParameterFileError(f"{path}: must be a whole Parquet file; {reason}") from None
    rows = tuple(tuple(map(_text, row)) for row in frame.iter_rows())
    kept = [k for k, row in enumerate(rows) if any(map(str.strip, row))]
    return Sheet(
        str(path),
        tuple(frame.columns),
        tuple(rows[k] for k in kept),
        tuple(k + 1 for k in kept),
        len(rows) - len(kept),
    )


def _text(value: Any) -> str:
    """Return a Parquet value as a CSV file would have it."""
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def write_sheet(path: StrPath, columns: Mapping[str, Column]) -> None:
    """Write columns of text or numbers as CSV (gzipped where the name ends in .gz) or Parquet, whole.

    Numbers are written so that reading gives the same bits; None is an empty cell.

    Raises
    ------
    FileError, where it cannot be written.
    """
    if is_parquet(path):
        write_bytes(path, _parquet(columns))
        return
    lines = [",".join(map(_quoted, columns))]
    lines += [",".join(map(_cell, row)) for row in zip(*columns.values(), strict=True)]
    text = "\n".join([*lines, ""])
    if not str(path).endswith(".gz"):
        write_text(path, text)
        return
    import gzip

    write_bytes(path, gzip.compress(text.encode(), mtime=0))


def _cell(value: str | float | None) -> str:
    """Return a value as a CSV cell; a float's repr is the shortest text that reads as the same bits."""
    if value is None:
        return ""
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    """Return text as a CSV cell (the csv module leaves a bare carriage return unquoted before 3.13)."""
    return f'"{text.replace(QUOTE, QUOTE * 2)}"' if QUOTED.intersection(text) else text


def _parquet(columns: Mapping[str, Column]) -> bytes:
    import polars as pl

    series = []
    for name, values in columns.items():
        text = any(isinstance(value, str) for value in values)
        series.append(pl.Series(name, values, dtype=pl.String if text else pl.Float64))
    out = io.BytesIO()
    pl.DataFrame(series).write_parquet(out)
    return out.getvalue()
