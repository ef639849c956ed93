"""Item sets and hard rules without shadow tests: small pools by brute force, and sittings to their end."""

from collections import Counter
from itertools import combinations

import numpy as np
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from adaptest.constraints.content import Asked
from adaptest.engine.audit import disagreements
from adaptest.engine.events import ItemPresented, ResponseGiven
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.errors import InfeasibleError
from adaptest.models import LogisticItems
from adaptest.numerics.random import Stream, uniform_one
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.simulation import simulate

N = 9
IDS = tuple(f"i{k}" for k in range(N))
SETS = {"P": (0, 1, 2), "Q": (3, 4), "R": (5, 6)}
OF = {item: name for name, held in SETS.items() for item in held}
METHODS = st.sampled_from([None, "weighted_deviations", "maximum_priority", "largest_gap"])
SHARES = [  # what the light methods aim at
    {"type": "number", "condition": f'area == "{a}"', "lower_percent": 50, "weight": 1, "name": f"half {a}"}
    for a in "AB"
]


@st.composite
def exams(draw):
    """Return a pool with item sets, its hard rules, and the lengths of an exam."""
    area = ["B", *draw(st.lists(st.sampled_from("AB"), min_size=N - 2, max_size=N - 2)), "A"]
    words = draw(st.lists(st.integers(1, 4), min_size=N, max_size=N))
    enemies = draw(st.lists(st.lists(st.integers(0, N - 1), min_size=2, max_size=3, unique=True), max_size=2))
    a, b = np.array(draw(st.lists(st.floats(0.5, 2), min_size=N, max_size=N))), np.linspace(-1, 1, N)
    pool = Pool(
        ItemParameters.of(LogisticItems(IDS, a, b, np.zeros(N), np.ones(N))),
        {"area": tuple(area), "words": tuple(words)},
        tuple(frozenset(IDS[k] for k in group) for group in enemies),
        sets={name: tuple(IDS[k] for k in held) for name, held in SETS.items()},
        set_attributes={"topic": ("x", "y", "x")},
    )
    maximum = draw(st.integers(3, 6))
    minimum = draw(st.integers(max(2, maximum - 2), maximum))
    least, more = draw(st.integers(1, 3)), draw(st.integers(0, 1))
    rules = [
        {"type": "number", "condition": "per set", "lower": least, "upper": least + more, "name": "per set"},
        {"type": "number", "what": "set", "lower": draw(st.integers(0, 1)), "upper": 2, "name": "sets"},
        {
            "type": "number",
            "condition": 'area == "A"',
            "lower": draw(st.integers(0, 2)),
            "upper": 4,
            "name": "A",
        },
        {"type": "sum", "attribute": "words", "lower": 2, "upper": draw(st.integers(8, 16)), "name": "sum"},
        {"type": "enemy", "what": "set", "condition": 'topic == "x"', "name": "one x"},
        {"type": "all_or_none", "condition": 'id == "i7" or id == "i2"', "name": "both"},
        {"type": "include", "what": "set", "condition": 'id == "Q"', "name": "Q"},
    ]
    kept = [
        one for one in rules if one["type"] not in ("enemy", "all_or_none", "include") or draw(st.booleans())
    ]
    return pool, kept, minimum, maximum


def design_of(exam, content=None, **more):
    pool, rules, minimum, maximum = exam
    values = {
        "id": "e",
        "title": "E",
        "length": {"minimum": minimum, "maximum": maximum},
        "selection": {"content": content} if content else {},
        "constraints": [*rules, *(SHARES if content else [])],
        "stopping": [{"rule": "sem", "at_most": 0.9}],
    }
    try:
        return build(exam_from_values({**values, **more}), pool)
    except InfeasibleError:
        reject()


def broken(exam, test):
    """Whether a test breaks a hard rule, from what the rules say alone."""
    pool, rules, *_ = exam
    held = Counter(OF[item] for item in test if item in OF)
    area, words = pool.attributes["area"], pool.attributes["words"]
    numbers = {
        "per set": [*held.values()],
        "sets": [len(held)],
        "A": [sum(area[item] == "A" for item in test)],
        "sum": [sum(words[item] for item in test)],
        "one x": [max(0, len({"P", "R"} & set(held)) - 1)],
        "both": [(2 in test) ^ (7 in test)],
        "Q": [1 - min(held["Q"], 1)],
    }
    return any(
        not one.get("lower", 0) <= number <= one.get("upper", 0)
        for one in rules
        for number in numbers[one["name"]]
    ) or any(len({IDS[item] for item in test} & group) > 1 for group in pool.enemies)


def allowed_by_brute_force(exam, stops, rows):
    """The items that some test of the next length, which grows to the maximum, can hold next."""
    good = {n: [set(t) for t in combinations(range(N), n) if not broken(exam, t)] for n in stops}
    mine = OF.get(rows[-1]) if rows else None
    closed = {OF.get(row) for row in rows} - {None, mine}

    def follow(item, left):
        return OF.get(item) not in closed | left

    def grows(test, left):
        gone = {OF.get(item) for item in test} - {None}
        return len(test) == stops[-1] or any(
            test <= more and all(follow(item, left | gone) for item in more - test)
            for more in good[stops[-1]]
        )

    for stop in (s for s in stops if s > len(rows)):
        found = set()
        for item in set(range(N)) - set(rows):
            left = set() if mine is not None and OF.get(item) == mine else {mine} - {None}
            if any(
                {*rows, item} <= test
                and all(follow(one, left) for one in test - set(rows))
                and grows(test, left)
                for test in good[stop]
            ):
                found.add(item)
        if found:
            return found
    return set()


def finishes(exam, rows):
    """Whether some items, sets together, go on from these to a maximum at which every rule holds."""
    *_, maximum = exam
    if len(rows) == maximum:
        return not broken(exam, rows)
    mine = OF.get(rows[-1]) if rows else None
    closed = {OF.get(row) for row in rows} - {None, mine}
    return any(
        finishes(exam, (*rows, item)) for item in range(N) if item not in rows and OF.get(item) not in closed
    )


def open_sets(rows):
    """Sets that may follow: none, the current one, and those not begun."""
    mine = OF.get(rows[-1]) if rows else None
    return {None, *SETS} - ({OF.get(row) for row in rows} - {None, mine})


def asked_of(pool, rows):
    available = np.ones((1, N), dtype=bool)
    for row in rows:
        available[0, pool.rivals[row]] = False
    given_ = np.array([rows], dtype=np.intp).reshape(1, len(rows))
    return Asked(np.zeros(1, dtype=np.uint64), available, given_, np.zeros(1), None, lambda able: able * 1.0)


@settings(max_examples=15, deadline=None)
@given(exam=exams(), data=st.data())
def test_what_may_come_next_is_what_brute_force_says_and_never_ends_dead(exam, data):
    pool, _, minimum, maximum = exam
    design = design_of(exam)
    order = data.draw(st.permutations(range(N)))
    rows = ()
    while len(rows) < maximum:
        may = set(np.flatnonzero(design.content.may(asked_of(pool, rows))[0]).tolist())
        assert may == allowed_by_brute_force(exam, design.stops, rows)
        assert may
        if minimum == maximum and len(rows) > maximum - 4:
            left = set(range(N)) - set(rows)
            assert may == {
                item for item in left if (OF.get(item) in open_sets(rows)) and finishes(exam, (*rows, item))
            }
        rows = (*rows, next(item for item in order if item in may))
    assert not broken(exam, rows)
    assert together(rows)


def together(rows):
    """Whether the items of each set stand side by side."""
    names = [OF.get(row) for row in rows]
    runs = [name for k, name in enumerate(names) if name is not None and (not k or names[k - 1] != name)]
    return len(runs) == len(set(runs))


def sat(design, seed):
    """The events and the last state of a sitting with answers by chance."""
    events = [start(design, seed)]
    state = evolve(None, events[0], design)
    while not state.is_over:
        events.append(decide(state, design))
        state = evolve(state, events[-1], design)
        if state.pending is not None:
            score = int(uniform_one(seed, Stream.SIMULEE, len(state.scores)) < 0.5)
            events.append(ResponseGiven(state.pending.item, str(score), score))
            state = evolve(state, events[-1], design)
    return events, state


@settings(max_examples=8, deadline=None)
@given(exam=exams(), method=METHODS, seed=st.integers(0, 2**32))
def test_a_sitting_keeps_sets_together_and_every_rule_where_it_stops_and_its_log_replays(exam, method, seed):
    design = design_of(exam, method)
    events, state = sat(design, seed)
    assert together(state.administered)
    assert len(state.administered) in design.stops
    assert not broken(exam, state.administered)
    assert disagreements(events, design) == ()


@settings(max_examples=6, deadline=None)
@given(exam=exams(), method=METHODS, seed=st.integers(0, 2**32))
def test_sittings_in_lockstep_are_those_alone_for_any_batch(exam, method, seed):
    picker = {"picker": {"name": "randomesque", "size": 3}}
    selection = {"selection": {**picker, **({"content": method} if method else {})}}
    design = design_of(exam, method, **selection)
    theta, seeds = np.linspace(-2, 2, 5), np.arange(seed, seed + 5, dtype=np.uint64)
    many = simulate(theta, design, seeds)
    for some in ([0], [1, 2, 3], [4]):
        few = simulate(theta[some], design, seeds[some])
        width = few.rows.shape[1]
        assert (few.rows == many.rows[some][:, :width]).all()
        assert (many.rows[some][:, width:] == -1).all()
        assert (few.ending == many.ending[some]).all()
    for k in range(2):
        log = many.log(k)
        state = evolve(None, log[0], design)
        for event in log[1:]:
            if isinstance(event, ItemPresented):
                assert decide(state, design).item == event.item
            state = evolve(state, event, design)
