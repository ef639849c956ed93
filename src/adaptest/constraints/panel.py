"""Multistage panels: modules in stages, and routing from one stage to the module of the next.

A module is worth the sum of the exam's criterion over its items, so that the criterion names the routing:
information is MFI, likelihood-weighted information MLWMI, posterior-weighted information MPWMI, and the
likelihood-weighted and posterior-weighted Kullback-Leibler criteria MKL and MKLP.

References
----------
Luecht & Nungester (1998), Journal of Educational Measurement 35(3), 229-249; Magis, Yan & von Davier (2017),
Computerized adaptive and multistage testing with R, chapter 7: routing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np

from adaptest.constraints.assembly import Form, Given, form_of, values_of
from adaptest.constraints.blueprint import ORDERED, Blueprint
from adaptest.constraints.content import Answer, Asked, Plan, Report
from adaptest.constraints.ladder import Ladder
from adaptest.constraints.reach import Reach
from adaptest.constraints.rows import Table, matrix
from adaptest.constraints.solver import Solver
from adaptest.errors import ExamError, InfeasibleError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Stream, uniform_one
from adaptest.pool import Pool

Stages = Sequence[Mapping[str, tuple[str, ...]]]
DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Multistage:
    """Items come in the modules of the exam's panel."""

    name: ClassVar[str] = "multistage"

    def over(self, pool: Pool, stages: Stages, blueprint: Blueprint, length: int) -> Panel:
        """Return the panel over a pool.

        Raises
        ------
        ExamError, where a module lists an item that is not in the pool or in another module, a path has
        another length than the exam, or breaks a rule of the blueprint.
        """
        if not stages:
            raise ExamError("content multistage: the exam must have a panel; got none")
        seen: dict[str, str] = {}
        for stage in stages:
            for module, items in stage.items():
                for item in items:
                    if item not in pool.row:
                        raise ExamError(f"panel: module {module}: must list items of the pool; got {item!r}")
                    if item in seen:
                        raise ExamError(
                            f"panel: item {item!r}: must be in one module; it is in {seen[item]} as well"
                        )
                    seen[item] = module
        for path in product(*stages):
            rows = [pool.row[item] for stage, name in zip(stages, path, strict=True) for item in stage[name]]
            way = " - ".join(path)
            if len(rows) != length:
                raise ExamError(f"panel: path {way}: must have the exam's {length} items; got {len(rows)}")
            test = np.zeros((1, len(pool)), dtype=np.bool_)
            test[0, rows] = True
            counts = blueprint.count(test)
            broken = [
                rule.name
                for rule in blueprint.rules
                if not Blueprint((rule,), len(pool)).holds(Blueprint((rule,), len(pool)).count(test), length)[
                    0
                ]
            ]
            if not blueprint.holds(counts, length)[0]:
                raise ExamError(f"panel: path {way}: breaks {', '.join(broken)}")
        modules = tuple(
            tuple(np.array([pool.row[item] for item in items], dtype=np.intp) for items in stage.values())
            for stage in stages
        )
        return Panel(pool, tuple(tuple(stage) for stage in stages), modules, length)


@dataclass(frozen=True, eq=False)
class Panel:
    """A panel of one exam.

    Attributes
    ----------
    names, modules : of each stage, the modules' names and rows, each in its order
    length : items of every path
    """

    pool: Pool
    names: tuple[tuple[str, ...], ...]
    modules: tuple[tuple[Rows, ...], ...]
    length: int

    @property
    def stops(self) -> tuple[int, ...]:
        """The one length at which a sitting stops."""
        return (self.length,)

    def may(self, asked: Asked) -> Bools:
        """Return (N, J) available items."""
        return asked.available

    def require_kept(self, ladder: Ladder) -> None:
        """Raise ExamError where a path breaks a rule of the table, or gives items in another order."""
        for one in ladder.table.constraints:
            if one.soft:
                raise ExamError(
                    f"{one.title}: is a soft target, which a panel's modules cannot aim at; leave it out, or"
                    " make it a bound"
                )
        every = np.ones((1, len(self.pool)), dtype=np.bool_)
        for names, path in zip(product(*self.names), product(*self.modules), strict=True):
            way, rows = " - ".join(names), np.concatenate(path)
            test = np.zeros(len(self.pool), dtype=np.bool_)
            test[rows] = True
            if broken := ladder.broken(test):
                raise ExamError(f"panel: path {way}: breaks {', '.join(broken)}")
            for k in range(1, len(rows)):
                if not ladder.may(every, rows[None, :k])[0, rows[k]]:
                    item, before = (self.pool.ids[row] for row in rows[[k, k - 1]])
                    raise ExamError(
                        f"panel: path {way}: item {item!r} must not follow {before!r}, by the order of items"
                        " or sets, or because a set's items stand together; list the items in another order"
                    )

    def __call__(self, asked: Asked, tests: Bools | None = None) -> Answer:
        """Return the next item of the module that each sitting is in, or has been routed to."""
        before = asked.plan or Plan.none(len(asked), len(self.pool))
        plan = Plan(before.test.copy(), before.theta.copy())
        allowed, reports, value = np.zeros_like(asked.available), [], None
        for n in range(len(asked)):
            stage, at = self.place(asked.rows[n])
            if at == 0 and stage < len(self.modules):
                if tests is not None and tests[n].any():
                    plan.test[n], report = tests[n], Report(Multistage.name, "given")
                else:
                    if value is None:
                        value = asked.values(np.ones_like(asked.available))
                    worth = self.worth(stage, value[n])
                    chosen = _first(worth, asked, n)
                    plan.test[n, asked.rows[n]] = True
                    plan.test[n, self.modules[stage][chosen]] = True
                    rows = tuple(np.flatnonzero(plan.test[n]).tolist())
                    best = round(float(worth.max()), DECIMALS)
                    report = Report(Multistage.name, "routed", rows, best, best)
                plan.theta[n] = asked.theta[n]
            else:
                report = Report(Multistage.name, "kept")
            reports.append(report)
            for module in self.modules[stage] if stage < len(self.modules) else ():
                left = [
                    row for row in module.tolist() if row not in asked.rows[n] and asked.available[n, row]
                ]
                if plan.test[n, module].all() and left:
                    allowed[n, left[0]] = True
        return Answer(allowed, None, plan, tuple(reports))

    def place(self, rows: Rows) -> tuple[int, int]:
        """Return the stage that the next item is of, and how many items of its module were given."""
        given = set(rows.tolist())
        for stage, modules in enumerate(self.modules):
            held = [len(given.intersection(module.tolist())) for module in modules]
            if not any(k == len(module) for k, module in zip(held, modules, strict=True)):
                return stage, max(held)
        return len(self.modules), 0

    def worth(self, stage: int, value: Floats) -> Floats:
        """Return (M,) the sum of the criterion over each module of a stage."""
        sums = [float(value[module].sum()) for module in self.modules[stage]]
        return np.round(np.array(sums), DECIMALS)

    def holds(self, asked: Asked) -> Bools:
        """Return (N,) whether a whole path was given."""
        return np.full(len(asked), asked.length == self.length)

    @property
    def priorities(self) -> dict[str, int]:
        """Rules that may give way: a panel has none."""
        return {}

    def without(self, names: tuple[str, ...], blueprint: Blueprint, reach: Reach | None) -> Panel:  # noqa: ARG002 (one signature)
        """Return the panel: what its paths keep was asked when it was read."""
        return self

    def can_run(self, available: Bools) -> bool:
        """Return whether every module is whole."""
        return all(bool(available[module].all()) for stage in self.modules for module in stage)

    def why_not(self, asked: Asked, items: Bools) -> dict[str, int]:  # noqa: ARG002 (one signature)
        """Return that the items are closed; a panel closes none."""
        return {ORDERED: int(np.count_nonzero(items))}

    def begun(self, rows: Rows) -> str:  # noqa: ARG002 (one signature)
        """Return nothing: a panel says itself what follows."""
        return ""

    def disagreement(self, asked: Asked, report: Report) -> str:
        """Return how a logged routing differs from the one found again."""
        again = self(asked).reports[0]
        return "" if again == report else f"the log is routed to {report.test}; found again: {again.test}"


def assemble_panel(
    pool: Pool, constraints: Given, stages: Sequence[Mapping[str, float]]
) -> tuple[dict[str, Form], ...]:
    """Return a panel's modules, stage by stage: each the best at its theta of the items that are left.

    Parameters
    ----------
    constraints : what every module keeps
    stages : of each stage, module -> theta, logits

    Raises
    ------
    InfeasibleError, where the pool does not hold so many modules: the first that there is none for, and why.
    """
    table = Table.of(pool, values_of(constraints))
    rows = matrix(pool, table)
    solver, high = Solver(rows), np.ones(rows.n_columns)
    panel = []
    for stage in stages:
        made = {}
        for name, theta in stage.items():
            cost = pool.parameters.information(np.array([float(theta)]))[0]
            solved = solver.solve(cost, None, high)
            try:
                made[name] = form_of(pool, table, rows, solved)
            except InfeasibleError as error:
                raise InfeasibleError(f"module {name}, of what others leave: {error}") from None
            high[[pool.row[item] for item in made[name].items]] = 0.0
        panel.append(made)
    return tuple(panel)


def _first(worth: Floats, asked: Asked, n: int) -> int:
    """Return the best module; chance among equal ones."""
    best = np.flatnonzero(worth == worth.max())
    draw = uniform_one(int(asked.seed[n]), Stream.ASSEMBLY, asked.length)
    return int(best[int(draw * len(best))])
