"""A constraint table over one pool: which items and sets each rule is about, and the rows it becomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from adaptest.constraints.blueprint import Blueprint, Rule
from adaptest.constraints.conditions import select
from adaptest.constraints.matrix import Matrix, Writer
from adaptest.constraints.table import Constraint
from adaptest.errors import ExamError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.pool import Attributes, Pool, Value


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of a table that are on, over the J items and S sets of a pool.

    Attributes
    ----------
    constraints : those that are on
    selected : of each, which items (J,) or sets (S,) its condition holds for

    Raises
    ------
    ExamError, where a condition makes no sense here, holds for nothing, or a sum misses a value.
    """

    pool: Pool
    constraints: tuple[Constraint, ...]
    selected: tuple[Bools, ...]

    @classmethod
    def of(cls, pool: Pool, constraints: Iterable[Constraint]) -> Table:
        """Return the table over a pool."""
        on = tuple(one for one in constraints if one.on)
        names = [one.title for one in on]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ExamError(f"{twice[0]}: stands twice among the constraints; give each a name of its own")
        return cls(pool, on, tuple(_selected(pool, one) for one in on))

    def __len__(self) -> int:
        return len(self.constraints)

    @cached_property
    def counted(self) -> tuple[tuple[Constraint, Rule], ...]:
        """Hard bounds on numbers of items, and items to include, as rules that counting can answer."""
        found = []
        for one, chosen in zip(self.constraints, self.selected, strict=True):
            if not _countable(one):
                continue
            if one.type == "include":
                ids = np.flatnonzero(chosen)
                found.append((one, Rule(one.title, chosen, minimum=len(ids))))
            else:
                found.append(
                    (
                        one,
                        Rule(
                            one.title,
                            chosen,
                            None,
                            one.lower_share,
                            one.upper_share,
                            None if one.lower is None else int(one.lower),
                            None if one.upper is None else int(one.upper),
                        ),
                    )
                )
        return tuple(found)

    @cached_property
    def enemies(self) -> tuple[frozenset[str], ...]:
        """Items of which at most one may be given, as the pool has them."""
        return tuple(
            frozenset(self.pool.ids[row] for row in np.flatnonzero(chosen))
            for one, chosen in zip(self.constraints, self.selected, strict=True)
            if one.type == "enemy" and one.what == "item"
        )

    @cached_property
    def excluded(self) -> Bools:
        """(J,) items that may not be given: their own rule says so, or that of their set."""
        barred = np.zeros(len(self.pool), dtype=np.bool_)
        for one, chosen in zip(self.constraints, self.selected, strict=True):
            if one.type == "exclude":
                barred |= chosen if one.what == "item" else chosen[self.set_of] & (self.set_of >= 0)
        return barred

    @cached_property
    def set_of(self) -> Rows:
        """(J,) the place of each item's set; -1 where it is in none."""
        return set_of(self.pool)

    @property
    def uncounted(self) -> tuple[Constraint, ...]:
        """Rules that only an assembly keeps: all but counts, enemies, what is included or excluded."""
        return tuple(
            one
            for one in self.constraints
            if not (_countable(one) or (one.what == "item" and one.type in ("enemy", "exclude")))
        )

    @property
    def priorities(self) -> dict[str, int]:
        """Rules that may give way, with their priorities."""
        return {one.title: one.priority for one in self.constraints if one.priority is not None}

    def without(self, names: tuple[str, ...]) -> Table:
        """Return the table without some of its rules."""
        kept = [k for k, one in enumerate(self.constraints) if one.title not in names]
        return Table(
            self.pool, tuple(self.constraints[k] for k in kept), tuple(self.selected[k] for k in kept)
        )

    def order(self, what: str = "item") -> Floats | None:
        """Return (J,) or (S,) by what items or sets are to be given in rising order; None where it is free.

        Raises
        ------
        ExamError, where two rows order alike.
        """
        found = [
            (one, chosen)
            for one, chosen in zip(self.constraints, self.selected, strict=True)
            if one.type == "order" and one.what == what
        ]
        if not found:
            return None
        if len(found) > 1:
            raise ExamError(f"{found[1][0].title}: only one row may order {what}s; got {len(found)}")
        one, chosen = found[0]
        return _values(self.pool, one, chosen, missing=0.0)

    def write(self, writer: Writer, *, length: int | None = None, counted: bool = True) -> None:
        """Add the rows of the table to a matrix being written.

        Parameters
        ----------
        length : scored items, where it is known: shares are then whole numbers
        counted : whether those of `counted` are to be written too
        """
        for one, chosen in zip(self.constraints, self.selected, strict=True):
            if counted or not _countable(one):
                _write(writer, self.pool, one, chosen, length)


def matrix(
    pool: Pool,
    table: Table,
    blueprint: Blueprint | None = None,
    length: int | None = None,
    *,
    counted: bool = True,
    linked: bool = True,
) -> Matrix:
    """Return all that an assembly keeps: table, blueprint, enemies, sets and length.

    Parameters
    ----------
    blueprint : with a length only
    counted : whether the table's own counts are to be written, or stand in the blueprint
    linked : whether it is to be written that sets are used where their items are
    """
    writer = Writer(len(pool), len(pool.sets))
    if length is not None:
        writer.add(f"length {length}", np.arange(len(pool)), 1.0, length, length)
    if blueprint is not None and length is not None:
        for rule in blueprint.rules:
            _write_rule(writer, rule, length)
    table.write(writer, length=length, counted=counted)
    for group in pool.enemies:
        rows = sorted(pool.row[item] for item in group if item in pool.row)
        if len(rows) > 1:
            writer.add(f"enemies {', '.join(sorted(group))}", rows, 1.0, upper=1.0)
    for place, (name, held) in enumerate(pool.sets.items() if linked else ()):
        used, rows = len(pool) + place, [pool.row[item] for item in held]
        for row in rows:
            writer.add(f"set {name}", [row, used], [1.0, -1.0], upper=0.0)
        writer.add(f"set {name}", [*rows, used], [*(1.0 for _ in rows), -1.0], lower=0.0)
    for first, second in _at_odds(pool, table):
        names = [*pool.sets]
        title = f"order of sets {names[first]}, {names[second]}"
        writer.add(title, [len(pool) + first, len(pool) + second], 1.0, upper=1.0)
    return writer.matrix()


def _at_odds(pool: Pool, table: Table) -> list[tuple[int, int]]:
    """Return pairs of sets of which the order of items puts one first, and the order of sets the other."""
    by_item = table.order("item")
    by_set = table.order("set") if pool.sets else None
    if by_item is None or by_set is None:
        return []
    own = by_item[[pool.row[held[0]] for held in pool.sets.values()]]
    return [
        (a, b) for a, b in combinations(range(len(own)), 2) if (own[a] - own[b]) * (by_set[a] - by_set[b]) < 0
    ]


def set_of(pool: Pool) -> Rows:
    """Return (J,) the place of each item's set; -1 where it is in none."""
    place = np.full(len(pool), -1, dtype=np.intp)
    for k, held in enumerate(pool.sets.values()):
        place[[pool.row[item] for item in held]] = k
    return place


def _countable(one: Constraint) -> bool:
    """Return whether counts by cell can keep a rule."""
    return one.what == "item" and not one.soft and not one.per_set and one.type in ("number", "include")


def _selected(pool: Pool, one: Constraint) -> Bools:
    """Return the items or sets a rule is about."""
    n = len(pool) if one.what == "item" else len(pool.sets)
    if one.what == "set" and not n:
        raise ExamError(f"{one.title}: is about item sets; the pool has none")
    if one.per_set:
        if not pool.sets:
            raise ExamError(f"{one.title}: is about item sets; the pool has none")
        return np.ones(n, dtype=np.bool_)
    if not one.condition:
        return np.ones(n, dtype=np.bool_)
    attributes = _attributes(pool) if one.what == "item" else _set_attributes(pool)
    try:
        chosen = select(one.condition, attributes, n)
    except ExamError as error:
        raise ExamError(f"{one.title}: {error}") from None
    needs = (one.lower or 0) > 0 or (one.lower_share or 0) > 0 or one.type == "include"
    if not chosen.any() and needs:
        raise ExamError(f"{one.title}: must hold for at least one {one.what}; got none")
    return chosen


def _attributes(pool: Pool) -> Attributes:
    """Return what conditions on items may ask: their attributes, id and set."""
    own: dict[str, tuple[Value, ...]] = {"id": pool.ids}
    if pool.sets:
        names = [*pool.sets]
        own["set"] = tuple(None if place < 0 else names[place] for place in set_of(pool).tolist())
    return {
        **{name: column for name, column in own.items() if name not in pool.attributes},
        **pool.attributes,
    }


def _set_attributes(pool: Pool) -> Attributes:
    """Return what conditions on sets may ask: their attributes, id and number of items."""
    own: dict[str, tuple[Value, ...]] = {
        "id": tuple(pool.sets),
        "items": tuple(len(held) for held in pool.sets.values()),
    }
    return {**own, **pool.set_attributes}


def _values(pool: Pool, one: Constraint, chosen: Bools, missing: float | None = None) -> Floats:
    """Return (J,) or (S,) the attribute of a sum or order."""
    table = _attributes(pool) if one.what == "item" else _set_attributes(pool)
    alike = [name for name in table if name.lower() == one.attribute.lower()]
    if one.attribute in table:
        alike = [one.attribute]
    if len(alike) != 1:
        raise ExamError(
            f"{one.title}: attribute must be among {', '.join(sorted(table))}; got {one.attribute!r}"
        )
    ids = pool.ids if one.what == "item" else tuple(pool.sets)
    values = np.zeros(len(chosen))
    for k in np.flatnonzero(chosen):
        value = table[alike[0]][k]
        if isinstance(value, int | float):
            values[k] = float(value)
        elif value is None and missing is not None:
            values[k] = missing
        else:
            raise ExamError(f"{one.title}: {one.what} {ids[k]!r}: {alike[0]} must be a number; got {value!r}")
    return values


def _write(writer: Writer, pool: Pool, one: Constraint, chosen: Bools, length: int | None) -> None:
    """Add the rows of one rule."""
    offset = 0 if one.what == "item" else len(pool)
    columns = np.flatnonzero(chosen) + offset
    match one.type:
        case "number" if one.per_set:
            _write_per_set(writer, pool, one)
        case "number":
            _write_number(writer, pool, one, columns, length)
        case "sum":
            values = _values(pool, one, chosen)
            _bounded(writer, one, columns, values[chosen], one.lower, one.upper)
        case "enemy":
            if len(columns) > 1:
                writer.add(one.title, columns, 1.0, upper=1.0)
        case "include":
            writer.low[columns] = 1.0
        case "exclude":
            writer.high[columns] = 0.0
        case "all_or_none":
            for other in columns[1:]:
                writer.add(one.title, [columns[0], other], [1.0, -1.0], 0.0, 0.0)


def _write_number(writer: Writer, pool: Pool, one: Constraint, columns: Rows, length: int | None) -> None:
    """Add a bound on a number of items or sets; shares without a length are rows of their own."""
    if length is not None:
        chosen = np.zeros(len(pool), dtype=np.bool_)
        if one.lower_share is None and one.upper_share is None:
            _bounded(writer, one, columns, np.ones(len(columns)), one.lower, one.upper)
            return
        chosen[columns] = True
        low = None if one.lower is None else int(one.lower)
        high = None if one.upper is None else int(one.upper)
        rule = Rule(one.title, chosen, None, one.lower_share, one.upper_share, low, high)
        _bounded(writer, one, columns, np.ones(len(columns)), rule.least(length), rule.most(length))
        return
    if one.lower is not None or one.upper is not None:
        _bounded(writer, one, columns, np.ones(len(columns)), one.lower, one.upper)
    every = np.arange(len(pool))
    for share, is_lower in ((one.lower_share, True), (one.upper_share, False)):
        if share is not None:
            terms = np.full(len(pool), -float(share))
            terms[columns] += 1.0
            _bounded(writer, one, every, terms, *((0.0, None) if is_lower else (None, 0.0)))


def _write_per_set(writer: Writer, pool: Pool, one: Constraint) -> None:
    """Add bounds on the items of each set, where it is used."""
    for place, held in enumerate(pool.sets.values()):
        columns = np.array([*(pool.row[item] for item in held), len(pool) + place], dtype=np.intp)
        ones = np.ones(len(held))
        if one.lower is not None:
            _bounded(writer, one, columns, np.append(ones, -one.lower), 0.0, None)
        if one.upper is not None:
            _bounded(writer, one, columns, np.append(ones, -one.upper), None, 0.0)


def _bounded(
    writer: Writer, one: Constraint, columns: Rows, terms: Floats, lower: float | None, upper: float | None
) -> None:
    """Add a row; a soft one as a row a side, for each may be missed."""
    low, high = -np.inf if lower is None else float(lower), np.inf if upper is None else float(upper)
    if not one.soft or one.weight is None:
        writer.add(one.title, columns, terms, low, high)
        return
    if low > -np.inf:
        writer.add(one.title, columns, terms, lower=low, weight=one.weight)
    if high < np.inf:
        writer.add(one.title, columns, terms, upper=high, weight=one.weight)


def _write_rule(writer: Writer, rule: Rule, length: int) -> None:
    """Add a rule of a blueprint at a length."""
    what = np.flatnonzero(rule.what)
    if rule.of is None:
        writer.add(rule.name, what, 1.0, rule.least(length), rule.most(length))
        return
    of = np.flatnonzero(rule.of)
    for share, is_lower in ((rule.lower, True), (rule.upper, False)):
        if share is not None:
            # whole coefficients, so that a share is kept exactly
            terms = np.where(rule.what[of], share.denominator - share.numerator, -share.numerator)
            size = float(max(share.denominator, 1))
            low, high = (0.0, np.inf) if is_lower else (-np.inf, 0.0)
            writer.add(rule.name, of, terms / size, low, high)
