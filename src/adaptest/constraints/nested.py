"""Whether one test can grow through every length at which an exam may stop, each rule kept at each of them.

Asked where rules are more than counts; counts answer it themselves. First the longest test is thinned out,
length by length, a few times over; only if that fails every time are the tests of all lengths assembled
together, each within the next, which settles it either way.

Where items or sets come by a rising attribute, a sitting that may stop with a test has given all of it, so
that what a longer one adds must not come before anything that the shorter one holds. That is all that order
asks of the sequence: each part of it, sorted, can then follow the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from adaptest.constraints.matrix import Matrix, Writer
from adaptest.constraints.solver import Budget, Solver
from adaptest.errors import InfeasibleError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Stream, uniform

TRIES = 4  # longest tests that are thinned out
BUDGET = Budget(nodes=5_000, pivots=1_000_000)  # of all lengths together
WIDEST = 40_000  # columns of all lengths together, above which they are not tried

Orders = tuple[Floats | None, Floats | None]  # by what items (J,) and sets (S,) come in rising order
FREE: Orders = (None, None)


def chain(parts: Sequence[Matrix], place: Rows, orders: Orders = FREE) -> tuple[Bools, ...] | None:
    """Return a test (J,) of each length, each within the next; None where there is no such sequence.

    Items of a set are given together, so a longer test has no further items of a set that a shorter one uses;
    nor has it further items, or sets, that come before one of the shorter test.

    Parameters
    ----------
    parts : the rows of each length, ascending
    place : (J,) each item's set; -1 for none

    Raises
    ------
    InfeasibleError, where the work allowed ended before either was found.
    """
    n = parts[0].n_items
    for attempt in range(TRIES):
        draw = uniform(np.uint64(0), Stream.ASSEMBLY, attempt, np.arange(n, dtype=np.uint64))
        found = _thinned(parts, place, orders, np.asarray(draw if attempt else np.zeros(n)))
        if found is not None:
            return found
    columns = len(parts) * parts[0].n_columns
    if columns <= WIDEST:
        solved = Solver(within(parts, place, orders)).solve(np.zeros(len(parts) * n), budget=BUDGET, gap=1.0)
        if solved.x is not None:
            return tuple(solved.x[k * n : (k + 1) * n] for k in range(len(parts)))
        if solved.status == "infeasible":
            return None
    raise InfeasibleError(
        f"whether one exam can grow through all of its {len(parts)} lengths could not be settled"
        + (
            f" within {BUDGET.nodes:,} branches"
            if columns <= WIDEST
            else f": together they have {columns:,} columns, and {WIDEST:,} are the most that are tried"
        )
        + "; bring the minimum nearer to the maximum, or simplify the rules"
    )


def within(parts: Sequence[Matrix], place: Rows, orders: Orders = FREE, *, soft: bool = False) -> Matrix:
    """Return the rows of tests, each within the next, whose sets stay as a shorter one has them.

    After the items and the sets of all tests come the columns of `_write_order`.

    Parameters
    ----------
    soft : whether the first keeps its soft targets; what is still to come is not judged by its own
    """
    many, n, s = len(parts), parts[0].n_items, parts[0].n_sets
    ranks = [None if by is None else np.unique(by, return_inverse=True)[1] for by in orders]
    beside = (many - 1) * sum(int(rank.max(initial=0)) for rank in ranks if rank is not None)
    written = Writer(many * n, many * s + beside)
    for of, part in enumerate(parts):
        for row in range(part.n_rows):
            if part.weight[row] > 0 and (of or not soft):
                continue
            at = part.index[part.start[row] : part.start[row + 1]].astype(np.int64)
            columns = np.where(at < n, at + of * n, at - n + many * n + of * s)
            values = part.value[part.start[row] : part.start[row + 1]]
            written.add(part.names[row], columns, values, part.lower[row], part.upper[row], part.weight[row])
        written.low[of * n : (of + 1) * n], written.high[of * n : (of + 1) * n] = part.low[:n], part.high[:n]
        sets = slice(many * n + of * s, many * n + (of + 1) * s)
        written.low[sets], written.high[sets] = part.low[n:], part.high[n:]
    for of in range(many - 1):
        short, long, sets_at = of * n, (of + 1) * n, many * n + of * s
        for item in range(n):
            written.add("within", [short + item, long + item], [1.0, -1.0], upper=0.0)
            if place[item] >= 0:
                held = [long + item, short + item, sets_at + place[item]]
                written.add("set left", held, [1.0, -1.0, 1.0], upper=1.0)
    free = many * (n + s)
    for of in range(many - 1):
        for rank, begin, size in zip(ranks, (0, many * n), (n, s), strict=True):
            if rank is not None:
                _write_order(written, rank, begin + of * size, begin + (of + 1) * size, free)
                free += int(rank.max(initial=0))
    return written.matrix()


def _write_order(written: Writer, rank: Rows, short: int, long: int, free: int) -> None:
    """Add that what a longer test adds does not come before anything that the shorter one holds.

    A column from `free` on says, for each rank from 1, whether the shorter test may hold that rank or more:
    if so, the longer adds nothing below it.

    Parameters
    ----------
    rank : (J,) or (S,) from 0 without a gap
    short, long : the tests' first columns
    """
    top = int(rank.max(initial=0))
    for one, own in enumerate(rank.tolist()):
        if own:
            written.add("order", [short + one, free + own - 1], [1.0, -1.0], upper=0.0)
        if own < top:
            written.add("order", [long + one, short + one, free + own], [1.0, -1.0, 1.0], upper=1.0)
    for own in range(1, top):
        written.add("order", [free + own, free + own - 1], [1.0, -1.0], upper=0.0)


def _thinned(parts: Sequence[Matrix], place: Rows, orders: Orders, cost: Floats) -> tuple[Bools, ...] | None:
    """Return a sequence found from the longest test down; None where a step finds none."""
    n = parts[0].n_items
    tests: list[Bools] = []
    test = np.ones(n, dtype=np.bool_)
    for part in reversed(parts):
        rows = _inside(part, test, place, orders) if tests else part
        solved = Solver(rows).solve(cost, gap=0.1, budget=BUDGET)
        if solved.x is None:
            return None
        test = solved.x[:n]
        tests.append(test)
    return tuple(reversed(tests))


def _inside(part: Matrix, test: Bools, place: Rows, orders: Orders) -> Matrix:
    """Return the rows of a test within a longer one, of whose sets it has all items there or none.

    It has what is last in order only with all that comes before.
    """
    n = part.n_items
    written = Writer(n, part.n_sets)
    for row in np.flatnonzero(part.weight == 0).tolist():
        at = slice(part.start[row], part.start[row + 1])
        written.add(part.names[row], part.index[at], part.value[at], part.lower[row], part.upper[row])
    used, firsts = np.unique(place[test & (place >= 0)]), []
    for one in used.tolist():
        first, *others = np.flatnonzero(test & (place == one)).tolist()
        firsts.append(first)
        for other in others:
            written.add("set left", [first, other], [1.0, -1.0], 0.0, 0.0)
    by_item, by_set = orders
    if by_item is not None:
        _write_before(written, np.flatnonzero(test), by_item[test])
    if by_set is not None:
        _write_before(written, np.array(firsts, dtype=np.intp), by_set[used])
    written.low[:], written.high[:] = part.low, part.high
    written.high[:n][~test] = 0.0
    return written.matrix()


def _write_before(written: Writer, items: Rows, by: Floats) -> None:
    """Add that of these items (M,) one is held only with all that come before it by `by` (M,)."""
    for before, after in pairwise([items[by == value] for value in np.unique(by)]):
        for item in after.tolist():
            for earlier in before.tolist():
                written.add("order", [item, earlier], [1.0, -1.0], upper=0.0)
