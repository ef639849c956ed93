"""The constraint table and the content method of an exam, over its pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from adaptest.constraints import ladder as ladders
from adaptest.constraints.blueprint import Blueprint, Rule
from adaptest.constraints.conflict import admissible
from adaptest.constraints.content import Content
from adaptest.constraints.ladder import Ladder
from adaptest.constraints.light import LargestGap, MaximumPriority, WeightedDeviations
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
EXACT = ("shadow_test",)  # those that keep every rule of the table, and item sets together


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
    exact = method is not None and method.name in EXACT
    if not (exact or isinstance(method, Multistage)):
        _require_able(exam, pool, table, named=method is not None)
    if maximum is None:
        if blueprint.rules or table.constraints or method is not None:
            raise exam.fault(("length",), "a blueprint needs a maximum length; give length.maximum")
        return None, None
    place = exam.source.at(
        ("constraints",) if table.constraints else ("blueprint",) if blueprint.rules else ("length",)
    )
    ordered = any(one.type == "order" for one in table.uncounted) and minimum < maximum
    general = bool(pool.sets) or any(
        not one.soft and (one.type != "order" or (ordered and exact)) for one in table.uncounted
    )
    try:
        if general:
            stops, reach = ladders.admissible(pool, table, blueprint, range(minimum, maximum + 1)), None
        else:
            stops = admissible(pool, blueprint, minimum, maximum)
            reach = Reach(pool, blueprint, stops)
        ladder = Ladder(pool, table, blueprint, stops, reach)
        ladder.order  # noqa: B018 (asked for what it refuses)
        if ordered and not exact:
            _require_one(table, stops)
        content: Content | None = None
        if isinstance(method, Multistage):
            content = method.over(pool, exam.spec.panel, blueprint, maximum)
            content.require_kept(ladder)
        elif method is not None:
            content = method.over(pool, table, blueprint, ladder)
    except InfeasibleError as error:
        raise InfeasibleError(f"{place}: {error}") from None
    except ExamError as error:
        raise exam.fault(("constraints",), error) from None
    return reach, content


def _require_able(exam: Exam, pool: Pool, table: Table, *, named: bool) -> None:
    """Raise unless a light content method, or none, can keep the exam's rules."""
    if pool.sets:
        raise exam.fault(
            ("pool",),
            f"item set {next(iter(pool.sets))!r}: the items of a set must be given together, which only"
            " selection.content shadow_test and multistage do; use one, or leave the set's items out of the"
            " pool",
        )
    if table.uncounted and not named:
        one = table.uncounted[0]
        raise exam.fault(
            ("constraints",),
            f"{one.title}: needs a content method; say selection: {{content: shadow_test}}",
        )


def _require_one(table: Table, stops: tuple[int, ...]) -> None:
    """Raise where an order needs shadow tests, for the exam may stop at several lengths."""
    if len(stops) == 1:
        return
    one = next(one for one in table.uncounted if one.type == "order")
    raise ExamError(
        f"{one.title}: where an exam may stop at {len(stops)} lengths, {stops[0]} to {stops[-1]}, only"
        " assembled tests keep its rules and an order at each of them; use selection.content shadow_test, or"
        " give length.minimum and length.maximum one value"
    )


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
