"""Shadow tests: before each item, the best whole test that keeps every rule and holds what was given.

The next item is taken from it, so that the rules can be kept to the end whatever is answered. In an exam of
variable length the test is assembled for the next length at which the exam may stop, and is only taken if it
can be continued to the maximum. Items of a set are given together: once one was, the others that the shadow
test holds of it follow, and no set is entered twice.

References
----------
van der Linden & Reese (1998), Applied Psychological Measurement 22(3), 259-270; van der Linden (2005), Linear
models for optimal test design, chapter 9.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from adaptest.constraints.blueprint import ORDERED, Blueprint
from adaptest.constraints.content import Answer, Asked, Plan, Report
from adaptest.constraints.ladder import Ladder
from adaptest.constraints.reach import Reach
from adaptest.constraints.rows import Table
from adaptest.constraints.solver import Budget, Like, Solved
from adaptest.errors import OptionError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Stream, uniform
from adaptest.pool import Pool

REFRESH = ("item", "theta_change", "position", "set", "never")
CELL = 0.5  # logits: objectives at thetas within one cell start from one basis
FARTHEST = 4.0  # logits of the outermost cell
AGREES = 1e-6  # relative; by how much an objective that is summed again may differ from the logged one


@dataclass(frozen=True, slots=True)
class ShadowTest:
    """How shadow tests are made.

    Attributes
    ----------
    refresh : when a new one is assembled: "item", before every item; "theta_change", when the estimate has
        moved by `threshold` since the last one; "position", every `every` items; "set", before an item that
        is not within a set; "never", once at the start (a linear form on the fly)
    gap : relative; chance among tests that are that near to the best one
    nodes, pivots : of the solver, for one test
    """

    refresh: str = "item"
    threshold: float = 0.2
    every: int = 1
    gap: float = 1e-4
    nodes: int = 20_000
    pivots: int = 1_000_000

    name: ClassVar[str] = "shadow_test"

    def __post_init__(self) -> None:
        for rule, holds in (
            (f"refresh must be one of {', '.join(REFRESH)}; got {self.refresh!r}", self.refresh in REFRESH),
            (f"threshold must be at least 0; got {self.threshold:g}", self.threshold >= 0),
            (f"every must be at least 1; got {self.every}", self.every >= 1),
            (f"gap must be in [0, 1); got {self.gap:g}", 0 <= self.gap < 1),
            (f"nodes must be at least 1; got {self.nodes}", self.nodes >= 1),
            (f"pivots must be at least 1; got {self.pivots}", self.pivots >= 1),
        ):
            if not holds:
                raise OptionError(f"content {self.name}: {rule}")

    def over(self, pool: Pool, table: Table, blueprint: Blueprint, ladder: Ladder) -> Shadow:
        """Return the method over a pool and its rules."""
        return Shadow(pool, table, blueprint, self, ladder)


@dataclass(frozen=True, eq=False)
class Shadow:
    """Shadow tests of one exam."""

    pool: Pool
    table: Table
    blueprint: Blueprint
    rule: ShadowTest
    ladder: Ladder
    _like: dict[float, Like] = field(default_factory=dict, repr=False)

    @property
    def stops(self) -> tuple[int, ...]:
        """Lengths at which a sitting may stop."""
        return self.ladder.stops

    def may(self, asked: Asked) -> Bools:
        """Return (N, J) items that could come next: sets that were left stay closed, order does not fall."""
        return self.ladder.may(asked.available, asked.rows)

    def __call__(self, asked: Asked, tests: Bools | None = None) -> Answer:
        """Return what may come next; see Content."""
        may = self.may(asked)
        before = asked.plan or Plan.none(len(asked), len(self.pool))
        plan = Plan(before.test.copy(), before.theta.copy())
        value: Floats | None = None
        allowed, reports = np.zeros_like(may), []
        for n in range(len(asked)):
            given = _marked(asked.rows[n], len(self.pool))
            if tests is not None and tests[n].any():
                plan.test[n], plan.theta[n] = tests[n], asked.theta[n]
                report = Report(self.rule.name, "given")
            elif self._goes_on(asked, before, n, given, may[n]):
                report = Report(self.rule.name, "kept")
            else:
                value = asked.values(may) if value is None else value
                made, report = self._assemble(asked, n, given, may[n], value[n])
                plan.test[n], plan.theta[n] = made, asked.theta[n]
            reports.append(report)
            allowed[n] = self._next(plan.test[n] & ~given & may[n], asked.rows[n])
        return Answer(allowed, None, plan, tuple(reports))

    def holds(self, asked: Asked) -> Bools:
        """Return (N,) whether every hard rule holds for the items given."""
        return np.array([self.ladder.holds(rows) for rows in asked.rows], dtype=np.bool_)

    @property
    def priorities(self) -> dict[str, int]:
        """Rules that may give way, with their priorities."""
        return self.table.priorities

    def without(self, names: tuple[str, ...], blueprint: Blueprint, reach: Reach | None) -> Shadow:
        """Return the method without some rules; see Content."""
        table = self.table.without(names)
        ladder = Ladder(self.pool, table, blueprint, self.ladder.stops, reach)
        return Shadow(self.pool, table, blueprint, self.rule, ladder)

    def can_run(self, available: Bools) -> bool:
        """Return whether a sitting that may see these items can keep every hard rule to its end."""
        return self.ladder.is_open(np.zeros(0, dtype=np.intp), available)

    def why_not(self, asked: Asked, items: Bools) -> dict[str, int]:  # noqa: ARG002 (one signature)
        """Return that the items' sets were left, or others come before them in order."""
        return {ORDERED: int(np.count_nonzero(items))}

    def begun(self, rows: Rows) -> str:
        """Return in words how far the item set of the last of these items is given; empty for none."""
        return self.ladder.begun(rows)

    def disagreement(self, asked: Asked, report: Report) -> str:  # noqa: PLR0911 (a sentence each)
        """Return why the logged test of one sitting is not proven: infeasible, or another one is better."""
        if not report.test:
            return "" if report.status == "kept" else "the log holds no shadow test"
        given, may = _marked(asked.rows[0], len(self.pool)), self.may(asked)
        test = _marked(np.array(report.test), len(self.pool))
        if (given & ~test).any() or (test & ~given & ~may[0]).any():
            return "the shadow test does not hold what was given, or holds what may not be given"
        broken = self.ladder.broken(test)
        if broken:
            return f"the shadow test breaks {', '.join(broken)}"
        if not self.ladder.continues(test, given | may[0]):
            return "the shadow test cannot be continued to the maximum length"
        value = _finite(asked.values(may)[0])
        objective = float(value[test & ~given].sum()) - self.ladder.penalty(test)
        size = max(abs(objective), 1e-9)
        if abs(objective - report.objective) > AGREES * size:
            return f"the shadow test's objective is {objective:.9g}; the log has {report.objective:.9g}"
        _, again = self._assemble(asked, 0, given, may[0], value)
        slack = (2 * self.rule.gap + AGREES) * size
        if report.status == "optimal" and again.objective > objective + slack:
            return f"a shadow test with objective {again.objective:.9g} exists; the log has {objective:.9g}"
        if again.test and report.bound < again.objective - AGREES * size:
            return (
                f"a shadow test with objective {again.objective:.9g} exists, which the logged bound"
                f" {report.bound:.9g} rules out"
            )
        # costs were raised by chance, by so much at most, and solved exactly
        raised = self.rule.gap / 2 * float(np.abs(value).max(initial=0.0) or 1.0) * len(report.test)
        if report.status == "optimal" and report.bound > objective + raised + AGREES * size:
            return (
                f"the logged bound {report.bound:.9g} is not that of a solved test, whose objective is"
                f" {objective:.9g}"
            )
        return ""

    def _goes_on(self, asked: Asked, plan: Plan, n: int, given: Bools, may: Bools) -> bool:
        """Return whether an earlier shadow test is kept: none is due, and all of it is left."""
        rest = plan.test[n] & ~given
        if np.isnan(plan.theta[n]) or not rest.any() or (rest & ~may).any():
            return False
        match self.rule.refresh:
            case "never":
                return True
            case "theta_change":
                return abs(float(asked.theta[n] - plan.theta[n])) < self.rule.threshold
            case "position":
                return asked.length % self.rule.every != 0
            case "set":
                return bool(self.ladder.inside(rest, asked.rows[n]).any())
        return False

    def _assemble(
        self, asked: Asked, n: int, given: Bools, may: Bools, value: Floats
    ) -> tuple[Bools, Report]:
        """Return the best test of the next length that keeps every rule and can go on; none if there is none.

        Costs are raised by chance, by less than the gap in all, so that no order of a file decides among
        tests that are as good.
        """
        cost = _finite(value)
        size = float(np.abs(cost).max(initial=0.0)) or 1.0
        chance = uniform(
            np.full(len(cost), asked.seed[n]),
            Stream.ASSEMBLY,
            asked.length,
            np.arange(len(cost), dtype=np.uint64),
        )
        raised = cost + self.rule.gap / 2 * size * chance
        budget = Budget(self.rule.nodes, self.rule.pivots)
        like = self._alike(float(asked.theta[n]))
        found = self.ladder.assemble(asked.rows[n], given, may, raised, like=like, budget=budget)
        if found is None or found.x is None:
            return np.zeros_like(given), Report(
                self.rule.name, "infeasible" if found is None else found.status
            )
        test = found.x[: len(self.pool)]
        return test, self._report(found, test, given, cost)

    def _report(self, found: Solved, test: Bools, given: Bools, cost: Floats) -> Report:
        """Return what a solve led to."""
        objective = float(cost[test & ~given].sum()) - self.ladder.penalty(test)
        return Report(
            self.rule.name,
            found.status,
            tuple(np.flatnonzero(test).tolist()),
            round(objective, 9),
            round(max(found.bound, objective), 9),
            self.ladder.missed(test),
        )

    def _alike(self, theta: float) -> Like:
        """Return the objective from whose basis a solve at theta starts."""
        cell = float(
            np.clip(np.round((theta if np.isfinite(theta) else 0.0) / CELL) * CELL, -FARTHEST, FARTHEST)
        )
        if cell not in self._like:
            cost = np.round(self.pool.parameters.information(np.array([cell]))[0], 9)
            self._like[cell] = Like(cell, cost)
        return self._like[cell]

    def _next(self, rest: Bools, rows: Rows) -> Bools:
        """Return (J,) what may come next of the items still to come: the open set's, else the first."""
        inside = self.ladder.inside(rest, rows)
        return self.ladder.first(inside if inside.any() else rest)


def _marked(rows: Rows, n_items: int) -> Bools:
    """Return (J,) whether an item is among these."""
    marked = np.zeros(n_items, dtype=np.bool_)
    marked[rows] = True
    return marked


def _finite(value: Floats) -> Floats:
    """Return criteria with 0 where an item may not be given."""
    return np.where(np.isfinite(value), value, 0.0)
