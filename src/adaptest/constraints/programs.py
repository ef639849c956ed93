"""Linear and integer programs of one matrix, as HiGHS solves them: passed once, solved many times.

Columns are the items, the sets and one continuous unknown for every group of soft rows: how far the worst of
them is missed. Nothing here depends on what was solved before, but for time.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from adaptest.constraints.matrix import Matrix
from adaptest.errors import InfeasibleError
from adaptest.models.base import Bools, Floats, Rows

INFEASIBLE = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)
OPTIMAL = highspy.HighsModelStatus.kOptimal
TOLERANCE = 1e-9  # of the solver; far below what any content rule says


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """An optimum of the linear program.

    Attributes
    ----------
    value : of the objective
    x, reduced : (n,) the columns and their reduced costs
    """

    value: float
    x: Floats
    reduced: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """What an integer program led to: `chosen` (k,) is None where it found nothing."""

    chosen: Bools | None
    bound: float
    proven: bool
    nodes: int


class Programs:
    """The linear program of a matrix, kept, and integer programs over some of its columns.

    Attributes
    ----------
    n : columns, with those of groups of soft rows
    extra : (n,) what the columns of groups cost, below 0; 0 elsewhere
    pivots : simplex iterations so far
    """

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        begin, rows, values = matrix.by_column
        soft = np.flatnonzero(matrix.weight > 0)
        groups, first, group = np.unique(matrix.group[soft], return_index=True, return_inverse=True)
        order = np.argsort(group, kind="stable")
        sign = np.where(np.isfinite(matrix.lower[soft]), 1.0, -1.0)
        ends = np.cumsum(np.bincount(group, minlength=len(groups)))
        self.n = matrix.n_columns + len(groups)
        self.begin: Rows = np.concatenate([begin, begin[-1] + ends]).astype(np.intp)
        self.rows: Rows = np.concatenate([rows, soft[order]]).astype(np.intp)
        self.values: Floats = np.concatenate([values, sign[order]])
        self.extra = np.zeros(self.n)
        self.extra[matrix.n_columns :] = -matrix.weight[soft][first]
        self.pivots = 0
        self._every = np.arange(self.n, dtype=np.int32)
        self._bases: dict[Hashable, Any] = {}
        self._lp, self._mip = _highs(), _highs()
        self._lp.setOptionValue("solver", "simplex")
        self._lp.setOptionValue("presolve", "off")
        low, high = self.bounds(matrix.low, matrix.high)
        self._lp.passModel(
            self._model(np.arange(self.n), np.zeros(self.n), low, high, np.zeros(matrix.n_rows))
        )
        item, used = matrix.implied  # no whole solution breaks these rows, but most relaxed ones would
        k = len(item)
        self._lp.addRows(
            k,
            np.full(k, -highspy.kHighsInf),
            np.zeros(k),
            2 * k,
            np.arange(k, dtype=np.int32) * 2,
            np.stack([item, used], axis=1).ravel().astype(np.int32),
            np.tile([1.0, -1.0], k),
        )

    def bounds(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Return bounds (n,) of all columns from those (J+S,) of items and sets."""
        more = self.n - self.matrix.n_columns
        return np.concatenate([low, np.zeros(more)]), np.concatenate([high, np.full(more, np.inf)])

    def basis(self, name: Hashable, cost: Floats) -> Any:
        """Return the basis that an objective leads to when nothing is fixed, found once; None if to none.

        Parameters
        ----------
        name : of the objective
        cost : (n,)
        """
        if name not in self._bases:
            low, high = self.bounds(self.matrix.low, self.matrix.high)
            found = self.relax(cost, low, high, None)
            self._bases[name] = None if found is None else _copied(self._lp.getBasis())
        return self._bases[name]

    def relax(self, cost: Floats, low: Floats, high: Floats, basis: Any) -> Relaxed | None:
        """Return the largest value of the linear program; None where nothing keeps its rows.

        Parameters
        ----------
        cost, low, high : (n,) of the columns
        basis : to start from; the slack one where it is None
        """
        lp = self._lp
        lp.changeColsCost(self.n, self._every, -cost)
        lp.changeColsBounds(self.n, self._every, low, high)
        lp.clearSolver()  # what is left of the last solve would decide among equal optima
        if basis is not None:
            lp.setBasis(basis)
        lp.run()
        if lp.getModelStatus() not in (OPTIMAL, *INFEASIBLE):  # numerical trouble: once more, from nothing
            lp.clearSolver()
            lp.run()
        info, status = lp.getInfo(), lp.getModelStatus()
        self.pivots += max(int(info.simplex_iteration_count), 0)
        if status in INFEASIBLE:
            return None
        if status != OPTIMAL:
            raise InfeasibleError(
                "whether the content rules can be kept could not be settled"
                f" ({lp.modelStatusToString(status)}); simplify the rules"
            )
        solution = lp.getSolution()
        return Relaxed(
            -float(info.objective_function_value), np.array(solution.col_value), -np.array(solution.col_dual)
        )

    def whole(
        self,
        free: Rows,
        fixed: Floats,
        cost: Floats,
        low: Floats,
        high: Floats,
        *,
        gap: float,
        within: float,
        nodes: int,
    ) -> Whole:
        """Return the best whole values of the columns `free` (k,), the other items and sets as in `fixed`.

        Parameters
        ----------
        fixed : (J+S,) 0 or 1; 0 where free
        gap, within : relative, and in units of the objective
        nodes : of branch and bound that it may look at
        """
        m = self.matrix
        columns = np.concatenate([free, np.arange(m.n_columns, self.n)])
        model = self._model(columns, cost, low, high, m.activity(fixed))
        kinds = [highspy.HighsVarType.kInteger] * len(free)
        model.integrality_ = kinds + [highspy.HighsVarType.kContinuous] * (self.n - m.n_columns)
        mip = self._mip
        mip.clearModel()
        mip.setOptionValue("mip_rel_gap", gap)
        mip.setOptionValue("mip_abs_gap", max(within, TOLERANCE / 100))
        mip.setOptionValue("mip_max_nodes", max(nodes, 1))
        mip.passModel(model)
        mip.run()
        info, status = mip.getInfo(), mip.getModelStatus()
        seen = max(int(info.mip_node_count), 1)
        self.pivots += max(int(info.simplex_iteration_count), 0)
        if status in INFEASIBLE:
            return Whole(None, -np.inf, proven=True, nodes=seen)
        got = np.array(mip.getSolution().col_value)
        chosen = got[: len(free)] > 0.5 if len(got) == len(columns) else None  # noqa: PLR2004 (nearest whole number)
        bound = float(np.sum(cost[: m.n_columns] * fixed)) - float(info.mip_dual_bound)
        return Whole(chosen, bound, proven=status == OPTIMAL, nodes=seen)

    def _model(self, columns: Rows, cost: Floats, low: Floats, high: Floats, done: Floats) -> highspy.HighsLp:
        """Return the program of some columns; `done` (R,) is what the others add to the rows."""
        sizes = self.begin[columns + 1] - self.begin[columns]
        begin = np.concatenate([[0], np.cumsum(sizes)])
        where = np.repeat(self.begin[columns] - begin[:-1], sizes) + np.arange(begin[-1])
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(columns), self.matrix.n_rows
        model.col_cost_ = -cost[columns]
        model.col_lower_, model.col_upper_ = low[columns], high[columns]
        model.row_lower_, model.row_upper_ = self.matrix.lower - done, self.matrix.upper - done
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = begin.astype(np.int32)
        model.a_matrix_.index_ = self.rows[where].astype(np.int32)
        model.a_matrix_.value_ = self.values[where]
        return model


def _highs() -> Any:
    """Return a quiet HiGHS on one thread."""
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 0),
        ("mip_feasibility_tolerance", TOLERANCE),
        ("primal_feasibility_tolerance", TOLERANCE),
        ("dual_feasibility_tolerance", TOLERANCE),
        ("mip_abs_gap", TOLERANCE / 100),
    ):
        highs.setOptionValue(option, value)
    return highs


def _copied(basis: Any) -> Any:
    """Return a basis that later solves do not change."""
    copy = highspy.HighsBasis()
    copy.valid, copy.alien = True, False
    copy.col_status, copy.row_status = list(basis.col_status), list(basis.row_status)
    return copy
