"""Items as CSV: every cell quoted, and a cell that a spreadsheet would run as a formula guarded.

A cell that begins with = + - @ (or their full-width forms, or a tab or line break), with or without spaces
before, gets an apostrophe in front; so does one that already begins with apostrophes and such a sign. Reading
takes one apostrophe away again: every text comes back as it was.
"""

from __future__ import annotations

import csv
import io
import re

from adaptest.bank.formats.record import Contents, Imported, Written
from adaptest.bank.formats.table import records_of, rows_of
from adaptest.errors import BankFileError

SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n"
RISKY = re.compile(rf"'*\s*[{SIGNS}]")
GUARDED = re.compile(rf"'+\s*[{SIGNS}]")
LONGEST = 131_072  # characters of one cell, the csv module's own limit


def write_csv(contents: Contents) -> Written:
    """Return the items as CSV."""
    out = io.StringIO()
    table = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    table.writerows([guarded(cell) for cell in row] for row in rows_of(contents.records))
    return Written(out.getvalue().encode())


def read_csv(data: bytes, where: str) -> Imported:
    """Return the items of a CSV file.

    Raises
    ------
    BankFileError, with file and line, where it is no CSV or no table of items.
    """
    text = decoded(data, where)
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=_delimiter(text))
    last = 0
    try:
        for cells in reader:
            rows.append((last + 1, [unguarded(cell) for cell in cells]))
            last = reader.line_num
    except csv.Error as problem:
        raise BankFileError(f"{where}:{last + 1}: must be CSV; {problem}") from None
    if rows:
        width = len(rows[0][1])
        for line, cells in rows:
            if len(cells) > width:
                raise BankFileError(f"{where}:{line}: must have at most {width} cells; got {len(cells)}")
    return records_of(rows, where)


def decoded(data: bytes, where: str) -> str:
    """Return UTF-8 text without a byte-order mark.

    Raises
    ------
    BankFileError, with file and line, where a byte is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        byte = data[problem.start]
        raise BankFileError(
            f"{where}:{line}: must be UTF-8 text; got byte 0x{byte:02x}; save it as UTF-8"
        ) from None


def _delimiter(text: str) -> str:
    """Return what separates the cells of the header: a comma, or what spreadsheets write elsewhere."""
    first = text.lstrip().partition("\n")[0]
    return max(",;\t", key=lambda sign: (first.count(sign), sign == ","))


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet runs.

    >>> guarded("=1+1"), guarded("'=1+1"), guarded("a = b"), guarded("'tis")
    ("'=1+1", "''=1+1", 'a = b', "'tis")
    """
    return f"'{cell}" if RISKY.match(cell) else cell


def unguarded(cell: str) -> str:
    """Return the text of a guarded cell."""
    return cell[1:] if GUARDED.match(cell) else cell
