"""Winsteps' IFILE in; IAFILE and SAFILE anchors out, as a piece of a control file; measures are logits.

The IFILE's heading names the columns (ENTRY, MEASURE, STATUS or ST or STTS, COUNT, SCORE, ERROR or MODLSE,
... NAME last); its cells are separated by spaces, tabs or commas. STATUS 2 is anchored, 1 estimated, 0 and -1
extreme, -2 and below without an estimate (Linacre, Winsteps manual).
"""

from __future__ import annotations

import csv
import io
import math
import re

import numpy as np

from adaptest.bank.formats.parameters_rows import Row, Rows, number
from adaptest.errors import OptionError, ParameterFileError
from adaptest.parameters.columns import columns_of
from adaptest.parameters.table import ParameterTable

STATUS = {2: "anchored", 1: "estimated", 3: "anchored", 0: "extreme", -1: "extreme"}
WITHOUT = "inestimable"
ALIASES = {
    "ST": "STATUS",
    "STTS": "STATUS",
    "STAT": "STATUS",
    "MODLSE": "ERROR",
    "REALSE": "ERROR",
    "SE": "ERROR",
}


def read_winsteps(text: str, where: str, d: float) -> Rows:
    """Return the items; a measure is a difficulty in logits.

    Raises
    ------
    OptionError, where D is not 1: a Rasch measure has no other.
    ParameterFileError, with file and line, where the heading or a cell is not as it must be.
    """
    if d != 1:
        raise OptionError(
            f"--d must be 1 for winsteps: Rasch measures are logits (set USCALE = 1); got {d:g}"
        )
    header: list[str] = []
    rows: list[Row] = []
    for line, raw in enumerate(text.split("\n"), start=1):
        record = raw.strip()
        place = f"{where}:{line}"
        if not header:
            cells = [cell.strip().strip('"').upper() for cell in _cells(record.lstrip(";"), 0)]
            if "ENTRY" in cells and "MEASURE" in cells:
                header = [ALIASES.get(cell, cell) for cell in cells]
            continue
        if not record or record == ";":
            continue
        deleted = record.startswith(";")  # how an item without a measure is written
        cells = _cells(record.lstrip(";"), len(header))
        if len(cells) < len(header) - 1:
            raise ParameterFileError(
                f"{place}: must have {len(header)} cells as in the heading; got {len(cells)}"
            )
        rows.append(_row(dict(zip(header, cells, strict=False)), place, deleted=deleted))
    if not header:
        raise ParameterFileError(f"{where}: must have a heading with ENTRY and MEASURE, as an IFILE has")
    return Rows(rows)


def _cells(record: str, columns: int) -> list[str]:
    """Return the cells of a line; the last one, the name, may hold spaces where spaces separate."""
    for sign in ("\t", ","):
        if sign in record:
            try:
                return [cell.strip() for cell in next(csv.reader(io.StringIO(record), delimiter=sign), [])]
            except csv.Error:
                return record.split(sign)
    return record.split(None, columns - 1) if columns else record.split()


def _row(cells: dict[str, str], place: str, *, deleted: bool) -> Row:
    entry = cells.get("ENTRY", "").strip()
    item = cells.get("NAME", "").strip().strip('"') or entry
    where = f"{place}: item {item!r}"
    code = number(cells["STATUS"], where, "STATUS") if cells.get("STATUS") else 1.0
    status = STATUS.get(int(code), WITHOUT) if abs(code) < 100 else WITHOUT  # noqa: PLR2004 (no code has 3 digits)
    if deleted or status == WITHOUT:
        return Row(item, "", {}, status=WITHOUT)
    measure = number(cells["MEASURE"], where, "MEASURE")
    count = cells.get("COUNT", "")
    error = number(cells["ERROR"], where, "ERROR") if cells.get("ERROR") else math.nan
    if status == "extreme":
        return Row(item, "", {}, status=status)
    return Row(
        item,
        "rasch",
        {"difficulty": measure},
        {"difficulty": error} if error > 0 else {},
        number(count, where, "COUNT") if count else math.nan,
        status,
    )


def write_winsteps(table: ParameterTable, d: float) -> tuple[str, list[str]]:
    """Return IAFILE (and SAFILE) lines of a control file, and a sentence on each item without a place in it.

    Raises
    ------
    OptionError, where D is not 1.
    """
    if d != 1:
        raise OptionError(
            f"--d must be 1 for winsteps: Rasch measures are logits (set USCALE = 1); got {d:g}"
        )
    columns = columns_of(table.items)
    anchors: list[str] = []
    steps: list[str] = []
    left: list[str] = []
    entry = {item: k + 1 for k, item in enumerate(table.ids)}
    for row, (item, model) in enumerate(zip(table.items.ids, table.items.models, strict=True)):
        label = re.sub(r"\s+", " ", item)
        if model == "rasch":
            anchors.append(f"{entry[item]} {float(columns['difficulty'][row])!r} ; {label}")
        elif model in ("pcm", "rsm"):
            values = columns["step"][row][np.isfinite(columns["step"][row])]
            middle = float(values.mean())
            anchors.append(f"{entry[item]} {middle!r} ; {label}")
            steps.append(f"{entry[item]} 0 0.0 ; {label}")
            steps += [f"{entry[item]} {k} {float(step) - middle!r}" for k, step in enumerate(values, start=1)]
        else:
            left.append(f"item {item!r}: {model} is no Rasch model; Winsteps cannot anchor it")
    if not anchors:
        return "", left
    head = "; anchors of adaptest for a Winsteps control file: entry numbers are rows of the parameter table"
    lines = [head, "IAFILE=*", *anchors, "*"]
    lines += ["ISGROUPS=0", "SAFILE=*", *steps, "*"] if steps else []
    return "\n".join([*lines, ""]), left
