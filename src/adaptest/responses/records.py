"""Whole records of a CSV file, block by block, each with its exact line in the file."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import ResponseFileError
from adaptest.files import why

BLOCK = 1 << 24  # bytes read at once; a block parsed into text cells takes some ten times that
COMMA, NEWLINE, QUOTE = 44, 10, 34
SHOWN = 40  # characters of a cell that an error shows

# what a file that is no CSV begins with, and what to do about it
FOREIGN = (
    (b"PK\x03\x04", "an Excel or zip file", "save the sheet as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "save the sheet as CSV (UTF-8)"),
    (b"\x1f\x8b", "a gzip file", "give it a name that ends in .csv.gz"),
    (b"PAR1", "a Parquet file", "give it a name that ends in .parquet"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
)


@dataclass(frozen=True)
class Records:
    """Some whole records of a CSV file, without its header.

    Attributes
    ----------
    data : their bytes
    row : number of the first one, from 0
    line : line of the file on which the first one begins
    """

    data: bytes
    row: int
    line: int

    @cached_property
    def marks(self) -> NDArray[np.uint8]:
        """Return the commas and newlines that are not inside quotes, in order."""
        buffer = np.frombuffer(self.data, dtype=np.uint8)
        marks: NDArray[np.uint8] = buffer[
            ((buffer == COMMA) | (buffer == NEWLINE)) & _outside_quotes(self.data)
        ]
        return marks

    def has_columns(self, columns: int) -> bool:
        """Whether every record has exactly this many cells (always so for a single column)."""
        ends = self.marks[columns - 1 :: columns]
        return len(self.marks) == columns * len(self) and bool((ends == NEWLINE).all())

    def __len__(self) -> int:
        return int(np.count_nonzero(self.marks == NEWLINE))

    def line_of(self, record: int) -> int:
        """Return the line on which a record begins; a quoted newline counts as the line it is."""
        buffer = np.frombuffer(self.data, dtype=np.uint8)
        ends = np.flatnonzero((buffer == NEWLINE) & _outside_quotes(self.data))
        before = 0 if record == 0 else int(ends[record - 1]) + 1
        return self.line + self.data.count(b"\n", 0, before)


class CsvFile:
    """A CSV file (or .csv.gz), opened for reading in blocks.

    Attributes
    ----------
    path : as it was given
    columns : the header's names, each once

    Raises
    ------
    ResponseFileError, one sentence with file and line, here and while reading.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
            raise ResponseFileError(
                f"{path}: must be a file, read twice; got a pipe or device; save it first"
            )
        with _opened(path) as file:
            head = self._read(file, BLOCK)
            self._refuse_foreign(head)
            self._bom = 3 if head.startswith(b"\xef\xbb\xbf") else 0
            end = _last_end(head[self._bom :], first=True)
            while end == 0 and (more := self._read(file, BLOCK)):
                head += more
                end = _last_end(head[self._bom :], first=True)
        self._header_end = self._bom + (end or len(head) - self._bom)
        self.columns = self._header(head[self._bom : self._header_end])

    def records(self) -> Iterator[Records]:
        """Yield the records after the header, in order; checked to be text with the header's cells."""
        row, rest = 0, b""
        with _opened(self.path) as file:
            line = 1 + self._read(file, self._header_end).count(b"\n")
            while True:
                block = self._read(file, BLOCK)
                data = rest + block
                end = len(data) if not block else self._end(data)
                if data and end:
                    part = Records(self._ended(data[:end], final=not block), row, line)
                    if part.data:
                        self._check(part)
                        yield part
                    row, line = row + len(part), line + data.count(b"\n", 0, end)
                rest = data[end:]
                if not block:
                    return

    def line_of(self, row: int) -> int:
        """Return the line of a record by its number from 0; reads the file again."""
        for part in self.records():
            if row < part.row + len(part):
                return part.line_of(row - part.row)
        raise IndexError(row)

    def refuse(self, part: Records) -> NoReturn:
        """Raise what is wrong with records that could not be read as a table."""
        try:
            text = part.data.decode("utf-8")
        except UnicodeDecodeError as problem:
            line = part.line + part.data.count(b"\n", 0, problem.start)
            byte = part.data[problem.start]
            raise ResponseFileError(
                f"{self.path}:{line}: must be UTF-8 text; got byte 0x{byte:02x}; save it as UTF-8"
            ) from None
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        begins = part.line
        try:
            for cells in reader:
                if len(cells) != len(self.columns):
                    self._refuse_ragged(begins, cells)
                begins = part.line + reader.line_num
        except csv.Error as problem:
            raise ResponseFileError(
                f"{self.path}:{begins}: quotes must enclose a whole cell and be closed; {problem}"
            ) from None
        raise ResponseFileError(f"{self.path}:{part.line}: cannot be read as CSV from here on")

    def _refuse_ragged(self, line: int, cells: list[str]) -> NoReturn:
        rule = f"must have {len(self.columns)} cells like the header"
        if not any(cells):
            raise ResponseFileError(f"{self.path}:{line}: {rule}; got an empty line; take it out")
        raise ResponseFileError(f"{self.path}:{line}: {rule}; got {len(cells)}")

    def _end(self, data: bytes) -> int:
        """Return where the last whole record ends; empty lines after it wait: the file may end with them."""
        end = _last_end(data)
        if end and len(self.columns) > 1:
            return data.find(b"\n", len(data[:end].rstrip(b"\r\n"))) + 1
        return end

    def _ended(self, data: bytes, *, final: bool) -> bytes:
        """Return records that all end in a newline; empty lines at the end of the file do not count."""
        if not final:
            return data
        if len(self.columns) > 1:
            data = data.rstrip(b"\r\n")
        return data if not data or data.endswith(b"\n") else data + b"\n"

    def _check(self, part: Records) -> None:
        if not part.has_columns(len(self.columns)):
            self.refuse(part)

    def _read(self, file: IO[bytes], size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end."""
        try:
            return file.read(size)
        except EOFError:
            line = _lines_unpacked(self.path)
            raise ResponseFileError(
                f"{self.path}:{line}: must be a whole gzip file; got one that is cut off in this line"
            ) from None
        except (gzip.BadGzipFile, zlib.error) as problem:
            reason = str(problem).lower().rstrip(".")
            raise ResponseFileError(
                f"{self.path}: must be a gzip file; got one that is not: {reason}"
            ) from None
        except OSError as problem:
            raise ResponseFileError(f"{self.path}: {why(problem)}") from None

    def _refuse_foreign(self, head: bytes) -> None:
        if not head:
            raise ResponseFileError(f"{self.path}: must have a header and rows; got an empty file")
        for start, kind, remedy in FOREIGN:
            if head.startswith(start):
                raise ResponseFileError(f"{self.path}: must be CSV text; got {kind}; {remedy}")
        if b"\n" not in head and b"\r" in head:
            raise ResponseFileError(
                f"{self.path}:1: lines must end in a newline; got carriage returns alone; save it again"
            )

    def _header(self, head: bytes) -> tuple[str, ...]:
        try:
            text = head.decode("utf-8")
        except UnicodeDecodeError as problem:
            raise ResponseFileError(
                f"{self.path}:1: must be UTF-8 text; got byte 0x{head[problem.start]:02x}; save it as UTF-8"
            ) from None
        names = next(csv.reader(io.StringIO(text, newline="")), [])
        if not any(names):
            raise ResponseFileError(f"{self.path}:1: must be a header with column names; got an empty line")
        for mark, kind in ((";", "semicolons"), ("\t", "tabs")):
            if len(names) == 1 and mark in names[0]:
                raise ResponseFileError(
                    f"{self.path}:1: cells must be separated by commas; got {kind}; save it with commas"
                )
        seen: set[str] = set()
        for place, name in enumerate(names):
            if name in seen:
                raise ResponseFileError(f"{self.path}:1: column names must be unique; got {name!r} twice")
            if not name and place:
                raise ResponseFileError(
                    f"{self.path}:1: column {place + 1} must have a name; got an empty cell"
                )
            seen.add(name)
        return tuple(names)


def _last_end(data: bytes, *, first: bool = False) -> int:
    """Return where the last (or first) record that ends in `data` ends; 0 where none does."""
    if QUOTE not in data:
        return (data.find(b"\n") if first else data.rfind(b"\n")) + 1
    ends = np.flatnonzero((np.frombuffer(data, dtype=np.uint8) == NEWLINE) & _outside_quotes(data))
    return int(ends[0 if first else -1]) + 1 if len(ends) else 0


def _outside_quotes(data: bytes) -> NDArray[np.bool_] | np.bool_:
    """Return which bytes are not inside quotes; a quote that is doubled counts as two."""
    if QUOTE not in data:
        return np.True_
    quotes = np.frombuffer(data, dtype=np.uint8) == QUOTE
    even: NDArray[np.bool_] = np.cumsum(quotes, dtype=np.uint8) & 1 == 0
    return even


def _lines_unpacked(path: str) -> int:
    """Return the line on which the text of a cut-off gzip file ends."""
    packed, line = Path(path).read_bytes(), 1
    while packed:
        unpack = zlib.decompressobj(wbits=31)
        line += unpack.decompress(packed).count(b"\n")
        packed = unpack.unused_data
    return line


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    try:
        file: Any = gzip.open(path) if path.lower().endswith(".gz") else Path(path).open("rb")  # noqa: SIM115 (closed below)
    except OSError as problem:
        raise ResponseFileError(f"{path}: {why(problem)}") from None
    with file:
        yield file
