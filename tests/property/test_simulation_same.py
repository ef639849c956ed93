"""A study is the same for any batch and any number of processes, and its sittings are those of live ones."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptest.engine.events import ItemPresented, PretestChosen, ResponseGiven
from adaptest.engine.exposing import barred_for
from adaptest.engine.pretest import DIFFICULTY
from adaptest.engine.sitting import choose_pretest, deal_pretest, decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.exposure import Counters
from adaptest.models import GradedItems, LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool, Unscored
from adaptest.simulation.answers import Behaviour, ModelRespondents
from adaptest.simulation.checks import broken
from adaptest.simulation.cohort import Cohort
from adaptest.simulation.exams import simulate
from adaptest.simulation.simulees import Normal
from adaptest.simulation.tally import Tally
from adaptest.simulation.yardsticks import best_form

RNG = np.random.default_rng(5)
HABITS = Behaviour(
    guessing=0.1, fatigue=0.5, leaked=("i003", "i010"), leaked_to=0.3, omission=0.05, pace_sd=0.3
)
LENGTH = {"minimum": 4, "maximum": 9}


def pool(n=40, unscored=(), sets=0):
    ids = tuple(f"i{k:03d}" for k in range(2 * n))
    binary = LogisticItems(
        ids[::2], RNG.lognormal(0.1, 0.3, n), RNG.normal(0, 1, n), np.full(n, 0.2), np.ones(n)
    )
    graded = GradedItems(ids[1::2], RNG.lognormal(0, 0.3, n), np.sort(RNG.normal(0, 1, (n, 2)), axis=1))
    domain = tuple("AB"[k % 2] for k in range(2 * n))
    enemies = [frozenset(ids[0:4]), *(frozenset({one, ids[k]}) for k, one in enumerate(unscored))]
    unscored_attributes = {"domain": ("A",) * len(unscored), "status": ("pretest",) * len(unscored)}
    if unscored:
        unscored_attributes[DIFFICULTY] = tuple(np.linspace(-1.5, 1.5, len(unscored)).tolist())
    return Pool(
        ItemParameters(ids, (binary, graded)),
        {"domain": domain, "status": ("operational",) * len(ids)},
        tuple(enemies),
        {f"S{k}": ids[4 * k + 20 : 4 * k + 24] for k in range(sets)},
        options=(("A", "B", "C"),) * len(ids),
        unscored=Unscored(unscored, unscored_attributes),
    )


def design(**more):
    values = {
        "id": "same",
        "title": "Same",
        "length": LENGTH,
        "blueprint": {"domain": {"A": {"minimum_percent": 40, "maximum_percent": 60}}},
        "selection": {"criterion": "information", "picker": {"name": "randomesque", "size": 4}},
        "stopping": [{"rule": "sem", "at_most": 0.55}],
        "reporting": {"cut": {"theta": 0.2}},
        **more,
    }
    return build(exam_from_values(values), pool())


ONE = design()


def told(study):
    measures = [(one.value, one.se) for one in study.values.values()]
    bands = [(band.n, *((v.value, v.se) for v in band.measures.values())) for band in study.measures.bands]
    return repr(
        (measures, bands, study.exposure.tolist(), study.adequacy, study.yardsticks, study.consistency)
    )


def test_nothing_told_of_a_study_depends_on_the_batch_or_the_processes():
    whole = told(simulate(ONE, 40, seed=3, behaviour=HABITS))
    assert told(simulate(ONE, 40, seed=3, behaviour=HABITS, batch=7)) == whole
    assert told(simulate(ONE, 40, seed=3, behaviour=HABITS, batch=11, workers=2)) == whole
    assert told(simulate(ONE, 40, seed=4, behaviour=HABITS)) != whole


def test_a_simulee_is_the_same_in_a_larger_study():
    few, many = [], []
    simulate(ONE, 10, seed=8, each=few.append)
    simulate(ONE, 30, seed=8, each=many.append)
    assert few[0].truth.tolist() == many[0].truth[:10].tolist()
    assert few[0].done.rows.tolist() == many[0].done.rows[:10, : few[0].done.rows.shape[1]].tolist()


def test_every_sitting_of_a_cohort_is_the_one_that_a_live_candidate_would_have_had():
    cohort = Cohort(ONE, Normal(6), ModelRespondents.of(ONE.pool, 9, None, HABITS), 11)
    (block,) = cohort.blocks()
    for k in range(6):
        log = block.done.log(k)
        scores = {event.item: event.score for event in log if isinstance(event, ResponseGiven)}
        state = evolve(None, start(ONE, int(cohort.sitting_seeds(block.index)[k])), ONE)
        given_items = []
        while not state.is_over:
            event = decide(state, ONE)
            state = evolve(state, event, ONE)
            if isinstance(event, ItemPresented):
                given_items.append(event.item)
                state = evolve(state, ResponseGiven(event.item, "A", scores[event.item]), ONE)
        assert given_items == [event.item for event in log if isinstance(event, ItemPresented)]
        assert state.ended == log[-1].reason


def test_pretest_items_that_bar_scored_ones_are_dealt_by_what_earlier_blocks_were_shown():
    values = {
        "id": "pretest",
        "title": "Pretest",
        "length": LENGTH,
        "pool": {"status": "operational"},
        "pretest": {"items": 1, "positions": {"from": 1, "to": 3}},
    }
    exam = build(exam_from_values(values), pool(unscored=("p1", "p2", "p3")))
    for concurrency in (2, 5):
        cohort = Cohort(exam, Normal(12), ModelRespondents.of(exam.pool, 9), 2, concurrency)
        blocks = list(cohort.blocks(batch=3))
        dealt = [one for block in blocks for one in block.done.outset.pretest]
        shown = dict.fromkeys(("p1", "p2", "p3"), 0)
        for first in range(0, 12, concurrency):
            frozen = dict(shown)
            for k in range(first, min(first + concurrency, 12)):
                seed = int(cohort.sitting_seeds(np.array([k]))[0])
                assert dealt[k] == deal_pretest(exam, seed, shown=frozen)
                shown[dealt[k][0][1]] += 1
        for block in blocks:
            for mine, rows in zip(block.done.outset.pretest, block.done.rows, strict=True):
                rivals = exam.pool.rivals_of(mine[0][1])
                assert not rivals & {exam.pool.ids[row] for row in rows if row >= 0}


OF_SETS = [
    {"type": "number", "what": "set", "lower": 1, "upper": 2},
    {"type": "number", "condition": "per set", "lower": 2, "upper": 3},
]


@pytest.mark.parametrize("sets", [0, 3])
def test_pretest_items_near_theta_are_those_of_live_candidates_and_keep_their_enemies_out(sets):
    values = {
        "id": "near",
        "title": "Near",
        "length": LENGTH,
        "pool": {"status": "operational"},
        "stopping": [{"rule": "sem", "at_most": 0.6}],
        "pretest": {"items": 3, "positions": {"from": 1, "to": 7}, "target": {"within": 0.7}},
    } | ({"constraints": OF_SETS} if sets else {})
    names = tuple(f"p{k}" for k in range(8))
    exam = build(exam_from_values(values), pool(unscored=names, sets=sets))
    cohort = Cohort(exam, Normal(24), ModelRespondents.of(exam.pool, 9), 5, concurrency=8)
    blocks = list(cohort.blocks(batch=3))
    again = list(cohort.blocks(batch=8))
    assert [one for b in blocks for one in b.done.near_theta] == [
        one for b in again for one in b.done.near_theta
    ]
    shown, frozen, barred = dict.fromkeys(names, 0), {}, 0
    for block in blocks:
        assert not any(broken(block.done).values())
        for k, simulee in enumerate(block.index.tolist()):
            if simulee % 8 == 0:
                frozen = dict(shown)
            log = block.done.log(k)
            scores = {event.item: event.score for event in log if isinstance(event, ResponseGiven)}
            state, live = evolve(None, log[0], exam), [log[0]]
            while not state.is_over:
                event = choose_pretest(state, exam, shown=frozen) or decide(state, exam)
                state = evolve(state, event, exam)
                live.append(event)
                if isinstance(event, ItemPresented):
                    response = "" if event.role == "pretest" else str(scores[event.item])
                    live.append(ResponseGiven(event.item, response, scores[event.item]))
                    state = evolve(state, live[-1], exam)
            told = [(type(one), getattr(one, "item", "")) for one in log]
            assert [(type(one), getattr(one, "item", "")) for one in live] == told
            for held in exam.pool.sets.values():
                given = [one.item in held for one in log if isinstance(one, ItemPresented)]
                assert sum(np.diff(given, prepend=False, append=False)) <= 2  # one run of them
            for one in log:
                if isinstance(one, PretestChosen) and one.item:
                    shown[one.item] += 1
                    barred += bool(exam.pool.rivals_of(one.item))
    assert barred


@pytest.mark.parametrize(
    "rules",
    [
        [{"rule": "eligibility", "rate": 0.3, "bands": [0.0]}],
        [{"rule": "recent_overlap", "at_most": 3, "sittings": 4}],
        [{"rule": "maximum_use", "at_most": 3}],
    ],
    ids=lambda rules: rules[0]["rule"],
)
def test_exposure_counters_stand_still_for_a_block_and_then_know_of_it(rules):
    exam = design(exposure=rules)
    cohort = Cohort(exam, Normal(20), ModelRespondents.of(exam.pool, 9), 2, 6)
    done = [block.done for block in cohort.blocks(batch=4)]
    assert told(simulate(exam, 20, seed=2, concurrency=6, batch=2)) == told(
        simulate(exam, 20, seed=2, concurrency=6, batch=6, workers=1 + (rules[0]["rule"] == "eligibility"))
    )
    alone = [(one, k) for one in done for k in range(len(one.seed))]
    counters = frozen = Counters.none(len(exam.pool), len(exam.controls.bands))
    for turn, (one, k) in enumerate(alone):
        if turn % 6 == 0:
            frozen = counters
        barred = barred_for(exam.controls, frozen, int(one.seed[k]), exam.pool, (), exam.runs_without)
        started = one.log(k)[0]
        assert (started.ineligible, started.spared, started.barred_in_band) == (
            barred.ineligible,
            barred.spared,
            barred.barred_in_band,
        )
        state = evolve(None, started, exam)
        scores = {event.item: event.score for event in one.log(k) if isinstance(event, ResponseGiven)}
        while not state.is_over:
            event = decide(state, exam)
            state = evolve(state, event, exam)
            if isinstance(event, ItemPresented):
                state = evolve(state, ResponseGiven(event.item, "A", scores[event.item]), exam)
        assert list(state.administered) == one.rows[k, one.rows[k] >= 0].tolist()
        drawn = one.outset.begun.in_band
        counters = counters.after(
            one.shown[k : k + 1],
            one.visited[k : k + 1],
            None if drawn is None else drawn[k : k + 1],
            exam.controls.fading,
            exam.controls.remembered,
        )
    assert any(one.log(k)[0].ineligible or one.log(k)[0].barred_in_band for one, k in alone[6:])


@pytest.mark.slow
def test_shadow_tests_are_the_same_in_worker_processes_and_keep_their_rules():
    rules = [
        {"type": "number", "condition": 'domain == "A"', "lower": 3, "upper": 4, "name": "domain A"},
        {"type": "number", "condition": 'domain == "B"', "lower": 3, "upper": 4, "name": "domain B"},
    ]
    exam = design(
        length={"minimum": 7, "maximum": 7},
        blueprint={},
        stopping=[],
        constraints=rules,
        selection={"criterion": "information", "content": "shadow_test"},
    )
    assert Cohort(exam, Normal(4), ModelRespondents.of(exam.pool, 7), 1).batch < 100
    whole = simulate(exam, 9, seed=6, batch=9)
    assert told(simulate(exam, 9, seed=6, batch=2, workers=2)) == told(whole)
    assert whole.hard_violations == 0
    form = best_form(exam, 0.0, 7)
    assert sorted(exam.pool.attributes["domain"][row] for row in form).count("A") in (3, 4)
    blocks = []
    simulate(exam, 3, seed=6, each=blocks.append)
    done = blocks[0].done
    rows = done.rows.copy()
    rows[0] = [row for row in range(len(exam.pool)) if exam.pool.attributes["domain"][row] == "A"][4:11]
    assert broken(replace(done, rows=rows))["content"] == 1


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=6), st.integers(0, 2**32))
def test_sums_do_not_depend_on_how_simulees_arrive(sizes, seed):
    n = sum(sizes)
    rng = np.random.default_rng(seed)
    x, y, band = rng.normal(size=n) * 1e6, rng.normal(size=n), rng.integers(-1, 3, n)
    tallies = []
    for cuts in ([n], np.cumsum(sizes).tolist()):
        tally, begin = Tally(3, (("x", "y"),)), 0
        for end in cuts:
            part = slice(begin, end)
            tally.add(band[part], {"x": x[part], "y": y[part]})
            begin = end
        tally.close()
        tallies.append(tally)
    assert tallies[0].sums.tolist() == tallies[1].sums.tolist()
    assert tallies[0].n.tolist() == tallies[1].n.tolist() == [n, *(int((band == k).sum()) for k in range(3))]
    for k in range(3):
        mine = x[band == k]
        assert tallies[0].total("x", k) == pytest.approx(mine.sum(), abs=1e-6 * n)
