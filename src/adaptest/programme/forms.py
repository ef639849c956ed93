"""Forms assembled from an exam's pool and rules, or from plain files: what is asked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from adaptest.constraints.assembly import Form, form_of, information_at
from adaptest.constraints.matrix import Matrix
from adaptest.constraints.parallel import parallel
from adaptest.constraints.rows import Table, matrix, set_of
from adaptest.constraints.solver import Solver
from adaptest.constraints.table import Constraint
from adaptest.engine.content import table_of
from adaptest.engine.design import Design
from adaptest.engine.spec import read_exam
from adaptest.errors import ExamError
from adaptest.models.base import Floats
from adaptest.pool import Pool

FORMAT = "adaptest-forms/1"
CURVE = np.linspace(-4.0, 4.0, 81)  # logits at which a form's information is drawn


@dataclass(frozen=True, eq=False)
class Task:
    """What forms are made of.

    Attributes
    ----------
    name : of the exam, or of the parameter file
    table : None where the rules are a matrix
    rows : what every form keeps
    """

    name: str
    pool: Pool
    table: Table | None
    rows: Matrix


@dataclass(frozen=True, eq=False)
class Assembled:
    """Forms and what they were asked for.

    Attributes
    ----------
    theta : (Q,) logits at which information counted
    target : (Q,) the curve that parallel forms follow; None for one form of the most information
    given : whether that curve was asked for; else it follows from the pool
    """

    task: Task
    forms: tuple[Form, ...]
    theta: Floats
    target: Floats | None
    given: bool
    overlap: int

    def record(self) -> dict[str, Any]:
        """Return everything but the items' own data as JSON values."""
        return {
            "format": FORMAT,
            "of": self.task.name,
            "n_items": len(self.task.pool),
            "n_rows": self.task.rows.n_rows,
            "pool": self.task.pool.fingerprint,
            "theta": self.theta.tolist(),
            "target": None if self.target is None else self.target.tolist(),
            "target_given": self.given,
            "overlap": self.overlap,
            "objective": "minus the largest distance from the target"
            if self.target is not None
            else "information",
            "forms": [
                {
                    "form": k,
                    "items": list(form.items),
                    "sets": list(form.sets),
                    "objective": form.objective,
                    "bound": form.bound,
                    "gap": form.gap if np.isfinite(form.gap) else None,
                    "status": form.status,
                    "information": information_at(self.task.pool, form.items, self.theta).tolist(),
                    "missed": [{"rule": rule, "by": by} for rule, by in form.missed],
                }
                for k, form in enumerate(self.forms, start=1)
            ],
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each item of each form, with its set, information and attributes."""
        pool = self.task.pool
        place, names = set_of(pool), [*pool.sets]
        at = pool.parameters.information(self.theta).sum(axis=0)
        rows = []
        for k, form in enumerate(self.forms, start=1):
            for position, item in enumerate(form.items, start=1):
                row = pool.row[item]
                told = {name: _cell(column[row]) for name, column in pool.attributes.items()}
                held = int(place[row])
                rows.append(
                    {
                        "form": k,
                        "position": position,
                        "item": item,
                        "set": names[held] if held >= 0 else "",
                        "information": float(at[row]),
                        **{
                            name: value
                            for name, value in told.items()
                            if name not in ("form", "position", "item")
                        },
                    }
                )
        return rows


def task_of_exam(name: str, design: Design, more: tuple[Constraint, ...] = ()) -> Task:
    """Return what the forms of an exam are made of, at its maximum length.

    Parameters
    ----------
    more : further constraints, of a file

    Raises
    ------
    ExamError, where the exam has no maximum length.
    """
    if design.maximum is None:
        raise ExamError(f"exam {name!r}: must have a maximum length to be assembled as a form")
    said = table_of(read_exam(design.artifact, name), design.pool)
    table = Table.of(design.pool, (*said.constraints, *more)) if more else said
    rows = matrix(design.pool, table, design.blueprint, design.maximum, counted=bool(more))
    return Task(name, design.pool, table, rows)


def task_of_pool(name: str, pool: Pool, constraints: tuple[Constraint, ...] | Matrix) -> Task:
    """Return what forms of a plain pool are made of."""
    if isinstance(constraints, Matrix):
        return Task(name, pool, None, constraints)
    table = Table.of(pool, constraints)
    return Task(name, pool, table, matrix(pool, table))


def assemble_forms(
    task: Task, theta: Floats, forms: int = 1, *, overlap: int = 0, target: Floats | None = None
) -> Assembled:
    """Return one form of the most information, or forms that follow one curve.

    Raises
    ------
    InfeasibleError, where there are none: which rules conflict, and what would free them.
    """
    if forms == 1 and target is None:
        cost = task.pool.parameters.information(theta).sum(axis=0)
        best = form_of(task.pool, task.table, task.rows, Solver(task.rows).solve(cost))
        return Assembled(task, (best,), theta, None, given=False, overlap=overlap)
    made, curve = parallel(task.pool, task.table, task.rows, forms, theta, target=target, overlap=overlap)
    return Assembled(task, made, theta, curve, given=target is not None, overlap=overlap)


def _cell(value: Any) -> Any:
    """Return an attribute as a table has it."""
    if isinstance(value, tuple):
        return " ".join(value)
    return "" if value is None else value
