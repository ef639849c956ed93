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
from adaptest.constraints.assembly import Form, form_of, information_at
from adaptest.constraints.matrix import Matrix, Writer
from adaptest.constraints.rows import Table
from adaptest.constraints.solver import Budget, Solved, Solver
from adaptest.errors import InfeasibleError, OptionError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.pool import Pool

NEAR = 0.01  # of the target's mean: a form nearer to the target than that is near enough
TURNS = 3  # times that a curve of our own is moved to where the forms are
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
) -> tuple[tuple[Form, ...], Floats]:
    """Return forms that keep the same rows and follow one curve, and that curve (Q,).

    A form's objective is minus its worst distance from the curve.

    Parameters
    ----------
    table : for the order of items; None where the rows are all there is
    theta : (Q,) logits
    target : (Q,) information; without one, the mean of as many forms, each the best of what is left, and
        where some cannot follow that, the mean of what came of it
    overlap : how many items any two forms may share, beside those that every form includes

    Raises
    ------
    InfeasibleError, where the pool does not hold so many forms.
    """
    if forms < 1 or overlap < 0:
        raise OptionError(f"forms must be at least 1 and overlap at least 0; got {forms} and {overlap}")
    information = pool.parameters.information(theta)
    every = rows.low[: rows.n_items] > 0
    wanted = (
        _reachable(rows, information, forms, overlap, every)
        if target is None
        else np.asarray(target, dtype=np.float64)
    )
    if wanted.shape != theta.shape or not (wanted > 0).all():
        raise OptionError(
            f"the target must have a value above 0 for each of {len(theta)} thetas; got {wanted}"
        )
    asked = pool, table, rows, forms, information, overlap, budget
    made = _following(*asked, wanted)
    for _ in range(TURNS if target is None else 0):
        if _worst(made) <= 2 * NEAR * float(wanted.mean()):
            break
        nearer = np.mean([information_at(pool, form.items, theta) for form in made], axis=0)
        try:
            again = _following(*asked, nearer)
        except InfeasibleError:
            break
        if _worst(again) >= _worst(made):
            break
        made, wanted = again, nearer
    return made, wanted


def _worst(forms: tuple[Form, ...]) -> float:
    """Return how far the form farthest from the curve is from it."""
    return max(-form.objective for form in forms)


def _following(
    pool: Pool,
    table: Table | None,
    rows: Matrix,
    forms: int,
    information: Floats,
    overlap: int,
    budget: Budget,
    wanted: Floats,
) -> tuple[Form, ...]:
    """Return forms that follow one curve (Q,), assembled one after the other; see `parallel`."""
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


def _reachable(rows: Matrix, information: Floats, forms: int, overlap: int, every: Bools) -> Floats:
    """Return (Q,) the mean information of forms that are each the best of what the earlier ones leave."""
    total, used = np.zeros(len(information)), list[Bools]()
    for _ in range(forms):
        solved = Solver(_sharing(rows, used, overlap, every)).solve(
            information.sum(axis=0), gap=1e-3, budget=BUDGET
        )
        if solved.x is None:
            if not used:
                raise InfeasibleError(why.sentence(rows))
            break
        own = solved.x[: rows.n_items]
        total += information[:, own].sum(axis=1)
        used.append(own)
    return np.asarray(total / len(used), dtype=np.float64)


def _sharing(rows: Matrix, used: list[Bools], overlap: int, every: Bools) -> Matrix:
    """Return the rows, and those that keep a form from sharing more than `overlap` items with others."""
    shares = rows.writer()
    for earlier in used:
        common = np.flatnonzero(earlier & ~every)
        if overlap == 0:
            shares.high[common] = 0.0
        else:
            shares.add("overlap", common, 1.0, upper=overlap)
    return shares.matrix()


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
