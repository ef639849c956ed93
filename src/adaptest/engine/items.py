"""Which items an exam may use: those its filter keeps, its form, and pretest items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adaptest.engine.definition import Exam
from adaptest.engine.pretest import Seeding
from adaptest.engine.schema import Scalar
from adaptest.engine.text import Path
from adaptest.models.base import Rows
from adaptest.pool import Pool, Unscored, Value


def filtered(exam: Exam, pool: Pool) -> Pool:
    """Return the items the exam's filter keeps."""
    kept = np.ones(len(pool), dtype=np.bool_)
    for name, wanted in exam.spec.pool.items():
        values = column(exam, pool, name, ("pool", name))
        mine = np.array([has(value, wanted) for value in values], dtype=np.bool_)
        kept &= mine
        if not kept.any():
            one = " or ".join(str(value) for value in wanted)
            raise exam.fault(
                ("pool", name), f"pool.{name}: must leave at least one item; got none that is {one}"
            )
    rows = np.flatnonzero(kept)
    if exam.spec.form:
        rows = _form(exam, pool, rows)
    used = pool if len(rows) == len(pool) and not (exam.spec.form or pool.unscored) else pool.take(rows)
    if not len(used):
        raise exam.fault((), "the pool must have at least one item; got none")
    return used


def _form(exam: Exam, pool: Pool, rows: Rows) -> Rows:
    """Return the rows of a fixed form, in its order, each of which the exam's filter keeps."""
    able = {pool.ids[row]: row for row in rows}
    form = exam.spec.form
    for k, item in enumerate(form):
        if item not in able:
            raise exam.fault(
                ("form", k), f"form: must list items of the bank that the exam may use; got {item!r}"
            )
        if item in form[:k]:
            raise exam.fault(("form", k), f"form: must list each item once; got {item!r} again")
    return np.array([able[item] for item in form], dtype=np.intp)


def pretest(exam: Exam, pool: Pool, used: Pool) -> tuple[Seeding | None, Pool]:
    """Return how pretest items are dealt, and the scored items with those that may be."""
    said, maximum = exam.spec.pretest, exam.spec.length.maximum
    if said is None:
        return None, used
    if exam.spec.feedback.explanation == "after_each":
        raise exam.fault(
            ("pretest",),
            "pretest: the items must look like all others, and are not explained; set feedback.explanation to"
            " at_end or none",
        )
    kept = np.ones(len(pool.unscored), dtype=np.bool_)
    for name, wanted in said.pool.items():
        values = column(exam, pool.unscored, name, ("pretest", "pool", name)) if len(kept) else ()
        kept &= np.array([has(value, wanted) for value in values], dtype=np.bool_)
    unscored = pool.unscored.take(np.flatnonzero(kept))
    scored = [item for item in unscored.ids if item in used.row]
    if scored:
        more = f" (and {len(scored) - 1} more)" if len(scored) > 1 else ""
        raise exam.fault(
            ("pretest",),
            f"pretest: item {scored[0]!r} must not be among the scored items as well{more}; set"
            " pool: {status: [operational]}",
        )
    if said.items > len(unscored):
        raise exam.fault(
            ("pretest", "items"),
            f"pretest.items must not exceed the {len(unscored)} pretest items there are; got {said.items}",
        )
    window = said.positions
    if (room := max(window.last - window.first + 1, 0)) < said.items:
        raise exam.fault(
            ("pretest", "positions"),
            f"pretest.positions must have a place for each of {said.items} items; got {room}, from"
            f" {window.first} to {window.last}",
        )
    if maximum is not None and window.last > maximum + said.items:
        raise exam.fault(
            ("pretest", "positions", "to"),
            f"pretest.positions.to must not exceed the {maximum + said.items} questions of the longest"
            f" sitting; got {window.last}",
        )
    ids = {*used.ids, *unscored.ids}
    enemies = tuple(group & ids for group in pool.enemies if len(group & ids) > 1)
    enemies += tuple(group for group in used.enemies if group not in enemies)
    return Seeding(said.items, window.first - 1, window.last - 1), replace(
        used, enemies=enemies, unscored=unscored
    )


def has(value: Value, wanted: tuple[Scalar, ...]) -> bool:
    """Return whether an attribute's value, or one of several, is among those wanted."""
    held = value if isinstance(value, tuple) else (value,)
    return any(one == want for one in held for want in wanted)


def column(exam: Exam, pool: Pool | Unscored, name: str, path: Path) -> tuple[Value, ...]:
    """Return an attribute of the items, which they must have."""
    if name not in pool.attributes:
        known = ", ".join(sorted(pool.attributes)) or "none"
        raise exam.fault(path, f"{'.'.join(map(str, path))}: must be an attribute of the items ({known})")
    return pool.attributes[name]
