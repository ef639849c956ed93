"""The look ahead against brute force: every set of a small pool, item by item."""

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adaptest.constraints.blueprint import Blueprint, Rule
from adaptest.constraints.conflict import smallest_conflict
from adaptest.constraints.counting import Blocks
from adaptest.constraints.feasibility import possible, question
from adaptest.constraints.reach import Reach
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

PERCENT = st.integers(0, 20).map(lambda k: Fraction(5 * k, 100))


def pool_of(n, enemies=()):
    ids, one = tuple(f"i{k}" for k in range(n)), np.ones(n)
    groups = tuple(frozenset(ids[k] for k in group) for group in enemies)
    return Pool(ItemParameters.of(LogisticItems(ids, one, 0 * one, 0 * one, one)), {}, groups)


@st.composite
def bounds(draw, name, what, of=None):
    low, high = sorted([draw(PERCENT), draw(PERCENT)])
    side = draw(st.sampled_from(["both", "lower", "upper"]))
    if of is not None and side == "both":
        side = "lower"
    return Rule(name, what, of, low if side != "upper" else None, high if side != "lower" else None)


@st.composite
def exams(draw, *, overlapping):
    n = draw(st.integers(4, 8))
    domain = np.array(draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    kind = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    rules = [draw(bounds(f"domain {d}", domain == d)) for d in range(draw(st.integers(0, 3)))]
    if draw(st.booleans()):
        block = domain == draw(st.integers(0, 2))
        rules.append(draw(bounds("kind within a domain", kind & block, block)))
    if overlapping:
        rules.append(draw(bounds("kind", kind)))
        rules.append(draw(bounds("domain 0 among the kind", domain == 0, kind)))
    enemies = draw(st.lists(st.lists(st.integers(0, n - 1), min_size=2, max_size=3, unique=True), max_size=4))
    last = draw(st.integers(2, n))
    stops = draw(st.sets(st.integers(1, last), max_size=4)) | {last}
    return pool_of(n, enemies), Blueprint(tuple(rules), n), tuple(sorted(stops))


def brute(pool, blueprint, stops):
    """Return a function of a frozenset: whether it can grow to the last stop with every rule kept."""

    @cache
    def possible_from(chosen):
        counts = np.bincount(blueprint.cell[list(chosen)], minlength=blueprint.n_cells)[None]
        if len(chosen) in stops and not blueprint.holds(counts, len(chosen))[0]:
            return False
        return len(chosen) == stops[-1] or any(possible_from(chosen | {j}) for j in left(pool, chosen))

    return possible_from


def left(pool, chosen):
    barred = {int(rival) for row in chosen for rival in pool.rivals[row]}
    return [row for row in range(len(pool)) if row not in barred]


def walk(pool, blueprint, stops, order):
    """Check every choice on a way through the pool that takes the first allowed item in `order`."""
    reach, truth = Reach(pool, blueprint, stops), brute(pool, blueprint, stops)
    chosen = frozenset()
    while len(chosen) < stops[-1]:
        available = np.zeros((1, len(pool)), dtype=bool)
        available[0, left(pool, chosen)] = True
        counts = np.bincount(blueprint.cell[list(chosen)], minlength=blueprint.n_cells)[None]
        expected = [row for row in left(pool, chosen) if truth(chosen | {row})]
        got = np.flatnonzero(reach.allowed(counts, available, len(chosen))[0]).tolist()
        assert got == expected
        assert bool(reach.open(counts, available, len(chosen))[0]) == truth(chosen)
        if not expected:
            return
        chosen |= {next(row for row in order if row in expected)}


@settings(max_examples=80, deadline=None)
@given(exam=exams(overlapping=False), data=st.data())
def test_counting_allows_exactly_what_brute_force_allows(exam, data):
    pool, blueprint, stops = exam
    assume(Blocks.of(blueprint, stops) is not None)
    walk(pool, blueprint, stops, data.draw(st.permutations(range(len(pool)))))


@settings(max_examples=40, deadline=None)
@given(exam=exams(overlapping=True), data=st.data())
def test_the_integer_program_allows_exactly_what_brute_force_allows(exam, data):
    walk(*exam, data.draw(st.permutations(range(len(exam[0])))))


@settings(max_examples=60, deadline=None)
@given(exam=exams(overlapping=False))
def test_counting_and_the_integer_program_agree_on_whole_exams(exam):
    pool, blueprint, stops = exam
    available = np.ones(len(pool), dtype=bool)
    counts = np.zeros(blueprint.n_cells, dtype=np.int64)
    asked = question(pool, blueprint, counts, available, stops)
    assert Reach(pool, blueprint, stops).open(counts[None], available[None], 0)[0] == possible(
        asked, pool, blueprint
    )


@settings(max_examples=40, deadline=None)
@given(exam=exams(overlapping=True))
def test_the_smallest_conflict_conflicts_and_none_of_it_can_be_spared(exam):
    pool, blueprint, stops = exam
    length = stops[-1]

    def holds(rules):
        return brute(pool, Blueprint(tuple(rules), len(pool)), (length,))(frozenset())

    assume(not holds(blueprint.rules))
    found = smallest_conflict(pool, blueprint, length)
    assert not holds(found)
    assert all(holds(r for r in found if r is not one) for one in found)


@pytest.mark.parametrize("n", [1, 600])
def test_sittings_counted_together_are_counted_as_alone(n):
    domain = np.arange(30) % 3
    pool = pool_of(30, [(0, 3), (3, 6), (1, 4), (2, 5, 8), (9, 10)])
    rules = tuple(Rule(f"d{d}", domain == d, None, Fraction(1, 5), Fraction(2, 5)) for d in range(3))
    blueprint = Blueprint(rules, 30)
    rng = np.random.default_rng(n)
    reach = Reach(pool, blueprint, tuple(range(5, 13)))
    chosen = np.array([rng.choice(30, 4, replace=False) for _ in range(n)])
    available = np.ones((n, 30), dtype=bool)
    available[np.arange(n)[:, None, None], pool.rivals[chosen]] = False
    counts = np.array([np.bincount(blueprint.cell[rows], minlength=3) for rows in chosen])
    together = reach.allowed(counts, available, 4)
    alone = [reach.allowed(counts[k : k + 1], available[k : k + 1], 4)[0].tolist() for k in range(n)]
    assert together.tolist() == alone
