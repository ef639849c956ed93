"""Which items an exam may use: those its filter keeps, its form, and pretest items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adaptest.engine.definition import Exam
from adaptest.engine.difficulty import difficulty
from adaptest.engine.pretest import DIFFICULTY, Seeding, Window
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
    windows = _windows(exam, maximum)
    total = sum(items for items, _, _ in windows)
    if total > len(unscored):
        raise exam.fault(
            ("pretest", "items"),
            f"pretest.items must not exceed the {len(unscored)} pretest items there are; got {total}",
        )
    if said.target is not None:
        unscored = _with_difficulty(exam, pool, unscored)
    ids = {*used.ids, *unscored.ids}
    enemies = tuple(group & ids for group in pool.enemies if len(group & ids) > 1)
    enemies += tuple(group for group in used.enemies if group not in enemies)
    several = windows if len(windows) > 1 else ()
    within = None if said.target is None else said.target.within
    seeding = Seeding(total, windows[0][1], windows[-1][2], several, within)
    return seeding, replace(used, enemies=enemies, unscored=unscored)


def _windows(exam: Exam, maximum: int | None) -> tuple[Window, ...]:
    """Return the windows of pretest items, places from 0."""
    said = exam.spec.pretest
    if said is None:
        return ()
    for word, other in (("positions", "items"), ("items", "positions")):
        if getattr(said, word) is None and getattr(said, other) is not None:
            raise exam.fault(("pretest",), f"pretest.{word}: must be given")
    if (said.items is None) == (not said.windows):
        raise exam.fault(("pretest",), "pretest: must have items and positions, or windows that have them")
    path: Path = ("pretest", "windows") if said.windows else ("pretest",)
    asked = [(window.items, window.positions) for window in said.windows]
    if said.items is not None and said.positions is not None:
        asked = [(said.items, said.positions)]
    name, total, before = ".".join(map(str, path)), 0, 0
    for items, window in asked:
        total += items
        if (room := max(window.last - window.first + 1, 0)) < items:
            raise exam.fault(
                (*path, "positions"),
                f"{name}.positions must have a place for each of {items} items; got {room}, from"
                f" {window.first} to {window.last}",
            )
        if window.first <= before:
            raise exam.fault(path, f"{name}: must ascend and not overlap; got {window.first} after {before}")
        if maximum is not None and window.last > maximum + total:
            raise exam.fault(
                (*path, "positions", "to"),
                f"{name}.positions.to must not exceed the {maximum + total} questions of the longest"
                f" sitting; got {window.last}",
            )
        before = window.last
    return tuple((items, window.first - 1, window.last - 1) for items, window in asked)


def _with_difficulty(exam: Exam, pool: Pool, unscored: Unscored) -> Unscored:
    """Return unscored items with the difficulty that was judged for them, where there is one."""
    if DIFFICULTY in unscored.attributes:  # as an artifact has them
        return unscored
    where = difficulty(pool.parameters)
    known = [float(where[pool.row[item]]) if item in pool.row else np.nan for item in unscored.ids]
    values = tuple(value if np.isfinite(value) else None for value in known)
    if all(value is None for value in values):
        raise exam.fault(
            ("pretest", "target"),
            "pretest.target: needs pretest items with a judged or provisional difficulty; got none",
        )
    return replace(unscored, attributes={**unscored.attributes, DIFFICULTY: values})


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
