"""Pretest items change nothing that counts: the scored sitting is as without them, live or in lockstep."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptest.engine.audit import disagreements
from adaptest.engine.codec import from_json, to_json
from adaptest.engine.events import ItemPresented, ResponseGiven, SittingEnded
from adaptest.engine.pretest import scored_enemies
from adaptest.engine.sitting import deal_pretest, decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool, Unscored
from adaptest.simulation import simulate

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
@settings(max_examples=25, deadline=None)
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
@settings(max_examples=25, deadline=None)
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
