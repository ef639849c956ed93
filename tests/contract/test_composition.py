"""Every part of an exam with every other: it works, replays and explains itself, or is refused in a sentence.

The parts are those of the closed tables in engine.spec. All pairs of parts stand together in some exam here;
a part that is new is in it by its name alone, or by a line in the options below where it must be given some.
"""

import json
from dataclasses import replace
from itertools import chain, combinations, product

import numpy as np
import pytest

from adaptest.engine.audit import disagreements, explain, explain_end
from adaptest.engine.codec import from_json, to_json
from adaptest.engine.design import Design
from adaptest.engine.editing import why_no_change
from adaptest.engine.events import (
    ClockRead,
    ItemPresented,
    ResponseChanged,
    ResponseGiven,
    SittingEnded,
    SittingStarted,
)
from adaptest.engine.exposing import barred_for
from adaptest.engine.sitting import deal_pretest, decide, evolve, replay, start
from adaptest.engine.spec import (
    CONTENT,
    CRITERIA,
    ESTIMATORS,
    EXPOSURE,
    INTERIM,
    PICKERS,
    STOPPING,
    build,
    read_exam,
)
from adaptest.engine.tuned import tuned_for
from adaptest.errors import AdaptestError, ExamError
from adaptest.exposure import Counters
from adaptest.models import GradedItems, LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool, Unscored

J, SHORTEST, LONGEST = 36, 5, 8
RNG = np.random.default_rng(11)

# options of the parts that must be given some; the others are named alone
STOPS = {
    "sem": {"at_most": 0.6},
    "minimum_information": {"at_least": 0.3},
    "sprt": {"delta": 0.5, "alpha": 0.2, "beta": 0.2},
    "glr": {"delta": 0.5, "alpha": 0.2, "beta": 0.2},
    "predicted_sem_reduction": {"hypo": 0.02},
    "theta_change": {"at_most": 0.05},
    "time": {"at_most_s": 22.0},
}
LIMITS = {
    "sympson_hetter": {"rate": 0.4, "bands": [0.0]},
    "eligibility": {"rate": 0.4, "bands": [-0.5, 0.5]},
    "restricted": {"rate": 0.4},
    "progressive_restricted": {"rate": 0.4},
    "maximum_use": {"at_most": 4},
    "mean_overlap": {"at_most": 0.2},
    "recent_overlap": {"at_most": 3, "sittings": 2},
}
BLUEPRINT = {
    "domain": {"A": {"minimum_percent": 25, "maximum_percent": 50}, "B": {"minimum": 1}},
    "rules": [{"what": 'kind == "x"', "of": 'domain == "A"', "minimum_percent": 50}],
}
TABLE = [
    {"type": "number", "condition": 'domain == "C"', "lower": 1, "upper": 3},
    {"type": "sum", "attribute": "words", "upper": 400},
    {"type": "number", "condition": 'kind == "y"', "lower": 4, "weight": 0.2},
]
OF_SETS = [
    {"type": "number", "condition": "per set", "lower": 2, "upper": 3},
    {"type": "number", "what": "set", "lower": 1, "name": "a set"},
    TABLE[1],
]
RULES = {
    "no rules": {},
    "blueprint": {"blueprint": BLUEPRINT},
    **{name: {"blueprint": BLUEPRINT, "selection": {"content": name}} for name in CONTENT},
    "table": {"constraints": TABLE, "selection": {"content": "shadow_test"}},
    "table, weighed": {"constraints": TABLE, "selection": {"content": "maximum_priority"}},
    "table alone": {"constraints": TABLE[:2]},
    "item sets": {"constraints": OF_SETS},
    "item sets, weighed": {
        "constraints": [*OF_SETS, TABLE[2]],
        "selection": {"content": "weighted_deviations"},
    },
}
BEGINNINGS = {
    "as it goes on": {},
    "easy": {"start": {"items": 2, "difficulty": {"from": -1.0, "to": 0.5}}},
    "random": {"start": {"items": 1, "criterion": "random"}},
    "strata": {"stratification": {"strata": 2}},
}
POLICIES = {
    "final answers": {},
    "two changes": {"review": {"mode": "edit_k", "edits": 2}},
    "free": {"review": "free"},
    **{
        f"time, {run_out}": {"time": {"limit_s": 34.0, "run_out": run_out}}
        for run_out in ("final_estimate", "last_k_all_above", "random_fill", "no_score")
    },
}
FACTORS = {
    "criterion": tuple(CRITERIA),
    "picker": tuple(PICKERS),
    "exposure": ("none", *EXPOSURE),
    "stopping": tuple(STOPPING),
    "content": tuple(RULES),
    "beginning": tuple(BEGINNINGS),
    "policy": tuple(POLICIES),
    "pool": ("logistic", "mixed", "item sets"),
    "interim": INTERIM,
    "final": tuple(ESTIMATORS),
    "pretest": ("none", "two"),
}


def pairwise(factors, seed=0, tries=60):
    """Return rows, a level of each factor, in which every pair of levels of two factors stands together.

    A row after the other is the one of `tries` random ones, each of which begins with a pair that is still
    missing, that holds the most missing pairs.
    """
    rng = np.random.default_rng(seed)
    names = list(factors)
    missing = {
        ((a, x), (b, y)) for a, b in combinations(names, 2) for x, y in product(factors[a], factors[b])
    }
    rows = []
    while missing:
        wanted = sorted(missing)[int(rng.integers(len(missing)))]
        best, held = None, set()
        for _ in range(tries):
            row = {name: factors[name][int(rng.integers(len(factors[name])))] for name in names} | dict(
                wanted
            )
            mine = missing & {((a, row[a]), (b, row[b])) for a, b in combinations(names, 2)}
            if len(mine) > len(held):
                best, held = row, mine
        rows.append(best)
        missing -= held
    return rows


def pool_of(kind):
    ids, k = tuple(f"i{j:02d}" for j in range(J)), np.arange(J)
    attributes = {
        "domain": tuple("ABC"[j % 3] for j in k),
        "kind": tuple("xy"[j // 3 % 2] for j in k),
        "words": tuple(30.0 + j % 7 for j in k),
        "status": ("operational",) * J,
    }
    enemies = (frozenset(ids[0:9:3]), frozenset({ids[4], ids[20]}), frozenset({ids[7], "p1"}))
    a, b, c = RNG.lognormal(0, 0.3, J), RNG.normal(0, 1, J), RNG.uniform(0.1, 0.3, J)
    sets = {f"S{k}": ids[4 * k + 10 : 4 * k + 14] for k in range(4)} if kind == "item sets" else {}
    if kind != "mixed":
        items = ItemParameters.of(LogisticItems(ids, a, b, c, np.ones(J)))
    else:
        half = J // 2
        graded = GradedItems(ids[1::2], a[:half], np.sort(RNG.normal(0, 1, (half, 3)), axis=1))
        items = ItemParameters(
            ids, (LogisticItems(ids[::2], a[half:], b[half:], c[half:], np.ones(half)), graded)
        )
    letters = ("A", "B", "C", "D")
    unscored = Unscored(
        ("p1", "p2", "p3"),
        {
            "domain": ("A", "B", "C"),
            "kind": ("x", "y", "x"),
            "words": (30.0,) * 3,
            "status": ("pretest",) * 3,
        },
        (letters,) * 3,
    )
    return Pool(items, attributes, enemies, sets, options=(letters,) * J, unscored=unscored)


POOLS = {kind: pool_of(kind) for kind in FACTORS["pool"]}


def definition(row):
    """An exam file of these parts."""
    values = {
        "format": "adaptest-exam/1",
        "id": "composed",
        "title": "Composed",
        "pool": {"status": ["operational"]},
        "length": {"minimum": SHORTEST, "maximum": LONGEST},
        "selection": {"criterion": row["criterion"], "picker": row["picker"]},
        "estimation": {"interim": row["interim"], "final": row["final"]},
        "stopping": [{"rule": row["stopping"], **STOPS.get(row["stopping"], {})}],
        "reporting": {"cut": {"theta": 0.0}},
    }
    for name, words in RULES[row["content"]].items():
        values[name] = {**values[name], **words} if isinstance(values.get(name), dict) else words
    values["selection"] |= BEGINNINGS[row["beginning"]]
    if POLICIES[row["policy"]]:
        values["policy"] = POLICIES[row["policy"]]
    if row["exposure"] != "none":
        values["exposure"] = [{"rule": row["exposure"], **LIMITS.get(row["exposure"], {})}]
    if row["pretest"] != "none":
        values["pretest"] = {"items": 2, "positions": {"from": 2, "to": 5}}
    return values


def tuned_text(values, pool):
    """The file beside the exam that Sympson and Hetter's method needs."""
    rule = values.get("exposure", [{}])[0]
    if rule.get("rule") != "sympson_hetter":
        return None
    bare = build(read_exam(json.dumps({**values, "exposure": []}), "exam.yaml"), pool)
    scored = bare.pool.take(np.arange(len(bare.pool)))
    body = {
        "format": "adaptest-exposure/1",
        "rule": rule["rule"],
        "rate": rule["rate"],
        "bands": rule["bands"],
        "design": tuned_for(json.loads(bare.artifact)),
        "pool": scored.fingerprint,
        "seed": 1,
        "simulees": 1,
        "rounds": 1,
        "fresh_simulees": 1,
        "largest_rate": 0.4,
        "probabilities": {item: [0.4 + 0.02 * k, 0.5] for k, item in enumerate(bare.pool.ids[:25])},
    }
    return json.dumps(body)


def counters(design):
    """Counters in which some items were shown often, in every band."""
    bands = len(design.controls.bands) if design.controls else 1
    rng = np.random.default_rng(3)
    shown = rng.random((9, len(design.pool))) < np.linspace(0.9, 0.05, len(design.pool))
    visited = rng.random((9, bands)) < 0.9
    return Counters.none(len(design.pool), bands).after(shown, visited, None, 1.0, 2)


def begun(design, seed):
    """The first event, with everything from outside."""
    barred = barred_for(design.controls, counters(design), seed, design.pool, ("i35",), design.runs_without)
    left = ("i35", *barred.ineligible)
    return start(
        design,
        seed,
        excluded=("i35",),
        ineligible=barred.ineligible,
        pretest=deal_pretest(design, seed, shown={}, barred=left),
        barred_in_band=barred.barred_in_band,
        spared=barred.spared,
    )


def taken(design, seed):
    """A whole sitting: its events, and the state it came to."""
    events, state, at_s = [], None, 0.0

    def log(event):
        nonlocal state
        events.append(event)
        state = evolve(state, event, design)

    def read(cause):
        nonlocal at_s
        if design.policy.needs_time:
            at_s += 2.0
            log(ClockRead(at_s, cause))

    log(begun(design, seed))
    while not state.is_over:
        read("step")
        event = decide(state, design)
        log(event)
        if state.pending is None:
            continue
        read("answer")
        row = state.pending.row
        top = 1 if row is None else int(design.pool.parameters.categories[row]) - 1
        late = "exam" if state.clock.is_over(design.policy) else ""
        log(ResponseGiven(event.item, "A", (len(events) * 7 + seed) // 3 % (top + 1), 4.0, late))
        if len(state.scores) in (2, 4) and not why_no_change(state, event.item, design):
            log(ResponseChanged(event.item, "B", 0 if events[-1].score else 1))
    return events, state


def other_bounds(content):
    """What a method planned, with a bound too low, and where it says that it is proven one too high."""
    yield replace(content, bound=content.bound - 1)
    if content.status == "optimal":
        yield replace(content, bound=content.bound + 1)


def tampered(events, design):
    """(place, events) with one event changed so that what follows from the log is not what it says."""
    seen = {event.item for event in events if isinstance(event, ItemPresented)}
    choices = [k for k, event in enumerate(events) if isinstance(event, ItemPresented) and event.decision]
    changed_later = {event.item for event in events if isinstance(event, ResponseChanged)}
    other = next(item for item in design.pool.ids if item not in seen and item != "i35")
    for place, event in enumerate(events):
        changes = []
        match event:
            case SittingStarted():
                changes = [replace(event, seed=event.seed + 1)]
            case ItemPresented(decision=None):
                changes = [replace(event, options=event.options[::-1])]
            case ItemPresented(decision=decision):
                changes = [
                    replace(event, item=other),
                    replace(event, decision=replace(decision, eligible=decision.eligible + 1)),
                ]
                if decision.content is not None and decision.content.test:
                    changes += [
                        replace(event, decision=replace(decision, content=content))
                        for content in other_bounds(decision.content)
                    ]
            case ResponseGiven(item=item) if (
                item in design.pool.row and item not in changed_later and place < choices[-1]
            ):
                changes = [replace(event, score=0 if event.score else 1)]
            case ResponseChanged(item=item) if item in design.pool.row and place < choices[-1]:
                changes = [replace(event, score=0 if event.score else 1)]
            case SittingEnded():
                changes = [replace(event, reason="sem" if event.reason != "sem" else "maximum_length")]
        for changed in changes:
            yield place, [*events[:place], changed, *events[place + 1 :]]


def set_back(events):
    """(place, events) with one reading of the clock before the one that came before it."""
    for place, event in enumerate(events):
        if isinstance(event, ClockRead):
            yield place, [*events[:place], replace(event, at_s=-1.0), *events[place + 1 :]]


ROWS = pairwise(FACTORS)


def named(row):
    return "-".join(row[name] for name in FACTORS)


def some(every):
    """Every so many of the rows; the others only where slow tests run."""
    return [
        pytest.param(row, id=named(row), marks=() if k % every == 0 else pytest.mark.slow)
        for k, row in enumerate(ROWS)
    ]


@pytest.mark.parametrize("row", some(8))
def test_parts_compose_or_are_refused_in_a_sentence(row):
    pool = POOLS[row["pool"]]
    values = definition(row)
    try:
        design = build(read_exam(json.dumps(values), "exam.yaml", tuned_text(values, pool)), pool)
    except ExamError as refused:
        sentence = str(refused)
        assert sentence.startswith("exam.yaml")
        assert "\n" not in sentence
        assert not any(f"{row[part]} needs" in sentence for part in ("criterion", "stopping"))
        return
    seed = ROWS.index(row)
    events, state = taken(design, seed)
    # the log alone is the sitting
    read = [from_json(to_json(event)) for event in events]
    assert read == events
    again = Design.from_artifact(design.artifact, design.pool.artifact)
    assert again.fingerprint == design.fingerprint
    assert replay(read, again) == state
    assert disagreements(read, again) == ()
    # every item and the end explain themselves
    end = explain_end(events, design)
    assert (end.agrees, end.reason) == (True, state.ended)
    assert len(end.sentences) > 1
    shown = [event for event in events if isinstance(event, ItemPresented)]
    for number, event in enumerate(shown, start=1):
        one = explain(events, number, design)
        assert one.agrees
        assert one.item == event.item
        assert one.sentences
        if event.role == "scored":
            mine = next(ranked for ranked in one.ranking if ranked.item == event.item)
            assert mine.rank is not None
            assert len(one.ranking) == len(pool)
            assert sum(ranked.rank is not None for ranked in one.ranking) == event.decision.eligible
            counted = {}
            for ranked in one.ranking:
                if ranked.rank is None:
                    counted[ranked.ruled_out] = counted.get(ranked.ruled_out, 0) + 1
            assert counted == dict(event.decision.ruled_out)


@pytest.mark.parametrize("row", some(16)[::4])
def test_the_first_event_that_was_changed_is_found(row):
    pool = POOLS[row["pool"]]
    values = definition(row)
    try:
        design = build(read_exam(json.dumps(values), "exam.yaml", tuned_text(values, pool)), pool)
    except ExamError:
        pytest.skip("these parts do not go together")
    events, _ = taken(design, 5)
    for place, changed in chain(tampered(events, design), set_back(events)):
        try:
            found = disagreements(changed, design)
        except AdaptestError:
            pytest.fail(f"changing event {place} must be a disagreement, not an error")
        assert found
        decided = isinstance(events[place], ItemPresented | SittingEnded | ClockRead)
        assert found[0].sequence == place if decided else found[0].sequence > place


def test_all_pairs_are_there():
    for (a, of_a), (b, of_b) in combinations(FACTORS.items(), 2):
        assert {(row[a], row[b]) for row in ROWS} == set(product(of_a, of_b))
    sizes = sorted(map(len, FACTORS.values()))
    assert len(ROWS) < 2 * sizes[-1] * sizes[-2]
