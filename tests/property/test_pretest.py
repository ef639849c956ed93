"""Pretest items change nothing that counts: the scored sitting is as without them, live or in lockstep."""

from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptest.engine.audit import disagreements
from adaptest.engine.codec import from_json, to_json
from adaptest.engine.contiguous import set_goes_on
from adaptest.engine.design import Design
from adaptest.engine.events import ItemPresented, PretestChosen, ResponseGiven, SittingEnded
from adaptest.engine.pretest import scored_enemies
from adaptest.engine.sitting import choose_pretest, deal_pretest, decide, evolve, replay, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.errors import PoolExhaustedError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool, Unscored
from adaptest.simulation import simulate
from adaptest.simulation.run import Outset

J, M = 60, 15
IDS, NEW = tuple(f"i{k:02d}" for k in range(J)), tuple(f"n{k:02d}" for k in range(M))
ONE = np.ones(J)
SEEDS = st.integers(0, 2**64 - 1)


def design_of(difficulty, enemies=(), pretest=None):
    pool = Pool(
        ItemParameters.of(LogisticItems(IDS, ONE, difficulty, 0 * ONE, ONE)),
        {"status": ("operational",) * J, "domain": tuple("ABC"[k % 3] for k in range(J))},
        (frozenset({"i01", "i04"}), *(frozenset(pair) for pair in enemies)),
        options=(("A", "B", "C", "D"),) * J,
        unscored=Unscored(NEW, {"status": ("pretest",) * M}, (("A", "B", "C", "D"),) * M),
    )
    values = {
        "id": "e",
        "title": "E",
        "pool": {"status": ["operational"]},
        "length": {"minimum": 5, "maximum": 12},
        "blueprint": {"domain": {name: {"minimum_percent": 20, "maximum_percent": 50} for name in "ABC"}},
        "selection": {"picker": {"name": "randomesque", "size": 5}},
        "stopping": [{"rule": "sem", "at_most": 0.62}],
        **({"pretest": pretest} if pretest else {}),
    }
    return build(exam_from_values(values), pool)


PRETEST = {"items": 6, "positions": {"from": 1, "to": 12}}
ENEMIES = [("n00", "i00"), ("n01", "i33"), ("n02", "n03"), ("n04", "i30"), ("n05", "i27")]
POOLS = {"continuous": np.linspace(-2, 2, J), "judged": np.arange(J) // 4 % 5 - 2.0}
every_pool = pytest.mark.parametrize("difficulty", POOLS.values(), ids=POOLS.keys())


def taken(design, started, answers):
    """The log of a sitting that answers each scored item as `answers` says, and pretest ones wrong."""
    events, state = [started], evolve(None, started, design)
    while not state.is_over:
        event = decide(state, design)
        events.append(event)
        state = evolve(state, event, design)
        if state.pending is not None:
            events.append(ResponseGiven(event.item, "A", answers.get(event.item, 0)))
            state = evolve(state, events[-1], design)
    return events, state


def counted(events):
    """What counts in a log: scored items with what they were chosen at, and the end."""
    return [
        (event.item, event.decision.estimate, event.decision.shortlist, event.decision.choice)
        if isinstance(event, ItemPresented)
        else event
        for event in events
        if (isinstance(event, ItemPresented) and event.role == "scored") or isinstance(event, SittingEnded)
    ]


def answers_of(bits):
    return {item: bits >> k & 1 for k, item in enumerate(IDS)}


@every_pool
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, bits=st.integers(0, 2**J - 1))
def test_the_scored_sitting_is_the_one_without_pretest_items(difficulty, seed, bits):
    bare, design = design_of(difficulty), design_of(difficulty, pretest=PRETEST)
    dealt = deal_pretest(design, seed, shown={})
    assert len(dealt) == PRETEST["items"]
    events, state = taken(design, start(design, seed, pretest=dealt), answers_of(bits))
    alone, without = taken(bare, start(bare, seed), answers_of(bits))
    assert counted(events) == counted(alone)
    assert (state.theta, state.sem, state.administered, state.scores) == (
        without.theta,
        without.sem,
        without.administered,
        without.scores,
    )
    assert state.presented - len(state.scores) == sum(
        isinstance(event, ItemPresented) and event.role == "pretest" for event in events
    )
    assert [from_json(to_json(event)) for event in events] == events
    assert disagreements(events, design) == ()


@every_pool
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, bits=st.integers(0, 2**J - 1))
def test_enemies_of_pretest_items_are_kept_out_and_nothing_else_changes(difficulty, seed, bits):
    bare, design = design_of(difficulty), design_of(difficulty, ENEMIES, PRETEST)
    dealt = deal_pretest(design, seed, shown={item: int(item > "n05") for item in NEW})
    rivals = scored_enemies(design.pool, [item for _, item in dealt])
    events, _ = taken(design, start(design, seed, pretest=dealt), answers_of(bits))
    alone, _ = taken(bare, start(bare, seed, ineligible=rivals), answers_of(bits))
    assert counted(events) == counted(alone)
    shown = {event.item for event in events if isinstance(event, ItemPresented)}
    assert all(len(shown & set(pair)) <= 1 for pair in ENEMIES)


@every_pool
@pytest.mark.parametrize("n", [1, 7])
def test_a_simulated_sitting_is_the_scored_part_of_a_live_one(difficulty, n):
    design = design_of(difficulty, pretest=PRETEST)
    seeds = np.arange(100, 100 + n, dtype=np.uint64)
    lockstep = simulate(np.linspace(-1, 1, 7)[:n], design, seeds)
    for k in range(n):
        simulated = [event for event in lockstep.log(k) if isinstance(event, ItemPresented)]
        given = {event.item: event.score for event in lockstep.log(k) if isinstance(event, ResponseGiven)}
        seed = int(seeds[k])
        started = start(design, seed, pretest=deal_pretest(design, seed, shown={}))
        events, _ = taken(design, started, given)
        live = [e for e in events if isinstance(e, ItemPresented) and e.role == "scored"]
        assert [event.item for event in live] == [event.item for event in simulated]
        assert replace(events[-1], at="") == lockstep.log(k)[-1]


@pytest.mark.parametrize("content", [None, "shadow_test", "maximum_priority"])
def test_no_pretest_item_comes_between_the_items_of_a_set_and_none_is_lost(content):
    ids, new = IDS[:24], NEW[:6]
    sets = {f"S{k}": ids[4 * k : 4 * k + 4] for k in range(4)}
    pool = Pool(
        ItemParameters.of(
            LogisticItems(ids, ONE[:24], POOLS["continuous"][::2][:24], 0 * ONE[:24], ONE[:24])
        ),
        {"status": ("operational",) * 24},
        (frozenset({"n00", "i17"}),),
        sets,
        unscored=Unscored(new, {"status": ("pretest",) * 6}),
    )
    values = {
        "id": "e",
        "title": "E",
        "pool": {"status": ["operational"]},
        "length": {"minimum": 8, "maximum": 8},
        "constraints": [
            {"type": "number", "what": "set", "lower": 2, "upper": 2},
            {"type": "number", "condition": "per set", "lower": 3, "upper": 3},
        ],
        "selection": {"picker": {"name": "randomesque", "size": 3}}
        | ({"content": content} if content else {}),
        "pretest": {"items": 4, "positions": {"from": 2, "to": 9}},
    }
    design, waited = build(exam_from_values(values), pool), 0
    seeds = np.arange(8, dtype=np.uint64)
    outset = Outset(
        np.zeros((8, 24), dtype=bool),
        pretest=tuple(deal_pretest(design, int(seed), shown={}) for seed in seeds),
    )
    lockstep = simulate(np.linspace(-1, 1, 8), design, seeds, outset=outset)
    for k, dealt in enumerate(outset.pretest):
        log = lockstep.log(k)
        given = {event.item: event.score for event in log if isinstance(event, ResponseGiven)}
        events, _ = taken(design, start(design, k, pretest=dealt), given)
        shown = [event for event in events if isinstance(event, ItemPresented)]
        assert [e.item for e in shown] == [e.item for e in log if isinstance(e, ItemPresented)]
        assert [e.position for e in shown] == list(range(len(shown)))
        for held in sets.values():
            inside = [event.item in held for event in shown]
            assert np.diff(inside, prepend=False, append=False).sum() in (0, 2)  # together, or not at all
        at = {event.item: event.position for event in shown if event.role == "pretest"}
        assert [item for _, item in dealt] == list(at)
        assert all(at[item] >= place for place, item in dealt)
        waited += sum(at[item] > place for place, item in dealt)
        assert disagreements(events, design) == ()
    assert waited


def test_where_no_item_can_follow_inside_a_set_rules_give_way_before_a_pretest_item_comes():
    ids = IDS[:4]
    pool = Pool(
        ItemParameters.of(LogisticItems(ids, ONE[:4], 0 * ONE[:4], 0 * ONE[:4], ONE[:4])),
        sets={"S": ids[:2], "T": ids[2:]},
    )

    design = Mock(pool=pool)
    design.may_end.return_value = False
    design.choose.side_effect = PoolExhaustedError("no item may come next")
    sitting = SimpleNamespace(length=1, rows=np.array([[0]]))
    assert set_goes_on(sitting, design)
    design.choose.side_effect = [SimpleNamespace(row=np.array([2]))]
    assert not set_goes_on(sitting, design)


TARGET = {"windows": [
    {"items": 2, "positions": {"from": 2, "to": 5}},
    {"items": 3, "positions": {"from": 7, "to": 12}},
], "target": {"within": 0.6}}  # fmt: skip


def targeted_design(difficulty, enemies=()):
    """The same pool, whose unscored items also have parameters that were judged."""
    both = (*IDS, *NEW)
    b = np.concatenate([difficulty, np.linspace(-1.75, 1.75, M)])
    one = np.ones(len(both))
    pool = Pool(
        ItemParameters.of(LogisticItems(both, one, b, 0 * one, one)),
        {
            "status": ("operational",) * J + ("pretest",) * M,
            "domain": tuple("ABC"[k % 3] for k in range(J + M)),
        },
        (frozenset({"i01", "i04"}), *(frozenset(pair) for pair in enemies)),
        options=(("A", "B", "C", "D"),) * (J + M),
        unscored=Unscored(NEW, {"status": ("pretest",) * M}, (("A", "B", "C", "D"),) * M),
    )
    values = {
        "id": "e",
        "title": "E",
        "pool": {"status": ["operational"]},
        "length": {"minimum": 5, "maximum": 12},
        "blueprint": {"domain": {name: {"minimum_percent": 20, "maximum_percent": 50} for name in "ABC"}},
        "selection": {"picker": {"name": "randomesque", "size": 5}},
        "stopping": [{"rule": "sem", "at_most": 0.62}],
        "pretest": TARGET,
    }
    return build(exam_from_values(values), pool)


def taken_near(design, seed, answers, shown):
    """The log of a sitting whose pretest items are chosen as their places are reached."""
    started = start(design, seed, pretest=deal_pretest(design, seed, shown=shown))
    events, state, chosen_at = [started], evolve(None, started, design), {}
    while not state.is_over:
        chosen = choose_pretest(state, design, shown=shown)
        if chosen is not None:
            events.append(chosen)
            chosen_at[chosen.item] = state.theta
            state = evolve(state, chosen, design)
        event = decide(state, design)
        events.append(event)
        state = evolve(state, event, design)
        if state.pending is not None:
            events.append(ResponseGiven(event.item, "A", answers.get(event.item, 0)))
            state = evolve(state, events[-1], design)
    return events, state, chosen_at


@every_pool
@settings(max_examples=6, deadline=None)
@given(seed=SEEDS, bits=st.integers(0, 2**J - 1))
def test_items_near_theta_change_nothing_that_counts_and_are_near_it(difficulty, seed, bits):
    bare, design = design_of(difficulty), targeted_design(difficulty)
    events, state, chosen_at = taken_near(design, seed, answers_of(bits), {})
    alone, without = taken(bare, start(bare, seed), answers_of(bits))
    assert counted(events) == counted(alone)
    assert (state.theta, state.scores) == (without.theta, without.scores)
    hard = dict(zip(NEW, np.linspace(-1.75, 1.75, M), strict=True))
    left = dict(hard)
    for item, at in chosen_at.items():
        near = [new for new, b in left.items() if abs(b - at) <= 0.6]
        assert item in near or not near
        del left[item]
    assert len(chosen_at) == sum(isinstance(event, PretestChosen) for event in events)
    back = [from_json(to_json(event)) for event in events]
    rebuilt = Design.from_artifact(design.artifact, design.pool.artifact)
    assert disagreements(back, rebuilt) == ()
    assert replay(back, rebuilt) == state


@settings(max_examples=6, deadline=None)
@given(seed=SEEDS, bits=st.integers(0, 2**J - 1))
def test_enemies_of_items_near_theta_are_never_in_one_sitting(seed, bits):
    enemies = [(new, f"i{k:02d}") for k, new in enumerate(NEW)] + [("n03", "n04"), ("n09", "n10")]
    design = targeted_design(POOLS["continuous"], enemies)
    events, _, _ = taken_near(design, seed, answers_of(bits), {})
    shown = {event.item for event in events if isinstance(event, ItemPresented)}
    assert all(len(shown & set(pair)) <= 1 for pair in enemies)
    assert disagreements(events, design) == ()


def test_each_window_has_its_own_number_of_places_each_once():
    design = targeted_design(POOLS["continuous"])
    for seed in range(40):
        places = [place for place, item in deal_pretest(design, seed, shown={}) if item == ""]
        assert len(places) == len(set(places)) == 5
        assert sum(1 <= place <= 4 for place in places) == 2
        assert sum(6 <= place <= 11 for place in places) == 3


def test_among_items_near_theta_the_least_shown_comes_first():
    design = targeted_design(POOLS["continuous"])
    state = evolve(None, start(design, 1, pretest=((0, ""),)), design)
    near = [new for new, b in zip(NEW, np.linspace(-1.75, 1.75, M), strict=True) if abs(b) <= 0.6]
    for spared in near:
        shown = {new: 1 for new in near if new != spared}
        assert choose_pretest(state, design, shown=shown).item == spared
    seen = choose_pretest(state, design, shown={}, seen=near).item
    assert seen not in near
