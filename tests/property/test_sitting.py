"""One sitting and N: the same decisions whatever runs beside it, and from the log alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptest.engine.audit import disagreements
from adaptest.engine.codec import from_json, to_json
from adaptest.engine.design import Design
from adaptest.engine.events import ItemPresented, ResponseGiven
from adaptest.engine.sitting import decide, evolve, replay, start
from adaptest.engine.spec import CRITERIA, ESTIMATORS, INTERIM, PICKERS, STOPPING, build, exam_from_values
from adaptest.models import GradedItems, LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.simulation import simulate

RNG = np.random.default_rng(0)
N = 4096
RULES = {  # numbers with which each rule ends some sittings before the maximum length and not others
    "sem": {"at_most": 0.62},
    "minimum_information": {"at_least": 0.28},
    "confidence_interval": {"cut": 0.0, "confidence": 0.9},
    "sprt": {"cut": 0.0, "delta": 0.5, "alpha": 0.2, "beta": 0.2},
    "glr": {"cut": 0.0, "delta": 0.3, "alpha": 0.2, "beta": 0.2},
    "posterior_probability": {"cuts": [-0.5, 0.6], "probability": 0.8},
    "predicted_sem_reduction": {"hypo": 0.03},
    "theta_change": {"at_most": 0.2, "steps": 2},
    "time": {"at_most_s": 600},  # simulees have no clock: it ends none of them
}


def mixed_pool(n=48):
    """Logistic and graded items, interleaved; enemies within and across domains."""
    ids = tuple(f"i{k:03d}" for k in range(2 * n))
    binary = LogisticItems(
        ids[::2], RNG.lognormal(0.2, 0.3, n), RNG.normal(0, 1.2, n), np.full(n, 0.2), np.ones(n)
    )
    graded = GradedItems(ids[1::2], RNG.lognormal(0, 0.3, n), np.sort(RNG.normal(0, 1.2, (n, 3)), axis=1))
    return pool_of(ItemParameters(ids, (binary, graded)))


def continuous_pool(n=96):
    """3PL items: selection takes the bounded short list."""
    ids = tuple(f"i{k:03d}" for k in range(n))
    return pool_of(
        ItemParameters.of(
            LogisticItems(ids, RNG.lognormal(0, 0.3, n), RNG.normal(0, 1, n), np.full(n, 0.2), np.ones(n))
        )
    )


def judged_pool(n=96):
    """Rasch items with five distinct difficulties: nearly every choice is a tie."""
    ids, one = tuple(f"i{k:03d}" for k in range(n)), np.ones(n)
    return pool_of(ItemParameters.of(LogisticItems(ids, one, np.arange(n) // 4 % 5 - 2.0, 0 * one, one)))


def pool_of(items):
    ids, j = items.ids, len(items)
    domain = tuple("ABCD"[k % 4] for k in range(j))
    kind = tuple("xy"[k // 4 % 2] for k in range(j))
    enemies = (frozenset(ids[0:12:4]), frozenset(ids[8:16:4]), frozenset(ids[1:3]), frozenset(ids[40:43]))
    return Pool(items, {"domain": domain, "kind": kind}, enemies, options=(("A", "B", "C", "D"),) * j)


POOLS = {"mixed": mixed_pool(), "continuous": continuous_pool(), "judged": judged_pool()}


def design_of(pool, criterion="information", picker="randomesque", rule="sem", estimator="eap"):
    values = {
        "id": "same",
        "title": "Same for every N",
        "length": {"minimum": 5, "maximum": 10},
        "blueprint": {
            "domain": {
                "A": {"minimum_percent": 20, "maximum_percent": 40},
                "B": {"minimum_percent": 10, "maximum_percent": 40},
                "C": {"maximum_percent": 40},
            },
            "rules": [{"what": 'kind == "x"', "of": 'domain == "A"', "minimum_percent": 50}],
        },
        "selection": {"criterion": criterion, "picker": picker},
        "estimation": {"interim": estimator if estimator in INTERIM else "eap", "final": estimator},
        "stopping": [{"rule": rule, **RULES[rule]}],
        "reporting": {"cut": {"theta": 0.2}},
    }
    return build(exam_from_values(values), pool)


ROWS = {
    **{f"criterion {name}": {"criterion": name} for name in CRITERIA},
    **{f"picker {name}": {"picker": name} for name in PICKERS},
    **{f"rule {name}": {"rule": name} for name in STOPPING},
    **{f"estimator {name}": {"estimator": name} for name in ESTIMATORS},
}
every_pool = pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS.keys())


def excluded_from(pool, n):
    """Each sitting has seen six items of its own."""
    excluded = np.zeros((n, len(pool)), dtype=bool)
    excluded[np.arange(n)[:, None], (np.arange(n)[:, None] * 7 + np.arange(0, 60, 10)) % len(pool)] = True
    return excluded


def live(design, started, responses):
    """Take a sitting step by step, answering as `responses` says."""
    events = [started]
    state = evolve(None, started, design)
    while not state.is_over:
        event = decide(state, design)
        events.append(event)
        state = evolve(state, event, design)
        if isinstance(event, ItemPresented):
            event = ResponseGiven(event.item, str(responses[event.item]), responses[event.item])
            events.append(event)
            state = evolve(state, event, design)
    return events, state


def plain(events):
    """Events without decision records, which a simulation does not write."""
    return tuple(
        ItemPresented(e.item, e.position, e.options) if isinstance(e, ItemPresented) else e for e in events
    )


def test_every_row_of_the_tables_has_numbers_to_be_tried_with():
    assert set(RULES) == set(STOPPING)


@pytest.mark.parametrize(
    ("pool", "row"),
    [
        # what is chosen from is no matter to pickers, rules and estimators: two pools of three will do
        pytest.param(
            POOLS[name],
            row,
            id=f"{what}-{name}",
            marks=pytest.mark.slow if name == "continuous" and not what.startswith("criterion") else (),
        )
        for what, row in ROWS.items()
        for name in POOLS
    ],
)
def test_sittings_do_not_depend_on_how_many_run_together(pool, row):
    if row.get("criterion") == "up_and_down" and pool is POOLS["mixed"]:
        pytest.skip("up_and_down refuses items that are not scored right or wrong")
    design = design_of(pool, **row)
    few = row.get("criterion", "information") != "information"  # the contract suite compares values at 4,096
    whole = row.get("criterion") == "information" and pool is not POOLS["mixed"]  # one row goes to full size
    n = 15 if few else N if whole else 128
    theta, seed = RNG.normal(0, 1.5, n), np.arange(n, dtype=np.uint64) * 2**40
    excluded = excluded_from(pool, n)
    together = simulate(theta, design, seed, excluded)
    for size, stop in ((1, 1), (7, 14)) if few else ((1, 2), (7, 14)):
        for k in range(0, stop, size):
            part = slice(k, min(k + size, stop))
            some = simulate(theta[part], design, seed[part], excluded[part])
            for one in range(part.stop - k):
                assert some.log(one) == together.log(k + one)
    log = together.log(0)
    answers = {event.item: event.score for event in log if isinstance(event, ResponseGiven)}
    events, state = live(design, log[0], answers)
    assert plain(events) == log
    assert replay(events, design) == state


def test_the_rules_tried_end_some_sittings_and_not_others():
    for rule in set(STOPPING) - {"time"}:
        design = design_of(POOLS["continuous"], rule=rule)
        endings = simulate(RNG.normal(0, 1.5, 256), design, np.arange(256)).ending
        assert len(np.unique(endings)) == 2, rule


@every_pool
@settings(max_examples=8, deadline=None)
@given(theta=st.floats(-4, 4), seed=st.integers(0, 2**64 - 1), data=st.data())
def test_a_log_replays_to_the_same_state_and_decisions_years_later(pool, theta, seed, data):
    design = design_of(pool)
    seen = data.draw(st.sets(st.sampled_from(pool.ids), max_size=10))
    started = start(design, seed, excluded=seen)
    barred = np.array([[item in seen for item in pool.ids]])
    answers = simulate([theta], design, [seed], barred).log(0)
    scores = {event.item: event.score for event in answers if isinstance(event, ResponseGiven)}
    events, state = live(design, started, scores)
    text = [to_json(event) for event in events]
    rebuilt = Design.from_artifact(design.artifact, design.pool.artifact)
    back = [from_json(line) for line in text]
    assert replay(back, rebuilt) == state
    assert disagreements(back, rebuilt) == ()
    presented = {event.item for event in events if isinstance(event, ItemPresented)}
    assert len(presented) == len(state.administered) <= 10
    assert not presented & seen
    assert all(len(presented & enemies) <= 1 for enemies in pool.enemies)
    assert design.blueprint.holds(state.batch.counts, len(state.administered)).all()


@every_pool
def test_every_exam_ends_with_every_content_rule_kept(pool):
    design = design_of(pool)
    done = simulate(RNG.normal(0, 1.5, 512), design, np.arange(512), excluded_from(pool, 512))
    assert done.length.min() >= 5
    assert done.length.max() <= 10
    assert len(np.unique(done.length)) > 2
    for rows in done.rows:
        given_rows = rows[rows >= 0]
        counts = np.bincount(design.blueprint.cell[given_rows], minlength=design.blueprint.n_cells)[None]
        assert design.blueprint.holds(counts, len(given_rows)).all()
        assert len(set(given_rows.tolist())) == len(given_rows)


def test_ties_are_not_decided_by_file_order():
    values = {"id": "ties", "title": "Ties", "length": {"maximum": 5}}
    pool = POOLS["judged"]
    design = build(exam_from_values(values), Pool(pool.parameters))
    n, middle = 4000, pool.parameters.blocks[0].b == 0.0
    first = simulate(np.zeros(n), design, np.arange(n)).rows[:, 0]
    counts = np.bincount(first, minlength=len(pool))
    share = 1 / middle.sum()
    assert counts[~middle].sum() == 0
    assert (np.abs(counts[middle] - n * share) < 4 * np.sqrt(n * share * (1 - share))).all()


def test_options_are_shuffled_for_the_sitting_and_logged():
    design = design_of(POOLS["continuous"])
    orders = set()
    for seed in range(20):
        event = decide(evolve(None, start(design, seed), design), design)
        assert sorted(event.options) == ["A", "B", "C", "D"]
        orders.add(event.options)
    assert len(orders) > 5


def test_rules_that_cross_are_kept_alike_alone_together_and_live():
    values = {
        "id": "crossed",
        "title": "Crossed",
        "length": {"minimum": 4, "maximum": 7},
        "blueprint": {
            "domain": {name: {"minimum_percent": 10, "maximum_percent": 40} for name in "ABCD"},
            "kind": {"x": {"minimum_percent": 40, "maximum_percent": 60}},
        },
        "stopping": [{"rule": "sem", "at_most": 0.75}],
    }
    pool = POOLS["continuous"]
    design = build(exam_from_values(values), pool)
    assert design.reach.blocks is None
    theta, excluded = np.linspace(-2, 2, 5), excluded_from(pool, 5)
    together = simulate(theta, design, np.arange(5), excluded)
    for k in range(5):
        alone = simulate(theta[k : k + 1], design, [k], excluded[k : k + 1])
        assert alone.log(0) == together.log(k)
        answers = {e.item: e.score for e in together.log(k) if isinstance(e, ResponseGiven)}
        events, state = live(design, together.log(k)[0], answers)
        assert plain(events) == together.log(k)
        assert design.blueprint.holds(state.batch.counts, len(state.scores)).all()
