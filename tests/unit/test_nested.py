"""Tests that grow through every length at which an exam may stop, against every sequence there is."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from adaptest.constraints import nested
from adaptest.constraints.matrix import Writer
from adaptest.constraints.nested import FREE, chain
from adaptest.errors import InfeasibleError

N, SETS = 7, (0, 0, 0, 1, 1, -1, -1)
PLACE = np.array(SETS)


def parts_of(rng, slack=4):
    """Return the rows of three lengths, one with sums that are hard to keep."""
    values = rng.integers(0, 9, (2, N)).astype(float)
    parts = []
    for length in (2, 4, 5):
        written = Writer(N, 2)
        written.add("length", np.arange(N), 1.0, length, length)
        for item, place in enumerate(SETS):
            if place >= 0:
                written.add("set", [item, N + place], [1.0, -1.0], upper=0.0)
        for place in (0, 1):
            held = np.flatnonzero(PLACE == place)
            written.add("set used", [*held, N + place], [1.0] * len(held) + [-1.0], lower=0.0)
        for value in values:
            low = float(rng.integers(2, 6) * length)
            written.add("sum", np.arange(N), value, low, low + slack)
        parts.append(written.matrix())
    return parts


def keeps(part, test):
    x = np.zeros(part.n_columns)
    x[list(test)] = 1.0
    for place in (0, 1):
        x[N + place] = any(SETS[item] == place for item in test)
    return not part.broken(x)


def grows(short, long, orders=FREE):
    """Whether a test is within another that has no further items of its sets, nor any before its own."""
    used, more = {SETS[item] for item in short} - {-1}, set(long) - set(short)
    if not set(short) <= set(long) or any(SETS[item] in used for item in more):
        return False
    by_item, by_set = orders
    new = {SETS[item] for item in more} - {-1}
    return (by_item is None or all(by_item[a] <= by_item[b] for a in short for b in more)) and (
        by_set is None or all(by_set[a] <= by_set[b] for a in used for b in new)
    )


def exists(parts, orders=FREE):
    tests = [
        [test for test in combinations(range(N), length) if keeps(part, test)]
        for part, length in zip(parts, (2, 4, 5), strict=True)
    ]
    reached = tests[0]
    for longer in tests[1:]:
        reached = [test for test in longer if any(grows(short, test, orders) for short in reached)]
    return bool(reached), all(tests)


def test_a_sequence_is_found_exactly_where_there_is_one():
    rng, seen = np.random.default_rng(5), []
    for _ in range(30):
        parts = parts_of(rng)
        found = chain(parts, PLACE)
        there, each = exists(parts)
        assert (found is not None) == there
        seen.append((there, each))
        if found is not None:
            tests = [tuple(np.flatnonzero(test).tolist()) for test in found]
            assert all(keeps(part, test) for part, test in zip(parts, tests, strict=True))
            assert all(grows(short, long) for short, long in pairwise(tests))
    assert {(True, True), (False, True)} <= set(seen)  # each length alone may hold where no sequence does


@pytest.mark.parametrize("thin", [True, False], ids=["thinned out first", "all lengths together"])
def test_a_sequence_in_order_is_found_exactly_where_there_is_one(monkeypatch, thin):
    if not thin:
        monkeypatch.setattr(nested, "TRIES", 0)
    rng, seen = np.random.default_rng(2), set()
    for k in range(12):
        parts = parts_of(rng, slack=12)
        by_item, by_set = (rng.random(N) < 0.3).astype(float), rng.integers(0, 2, 2).astype(float)
        orders = (by_item if k % 3 else None, by_set if k % 3 < 2 else None)
        found = chain(parts, PLACE, orders)
        there, _ = exists(parts, orders)
        assert (found is not None) == there
        seen.add((there, exists(parts)[0]))
        if found is not None:
            tests = [tuple(np.flatnonzero(test).tolist()) for test in found]
            assert all(keeps(part, test) for part, test in zip(parts, tests, strict=True))
            assert all(grows(short, long, orders) for short, long in pairwise(tests))
    assert {(True, True), (False, True)} <= seen  # order alone can be what no sequence keeps


def test_what_could_not_be_settled_is_said(monkeypatch):
    rng = np.random.default_rng(5)
    parts = next(p for p in (parts_of(rng) for _ in range(200)) if exists(p) == (False, True))
    monkeypatch.setattr(nested, "WIDEST", 10)
    with pytest.raises(InfeasibleError) as caught:
        chain(parts, PLACE)
    assert str(caught.value) == (
        "whether one exam can grow through all of its 3 lengths could not be settled: together they have 27"
        " columns, and 10 are the most that are tried; bring the minimum nearer to the maximum, or simplify"
        " the rules"
    )
