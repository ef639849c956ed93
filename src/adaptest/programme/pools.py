"""Pools and constraints from plain files: what an assembly without a bank is made of.

Parameters are our own table, or TestDesign's (ID, MODEL, PAR1, PAR2, ...). Attributes stand in the same file
or in one of their own, keyed by item; a column may name each item's set. Constraints are the table (ours or
TestDesign's) or rows of a matrix: row, column, coefficient, lower, upper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from adaptest.constraints.matrix import Matrix, from_triplets
from adaptest.constraints.sheet import read_sheet as read_table
from adaptest.constraints.table import Constraint
from adaptest.errors import AdaptestError, ExamError, ParameterFileError, PoolError
from adaptest.files import StrPath, read_text
from adaptest.models import GradedItems, LogisticItems, PartialCreditItems
from adaptest.models.base import Family
from adaptest.parameters import ItemParameters
from adaptest.parameters.files import read_parameters
from adaptest.parameters.sheet import Sheet, read_sheet
from adaptest.pool import Attributes, Pool, Value

KEYS = ("item_id", "item", "id")
SET_KEYS = ("set", "set_id", "stid", "id")
TRIPLETS = ("row", "column", "coefficient", "lower", "upper")
LOGISTIC = {"1PL": 1, "2PL": 2, "3PL": 3}
STEPPED: Mapping[str, Callable[..., Family]] = {
    "PC": PartialCreditItems,
    "GPC": PartialCreditItems,
    "GR": GradedItems,
}


def read_pool(
    parameters: StrPath,
    *,
    attributes: StrPath | None = None,
    set_column: str | None = None,
    set_attributes: StrPath | None = None,
) -> Pool:
    """Return a pool from files.

    Parameters
    ----------
    parameters : item parameters; further columns are attributes
    attributes : CSV with a row an item (item_id, item or id): attributes beside those of `parameters`
    set_column : the attribute that names each item's set; empty for none
    set_attributes : CSV with a row a set (set, set_id, stid or id)

    Raises
    ------
    ParameterFileError, PoolError, where a file breaks its rules or does not fit the others.
    """
    sheet = read_sheet(parameters)
    foreign = {"MODEL", "PAR1"} <= {name.upper() for name in sheet.header}
    items = _testdesign(sheet) if foreign else read_parameters(parameters)
    columns = {} if foreign else dict(_keyed(sheet, KEYS, items.ids))
    if attributes is not None:
        columns |= _keyed(read_sheet(attributes), KEYS, items.ids)
    sets: dict[str, tuple[str, ...]] = {}
    if set_column is not None:
        if set_column not in columns:
            raise PoolError(
                f"set column {set_column!r}: must be an attribute of the items; they have"
                f" {', '.join(columns) or 'none'}"
            )
        for item, name in zip(items.ids, columns.pop(set_column), strict=True):
            if name is not None:
                sets[str(name)] = (*sets.get(str(name), ()), item)
    of_sets = {} if set_attributes is None else _keyed(read_sheet(set_attributes), SET_KEYS, tuple(sets))
    return Pool(items, columns, sets=sets, set_attributes=of_sets)


def read_constraints(path: StrPath, pool: Pool) -> tuple[Constraint, ...] | Matrix:
    """Return the constraints of a CSV file: rows of the table, or of a matrix over the pool's items and sets.

    Raises
    ------
    ExamError, with file and line, where it is neither.
    """
    text = read_text(path)
    header = [name.strip().lower() for name in text.partition("\n")[0].split(",")]
    if set(header) != set(TRIPLETS):
        return read_table(text, str(path))
    sheet = read_sheet(path)
    place = [header.index(name) for name in TRIPLETS]
    rows = []
    for k, cells in enumerate(sheet.rows):
        try:
            row, column = (int(cells[place[i]]) for i in (0, 1))
            coefficient, lower, upper = (float(cells[place[i]]) for i in (2, 3, 4))
        except ValueError:
            raise ExamError(f"{sheet.place(k)}: must be five numbers; got {', '.join(cells)}") from None
        rows.append((row, column, coefficient, lower, upper))
    try:
        return from_triplets(len(pool), len(pool.sets), rows)
    except AdaptestError as error:
        raise ExamError(f"{path}: {error}") from None


def _keyed(sheet: Sheet, keys: tuple[str, ...], ids: tuple[str, ...]) -> Attributes:
    """Return the columns of a sheet in the order of `ids`; numbers where every cell of a column is one."""
    lower = [name.strip().lower() for name in sheet.header]
    at = next((lower.index(key) for key in keys if key in lower), None)
    if at is None:
        raise PoolError(f"{sheet.path}: must have a column {', '.join(keys)}; got {', '.join(sheet.header)}")
    row = {cells[at].strip(): cells for cells in sheet.rows}
    lacking = [one for one in ids if one not in row]
    if lacking:
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        raise PoolError(f"{sheet.path}: must have a row for {lacking[0]!r}; got none{more}")
    return {
        name.strip(): _column([row[one][k].strip() for one in ids])
        for k, name in enumerate(sheet.header)
        if k != at
    }


def _column(cells: list[str]) -> tuple[Value, ...]:
    """Return numbers where all cells that say something are numbers, else texts; None where one is empty."""
    try:
        numbers = [None if cell in ("", "NA") else float(cell) for cell in cells]
    except ValueError:
        return tuple(None if cell in ("", "NA") else cell for cell in cells)
    if any(number is not None and not np.isfinite(number) for number in numbers):
        return tuple(cell or None for cell in cells)
    whole = all(number is None or number.is_integer() for number in numbers)
    return tuple(None if n is None else int(n) if whole else n for n in numbers)


def _testdesign(sheet: Sheet) -> ItemParameters:
    """Return the items of a TestDesign pool: ID, MODEL and up to as many PARs as the model has."""
    header = [name.strip().upper() for name in sheet.header]
    first = header.index("PAR1")
    blocks: list[Family] = []
    rows: dict[str, list[tuple[str, list[float]]]] = {}
    for k, cells in enumerate(sheet.rows):
        model, item = (cells[header.index(name)].strip() for name in ("MODEL", "ID"))
        if model not in (*LOGISTIC, *STEPPED):
            known = ", ".join((*LOGISTIC, *STEPPED))
            raise ParameterFileError(f"{sheet.place(k)}: model must be one of {known}; got {model!r}")
        try:
            values = [float(cell) for cell in cells[first:] if cell.strip() not in ("", "NA")]
        except ValueError:
            raise ParameterFileError(
                f"{sheet.place(k)}: parameters must be numbers; got {cells[first:]}"
            ) from None
        rows.setdefault(model, []).append((item, values))
    for model, held in rows.items():
        ids = tuple(item for item, _ in held)
        if model in LOGISTIC:
            one = np.ones(len(held))
            a = one if model == "1PL" else np.array([values[0] for _, values in held])
            b = np.array([values[0 if model == "1PL" else 1] for _, values in held])
            c = np.array([values[2] for _, values in held]) if model == "3PL" else np.zeros(len(held))
            blocks.append(LogisticItems(ids, a, b, c, one))
            continue
        steps = [values if model == "PC" else values[1:] for _, values in held]
        widest = max(len(own) for own in steps)
        b = np.array([[*own, *[np.inf] * (widest - len(own))] for own in steps])
        a = np.ones(len(held)) if model == "PC" else np.array([values[0] for _, values in held])
        blocks.append(STEPPED[model](ids, a, b))
    items = ItemParameters.of(*blocks)
    return items.take(np.array([items.row[cells[header.index("ID")].strip()] for cells in sheet.rows]))
