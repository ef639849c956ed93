"""Exams whose items, or sets, come in rising order: what is refused and what sittings give, by every way."""

from itertools import combinations

import numpy as np
import pytest

from adaptest.engine.events import ResponseGiven
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.errors import InfeasibleError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

N, LENGTHS = 8, (2, 3, 4)
HELD = {"S": (0, 1, 2), "T": (3, 4)}
SET = {item: name for name, held in HELD.items() for item in held}
IDS = tuple(f"i{k}" for k in range(N))


def drawn(rng, *, sets):
    """Return a small pool and the rules of an exam over it."""
    step = rng.integers(1, 4, N)
    if sets:
        for held in HELD.values():
            step[list(held)] = step[held[0]]
    items = LogisticItems(IDS, rng.lognormal(0, 0.3, N), rng.normal(0, 1, N), np.zeros(N), np.ones(N))
    attributes = {"step": tuple(step.tolist()), "area": tuple("AB"[k] for k in rng.integers(0, 2, N))}
    pool = Pool(
        ItemParameters.of(items),
        attributes,
        sets={name: tuple(IDS[k] for k in held) for name, held in HELD.items()} if sets else {},
        set_attributes={"turn": tuple(rng.integers(1, 3, 2).tolist())} if sets else {},
    )
    low, high = int(rng.integers(0, 2)), int(rng.integers(1, 3))
    rows = [{"type": "number", "condition": 'area == "A"', "lower": low, "upper": high, "name": "A"}]
    rows.append(
        {"type": "sum", "attribute": "step", "lower": 3, "upper": int(rng.integers(7, 11)), "name": "s"}
    )
    orders = [{"type": "order", "attribute": "step", "name": "by step"}]
    if sets:
        orders.append({"type": "order", "what": "set", "attribute": "turn", "name": "by turn"})
    return pool, rows, orders[int(rng.integers(0, len(orders))) :] if sets and rng.random() < 0.5 else orders


def keeps(pool, rows, orders, test):
    """Whether a test keeps the rules, and can be given in order."""
    area, step = pool.attributes["area"], pool.attributes["step"]
    number, total = rows[0], rows[1]
    of_a = sum(area[item] == "A" for item in test)
    if not (number["lower"] <= of_a <= number["upper"]):
        return False
    if not total["lower"] <= sum(step[item] for item in test) <= total["upper"]:
        return False
    if len(orders) < 2 or not {"S", "T"} <= {SET.get(item) for item in test}:
        return True
    turn = pool.set_attributes["turn"]
    return (step[0] - step[3]) * (turn[0] - turn[1]) >= 0


def follows(pool, orders, short, long):
    """Whether a sitting that gave all of one test can go on to the other."""
    more = set(long) - set(short)
    used = {SET.get(item) for item in short} - {None} if pool.sets else set()
    if not set(short) <= set(long) or (pool.sets and any(SET.get(item) in used for item in more)):
        return False
    step = pool.attributes["step"]
    kinds = {one.get("what", "item") for one in orders}
    if "item" in kinds and any(step[a] > step[b] for a in short for b in more):
        return False
    new = {SET.get(item) for item in more} - {None}
    turn = dict(zip(HELD, pool.set_attributes.get("turn", ()), strict=False))
    return "set" not in kinds or all(turn[a] <= turn[b] for a in used for b in new)


def expected(pool, rows, orders):
    """Return the lengths at which the exam may stop; None where it is to be refused."""
    tests = {
        n: [test for test in combinations(range(N), n) if keeps(pool, rows, orders, test)] for n in LENGTHS
    }
    last = LENGTHS[-1]
    stops = [
        n
        for n in LENGTHS
        if any(n == last or follows(pool, orders, a, b) for a in tests[n] for b in tests[last])
    ]
    if not {LENGTHS[0], last} <= set(stops):
        return None
    reached = tests[stops[0]]
    for n in stops[1:]:
        reached = [b for b in tests[n] if any(follows(pool, orders, a, b) for a in reached)]
    return tuple(stops) if reached else None


def exam(pool, rows, **values):
    return build(exam_from_values({"id": "e", "title": "E", "constraints": rows, **values}), pool)


def given(design, seed):
    """Return the rows that a sitting with answers by chance gives, to the longest length."""
    rng, state = np.random.default_rng(seed), evolve(None, start(design, seed), design)
    while True:
        event = decide(state, design)
        state = evolve(state, event, design)
        if state.is_over:
            return state.administered
        answer = ResponseGiven(event.item, "", int(rng.random() < 0.5))
        state = evolve(state, answer, design)


def in_order(pool, orders, rows):
    """Whether items came in rising order, sets together."""
    step = [pool.attributes["step"][row] for row in rows]
    if any(one.get("what", "item") == "item" for one in orders) and step != sorted(step):
        return False
    if not pool.sets:
        return True
    names = [SET[row] for row in rows if row in SET]
    entered = [name for k, name in enumerate(names) if not k or names[k - 1] != name]
    turn = dict(zip(HELD, pool.set_attributes["turn"], strict=True))
    by_turn = [turn[name] for name in entered]
    apart = [SET.get(row) for row in rows]
    together = all(
        apart[i] == apart[i + 1] for i in range(len(rows) - 1) if apart[i] in apart[i + 1 :] and apart[i]
    )
    ordered = any(one.get("what") == "set" for one in orders)
    return together and len(entered) == len(set(entered)) and (not ordered or by_turn == sorted(by_turn))


@pytest.mark.parametrize("content", ["shadow_test", None])
@pytest.mark.parametrize("sets", [False, True], ids=["items", "item sets"])
def test_an_order_is_refused_or_kept_to_the_end_exactly_as_every_sequence_of_tests_says(sets, content):
    rng, kinds = np.random.default_rng(3 + sets), set()
    for k in range(12):
        pool, rows, orders = drawn(rng, sets=sets)
        stops = expected(pool, rows, orders)
        kinds.add((stops is None, expected(pool, rows, []) is None))
        said = {"length": {"minimum": 2, "maximum": 4}, "selection": {"content": content}}
        if stops is None:
            with pytest.raises(InfeasibleError):
                exam(pool, rows + orders, **said)
            continue
        design = exam(pool, rows + orders, **said)
        assert design.stops == stops
        shown = given(design, k)
        assert len(shown) == LENGTHS[-1]
        assert keeps(pool, rows, orders, shown)
        assert in_order(pool, orders, shown)
    assert {(False, False), (True, False)} <= kinds  # order alone can be what no sequence keeps


@pytest.mark.parametrize("method", ["weighted_deviations", "maximum_priority"])
def test_a_light_method_at_one_length_keeps_order_and_counts_to_the_end(method):
    rng, seen = np.random.default_rng(11), 0
    for k in range(12):
        pool, rows, orders = drawn(rng, sets=False)
        said = {"length": {"minimum": 4, "maximum": 4}, "selection": {"content": method}}
        count = [{**rows[0], "upper": 3}]
        area, bounds = pool.attributes["area"], (count[0]["lower"], count[0]["upper"])
        numbers = {sum(area[item] == "A" for item in test) for test in combinations(range(N), 4)}
        if not any(bounds[0] <= number <= bounds[1] for number in numbers):
            continue
        shown = given(exam(pool, count + orders, **said), k)
        seen += 1
        assert len(shown) == 4
        assert bounds[0] <= sum(area[row] == "A" for row in shown) <= bounds[1]
        assert in_order(pool, orders, shown)
    assert seen > 8
