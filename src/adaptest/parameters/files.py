"""Reading and writing parameter tables: CSV, gzipped CSV and Parquet."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from adaptest.errors import ItemParameterError, ParameterFileError
from adaptest.files import StrPath
from adaptest.models.base import Floats
from adaptest.parameters.columns import ALIASES, BY_CATEGORY, NEEDED, PARAMETERS, columns_of
from adaptest.parameters.interpret import interpret
from adaptest.parameters.items import ItemParameters
from adaptest.parameters.rating_scale import relative, relative_floats
from adaptest.parameters.sheet import Column, is_parquet, read_sheet, write_sheet
from adaptest.parameters.table import ParameterTable

WITHOUT_D = ("rasch", "pcm", "rsm", "nrm")  # slopes fixed at 1, or of one metric by definition


def read_parameters(path: StrPath, *, scaling_constant: float | None = None) -> ItemParameters:
    """Return the items of a parameter table, in the order of its rows.

    Rows without parameters are left out; `read_parameter_table` lists them.

    Parameters
    ----------
    path : CSV, gzipped CSV or Parquet; columns as `write_parameter_table` describes
    scaling_constant : the D (1.7, 1.702) of a foreign table, whose discriminations are multiplied by it

    Raises
    ------
    ParameterFileError, with file, line, item, rule and value.

    Warns
    -----
    UserWarning, where a row has no parameters and no status says why.
    """
    table = read_parameter_table(path, scaling_constant=scaling_constant)
    unexplained = [
        item
        for item, status in zip(table.ids, table.status, strict=True)
        if item not in table.items.row and not status
    ]
    if unexplained:
        more = f" (and {len(unexplained) - 1} more)" if len(unexplained) > 1 else ""
        warnings.warn(
            f"{path}: item {unexplained[0]!r}: has no parameters and is left out{more}", stacklevel=2
        )
    return table.items


def read_parameter_table(path: StrPath, *, scaling_constant: float | None = None) -> ParameterTable:
    """Return a parameter table with everything its file says.

    Parameters
    ----------
    path, scaling_constant : as for `read_parameters`

    Returns
    -------
    Its `notes` say what was inferred (the model), multiplied (by D), left out (rows without parameters)
    or kept unused (further columns, in `extra`).

    Raises
    ------
    ParameterFileError, with file, line, item, rule and value.
    """
    try:
        return interpret(read_sheet(path), scaling_constant)
    except ItemParameterError as problem:
        raise ParameterFileError(f"{path}: {problem}") from None


def write_parameters(path: StrPath, items: ItemParameters) -> None:
    """Write items as a parameter table that says no more about them; see `write_parameter_table`."""
    write_parameter_table(path, ParameterTable.of(items))


def write_parameter_table(path: StrPath, table: ParameterTable, *, scaling_constant: float = 1.0) -> None:
    """Write a parameter table whole: CSV, `.csv.gz` or Parquet by its name; reading it gives it back.

    Columns, always in this order: `item_id, model, discrimination, difficulty, threshold_k, step_k,
    category_slope_k, category_intercept_k, guessing, upper_asymptote, scaling_constant`, the same
    parameters again as `se_...`, `n, n_per_category, basis, status, flags, scale_id`, then further ones.
    A parameter that no row has, and no row's model needs, gets no column.
    D is 1 unless `scaling_constant` says otherwise: discriminations that a model estimates are then divided
    by it, its column says so, and reading multiplies them again. Numbers are the shortest text of the same
    bits.
    `n_per_category` and `flags` are words separated by spaces. Steps of `rsm` are about `difficulty`,
    those of `pcm` and `gpcm` absolute.

    Raises
    ------
    FileError, where it cannot be written; ParameterFileError, where an id or word is no text.
    """
    exact = not is_parquet(path)
    columns: dict[str, Column] = {"item_id": list(table.ids), "model": list(table.models)}
    d = np.where([model in WITHOUT_D for model in table.models], 1.0, scaling_constant)
    columns |= _parameters(table, d, exact=exact)
    columns["scaling_constant"] = [
        value if item in table.items.row else None for item, value in zip(table.ids, d.tolist(), strict=True)
    ]
    for name in PARAMETERS:
        se = table.se[name] if name in table.se else np.empty((len(table), 0))
        columns |= _spread(f"se_{name}", se / d if name == "discrimination" and se.size else se)
    columns["n"] = [None if np.isnan(count) else _count(count) for count in table.n.tolist()]
    columns["n_per_category"] = [" ".join(map(repr, map(_count, some))) for some in table.n_per_category]
    columns |= {name: list(getattr(table, name)) for name in ("basis", "status")}
    columns["flags"] = [" ".join(words) for words in table.flags]
    columns["scale_id"] = list(table.scale_id)
    columns |= {name: list(values) for name, values in table.extra.items()}
    for alias, name in ALIASES.items():
        if alias in map(str.lower, table.extra) and name not in columns:
            raise ParameterFileError(f"{path}: column {alias!r} would be read as {name}; rename it")
    for name, cells in columns.items():
        for item, cell in zip(table.ids, cells, strict=True):
            if isinstance(cell, str) and not _is_utf8(cell):
                raise ParameterFileError(f"{path}: item {item!r}: {name} must be text; got {cell!r}")
    write_sheet(path, columns)


def _parameters(table: ParameterTable, d: Floats, *, exact: bool) -> dict[str, Column]:
    """Return the columns of parameters, with an empty cell where a row has none."""
    values = columns_of(table.items)
    place = np.array([table.items.row.get(item, -1) for item in table.ids], dtype=np.intp)
    for name, column in values.items():
        padded = np.concatenate([column, np.full((1, *column.shape[1:]), np.nan)])
        values[name] = padded[place] / d if name == "discrimination" else padded[place]
    needed = {name for model in table.models if model for name in NEEDED[model]}
    columns: dict[str, Column] = {}
    for name in PARAMETERS:
        part = _spread(name, values[name])
        if not part and name in (needed or ("discrimination", "difficulty")):
            part = {f"{name}_1" if name in BY_CATEGORY else name: [None] * len(table)}
        columns |= part
    for row, model in enumerate(table.models):
        if model == "rsm" and place[row] >= 0:
            steps = [step for step in values["step"][row].tolist() if not np.isnan(step)]
            difficulty, about = _relative(steps, exact=exact)
            columns["difficulty"][row] = difficulty
            for k, step in enumerate(about, start=1):
                columns[f"step_{k}"][row] = step
    return columns


def _relative(steps: Sequence[float], *, exact: bool) -> tuple[str | float, Sequence[str | float]]:
    """Return a rating scale's difficulty and steps, as decimal text or as floats."""
    return relative(steps) if exact else relative_floats(steps)


def _spread(name: str, values: Floats) -> dict[str, Column]:
    """Return one column of cells, or one by category, empty where nan; none where all are."""
    if np.isnan(values).all():
        return {}
    if values.ndim == 1:
        return {name: [None if np.isnan(value) else value for value in values.tolist()]}
    return {
        f"{name}_{k + 1}": [None if np.isnan(value) else value for value in values[:, k].tolist()]
        for k in range(values.shape[1])
    }


def _count(count: float) -> float:
    """Return a count without a decimal point where it is whole; weights can make it a fraction."""
    return int(count) if float(count).is_integer() else float(count)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
