"""Exams whose items come from shadow tests, and those whose criteria are weighed by content."""

import numpy as np
import pytest

from adaptest.constraints.rows import set_of
from adaptest.engine.audit import disagreements, explain
from adaptest.engine.codec import from_json, to_json
from adaptest.engine.design import Design
from adaptest.engine.events import ItemPresented, PoolChanged, ResponseGiven, RulesRelaxed
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import build, exam_from_values, read_exam
from adaptest.errors import AdaptestError, ExamError, InfeasibleError
from adaptest.models import LogisticItems
from adaptest.numerics.random import Stream, uniform_one
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.simulation import simulate

SHADOW = {"content": "shadow_test"}


def pool_of(n=80, *, sets=0, size=6, seed=1):
    """Return n 2PL items in four areas with word counts; the first belong to sets of six."""
    rng = np.random.default_rng(seed)
    ids = tuple(f"i{k:03d}" for k in range(n))
    items = LogisticItems(ids, np.exp(rng.normal(0.2, 0.3, n)), rng.normal(0, 1, n), np.zeros(n), np.ones(n))
    attributes = {
        "area": tuple("ABCD"[k % 4] for k in range(n)),
        "words": tuple(int(w) for w in rng.integers(20, 160, n)),
        "stage": tuple(1 + k // (n // 2) for k in range(n)),
    }
    held = {f"S{s}": ids[s * size : (s + 1) * size] for s in range(sets)}
    return Pool(ItemParameters.of(items), attributes, (frozenset(ids[-2:]), frozenset(ids[-4:-2])), held)


def exam(pool, **values):
    return build(exam_from_values({"id": "e", "title": "E", **values}), pool)


AREAS = [
    {"type": "number", "condition": f'area == "{area}"', "lower": 2, "upper": 4, "name": f"area {area}"}
    for area in "ABCD"
]
OF_SETS = (
    "few: is a soft target about item sets, and maximum_priority weighs items; make it a bound, or use"
    " content shadow_test"
)
AIMED = (
    "words: is a soft target, which needs a content method; say selection: {content: shadow_test}, or another"
)
REFRESHED = (
    "content shadow_test: refresh must be one of item, theta_change, position, set, never; got 'daily'"
)
LACKING = (
    "largest_gap needs the shares of its areas: rows of the constraints with lower_percent and upper_percent;"
    " got none"
)
FEW = {"type": "number", "what": "set", "upper": 2, "weight": 1, "name": "few"}
WORDS = {"type": "sum", "attribute": "words", "lower": 700, "upper": 760, "name": "words"}


def log_of(design, seed=7, theta=0.5):
    """Return the events of one sitting and its last state; answers are drawn at theta."""
    first = start(design, seed)
    events, state = [first], evolve(None, first, design)
    while not state.is_over:
        event = decide(state, design)
        events.append(event)
        state = evolve(state, event, design)
        if state.pending is not None:
            row = design.pool.row[state.pending.item]
            p = design.pool.parameters.take(np.array([row])).probability(np.array([theta]))[0, 0, 1]
            right = uniform_one(seed, Stream.SIMULEE, len(state.scores)) < p
            event = ResponseGiven(state.pending.item, str(int(right)), int(right))
            events.append(event)
            state = evolve(state, event, design)
    return events, state


def given(state, design):
    return [design.pool.ids[row] for row in state.administered]


def test_every_rule_holds_in_the_test_that_was_given():
    design = exam(
        pool_of(),
        length={"minimum": 12, "maximum": 12},
        constraints=[*AREAS, WORDS],
        selection=SHADOW,
    )
    for seed in range(3):
        _, state = log_of(design, seed, theta=seed - 1.0)
        items = given(state, design)
        area = [design.pool.attributes["area"][design.pool.row[item]] for item in items]
        words = sum(design.pool.attributes["words"][design.pool.row[item]] for item in items)
        assert len(set(items)) == 12
        assert all(2 <= area.count(one) <= 4 for one in "ABCD")
        assert 700 <= words <= 760


def test_sets_are_given_together_with_as_many_items_as_the_rule_says():
    pool = pool_of(sets=4)
    design = exam(
        pool,
        length={"minimum": 14, "maximum": 14},
        constraints=[
            *[{**row, "upper": 6} for row in AREAS],
            {"type": "number", "what": "set", "lower": 2, "upper": 2, "name": "sets"},
            {"type": "number", "condition": "per set", "lower": 3, "upper": 4, "name": "of a set"},
        ],
        selection=SHADOW,
    )
    for seed in range(4):
        events, state = log_of(design, seed, theta=seed - 1.5)
        place = set_of(design.pool)[list(state.administered)]
        used, count = np.unique(place[place >= 0], return_counts=True)
        assert len(used) == 2
        assert ((count >= 3) & (count <= 4)).all()
        for one in used:
            where = np.flatnonzero(place == one)
            assert where[-1] - where[0] + 1 == len(where)
        assert disagreements(events, design) == ()


@pytest.mark.parametrize("refresh", ["item", "theta_change", "position", "set", "never"])
def test_a_log_replays_and_survives_its_json_with_every_way_to_refresh(refresh):
    content = {"name": "shadow_test", "refresh": refresh, "every": 3}
    design = exam(
        pool_of(sets=3),
        length={"minimum": 10, "maximum": 10},
        constraints=[
            {"type": "number", "condition": "per set", "lower": 2, "upper": 3, "name": "of a set"},
            WORDS | {"lower": 500, "upper": 900},
        ],
        selection={"content": content, "picker": {"name": "randomesque", "size": 3}},
    )
    events, state = log_of(design)
    again = tuple(from_json(to_json(event)) for event in events)
    assert disagreements(again, design) == ()
    thawed = Design.from_artifact(design.artifact, design.pool.artifact)
    assert thawed.fingerprint == design.fingerprint
    assert disagreements(again, thawed) == ()
    fresh = [e.decision.content.status for e in events if isinstance(e, ItemPresented)]
    made = sum(status != "kept" for status in fresh)
    assert made == {"item": 10, "never": 1, "position": 4}.get(refresh, made)
    assert len(state.administered) == 10


def test_a_shadow_test_of_variable_length_stops_only_where_every_rule_holds():
    design = exam(
        pool_of(),
        length={"minimum": 8, "maximum": 16},
        blueprint={"area": {area: {"minimum_percent": 20, "maximum_percent": 30} for area in "ABCD"}},
        stopping=[{"rule": "sem", "at_most": 0.45}],
        selection=SHADOW,
    )
    lengths = set()
    for seed in range(4):
        events, state = log_of(design, seed, theta=0.3 * seed)
        n = len(state.administered)
        lengths.add(n)
        assert n in design.stops
        assert design.blueprint.holds(state.batch.counts, n)[0]
        assert disagreements(events, design) == ()
    assert min(lengths) < 16


def test_rules_that_only_an_assembly_knows_hold_at_every_stop_of_a_variable_length():
    design = exam(
        pool_of(sets=3),
        length={"minimum": 8, "maximum": 13},
        constraints=[
            *[
                {
                    "type": "number",
                    "condition": f'area == "{a}"',
                    "lower_percent": 15,
                    "upper_percent": 40,
                    "name": a,
                }
                for a in "ABCD"
            ],
            {"type": "number", "condition": "per set", "lower": 2, "upper": 3, "name": "of a set"},
            {"type": "number", "what": "set", "lower": 1, "upper": 3, "name": "sets"},
            WORDS | {"lower": 300, "upper": 1400},
        ],
        stopping=[{"rule": "sem", "at_most": 0.48}],
        selection=SHADOW,
    )
    lengths = set()
    for seed in range(3):
        events, state = log_of(design, seed, theta=0.4 * seed)
        lengths.add(len(state.administered))
        assert design.content.ladder.holds(np.array(state.administered))
        assert disagreements(events, design) == ()
    assert max(lengths) <= 13


def test_items_are_given_in_the_order_that_the_table_asks_for():
    design = exam(
        pool_of(),
        length={"minimum": 10, "maximum": 10},
        constraints=[
            {"type": "order", "attribute": "stage"},
            {"type": "number", "condition": "stage == 1", "lower": 4, "upper": 6, "name": "first"},
        ],
        selection=SHADOW,
    )
    _, state = log_of(design)
    stages = [design.pool.attributes["stage"][row] for row in state.administered]
    assert stages == sorted(stages)
    assert set(stages) == {1, 2}


def test_soft_targets_are_missed_only_for_what_they_cost_and_are_named():
    rows = [{"type": "number", "condition": 'area == "A"', "lower": 9, "weight": 0.001, "name": "many A"}]
    design = exam(pool_of(), length={"minimum": 10, "maximum": 10}, constraints=rows, selection=SHADOW)
    events, _ = log_of(design)
    assert events[1].decision.content.missed[0][0] == "many A"
    dear = exam(
        pool_of(),
        length={"minimum": 10, "maximum": 10},
        constraints=[{**rows[0], "weight": 50}],
        selection=SHADOW,
    )
    events, state = log_of(dear)
    assert events[1].decision.content.missed == ()
    assert sum(dear.pool.attributes["area"][row] == "A" for row in state.administered) == 9


def test_choices_are_the_same_alone_and_among_many():
    design = exam(
        pool_of(sets=2),
        length={"minimum": 6, "maximum": 6},
        constraints=[{"type": "number", "condition": "per set", "lower": 2, "upper": 3, "name": "of a set"}],
        selection={**SHADOW, "picker": {"name": "randomesque", "size": 2}},
    )
    theta, seeds = np.linspace(-1, 1, 7), np.arange(7, dtype=np.uint64) + 3
    many = simulate(theta, design, seeds)
    for n in range(7):
        alone = simulate(theta[n : n + 1], design, seeds[n : n + 1])
        assert (alone.rows[0] == many.rows[n]).all()


def test_a_log_whose_test_another_solver_would_have_made_is_checked_by_certificate():
    design = exam(pool_of(), length={"minimum": 8, "maximum": 8}, constraints=[*AREAS], selection=SHADOW)
    from dataclasses import replace

    events, _ = log_of(design)
    first = events[1]
    planned = first.decision.content
    nearly = replace(planned, objective=planned.objective * (1 + 1e-9), bound=planned.bound * (1 + 1e-9))
    same = [events[0], replace(first, decision=replace(first.decision, content=nearly)), *events[2:]]
    assert disagreements(same, design) == ()
    wrong = replace(planned, objective=planned.objective + 1.0)
    events[1] = replace(first, decision=replace(first.decision, content=wrong))
    assert "the log has" in disagreements(events, design)[0].sentence
    worst = [design.pool.ids[k] for k in np.argsort(design.pool.parameters.information(np.zeros(1))[0])]
    poor = [
        next(i for i in worst if design.pool.attributes["area"][design.pool.row[i]] == a) for a in "ABCD" * 2
    ]
    assert len(set(poor)) < 8
    events[1] = replace(
        first, decision=replace(first.decision, content=replace(planned, test=tuple(set(poor))))
    )
    told = disagreements(events, design)[0].sentence
    assert told.startswith(
        f"the log has item {first.item!r} at position 0; its content step is not proven: the"
    )


def test_explain_says_what_the_solver_did():
    design = exam(pool_of(), length={"minimum": 8, "maximum": 8}, constraints=[*AREAS], selection=SHADOW)
    events, _ = log_of(design)
    told = explain(events, 1, design)
    assert told.agrees
    content = events[1].decision.content
    assert (
        f"it is of a shadow test of 8 items, assembled anew: {content.objective:.6f} by the criterion, and no"
        f" test exceeds {content.bound:.6f} (optimal)"
    ) in told.sentences


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"constraints": [{**WORDS, "weight": 1}]},
            AIMED,
        ),
        (
            {"constraints": [FEW], "selection": {"content": "maximum_priority"}},
            OF_SETS,
        ),
        (
            {"selection": {"content": "largest_gap"}},
            LACKING,
        ),
        (
            {"selection": {"content": {"name": "shadow_test", "refresh": "daily"}}},
            REFRESHED,
        ),
    ],
)
def test_a_combination_that_cannot_work_is_refused_when_the_exam_is_read(values, sentence):
    with pytest.raises(ExamError) as caught:
        exam(pool_of(sets=2), length={"minimum": 10, "maximum": 10}, **values)
    assert str(caught.value).split(": ", 1)[1] == sentence


def test_rules_that_conflict_are_named_with_what_frees_them():
    rows = [
        {"type": "sum", "attribute": "words", "upper": 100, "name": "words"},
        {"type": "number", "condition": 'area == "A"', "lower": 5, "name": "A"},
    ]
    with pytest.raises(InfeasibleError) as caught:
        exam(pool_of(), length={"minimum": 10, "maximum": 10}, constraints=rows, selection=SHADOW)
    assert str(caught.value).split(": ", 1)[1] == (
        "at length 10 the constraints cannot hold together: A at least 5, words at most 100; loosen any one"
        " of them or add items"
    )


@pytest.mark.parametrize("name", ["weighted_deviations", "maximum_priority"])
def test_light_methods_meet_soft_targets_better_than_nothing_does(name):
    targets = [
        {"type": "number", "condition": f'area == "{a}"', "lower": n, "upper": n, "weight": 1.0, "name": a}
        for a, n in (("A", 6), ("B", 2), ("C", 1), ("D", 1))
    ]
    common = {"length": {"minimum": 10, "maximum": 10}, "constraints": targets}
    weighed = exam(pool_of(), **common, selection={"content": name})
    events, state = log_of(weighed)
    counts = [sum(weighed.pool.attributes["area"][row] == a for row in state.administered) for a in "ABCD"]
    assert sum(abs(c - n) for c, n in zip(counts, (6, 2, 1, 1), strict=True)) <= 2
    assert disagreements(events, weighed) == ()
    assert events[1].decision.content.method == name


def test_areas_come_by_the_largest_gap():
    shares = {"A": 40, "B": 30, "C": 20, "D": 10}
    rows = [
        {
            "type": "number",
            "condition": f'area == "{a}"',
            "upper_percent": p,
            "lower_percent": p,
            "weight": 1,
            "name": a,
        }
        for a, p in shares.items()
    ]
    design = exam(
        pool_of(),
        length={"minimum": 10, "maximum": 10},
        constraints=rows,
        selection={"content": "largest_gap"},
    )
    events, state = log_of(design)
    areas = [design.pool.attributes["area"][row] for row in state.administered]
    assert areas[:4] == ["A", "B", "C", "D"]
    assert [areas.count(a) for a in "ABCD"] == [4, 3, 2, 1]
    assert disagreements(events, design) == ()


def test_what_can_no_longer_be_met_is_reported():
    rows = [{"type": "number", "condition": 'area == "A"', "lower": 30, "weight": 1, "name": "too many"}]
    design = exam(
        pool_of(),
        length={"minimum": 10, "maximum": 10},
        constraints=rows,
        selection={"content": "weighted_deviations"},
    )
    events, _ = log_of(design)
    assert events[1].decision.content.missed == (("too many", 20.0),)


def test_withdrawn_items_are_planned_around_or_the_sitting_says_that_it_cannot_go_on():

    design = exam(pool_of(), length={"minimum": 8, "maximum": 8}, constraints=[*AREAS], selection=SHADOW)
    first = start(design, 3)
    state = evolve(None, first, design)
    planned = decide(state, design).decision.content.test
    state = evolve(state, PoolChanged(planned, "leaked"), design)
    assert not set(decide(state, design).decision.content.test) & set(planned)
    rest = tuple(i for i, a in zip(design.pool.ids, design.pool.attributes["area"], strict=True) if a == "A")
    state = evolve(state, PoolChanged(rest, "leaked"), design)
    with pytest.raises(AdaptestError, match="lets the exam reach its next lengths"):
        decide(state, design)


TABLE = "name,type,attribute,lower,upper\nlength,number,,12,12\nwords,sum,words,700,760\n"


def test_a_constraint_table_beside_the_exam_is_read_and_kept_with_its_design():
    text = (
        "format: adaptest-exam/1\nid: e\ntitle: E\nlength: {minimum: 12, maximum: 12}\n"
        "selection: {content: shadow_test}\nconstraints: {file: rules.csv}\n"
    )
    design = build(read_exam(text, "exams/e.yaml", tables={"rules.csv": TABLE}), pool_of())
    assert [one.title for one in design.content.table.constraints] == ["length", "words"]
    thawed = Design.from_artifact(design.artifact, design.pool.artifact)
    assert thawed.artifact == design.artifact
    assert thawed.content.table.constraints == design.content.table.constraints
    with pytest.raises(ExamError) as caught:
        read_exam(text, "exams/e.yaml")
    assert str(caught.value) == (
        "exams/e.yaml:6: constraints: must be rows, or {file: NAME} of a CSV beside the exam (none); got"
        " 'rules.csv'"
    )
    with pytest.raises(ExamError) as caught:
        read_exam(text, "exams/e.yaml", tables={"rules.csv": TABLE.replace("sum", "mean")})
    assert str(caught.value).startswith("rules.csv:3: words: type must be one of number, sum, order, enemy")


def withdraw_until_stuck(design, kind):
    """Return the events of a sitting from which every item of an area is withdrawn after the first answer."""
    first = start(design, 3)
    state = evolve(None, first, design)
    events = [first]
    for event in (decide(state, design), None):
        event = event or ResponseGiven(state.pending.item, "1", 1)  # noqa: PLW2901 (two in turn)
        events.append(event)
        state = evolve(state, event, design)
    gone = tuple(i for i, a in zip(design.pool.ids, design.pool.attributes["area"], strict=True) if a == kind)
    events.append(PoolChanged(gone, "leaked"))
    return events, evolve(state, events[-1], design)


@pytest.mark.parametrize("content", ["shadow_test", None])
def test_rules_give_way_by_priority_when_items_are_withdrawn_and_the_log_says_which_and_why(content):
    rows = [{**row, "priority": k} for k, row in enumerate(AREAS, start=1)]
    values = {"length": {"minimum": 8, "maximum": 8}, "constraints": rows}
    design = exam(pool_of(), **values, **({"selection": SHADOW} if content else {}))
    events, state = withdraw_until_stuck(design, "B")
    given_way = decide(state, design)
    assert isinstance(given_way, RulesRelaxed)
    assert given_way.rules == ("area B",)
    assert "lets the exam reach its next lengths with every content rule kept" in given_way.reason
    events.append(from_json(to_json(given_way)))
    state = evolve(state, events[-1], design)
    while not state.is_over:
        event = decide(state, design)
        events.append(event)
        state = evolve(state, event, design)
        if state.pending is not None:
            events.append(ResponseGiven(state.pending.item, "1", 1))
            state = evolve(state, events[-1], design)
    areas = [design.pool.attributes["area"][row] for row in state.administered]
    assert len(areas) == 8
    assert all(2 <= areas.count(one) <= 4 for one in "ACD")
    assert disagreements(events, design) == ()


def test_without_a_rule_that_may_give_way_the_sitting_says_that_it_cannot_go_on():
    design = exam(pool_of(), length={"minimum": 8, "maximum": 8}, constraints=AREAS, selection=SHADOW)
    _, state = withdraw_until_stuck(design, "B")
    with pytest.raises(AdaptestError, match="lets the exam reach its next lengths"):
        decide(state, design)
