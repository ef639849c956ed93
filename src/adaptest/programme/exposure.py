"""Exposure before and after, by simulation: the part of step 8 that looks ahead. Synthetic."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from adaptest.bank.contents import Bank
from adaptest.bank.lifecycle import SHOWN
from adaptest.bank.snapshot import pool_of
from adaptest.engine.design import Design
from adaptest.engine.spec import build, read_exam
from adaptest.errors import AdaptestError
from adaptest.models.base import Floats
from adaptest.parameters import ParameterTable
from adaptest.programme.task import Task
from adaptest.simulation.run import simulate

QUANTILES = 0.5  # simulees stand at the middles of equal shares of N(0, 1)


def exposure(
    bank: Bank, task: Task, table: ParameterTable, tell: Callable[[str], None] | None = None
) -> list[dict[str, Any]]:
    """Return a row an exam that is not practice: largest exposure rate and mean length, before and after.

    The same simulees, evenly spread over N(0, 1) by quantiles, with the same seeds, take the exam on the base
    release and on the new table; they answer by that table's own parameters.
    """
    simulees = task.policy.impact.simulees
    rows: list[dict[str, Any]] = []
    for name, file in sorted(bank.exams.items()):
        if not simulees or task.rule(name).practice:
            continue
        if tell is not None:
            tell(f"8-impact: {name} simulated")
        row: dict[str, Any] = {"exam": name, "simulees": simulees, "problem": ""}
        try:
            text = read_exam(file.text, file.path)
            before = None if task.base.judged else _run(build(text, _pool(bank, task.base.table)), simulees)
            after = _run(build(text, _pool(bank, table)), simulees)
        except AdaptestError as error:
            rows.append(row | {"problem": f"cannot run on this release: {error}"})
            continue
        rows.append(
            row
            | {
                "largest_before": None if before is None else before[0],
                "largest_after": after[0],
                "length_before": None if before is None else before[1],
                "length_after": after[1],
            }
        )
    return rows


def _pool(bank: Bank, table: ParameterTable) -> Any:
    """Return the bank's items that are shown and have parameters in a table."""
    items = tuple(item for item in bank.items if item.status in SHOWN and item.id in table.items.row)
    return pool_of(items, table, provisional=False)


def _run(design: Design, simulees: int) -> tuple[float, float]:
    """Return the largest exposure rate and the mean length."""
    whole = dataclasses.replace(design, seeding=None)
    found = simulate(_abilities(simulees), whole, np.arange(simulees, dtype=np.uint64))
    shown = np.bincount(found.rows[found.rows >= 0], minlength=len(design.pool))
    return float(shown.max() / simulees), float(found.length.mean())


def _abilities(n: int) -> Floats:
    """Return (n,) quantiles of N(0, 1)."""
    from scipy.special import ndtri

    return np.asarray(ndtri((np.arange(n) + QUANTILES) / n), dtype=np.float64)
