"""Items in the formats that other people have: one closed table, a reader and a writer each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from adaptest.bank.formats.aiken import read_aiken, write_aiken
from adaptest.bank.formats.canvas import read_canvas, write_canvas
from adaptest.bank.formats.csvfile import read_csv, write_csv
from adaptest.bank.formats.gift import read_gift, write_gift
from adaptest.bank.formats.jsonfile import read_json, write_json
from adaptest.bank.formats.moodle import read_moodle, write_moodle
from adaptest.bank.formats.qti import read_qti, write_qti3, write_qti22
from adaptest.bank.formats.record import (
    ALL,
    SHARED,
    Contents,
    Imported,
    Remark,
    Written,
    not_held,
    without_key,
)
from adaptest.bank.formats.xlsx import read_xlsx, write_xlsx
from adaptest.errors import BankFileError, OptionError
from adaptest.files import StrPath, read_bytes

LARGEST_FILE = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Format:
    """One format of items.

    Attributes
    ----------
    suffix : of its files
    holds : what it has a place for, beside id, stem, options and key
    named : whether it keeps ids
    keyless : whether it can leave out the keys
    """

    name: str
    title: str
    suffix: str
    write: Callable[[Contents], Written]
    read: Callable[[bytes, str], Imported]
    holds: frozenset[str] = SHARED
    named: bool = True
    keyless: bool = True


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        format_.name: format_
        for format_ in (
            Format("csv", "CSV table, one item a row", ".csv", write_csv, read_csv),
            Format("xlsx", "Excel workbook, one item a row", ".xlsx", write_xlsx, read_xlsx),
            Format("json", "JSON list of items", ".json", write_json, read_json, ALL),
            Format("qti3", "QTI 3.0 package", ".zip", write_qti3, read_qti),
            Format("qti22", "QTI 2.2 package", ".zip", write_qti22, read_qti),
            Format("moodle", "Moodle XML", ".xml", write_moodle, read_moodle, keyless=False),
            Format("gift", "GIFT (Moodle text)", ".gift", write_gift, read_gift, keyless=False),
            Format(
                "aiken",
                "Aiken text",
                ".txt",
                write_aiken,
                read_aiken,
                frozenset(),
                named=False,
                keyless=False,
            ),
            Format("canvas", "Canvas QTI 1.2 package", ".zip", write_canvas, read_canvas),
        )
    }
)


def read_file(path: StrPath, format_: Format) -> Imported:
    """Return the items of a file.

    Raises
    ------
    BankFileError, with file and line or entry, where it cannot be read or is not of this format.
    """
    try:
        size = Path(path).stat().st_size
    except OSError:
        size = 0  # what is wrong is said by reading it
    if size > LARGEST_FILE:
        raise BankFileError(f"{path}: must have at most {LARGEST_FILE // 2**20} MiB; got {size // 2**20}")
    return format_.read(read_bytes(path, error=BankFileError), str(path))


def export(contents: Contents, format_: Format) -> Written:
    """Return the items as a file, with a remark on everything that it does not hold.

    Raises
    ------
    OptionError, where the format cannot be without keys but should be.
    """
    if not contents.keys and not format_.keyless:
        raise OptionError(f"format {format_.name!r}: needs the keys; it cannot be written without them")
    if not contents.keys:
        records = tuple(map(without_key, contents.records))
        contents = replace(contents, records=records, parameters=None)
    unheld = [remark for record in contents.records for remark in not_held(record, format_.holds)]
    sets = [
        Remark(record.name, "set", f"no place for the text of set {contents.sets[record.id]!r}")
        for record in contents.records
        if record.id in contents.sets
    ]
    written = format_.write(contents)
    return Written(written.data, (*written.remarks, *unheld, *sets))
