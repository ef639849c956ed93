"""Can the rest of a sitting keep every rule? Answered exactly by an integer program, whatever the rules.

The program's unknowns are the counts by cell at each length where the sitting may stop, never falling, and
which of the items that have enemies are to be given. Items that no rule and no enemy tells apart are one
number, so that it stays small: cells times stops, however large the pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np

from adaptest.constraints.blueprint import Blueprint, Counts
from adaptest.errors import InfeasibleError
from adaptest.models.base import Bools, Floats
from adaptest.pool import Pool

TOLERANCE = 1e-9  # shares have at most five decimals, so a broken rule is broken by 1e-5 or more
WHOLE = 1e-6  # distance from a whole number at which an unknown of the relaxation is one
GAP = 0.5  # a way through many cells spares questions; one through the most is not worth the search
NODES = 1_000_000  # of branch and bound; a budget in work, not in time, so that every machine decides alike


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one sitting.

    Attributes
    ----------
    counts : (C,) items given, by cell
    free : (C,) items that can still be given and have no enemy among those that can
    tangled : (E,) the other items that can still be given, rows of the pool
    stops : lengths still ahead, or just reached, at which every rule must hold, ascending
    """

    counts: tuple[int, ...]
    free: tuple[int, ...]
    tangled: tuple[int, ...]
    stops: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A nested sequence of sets, as far as others can use it.

    Attributes
    ----------
    passed : cells it takes items from before or at its first stop, in any order
    used : (C,) items it takes from each cell up to its last stop
    at : (T, C) items of each cell at each stop, those given among them
    """

    passed: tuple[int, ...]
    used: tuple[int, ...]
    at: tuple[tuple[int, ...], ...] = ()


def question(
    pool: Pool, blueprint: Blueprint, counts: Counts, available: Bools, stops: Sequence[int]
) -> Question:
    """Return the question for one sitting with counts (C,) and items `available` (J,) to it."""
    tangled = available & pool.has_enemies
    for row in np.flatnonzero(tangled):
        rivals = pool.rivals[row]
        tangled[row] = available[rivals[rivals != row]].any()
    free = blueprint.count((available & ~tangled)[None])[0]
    return Question(
        tuple(counts.tolist()), tuple(free.tolist()), tuple(np.flatnonzero(tangled).tolist()), tuple(stops)
    )


def possible(asked: Question, pool: Pool, blueprint: Blueprint) -> bool:
    """Return whether some nested sequence of sets keeps every rule at every stop; see `way`."""
    return way(asked, pool, blueprint) is not None


def way(asked: Question, pool: Pool, blueprint: Blueprint) -> Way | None:
    """Return a nested sequence of sets that keeps every rule at every stop; None if there is none.

    Of several, one that takes items from many cells before the first stop is preferred.

    Raises
    ------
    InfeasibleError, where the search for an answer used up its budget.
    """
    if not asked.stops:
        return Way((), (0,) * len(asked.counts))
    program = _Program()
    z = [program.column(0, 1) for _ in asked.tangled]
    place = {row: k for k, row in enumerate(asked.tangled)}
    for group in pool.enemies:
        rivals = [z[place[row]] for row in sorted(pool.row[item] for item in group) if row in place]
        if len(rivals) > 1:
            program.row(dict.fromkeys(rivals, 1.0), upper=1.0)
    first: list[int] = []
    before: list[int] = []
    every: list[list[int]] = []
    for stop in asked.stops:
        y = [program.column(count, stop) for count in asked.counts]
        program.row(dict.fromkeys(y, 1.0), lower=stop, upper=stop)
        for old, new in zip(before, y, strict=False):
            program.row({new: 1.0, old: -1.0}, lower=0.0)
        _keep_rules(program, blueprint, y, stop)
        first = first or y
        before = y
        every.append(y)
    for cell, last in enumerate(before):
        mine = [z[place[row]] for row in asked.tangled if blueprint.cell[row] == cell]
        most = asked.counts[cell] + asked.free[cell]
        program.row({last: 1.0, **dict.fromkeys(mine, -1.0)}, upper=most)
    if asked.stops[0] - sum(asked.counts) > 1:  # with one place left there is one cell, whatever is preferred
        for column, count in zip(first, asked.counts, strict=True):
            touched = program.column(0, 1, reward=1)
            program.row({column: 1.0, touched: -1.0}, lower=count)
    found = program.solution()
    if found is None:
        return None
    soon, used = (np.rint(found[y]) - asked.counts for y in (first, before))
    at = tuple(tuple(np.rint(found[y]).astype(np.int64).tolist()) for y in every)
    return Way(tuple(np.flatnonzero(soon > 0).tolist()), tuple(used.astype(np.int64).tolist()), at)


def _keep_rules(program: _Program, blueprint: Blueprint, y: list[int], stop: int) -> None:
    """Add the rows that make every rule hold for counts `y` at one length."""
    for rule, what, of in zip(blueprint.rules, blueprint.what, blueprint.of, strict=True):
        if rule.of is None:
            counted = {column: 1.0 for column, held in zip(y, what, strict=True) if held}
            program.row(counted, lower=rule.least(stop), upper=rule.most(stop))
            continue
        for share, sign in ((rule.lower, 1.0), (rule.upper, -1.0)):
            if share is not None:
                weight = sign * (what - float(share) * of)
                program.row({c: float(w) for c, w in zip(y, weight, strict=True) if w}, lower=0.0)


class _Program:
    """An integer program being written down: can it be met, and preferably with many rewards."""

    def __init__(self) -> None:
        self.reward: list[float] = []
        self.bounds: list[tuple[float, float]] = []
        self.rows: list[dict[int, float]] = []
        self.sides: list[tuple[float, float]] = []

    def column(self, lower: float, upper: float, reward: float = 0.0) -> int:
        """Add an integer unknown; return its place."""
        self.reward.append(reward)
        self.bounds.append((float(lower), float(max(lower, upper))))
        return len(self.bounds) - 1

    def row(self, terms: dict[int, float], lower: float = -np.inf, upper: float = np.inf) -> None:
        """Add lower <= sum of terms <= upper."""
        self.rows.append(terms)
        self.sides.append((float(lower), float(upper)))

    def solution(self) -> Floats | None:
        """Return a solution with many rewards, not always the most; None where there is no solution."""
        if any(low > high or (not terms and (low > 0 or high < 0)) for terms, (low, high) in self._pairs()):
            return None
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.bounds), len(self.rows)
        model.col_cost_ = -np.array(self.reward)
        model.col_lower_, model.col_upper_ = (np.array(side) for side in zip(*self.bounds, strict=True))
        model.row_lower_, model.row_upper_ = (np.array(side) for side in zip(*self.sides, strict=True))
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.cumsum([0, *(len(terms) for terms in self.rows)], dtype=np.int32)
        model.a_matrix_.index_ = np.array([c for terms in self.rows for c in terms], dtype=np.int32)
        model.a_matrix_.value_ = np.array([w for terms in self.rows for w in terms.values()])
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (
            ("output_flag", False),
            ("threads", 1),
            ("random_seed", 0),
            ("mip_feasibility_tolerance", TOLERANCE),
            ("primal_feasibility_tolerance", TOLERANCE),
            ("mip_max_nodes", NODES),
            ("mip_rel_gap", GAP),
        ):
            solver.setOptionValue(option, value)
        solver.passModel(model)
        solver.run()  # crossed counts are a transport problem: the relaxation is nearly always whole
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            relaxed = np.array(solver.getSolution().col_value)
            if np.abs(relaxed - np.rint(relaxed)).max(initial=0.0) <= WHOLE:
                return relaxed
        elif status in (
            highspy.HighsModelStatus.kInfeasible,
            highspy.HighsModelStatus.kUnboundedOrInfeasible,
        ):
            return None
        model.integrality_ = [highspy.HighsVarType.kInteger] * len(self.bounds)
        solver.passModel(model)
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return np.array(solver.getSolution().col_value)
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return None
        raise InfeasibleError(
            f"whether the content rules can be kept could not be settled within {NODES:,} branches"
            f" ({solver.modelStatusToString(status)}); simplify the rules"
        )

    def _pairs(self) -> list[tuple[dict[int, float], tuple[float, float]]]:
        return list(zip(self.rows, self.sides, strict=True))
