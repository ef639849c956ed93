"""Optima of public pools under their published constraints."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from adaptest.constraints.assembly import assemble
from adaptest.constraints.sheet import read_sheet
from adaptest.files import read_text
from adaptest.pool import Pool
from adaptest.programme.verify.case import Case, Context, NotComputedError, Number, number
from adaptest.programme.verify.curves import pool_items

NAMES = ("science", "fatigue")


def optimum(case: Case, context: Context) -> list[Number]:
    """Return the information of the best form, and its number of items."""
    name = next((name for name in NAMES if name in str(case.inputs.get("pool", ""))), None)
    folder = None if context.root is None else context.root / "data"
    if name is None or folder is None or not (folder / f"bank_testdesign_{name}_pool.csv").is_file():
        raise NotComputedError("its pool is not beside the cases")
    form = assemble(_pool(folder, name), read_sheet(_read(folder, name, "constraints"), name), theta=0.0)
    expected = case.expected
    return [
        number("objective", form.objective, expected["objective"], case.close("objective")),
        number("items", len(form.items), expected["n_items"], 0.0),
        number("same items", len(set(form.items) & set(expected["item_ids"])), expected["n_items"], 0.0),
    ]


def _read(folder: Path, name: str, what: str) -> str:
    return read_text(folder / f"bank_testdesign_{name}_{what}.csv")


def _pool(folder: Path, name: str) -> Pool:
    items = pool_items(folder / f"bank_testdesign_{name}_pool.csv")
    rows = list(csv.DictReader(io.StringIO(_read(folder, name, "attrib"))))
    columns = {key: tuple(_value(row[key]) for row in rows) for key in rows[0] if key != "ID"}
    return Pool(items, columns)


def _value(text: str) -> float | str | None:
    try:
        return float(text) if text else None
    except ValueError:
        return text
