"""Why no assembly keeps all rows: the smallest set of them that conflicts, and what would free it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adaptest.constraints.matrix import Matrix, Writer
from adaptest.constraints.solver import Budget, Solver
from adaptest.models.base import Floats

BUDGET = Budget(nodes=20_000, pivots=2_000_000)  # of one question


@dataclass(frozen=True, slots=True)
class Side:
    """One bound of one row, or what a column's own bound says.

    Attributes
    ----------
    row : of the matrix
    bound : the number
    is_lower : whether it is the lower one
    reach : what the columns can make of the row at most (at least, for an upper bound), whatever else holds
    """

    row: int
    name: str
    bound: float
    is_lower: bool
    reach: float

    def __str__(self) -> str:
        return f"{self.name} {'at least' if self.is_lower else 'at most'} {self.bound:g}"


def holds(matrix: Matrix, low: Floats | None = None, high: Floats | None = None) -> bool:
    """Return whether some assembly keeps every hard row; where the budget ends the search, that it may."""
    found = Solver(matrix).solve(np.zeros(matrix.n_columns), low, high, gap=1.0, budget=BUDGET)
    return found.status != "infeasible"


def smallest_conflict(matrix: Matrix) -> tuple[Side, ...]:
    """Return bounds of rows that no assembly keeps together, none of which can be spared; () if none.

    Rows that say how sets and items belong together are always kept. What no single bound explains is found
    by deleting bounds one by one, for good where the rest still conflicts.

    References
    ----------
    Chinneck & Dravnieks (1991), ORSA Journal on Computing 3(2), 157-168: the deletion filter.
    """
    sides = [side for row in range(matrix.n_rows) for side in _sides(matrix, row)]
    impossible = next((side for side in sides if _alone(side)), None)
    if impossible is not None:
        return (impossible,)
    if holds(matrix):
        return ()
    kept = sides
    size = max(len(kept) // 2, 1)
    while True:  # in halves, quarters, ..., so that most rows go many at a time
        at = 0
        while at < len(kept):
            fewer = kept[:at] + kept[at + size :]
            if holds(_only(matrix, fewer)):
                at += size
            else:
                kept = fewer
        if size == 1:
            return tuple(kept)
        size = max(size // 2, 1)


def sentence(matrix: Matrix, *, what: str = "the constraints") -> str:
    """Return what conflicts, and what would free it."""
    sides = smallest_conflict(matrix)
    if len(sides) == 1 and _alone(sides[0]):
        (side,) = sides
        if side.is_lower:
            return (
                f"{side.name} needs at least {side.bound:g}, and the pool can give {side.reach:g};"
                f" add {side.bound - side.reach:g} or lower it"
            )
        return (
            f"{side.name} may have at most {side.bound:g}, and what must be in makes it {side.reach:g};"
            " raise it or include less"
        )
    if not sides:
        return f"{what} cannot hold together with what is included; include less"
    if len({side.row for side in sides}) == 1:
        return f"no choice of items keeps {' and '.join(str(side) for side in sides)}; widen its bounds"
    told = ", ".join(str(side) for side in sides)
    return f"{what} cannot hold together: {told}; loosen any one of them or add items"


def _sides(matrix: Matrix, row: int) -> list[Side]:
    """Return the bounds of a hard row that say anything."""
    if matrix.weight[row] > 0 or matrix.names[row].startswith("set "):
        return []
    part = slice(matrix.start[row], matrix.start[row + 1])
    value, at = matrix.value[part], matrix.index[part]
    least = float(np.minimum(value * matrix.low[at], value * matrix.high[at]).sum())
    most = float(np.maximum(value * matrix.low[at], value * matrix.high[at]).sum())
    found = []
    if matrix.lower[row] > least:
        found.append(Side(row, matrix.names[row], float(matrix.lower[row]), is_lower=True, reach=most))
    if matrix.upper[row] < most:
        found.append(Side(row, matrix.names[row], float(matrix.upper[row]), is_lower=False, reach=least))
    return found


def _alone(side: Side) -> bool:
    """Return whether a bound cannot be kept whatever the others are."""
    return side.reach < side.bound if side.is_lower else side.reach > side.bound


def _only(matrix: Matrix, sides: Sequence[Side]) -> Matrix:
    """Return the matrix with these bounds, and the rows of sets."""
    lower, upper = np.full(matrix.n_rows, -np.inf), np.full(matrix.n_rows, np.inf)
    for row, name in enumerate(matrix.names):
        if name.startswith("set "):
            lower[row], upper[row] = matrix.lower[row], matrix.upper[row]
    for side in sides:
        (lower if side.is_lower else upper)[side.row] = side.bound
    written = Writer(matrix.n_items, matrix.n_sets)
    for row in range(matrix.n_rows):
        if lower[row] > -np.inf or upper[row] < np.inf:
            part = slice(matrix.start[row], matrix.start[row + 1])
            written.add(matrix.names[row], matrix.index[part], matrix.value[part], lower[row], upper[row])
    written.low, written.high = matrix.low.copy(), matrix.high.copy()
    return written.matrix()
