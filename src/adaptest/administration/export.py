"""The long log of responses as a CSV file, as calibrate reads it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from adaptest.administration.records import Records
from adaptest.store.responses import COLUMNS, responses


@dataclass(frozen=True, slots=True)
class ResponseTable:
    """A CSV text, how many responses it has, and how many void sittings it leaves out."""

    text: str
    n: int
    void: int


def response_table(records: Records, exam: str | None = None) -> ResponseTable:
    """Return the responses of an exam, or of all."""
    if exam is not None:
        records.require_known(exam)
    with records.database.read() as connection:
        rows, void = responses(connection, exam)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([_plain(getattr(row, name)) for name in COLUMNS])
    return ResponseTable(out.getvalue(), len(rows), void)


def _plain(value: object) -> object:
    """Return a value as CSV has it: nothing for None, 1 and 0 for truth."""
    if value is None:
        return ""
    return int(value) if isinstance(value, bool) else value
