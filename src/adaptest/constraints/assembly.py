"""Fixed forms: the best items of a pool that keep a constraint table, with the proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from adaptest.constraints import why
from adaptest.constraints.matrix import Matrix
from adaptest.constraints.rows import Table, matrix, set_of
from adaptest.constraints.sheet import constraint
from adaptest.constraints.solver import Budget, Solved, Solver
from adaptest.constraints.table import Constraint
from adaptest.errors import InfeasibleError, OptionError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

Given = Iterable[Constraint | Mapping[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """An assembled form, and what is proven of it.

    Attributes
    ----------
    items : ids in the order in which they are given: by the table's order, sets together, else the pool's
    sets : item sets that it uses
    objective : information at the thetas asked for, less what missed soft targets cost; for forms that follow
        a target, minus the largest distance from it
    bound : what no form can exceed
    gap : how far the best form may be above this one, relative to it
    status : "optimal", or "budget" where the work allowed ended the search
    missed : (rule, by how much) for every soft target that is missed
    """

    items: tuple[str, ...]
    sets: tuple[str, ...]
    objective: float
    bound: float
    gap: float
    status: str
    missed: tuple[tuple[str, float], ...] = ()


def assemble(
    pool: Pool | ItemParameters,
    constraints: Given | Matrix,
    theta: ArrayLike = 0.0,
    *,
    gap: float = 0.0,
    budget: Budget | None = None,
) -> Form:
    """Return the form with the most Fisher information that keeps every hard constraint.

    Parameters
    ----------
    pool : the items; a plain parameter table has no attributes, enemies or sets
    constraints : rows of the table, as values or as words (`{"type": "number", "lower": 30, "upper": 30}`);
        or a matrix of rows over the items and sets
    theta : logits; of several, the sum of the information is maximised
    gap : relative; how far below the optimum the form may be
    budget : of work; the best form found when it ends is returned with its bound

    Raises
    ------
    InfeasibleError, where no form keeps the constraints: which of them, and what would free them.
    ExamError, where a constraint makes no sense for this pool.

    Examples
    --------
    >>> import adaptest as at
    >>> rasch = at.LogisticItems(("i1", "i2", "i3"), [1, 1, 1], [-2, 0, 1], [0, 0, 0], [1, 1, 1])
    >>> items = at.ItemParameters.of(rasch)
    >>> at.assemble(items, [{"type": "number", "lower": 2, "upper": 2}], theta=0.0).items
    ('i2', 'i3')
    """
    whole = Pool(pool) if isinstance(pool, ItemParameters) else pool
    points = np.atleast_1d(np.asarray(theta, dtype=np.float64))
    if not points.size or not np.isfinite(points).all():
        raise OptionError(f"theta must be one or more finite numbers; got {theta!r}")
    if isinstance(constraints, Matrix):
        table, rows = None, constraints
    else:
        table = Table.of(whole, values_of(constraints))
        rows = matrix(whole, table)
    if rows.n_items != len(whole):
        raise OptionError(
            f"the constraint rows must be over the pool's {len(whole)} items; got {rows.n_items}"
        )
    cost = whole.parameters.information(points).sum(axis=0)
    solved = Solver(rows).solve(cost, gap=gap, budget=budget)
    return form_of(whole, table, rows, solved)


def values_of(constraints: Given) -> tuple[Constraint, ...]:
    """Return rows of the table, those given as words read.

    Raises
    ------
    OptionError, where they are no rows: the name of a file, say.
    """
    if isinstance(constraints, str) or not isinstance(constraints, Iterable):
        raise OptionError(
            f"constraints must be rows of the table or a matrix; got {constraints!r}; read a file with"
            " at.read_constraints(file, pool)"
        )
    return tuple(
        one if isinstance(one, Constraint) else constraint(one, f"constraint {k}")
        for k, one in enumerate(constraints, start=1)
    )


def form_of(pool: Pool, table: Table | None, rows: Matrix, solved: Solved) -> Form:
    """Return what a solve found as a form.

    Raises
    ------
    InfeasibleError, where it found none.
    """
    if solved.x is None:
        if solved.status == "infeasible":
            raise InfeasibleError(why.sentence(rows))
        raise InfeasibleError(
            f"no form was found within {solved.nodes:,} branches and {solved.pivots:,} pivots; simplify the"
            " constraints or allow more work"
        )
    chosen = in_order(pool, table, solved.x[: len(pool)])
    excess = rows.excess(solved.x)
    missed: dict[str, float] = {}
    for row in np.flatnonzero((rows.weight > 0) & (excess > 0)):
        name = rows.names[row]
        missed[name] = max(missed.get(name, 0.0), float(excess[row]))
    used = [name for name, is_used in zip(pool.sets, solved.x[len(pool) :], strict=False) if is_used]
    return Form(
        tuple(pool.ids[row] for row in chosen),
        tuple(used),
        solved.objective,
        solved.bound,
        solved.gap,
        solved.status,
        tuple(sorted(missed.items())),
    )


def in_order(pool: Pool, table: Table | None, chosen: Bools) -> Rows:
    """Return (n,) the items chosen in the order in which a form gives them."""
    place = set_of(pool)
    by_item = None if table is None else table.order("item")
    by_set = None if table is None or not pool.sets else table.order("set")
    rows = np.flatnonzero(chosen)
    first: dict[int, int] = {}
    for row in rows.tolist():
        if place[row] >= 0:
            first.setdefault(int(place[row]), row)

    def key(row: int) -> tuple[float, float, int, int]:
        held = int(place[row])
        own = 0.0 if by_item is None else float(by_item[row])
        if held < 0:
            return own, 0.0, row, 0
        leader = first[held]
        lead = own if by_item is None else min(float(by_item[r]) for r in rows if place[r] == held)
        inside = pool.sets[[*pool.sets][held]].index(pool.ids[row])
        return lead, 0.0 if by_set is None else float(by_set[held]), leader, inside

    return np.array(sorted(rows.tolist(), key=key), dtype=np.intp)


def information_at(pool: Pool, items: Iterable[str], theta: Floats) -> Floats:
    """Return (Q,) the information of some items."""
    rows = np.array([pool.row[item] for item in items], dtype=np.intp)
    information: Floats = pool.parameters.take(rows).information(theta).sum(axis=1)
    return information
