"""What a content method planned, between its rows and the ids of a log."""

from __future__ import annotations

import numpy as np

from adaptest.constraints.content import Answer, Plan, Report
from adaptest.engine.batch import Sittings
from adaptest.engine.design import Design
from adaptest.engine.events import Decision, Planned
from adaptest.engine.exposing import able
from adaptest.engine.narrowing import asked
from adaptest.models.base import Bools
from adaptest.pool import Pool

DECIMAL = 1e-9  # the last digit that is logged


def planned_of(answer: Answer | None, pool: Pool) -> Planned | None:
    """Return what was planned for one sitting, as a log has it."""
    if answer is None:
        return None
    report = answer.reports[0]
    return Planned(
        report.method,
        report.status,
        tuple(pool.ids[row] for row in report.test),
        report.objective,
        report.bound,
        report.missed,
    )


def report_of(planned: Planned, pool: Pool) -> Report | None:
    """Return what a log says was planned, in rows; None where the pool lacks an item of it."""
    if any(item not in pool.row for item in planned.test):
        return None
    rows = tuple(pool.row[item] for item in planned.test)
    return Report(planned.method, planned.status, rows, planned.objective, planned.bound, planned.missed)


def test_of(planned: Planned, pool: Pool) -> Bools:
    """Return (1, J) the items that were planned anew; none where nothing was."""
    marked = np.zeros((1, len(pool)), dtype=np.bool_)
    marked[0, [pool.row[item] for item in planned.test if item in pool.row]] = True
    return marked


def unproven(planned: Planned, batch: Sittings, design: Design) -> str:
    """Return why what a log says was planned is not proven; empty where it is."""
    if planned.bound < planned.objective - DECIMAL:
        return f"its bound {planned.bound:.9f} is below what its test is worth, {planned.objective:.9f}"
    content, report = design.content, report_of(planned, design.pool)
    if content is None or report is None:
        return "it names items that the pool does not hold" if report is None else "the exam plans nothing"
    allowed = design.allowed(batch)
    eligible, _ = able(design.controls, batch, allowed)
    why = content.disagreement(asked(design, batch, eligible), report)
    return why and content.disagreement(asked(design, batch, allowed), report)


def plan_after(decision: Decision | None, batch: Sittings, pool: Pool) -> Plan | None:
    """Return what is planned for a sitting after a choice: what was planned anew, else what was before."""
    if decision is None or decision.content is None or not decision.content.test:
        return batch.plan
    return Plan(test_of(decision.content, pool), batch.theta.copy())
