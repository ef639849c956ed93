"""Parallel forms: each as near as can be to one target information curve, at several thetas.

Forms are assembled one after the other. So that the last is as good as the first, the items for all that are
still to come are chosen together with each form, as one large shadow test that follows the same curve.

References
----------
van der Linden & Adema (1998), Journal of Educational Measurement 35(3), 185-198.
"""

from __future__ import annotations

import numpy as np

from adaptest.constraints import why
from adaptest.constraints.assembly import Form, form_of
from adaptest.constraints.matrix import Matrix, Writer
from adaptest.constraints.rows import Table
from adaptest.constraints.solver import Budget, Solved, Solver
from adaptest.errors import InfeasibleError, OptionError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.pool import Pool

NEAR = 0.01  # of the target's mean: a form nearer to the target than that is near enough
BUDGET = Budget(nodes=5_000, pivots=1_000_000)  # of one form


def parallel(
    pool: Pool,
    table: Table | None,
    rows: Matrix,
    forms: int,
    theta: Floats,
    *,
    target: Floats | None = None,
    overlap: int = 0,
    budget: Budget = BUDGET,
) -> tuple[Form, ...]:
    """Return forms that keep the same rows and follow one curve; the objective is minus the worst distance.

    Parameters
    ----------
    table : for the order of items; None where the rows are all there is
    theta : (Q,) logits
    target : (Q,) information; without one, the mean of as many forms, each the best of what is left
    overlap : how many items any two forms may share, beside those that every form includes

    Raises
    ------
    InfeasibleError, where the pool does not hold so many forms.
    """
    if forms < 1 or overlap < 0:
        raise OptionError(f"forms must be at least 1 and overlap at least 0; got {forms} and {overlap}")
    information = pool.parameters.information(theta)
    wanted = _reachable(rows, information, forms) if target is None else np.asarray(target, dtype=np.float64)
    if wanted.shape != theta.shape or not (wanted > 0).all():
        raise OptionError(
            f"the target must have a value above 0 for each of {len(theta)} thetas; got {wanted}"
        )
    every = rows.low[: rows.n_items] > 0
    made: list[Form] = []
    used: list[Bools] = []
    for k in range(forms):
        left = forms - k - 1 if overlap == 0 else 0
        program = _program(rows, information, wanted, left, used, overlap, every)
        solved = Solver(program).solve(
            np.zeros(program.n_items), within=NEAR * float(wanted.mean()), budget=budget
        )
        if solved.x is None:
            raise InfeasibleError(
                f"form {k + 1} of {forms}: {why.sentence(program)}"
                if solved.status == "infeasible"
                else f"form {k + 1} of {forms}: none was found within the work allowed; ask for fewer forms"
            )
        n, s = rows.n_items, rows.n_sets
        own = solved.x[:n]
        x = np.concatenate([own, solved.x[program.n_items : program.n_items + s]])
        worst = float(np.abs(information[:, own].sum(axis=1) - wanted).max())
        one = Solved(solved.status, x, -worst, max(solved.bound, -worst), solved.nodes, solved.pivots)
        made.append(form_of(pool, table, rows, one))
        used.append(own)
    return tuple(made)


def _reachable(rows: Matrix, information: Floats, forms: int) -> Floats:
    """Return (Q,) the mean information of forms that are each the best of what is left."""
    solver, total, found = Solver(rows), np.zeros(len(information)), 0
    high = np.ones(rows.n_columns)
    for _ in range(forms):
        solved = solver.solve(information.sum(axis=0), None, high, gap=1e-3)
        if solved.x is None:
            if not found:
                raise InfeasibleError(why.sentence(rows))
            break
        own = solved.x[: rows.n_items]
        total += information[:, own].sum(axis=1)
        found += 1
        high[: rows.n_items][own & (rows.low[: rows.n_items] == 0)] = 0.0
    return np.asarray(total / found, dtype=np.float64)


def _program(
    rows: Matrix,
    information: Floats,
    wanted: Floats,
    left: int,
    used: list[Bools],
    overlap: int,
    every: Bools,
) -> Matrix:
    """Return the rows of one form, and of `left` further ones as one, with the distances to the curve."""
    n, s = rows.n_items, rows.n_sets
    parts = 2 if left else 1
    written = Writer(parts * n, parts * s)
    for part in range(parts):
        times = left if part else 1
        for row in range(rows.n_rows):
            at = rows.index[rows.start[row] : rows.start[row + 1]].astype(np.int64)
            value = rows.value[rows.start[row] : rows.start[row + 1]].copy()
            shared = (at < n) & every[np.minimum(at, n - 1)]
            value[shared] *= times
            columns = np.where(at < n, at + part * n, at - n + parts * n + part * s)
            weight = 0.0 if part else float(rows.weight[row])
            if part and rows.weight[row] > 0:
                continue
            written.add(
                rows.names[row], columns, value, rows.lower[row] * times, rows.upper[row] * times, weight
            )
        mine, sets = slice(part * n, (part + 1) * n), slice(parts * n + part * s, parts * n + (part + 1) * s)
        written.low[mine], written.high[mine] = rows.low[:n], rows.high[:n]
        written.low[sets], written.high[sets] = rows.low[n:], rows.high[n:]
        for curve, value_at in zip(information, wanted, strict=True):
            terms = curve / times
            terms = np.where(every, curve, terms) if part else terms
            columns = np.arange(n) + part * n
            written.add("distance", columns, terms, lower=value_at, weight=1.0, group=1)
            written.add("distance", columns, terms, upper=value_at, weight=1.0, group=1)
    for earlier in used:
        common = np.flatnonzero(earlier & ~every)
        if overlap == 0:
            for part in range(parts):
                written.high[common + part * n] = 0.0
        else:
            written.add("overlap", common, 1.0, upper=overlap)
    if parts == 2:  # noqa: PLR2004 (the form, and those to come)
        _apart(written, np.flatnonzero(~every), n)
    return written.matrix()


def _apart(written: Writer, rows: Rows, n: int) -> None:
    """Keep each item out of the form or out of those to come."""
    for row in rows.tolist():
        written.add("one form", [row, row + n], 1.0, upper=1.0)
