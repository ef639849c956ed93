"""Why content rules cannot be kept: the smallest set that conflicts, and what would free it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from adaptest.constraints.blueprint import Blueprint, Rule
from adaptest.constraints.reach import Reach
from adaptest.errors import InfeasibleError
from adaptest.pool import Pool

NEAR = 10  # lengths either side that are tried as a remedy
PAIRS = 40  # one-sided rules up to which every pair is tried before rules are deleted one by one


def feasible(pool: Pool, blueprint: Blueprint, stops: Sequence[int]) -> bool:
    """Return whether some nested sequence of sets keeps every rule at every one of these lengths."""
    return Reach(pool, blueprint, tuple(stops)).open_at_first()


def admissible(pool: Pool, blueprint: Blueprint, minimum: int, maximum: int) -> tuple[int, ...]:
    """Return the lengths at which an exam may stop: those at which every rule can hold.

    Raises
    ------
    InfeasibleError, where the rules cannot hold at the minimum or the maximum, with the smallest set of
    them that is to blame; or not at all of these lengths in one nested sequence.
    """
    every = Reach(pool, blueprint, tuple(range(minimum, maximum + 1)))
    stops = tuple(length for length in every.stops if every.with_stops((length,)).open_at_first())
    for length in (minimum, maximum):
        if length not in stops:
            raise InfeasibleError(_sentence(pool, blueprint, length))
    if not every.with_stops(stops).open_at_first():
        last = next(k for k in range(1, len(stops) + 1) if not every.with_stops(stops[:k]).open_at_first())
        raise InfeasibleError(
            f"the content rules can hold at each of the lengths {stops[0]} to {stops[last - 1]}, but not in"
            " one exam that grows item by item through all of them; start later, end before"
            f" {stops[last - 1]} or widen the bounds"
        )
    return stops


def smallest_conflict(pool: Pool, blueprint: Blueprint, length: int) -> tuple[Rule, ...]:
    """Return one-sided rules that cannot hold together at a length, none of which can be spared.

    Single rules and pairs are tried first; then rules are deleted one by one, for good where the rest
    still conflicts. Without any rule, the pool itself (its enemies) is to blame: ().

    References
    ----------
    Chinneck & Dravnieks (1991), ORSA Journal on Computing 3(2), 157-168: the deletion filter.
    """
    sides = [side for rule in blueprint.rules for side in _sides(rule)]

    def conflicting(rules: Sequence[Rule]) -> bool:
        return not feasible(pool, Blueprint(tuple(rules), len(pool)), (length,))

    if conflicting(()):
        return ()
    for size in (1, 2) if len(sides) <= PAIRS else (1,):
        for some in combinations(sides, size):
            if conflicting(some):
                return some
    kept = list(sides)
    for side in sides:
        fewer = [one for one in kept if one is not side]
        if conflicting(fewer):
            kept = fewer
    return tuple(kept)


def _sides(rule: Rule) -> tuple[Rule, ...]:
    """Return the lower and the upper part of a rule, those that bind anything."""
    parts = (replace(rule, upper=None, maximum=None), replace(rule, lower=None, minimum=None))
    return tuple(p for p in parts if any(x is not None for x in (p.lower, p.upper, p.minimum, p.maximum)))


def _sentence(pool: Pool, blueprint: Blueprint, length: int) -> str:
    """Return what conflicts at a length, and what would free it."""
    rules = smallest_conflict(pool, blueprint, length)
    if not rules:
        return (
            f"no {length} items of the pool's {len(pool)} can be given together, for their enemies;"
            " add items or lower the length"
        )
    if len(rules) == 1 and rules[0].of is None:
        (rule,) = rules
        active, needed, most = int(rule.what.sum()), rule.least(length), rule.most(length)
        if needed > active:
            return (
                f"{rule.name} has {active} active items; the blueprint needs {needed} at length {length};"
                f" add {needed - active} or lower its minimum"
            )
        if needed:
            return (
                f"{rule.name} has {active} active items, of which enemies leave fewer than the {needed} that"
                f" the blueprint needs at length {length}; add items or lower its minimum"
            )
        return (
            f"{rule.name} may have at most {most} at length {length}, and all other items are fewer than"
            f" {length - most}; add other items or raise its maximum"
        )
    near = _near(pool, blueprint, length)
    if len({rule.name for rule in rules}) == 1 and rules[0].of is None:
        return (
            f"{rules[0].name} must have at least {max(rule.least(length) for rule in rules)} and at most"
            f" {min(rule.most(length) for rule in rules)} items at length {length}, which no number does;"
            f" widen its bounds or change the length{near}"
        )
    told = ", ".join(_told(rule, length) for rule in rules)
    return f"at length {length} these rules cannot hold together: {told}; {_remedy(rules, length)}{near}"


def _near(pool: Pool, blueprint: Blueprint, length: int) -> str:
    """Return the nearest lengths at which all rules can hold, in words."""
    below = next(
        (n for n in range(length - 1, max(length - NEAR, 0), -1) if feasible(pool, blueprint, (n,))), 0
    )
    most = min(length + NEAR, len(pool))
    above = next((n for n in range(length + 1, most + 1) if feasible(pool, blueprint, (n,))), 0)
    found = [str(n) for n in (below, above) if n]
    return f" (they hold at {' and '.join(found)})" if found else ""


def _told(rule: Rule, length: int) -> str:
    """Return one side of a rule in words."""
    if rule.of is not None:
        share, side = (rule.lower, "at least") if rule.lower is not None else (rule.upper, "at most")
        return f"{rule.name} {side} {float(share or 0) * 100:g} percent"
    if rule.lower is not None or rule.minimum is not None:
        return f"{rule.name} at least {rule.least(length)} (has {int(rule.what.sum())})"
    return f"{rule.name} at most {rule.most(length)}"


def _remedy(rules: tuple[Rule, ...], length: int) -> str:
    """Return what would free a conflict of several rules."""
    plain = [rule for rule in rules if rule.of is None]
    disjoint = int(np.sum([rule.what for rule in plain], axis=0).max(initial=0)) <= 1
    lower = all(rule.lower is not None or rule.minimum is not None for rule in plain)
    upper = all(rule.upper is not None or rule.maximum is not None for rule in plain)
    if disjoint and len(plain) == len(rules) and lower:
        needed = sum(rule.least(length) for rule in rules)
        if needed > length:
            return f"together they need {needed} items; lower one by {needed - length} or change the length"
    if disjoint and len(plain) == len(rules) and upper:
        most = sum(rule.most(length) for rule in rules)
        if most < length:
            return f"together they allow {most} items; raise one by {length - most} or change the length"
    return "loosen any one of them, add items or change the length"
