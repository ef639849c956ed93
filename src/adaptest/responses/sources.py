"""Where a table of responses comes from: CSV, Parquet, or columns in memory, as batches of polars frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from adaptest.errors import ResponseFileError
from adaptest.files import why
from adaptest.responses.records import CsvFile, Records

if TYPE_CHECKING:
    import polars as pl  # imported where used: it takes a tenth of a second

BATCH = 2_000_000  # cells in a batch of a table that is not CSV


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a table.

    Attributes
    ----------
    frame : the columns that were asked for; a CSV column is text, or Int8 where every cell of the batch is a
        whole number that fits
    row : number of the first row, from 0
    """

    frame: pl.DataFrame
    row: int


class Source(Protocol):
    """A table of responses."""

    @property
    def name(self) -> str:
        """What errors call it."""
        ...

    @property
    def header(self) -> str:
        """The place of the column names."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Names, each once."""
        ...

    def batches(self, text: Sequence[str], scores: Sequence[str]) -> Iterator[Batch]:
        """Yield the rows in order with these columns; `scores` as whole numbers where they are."""
        ...

    def where(self, row: int) -> str:
        """Return the place of a row, by its number from 0, as errors begin."""
        ...


class CsvSource:
    """A CSV file, `.csv.gz` too; errors name file and line."""

    def __init__(self, path: str) -> None:
        self._file = CsvFile(path)
        self.name = path
        self.header = f"{path}:1"
        self.columns = self._file.columns

    def batches(self, text: Sequence[str], scores: Sequence[str]) -> Iterator[Batch]:
        """Yield a batch for every block of the file."""
        import polars as pl

        wanted = {*text, *scores}
        places = [k for k, name in enumerate(self.columns) if name in wanted]
        names = [self.columns[k] for k in places]
        as_text = {f"c{k}": pl.String for k in range(len(self.columns))}
        numeric = set(scores)
        as_numbers = {
            f"c{k}": pl.Int8 if name in numeric else pl.String for k, name in enumerate(self.columns)
        }
        for part in self._file.records():
            frame = _parsed(part, as_numbers, places) if scores else None
            if frame is None:
                frame = _parsed(part, as_text, places)
            if frame is None or frame.height != len(part):
                self._file.refuse(part)
            frame.columns = names
            yield Batch(frame, part.row)

    def where(self, row: int) -> str:
        """Return file:line."""
        return f"{self.name}:{self._file.line_of(row)}"


def _parsed(part: Records, schema: Mapping[str, Any], places: list[int]) -> pl.DataFrame | None:
    import polars as pl

    try:
        return pl.read_csv(part.data, has_header=False, schema=schema, columns=places)
    except pl.exceptions.PolarsError:
        return None


class ParquetSource:
    """A Parquet file; errors name file and row."""

    def __init__(self, path: str) -> None:
        import polars as pl

        self.name = self.header = path
        try:
            with Path(path).open("rb"):
                self._table = pl.scan_parquet(path, glob=False)
                self.columns = tuple(self._table.collect_schema().names())
        except OSError as problem:
            raise ResponseFileError(f"{path}: {why(problem)}") from None
        except pl.exceptions.PolarsError:
            raise ResponseFileError(f"{path}: must be a whole Parquet file; got something else") from None

    def batches(self, text: Sequence[str], scores: Sequence[str]) -> Iterator[Batch]:
        """Yield batches of some million cells."""
        import polars as pl

        names = list(dict.fromkeys((*text, *scores)))
        _plain_types(self.name, self._table.select(names).collect_schema())
        size = max(BATCH // len(names), 1)
        row = 0
        while True:
            try:
                frame = self._table.select(names).slice(row, size).collect()
            except pl.exceptions.PolarsError:
                raise ResponseFileError(
                    f"{self.name}: must be a whole Parquet file; cannot be read from row {row + 1} on"
                ) from None
            if frame.height:
                yield Batch(frame, row)
            row += frame.height
            if frame.height < size:
                return

    def where(self, row: int) -> str:
        """Return file, row."""
        return f"{self.name}: row {row + 1}"


class FrameSource:
    """Columns in memory; errors name the row."""

    name = header = "responses"

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self.columns = tuple(frame.columns)

    def batches(self, text: Sequence[str], scores: Sequence[str]) -> Iterator[Batch]:
        """Yield slices of some million cells."""
        names = list(dict.fromkeys((*text, *scores)))
        _plain_types(self.name, self._frame.select(names).schema)
        size = max(BATCH // len(names), 1)
        for row in range(0, self._frame.height, size):
            yield Batch(self._frame.select(names).slice(row, size), row)

    def where(self, row: int) -> str:
        """Return the row, from 0 as in memory."""
        return f"{self.name}: row {row}"


def _plain_types(name: str, schema: Mapping[str, Any]) -> None:
    """Raise unless every column holds text, numbers, truths or nothing."""
    import polars as pl

    plain = (pl.String, pl.Boolean, pl.Categorical, pl.Enum, pl.Null)
    for column, kind in schema.items():
        if not (kind.is_numeric() or isinstance(kind, plain) or kind in plain):
            raise ResponseFileError(f"{name}: column {column!r} must hold text or numbers; got {kind}")


def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield batches while the next one is read in another thread."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def source_of(data: object) -> Source:
    """Return the table that a path, a data frame or a mapping of columns is.

    Raises
    ------
    ResponseFileError, where it is none of these or cannot be opened.
    """
    import polars as pl

    if isinstance(data, (str, Path)) or hasattr(data, "__fspath__"):
        path = str(data)
        return ParquetSource(path) if path.lower().endswith((".parquet", ".pq")) else CsvSource(path)
    try:
        if hasattr(data, "__arrow_c_stream__"):
            return FrameSource(pl.DataFrame(data))
        if isinstance(data, Mapping):
            columns = {str(name): _column(values) for name, values in data.items()}
            return FrameSource(pl.DataFrame(columns))
    except (pl.exceptions.PolarsError, TypeError, ValueError) as problem:
        raise ResponseFileError(f"responses: cannot be read as a table; {problem}") from None
    raise ResponseFileError(
        "responses: must be a path, a data frame (anything with __arrow_c_stream__), a mapping of columns "
        f"or a 2-D array; got {type(data).__name__}"
    )


def _column(values: Any) -> Any:
    """Return a column as polars takes it: text stays text, numbers numbers, None missing."""
    array = np.asarray(values)
    return list(values) if array.dtype.kind in "OSU" else array
