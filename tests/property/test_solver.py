"""The solver's optimum is that of looking at every assembly, on small pools made at random."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptest.constraints.matrix import Writer
from adaptest.constraints.solver import Budget, Like, Solver
from adaptest.constraints.why import smallest_conflict

SIZE = 8


@st.composite
def programs(draw):
    """Rows over up to eight items and two sets: counts, sums, enemies, sets with linking, soft rows."""
    n, s = draw(st.integers(2, SIZE)), draw(st.integers(0, 2))
    w = Writer(n, s)
    some = st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True)
    for k in range(draw(st.integers(1, 5))):
        at = draw(some)
        values = draw(st.lists(st.integers(-3, 5), min_size=len(at), max_size=len(at)))
        low = draw(st.integers(-2, 4))
        high = low + draw(st.integers(0, 4))
        kind = draw(st.sampled_from(["both", "lower", "upper", "soft"]))
        w.add(
            f"r{k}",
            at,
            values,
            low if kind in ("both", "lower", "soft") else -np.inf,
            high if kind in ("both", "upper") else np.inf,
            weight=0.7 if kind == "soft" else 0.0,
        )
    for k in range(s):
        held = draw(some)
        if draw(st.booleans()):
            for item in held:
                w.add(f"set {k}", [item, n + k], [1, -1], upper=0)
        w.add(f"set {k}", [*held, n + k], [*[1] * len(held), -1], lower=0)
        sign = draw(st.sampled_from([1, -1]))
        low, high = (-np.inf, 0) if sign > 0 else (0, np.inf)
        w.add(f"of {k}", [*held, n + k], sign * np.array([*[1] * len(held), -2]), low, high)
    cost = np.array(
        draw(st.lists(st.sampled_from([-1.0, 0.0, 0.25, 0.5, 1.0, 2.0, 1e-3]), min_size=n, max_size=n))
    )
    low, high = np.zeros(n + s), np.ones(n + s)
    if draw(st.booleans()):
        low[draw(st.integers(0, n - 1))] = 1
    if draw(st.booleans()):
        high[draw(st.integers(0, n - 1))] = 0
    return w.matrix(), cost, low, high


def every(rows):
    """Return every assembly, and which of its rows each keeps on either side."""
    x = np.array(list(product((0, 1), repeat=rows.n_columns)))
    dense = np.zeros((rows.n_rows, rows.n_columns))
    np.add.at(dense, (rows.row_of, rows.index), rows.value)
    activity = x @ dense.T
    return x, activity >= rows.lower - 1e-9, activity <= rows.upper + 1e-9


def best(rows, cost, low, high):
    x, above, below = every(rows)
    hard = rows.weight == 0
    kept = (low <= x).all(axis=1) & (x <= high).all(axis=1) & (above & below)[:, hard].all(axis=1)
    values = x[kept][:, : len(cost)] @ cost - np.array([rows.penalty(one) for one in x[kept]])
    return max(values.tolist(), default=None)


@settings(max_examples=80, deadline=None)
@given(programs(), st.sampled_from([None, Like("a", np.ones(1))]))
def test_the_optimum_is_the_best_of_every_assembly(program, like):
    rows, cost, low, high = program
    found, truth = Solver(rows).solve(cost, low, high, like=like), best(*program)
    if truth is None:
        assert found.status == "infeasible"
        assert found.x is None
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(truth, rel=1e-9, abs=1e-9)
    assert found.bound >= truth - 1e-9
    assert not rows.broken(found.x)
    assert (low <= found.x).all()
    assert (found.x <= high).all()


@settings(max_examples=60, deadline=None)
@given(programs())
def test_what_rows_imply_of_sets_and_do_not_say_holds_of_every_assembly(program):
    rows = program[0]
    item, used = rows.implied
    x, above, below = every(rows)
    kept = x[(above & below)[:, rows.weight == 0].all(axis=1)]
    assert (kept[:, item] <= kept[:, used]).all()
    pairs = set(zip(item.tolist(), used.tolist(), strict=True))
    for row, name in enumerate(rows.names):
        part = slice(rows.start[row], rows.start[row + 1])
        if name.startswith("of "):
            held, of = rows.index[part][:-1].tolist(), int(rows.index[part][-1])
            said = {
                int(rows.index[rows.start[other]])
                for other in range(rows.n_rows)
                if rows.names[other] == f"set {name[3:]}" and rows.upper[other] == 0
            }
            assert {item for item, its in pairs if its == of} == set(held) - said


@settings(max_examples=40, deadline=None)
@given(programs(), programs())
def test_an_answer_does_not_depend_on_what_was_solved_before(first, other):
    rows, cost, low, high = first
    like = Like("a", np.ones(rows.n_items))
    alone = Solver(rows).solve(cost, low, high, like=like)
    used = Solver(rows)
    for k in range(3):
        used.solve(np.resize(other[1], rows.n_items) * (k + 1), gap=0.1 * k)
        used.solve(-cost, low, high, like=like)
    again = used.solve(cost, low, high, like=like)
    assert again.status == alone.status
    assert again.objective == alone.objective
    assert again.x is None or (again.x == alone.x).all()


@settings(max_examples=40, deadline=None)
@given(programs())
def test_the_smallest_conflict_conflicts_and_none_of_it_can_be_spared(program):
    rows = program[0]
    everything = best(rows, np.zeros(rows.n_items), rows.low, rows.high)
    sides = smallest_conflict(rows)
    assert bool(sides) == (everything is None)
    if not sides:
        return
    named = {(side.row, side.is_lower) for side in sides}

    _, above, below = every(rows)
    always = np.array([name.startswith("set ") for name in rows.names])

    def possible(kept):
        lower = always | np.isin(np.arange(rows.n_rows), [row for row, is_lower in kept if is_lower])
        upper = always | np.isin(np.arange(rows.n_rows), [row for row, is_lower in kept if not is_lower])
        return bool((above[:, lower].all(axis=1) & below[:, upper].all(axis=1)).any())

    assert not possible(named)
    assert all(possible(named - {one}) for one in named)


def test_a_budget_ends_the_search_with_the_best_found_and_its_bound():
    rng = np.random.default_rng(7)
    w = Writer(60, 6)
    w.add("length", np.arange(60), 1.0, 20, 20)
    for k in range(6):
        held = np.arange(k * 10, k * 10 + 10)
        w.add(f"of {k}", [*held, 60 + k], [*[1] * 10, -7], upper=0)
        w.add(f"of {k}", [*held, 60 + k], [*[1] * 10, -4], lower=0)
    w.add("weight", np.arange(60), rng.integers(10, 60, 60), 700, 702)
    cost = rng.random(60)
    whole = Solver(w.matrix()).solve(cost)
    assert whole.status == "optimal"
    short = Solver(w.matrix()).solve(cost, budget=Budget(nodes=3))
    assert short.status == "budget"
    assert short.bound >= whole.objective - 1e-9
    assert short.x is None or short.objective <= whole.objective + 1e-9
    again = Solver(w.matrix()).solve(cost, budget=Budget(nodes=3))
    assert (again.objective, again.bound, again.nodes, again.pivots) == (
        short.objective,
        short.bound,
        short.nodes,
        short.pivots,
    )


def test_within_a_gap_the_answer_is_near_the_optimum():
    rng = np.random.default_rng(2)
    w = Writer(200)
    w.add("length", np.arange(200), 1.0, 20, 20)
    for k in range(5):
        w.add(f"kind {k}", np.flatnonzero(rng.integers(0, 5, 200) == k), 1.0, 3, 5)
    w.add("words", np.arange(200), rng.integers(20, 160, 200), 1500, 1600)
    cost = rng.random(200)
    exact, near = Solver(w.matrix()).solve(cost), Solver(w.matrix()).solve(cost, gap=1e-2)
    assert near.objective >= exact.objective * (1 - 1e-2)
    assert near.bound >= exact.objective - 1e-9
    assert near.gap <= 1e-2 + 1e-9
