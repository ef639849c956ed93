"""The look ahead by assembling: exams with item sets and sums that no shadow test is made for."""

from dataclasses import replace

import numpy as np
import pytest

from adaptest.constraints.assured import Assured
from adaptest.constraints.ladder import Ladder
from adaptest.constraints.solver import Solved
from adaptest.engine.audit import disagreements, explain
from adaptest.engine.events import ItemPresented, PoolChanged, ResponseGiven, RulesRelaxed
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.errors import InfeasibleError, PoolExhaustedError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

N, SIZE = 60, 6
IDS = tuple(f"i{k:02d}" for k in range(N))
SETS = {f"P{k}": IDS[SIZE * k : SIZE * (k + 1)] for k in range(5)}
OF = {item: name for name, held in SETS.items() for item in held}
RNG = np.random.default_rng(6)
POOL = Pool(
    ItemParameters.of(
        LogisticItems(IDS, RNG.lognormal(0, 0.3, N), RNG.normal(0, 1, N), np.zeros(N), np.ones(N))
    ),
    {
        "area": tuple("ABC"[k] for k in RNG.integers(0, 3, N)),
        "words": tuple(float(w) for w in RNG.integers(20, 90, N)),
    },
    (frozenset({IDS[1], IDS[40]}), frozenset({IDS[2], IDS[8]})),
    SETS,
)
FOUR = {"type": "number", "condition": "per set", "lower": 4, "upper": 5, "name": "of each set"}
RULES = [
    FOUR,
    {"type": "number", "what": "set", "lower": 1, "upper": 2, "name": "sets"},
    {"type": "number", "condition": 'area == "A"', "lower": 3, "upper": 5, "name": "A"},
    {"type": "sum", "attribute": "words", "lower": 500, "upper": 640, "name": "words"},
]


def exam(rules=RULES, lengths=(12, 12), content=None, pool=POOL, **more):
    selection = {"selection": {"content": content}} if content else {}
    length = {"minimum": lengths[0], "maximum": lengths[1]}
    values = {"id": "e", "title": "E", "length": length, "constraints": rules}
    return build(exam_from_values({**values, **selection, **more}), pool)


def run(design, state, events, until=99):
    """Go on with a sitting until so many items were given; answers alternate."""
    while not state.is_over and len(state.scores) < until:
        event = decide(state, design)
        events.append(event)
        state = evolve(state, event, design)
        if isinstance(event, ItemPresented):
            events.append(ResponseGiven(event.item, "A", len(state.scores) % 2))
            state = evolve(state, events[-1], design)
    return state


def begun(design, seed=1, **facts):
    events = [start(design, seed, **facts)]
    return evolve(None, events[0], design), events


def named(state):
    return [OF.get(IDS[row], "") for row in state.administered]


@pytest.mark.parametrize(("lengths", "content"), [((12, 12), "maximum_priority"), ((11, 12), None)])
def test_stand_ins_change_nothing_but_the_work(lengths, content, monkeypatch):
    solved, at = [0], Ladder.at

    def counted(*args, **more):
        solved[-1] += 1
        return at(*args, **more)

    monkeypatch.setattr(Ladder, "at", counted)
    shown, work = [], []
    for stand_ins in (True, False):
        if not stand_ins:
            none = np.zeros(N, dtype=np.bool_)
            monkeypatch.setattr(Assured, "_exchanged", lambda *_, none=none: none)
        design = exam(lengths=lengths, content=content)
        state, events = begun(design)
        solved.append(0)
        run(design, state, events, until=7)
        shown.append(events)
        work.append(solved[-1])
    assert shown[0] == shown[1]  # with how many items could come next
    assert work[0] < work[1]


def test_a_set_is_gone_through_and_explained():
    design = exam()
    state, events = begun(design)
    state = run(design, state, events)
    names = named(state)
    at = next(k for k, name in enumerate(names) if name)
    assert names[at : at + 4] == [names[at]] * 4
    assert disagreements(events, design) == ()
    second = explain(events, at + 2, design)
    assert f"before this choice, items given of item set {names[at]!r}: 1; it goes on until 4 are given" in (
        second.sentences
    )
    barred = {one.item: one.ruled_out for one in second.ranking if one.rank is None}
    others = [
        item for item in IDS if OF.get(item) != names[at] and barred[item] not in ("administered", "enemy")
    ]
    assert {barred[item] for item in others} == {"item_set_goes_on"}
    assert any(
        told.startswith("ruled out, outside the item set that was begun and goes on: ")
        for told in second.sentences
    )
    assert (
        "whatever could come next leaves an exam that keeps every rule: each is in an assembled one"
    ) in second.sentences


def test_a_set_that_cannot_be_finished_is_never_entered():
    design = exam()
    spoilt = {name: held[:3] for name, held in SETS.items() if name != "P3"}
    excluded = tuple(item for held in spoilt.values() for item in held)
    state, events = begun(design, excluded=excluded)
    whole = run(design, state, events)
    assert set(named(whole)) == {"", "P3"}
    first = explain(events, 1, design)
    barred = {one.item: one.ruled_out for one in first.ranking if one.rank is None}
    assert {barred[item] for name in spoilt for item in SETS[name][3:]} == {"no_test_holds_it"}


def test_no_sitting_stops_within_a_set_that_lacks_items():
    rules = [FOUR, {"type": "number", "what": "set", "lower": 1, "name": "sets"}]
    design = exam(rules, (4, 12), stopping=[{"rule": "sem", "at_most": 9}])
    for seed in range(4):
        state, events = begun(design, seed)
        names = named(run(design, state, events))
        assert len(names) == 4  # at once, where the rules allow it
        assert len(set(names)) == 1
        assert names[0]


@pytest.mark.parametrize("priority", [None, 1])
def test_items_withdrawn_from_a_set_within_it_let_its_rule_give_way_or_end_the_sitting(priority):
    design = exam([{**FOUR, "priority": priority}, *RULES[1:]], content="weighted_deviations")
    state, events = begun(design)
    state = run(design, state, events, until=1)
    while not named(state)[-1]:
        state = run(design, state, events, until=len(state.scores) + 1)
    name = named(state)[-1]
    given = {IDS[row] for row in state.administered}
    gone = tuple(item for item in SETS[name] if item not in given)[:3]
    state = evolve(state, PoolChanged(gone, "wrong keys"), design)
    if priority is None:
        with pytest.raises(PoolExhaustedError):
            decide(state, design)
        return
    relaxed = decide(state, design)
    assert isinstance(relaxed, RulesRelaxed)
    assert relaxed.rules == ("of each set",)
    state = run(design, evolve(state, relaxed, design), events)
    assert len(state.scores) == 12


def test_sums_without_sets_are_kept_by_the_plain_criterion():
    pool = replace(POOL, sets={})
    design = exam(RULES[2:], pool=pool, exposure=[{"rule": "maximum_use", "at_most": 5}])
    for seed in range(3):
        state, events = begun(design, seed)
        rows = list(run(design, state, events).administered)
        assert 500 <= sum(POOL.attributes["words"][row] for row in rows) <= 640
        assert 3 <= sum(POOL.attributes["area"][row] == "A" for row in rows) <= 5


def test_what_rules_out_items_is_told_apart():
    design = exam([*RULES[:2], {**RULES[2], "lower": 1, "upper": 2}])
    state, events = begun(design)
    events_of = [event for event in (run(design, state, events), *events) if isinstance(event, ItemPresented)]
    reasons = set()
    for number in range(1, len(events_of) + 1):
        one = explain(events, number, design)
        reasons |= {ranked.ruled_out for ranked in one.ranking} - {""}
        counted = dict(one.decision.ruled_out)
        assert sum(counted.values()) + one.decision.eligible == N
    assert reasons == {
        "administered",
        "enemy",
        "item_set_goes_on",
        "order_or_closed_set",
        "blueprint_upper_bound",
        "no_test_holds_it",
    }


def test_a_search_that_ends_before_its_answer_says_so(monkeypatch):
    design = exam()
    state, _ = begun(design)
    monkeypatch.setattr(Ladder, "at", lambda *_, **__: Solved("budget", None, -np.inf, np.inf, 100_000, 1))
    with pytest.raises(InfeasibleError) as caught:
        decide(state, design)
    assert str(caught.value) == (
        "which items keep every rule after 0 could not be settled within 100,000 branches; simplify the rules"
    )
