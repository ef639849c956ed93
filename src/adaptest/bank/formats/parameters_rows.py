"""Parameters on their way into a table: one row an item, whatever program they come from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from adaptest.errors import ParameterFileError
from adaptest.models.base import Floats
from adaptest.parameters.columns import BY_CATEGORY, PARAMETERS, build
from adaptest.parameters.table import ParameterTable


@dataclass(frozen=True, slots=True)
class Row:
    """One item: model and parameters by their names in files, numbers or one a category; D = 1."""

    item: str
    model: str
    values: Mapping[str, float | Sequence[float]]
    se: Mapping[str, float | Sequence[float]] = field(default_factory=dict)
    n: float = math.nan
    status: str = "estimated"


@dataclass(slots=True)
class Rows:
    """The items of a file, and what is to be known of how they were read."""

    rows: list[Row]
    notes: list[str] = field(default_factory=list)

    def table(self, where: str, title: str, d: float) -> ParameterTable:
        """Return the items as a parameter table.

        Raises
        ------
        ParameterFileError, where there is none, an id stands twice, or parameters break their model's rules.
        """
        if not self.rows:
            raise ParameterFileError(f"{where}: must hold at least one item of {title}; got none")
        given = [row for row in self.rows if row.model]
        ids = tuple(row.item for row in given)
        every = tuple(row.item for row in self.rows)
        if twice := [item for k, item in enumerate(every) if item in every[:k]]:
            raise ParameterFileError(f"{where}: item {twice[0]!r}: must stand once")
        values = [row.values for row in given]
        columns = {name: _column([value.get(name) for value in values], name) for name in PARAMETERS}
        items = build(ids, [row.model for row in given], columns)
        errors = [row.se for row in self.rows]
        se = {name: _column([error.get(name) for error in errors], name) for name in PARAMETERS}
        note = f"{title}: read with D = {d:g}; inside D = 1"
        return ParameterTable.of(
            items,
            ids=every,
            se={name: column for name, column in se.items() if column.size and not np.isnan(column).all()},
            n=np.array([row.n for row in self.rows]),
            basis=["calibrated" if row.model else "" for row in self.rows],
            status=[row.status for row in self.rows],
            notes=[note, *self.notes],
        )


def _column(values: Sequence[float | Sequence[float] | None], name: str) -> Floats:
    """Return one parameter of all items: (J,), or (J, m) by category; nan where there is none."""
    if name not in BY_CATEGORY:
        return np.array(
            [value if isinstance(value, int | float) else math.nan for value in values], dtype=float
        )
    rows = [list(value) if isinstance(value, Sequence) else [] for value in values]
    width = max(map(len, rows), default=0)
    padded = [row + [math.nan] * (width - len(row)) for row in rows]
    return np.array(padded, dtype=np.float64).reshape(len(rows), width)


def number(text: str, where: str, what: str) -> float:
    """Return a finite number.

    Raises
    ------
    ParameterFileError, with its place, where the text is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ParameterFileError(f"{where}: {what} must be a number; got {text.strip()[:40]!r}")
    return value


def whole(text: str, where: str, what: str, most: int) -> int:
    """Return a whole number from 0 to `most`.

    Raises
    ------
    ParameterFileError, with its place, where the text is none.
    """
    bare = text.strip()
    if not (bare.isascii() and bare.isdecimal() and len(bare) < 10 and int(bare) <= most):  # noqa: PLR2004 (digits)
        raise ParameterFileError(f"{where}: {what} must be a whole number to {most}; got {bare[:40]!r}")
    return int(bare)


def logistic(a: float, b: float, c: float, d: float = 1.0) -> tuple[str, dict[str, float]]:
    """Return model and parameters of a binary item: 2pl, or more where an asymptote asks for it."""
    model = "4pl" if d != 1.0 else "3pl" if c != 0.0 else "2pl"
    return model, {"discrimination": a, "difficulty": b, "guessing": c, "upper_asymptote": d}


def require_slope(a: float, item: str, where: str) -> float:
    """Return a discrimination that an intercept can be divided by.

    Raises
    ------
    ParameterFileError, where it is 0.
    """
    if a == 0 or not math.isfinite(a):
        raise ParameterFileError(
            f"{where}: item {item!r}: the slope must not be 0; no difficulty follows from it"
        )
    return a
