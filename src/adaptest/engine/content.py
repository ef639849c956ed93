"""The constraint table and the content method of an exam, over its pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from adaptest.constraints import ladder as ladders
from adaptest.constraints.assured import Assured
from adaptest.constraints.blueprint import Blueprint, Rule
from adaptest.constraints.conflict import admissible
from adaptest.constraints.content import Content
from adaptest.constraints.ladder import Ladder
from adaptest.constraints.light import LargestGap, Light, MaximumPriority, WeightedDeviations
from adaptest.constraints.panel import Multistage
from adaptest.constraints.reach import Reach
from adaptest.constraints.rows import Table
from adaptest.constraints.shadow import ShadowTest
from adaptest.constraints.sheet import constraint, read_sheet
from adaptest.constraints.table import Constraint
from adaptest.engine.definition import Exam
from adaptest.engine.parts import part
from adaptest.engine.text import Marked
from adaptest.errors import AdaptestError, ExamError, InfeasibleError
from adaptest.pool import Pool

CONTENT: Mapping[str, type] = {
    "shadow_test": ShadowTest,
    "weighted_deviations": WeightedDeviations,
    "maximum_priority": MaximumPriority,
    "largest_gap": LargestGap,
    "multistage": Multistage,
}


def constrained(exam: Exam, pool: Pool) -> tuple[Table, Pool]:
    """Return the exam's constraint table, and its pool with the table's enemies, without what it excludes."""
    rows = []
    for k, row in enumerate(exam.spec.constraints):
        try:
            rows.append(constraint(row.model_dump()))
        except ExamError as error:
            raise exam.fault(("constraints", k), error) from None
    try:
        table = Table.of(pool, rows)
    except ExamError as error:
        raise exam.fault(("constraints",), error) from None
    more = tuple(group for group in table.enemies if group not in pool.enemies and len(group) > 1)
    used = replace(pool, enemies=pool.enemies + more) if more else pool
    if table.excluded.any():
        kept = np.flatnonzero(~table.excluded)
        if not kept.size:
            raise exam.fault(("constraints",), "the constraints exclude every item of the pool")
        used = used.take(kept)
    if used is not pool:
        try:
            table = Table.of(used, rows)
        except ExamError as error:
            raise exam.fault(("constraints",), error) from None
    return table, used


def rules_of(exam: Exam, table: Table) -> tuple[Rule, ...]:
    """Return the table's hard bounds on numbers of items as rules of the blueprint."""
    try:
        return tuple(replace(rule, priority=one.priority) for one, rule in table.counted)
    except AdaptestError as error:
        raise exam.fault(("constraints",), error) from None


def content_of(
    exam: Exam, pool: Pool, table: Table, blueprint: Blueprint, minimum: int, maximum: int | None
) -> tuple[Reach | None, Content | None]:
    """Return the look ahead by counting, and the content method, of which one or both act.

    Raises
    ------
    ExamError, where a rule needs a method that the exam does not name.
    InfeasibleError, where the rules conflict.
    """
    said = exam.spec.selection.content
    method: Any = None if said is None else part(exam, ("selection", "content"), CONTENT, said)
    if method is None:
        _require_named(exam, table)
    if maximum is None:
        _require_nothing(exam, pool, named=bool(blueprint.rules or table.constraints or method is not None))
        return None, None
    place = exam.source.at(
        ("constraints",) if table.constraints else ("blueprint",) if blueprint.rules else ("length",)
    )
    at_one = minimum == maximum and method is not None  # where the first in order is all that order asks for
    general = bool(pool.sets) or any(
        not one.soft and not (one.type == "order" and at_one) for one in table.uncounted
    )
    try:
        if general:
            stops, reach = ladders.admissible(pool, table, blueprint, range(minimum, maximum + 1)), None
        else:
            stops = admissible(pool, blueprint, minimum, maximum)
            reach = Reach(pool, blueprint, stops)
        ladder = Ladder(pool, table, blueprint, stops, reach)
        ladder.order  # noqa: B018 (asked for what it refuses)
        content: Content | None = None
        if isinstance(method, Multistage):
            content = method.over(pool, exam.spec.panel, blueprint, maximum)
            content.require_kept(ladder)
        elif method is not None:
            content = method.over(pool, table, blueprint, ladder)
        if general and (content is None or isinstance(content, Light)):
            content = Assured.over(ladder, content)
    except InfeasibleError as error:
        raise InfeasibleError(f"{place}: {error}") from None
    except ExamError as error:
        raise exam.fault(("constraints",), error) from None
    return reach, content


def _require_named(exam: Exam, table: Table) -> None:
    """Raise where an exam without a content method has soft targets."""
    for one in table.constraints:
        if one.soft:
            raise exam.fault(
                ("constraints",),
                f"{one.title}: is a soft target, which needs a content method; say selection: {{content:"
                " shadow_test}, or another",
            )


def _require_nothing(exam: Exam, pool: Pool, *, named: bool) -> None:
    """Raise where an exam without a maximum length has content rules, a content method or item sets."""
    if pool.sets:
        raise exam.fault(
            ("length",),
            f"item set {next(iter(pool.sets))!r}: its items are given together, for which the end of the exam"
            " must be in sight; give length.maximum",
        )
    if named:
        raise exam.fault(("length",), "a blueprint needs a maximum length; give length.maximum")


def table_of(exam: Exam, design_pool: Pool) -> Table:
    """Return the constraint table of an exam over the pool of its design."""
    return constrained(exam, design_pool)[0]


def with_tables(source: Marked, tables: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of an exam file, the constraint table that it names in the place of the name.

    Parameters
    ----------
    tables : name of each table beside the exam -> its text

    Raises
    ------
    ExamError, where there is no such table, or it breaks its rules.
    """
    values: dict[str, Any] = source.values
    named = values.get("constraints")
    if not isinstance(named, dict):
        return values
    file = str(named.get("file"))
    if set(named) != {"file"} or file not in tables:
        at, there = source.at(("constraints",)), ", ".join(sorted(tables)) or "none"
        raise ExamError(
            f"{at}: constraints: must be rows, or {{file: NAME}} of a CSV beside the exam ({there});"
            f" got {file!r}"
        )
    return {**values, "constraints": [_words(row) for row in read_sheet(tables[file], file)]}


def _words(row: Constraint) -> dict[str, Any]:
    """Return a row of the table as an exam file has it."""
    shares = {"lower_percent": row.lower_share, "upper_percent": row.upper_share}
    words: dict[str, Any] = {
        "type": row.type,
        "what": row.what,
        "condition": row.condition,
        "attribute": row.attribute,
        "lower": row.lower,
        "upper": row.upper,
        "on": row.on,
        "weight": row.weight,
        "priority": row.priority,
        "name": row.name,
        **{
            key: None if share is None else str(Decimal(share.numerator) * 100 / share.denominator)
            for key, share in shares.items()
        },
    }
    return words
