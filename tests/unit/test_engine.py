"""What may follow what in a sitting, what a decision record says, and what an audit finds."""

from dataclasses import replace

import numpy as np
import pytest

from adaptest.engine.audit import disagreements, explain
from adaptest.engine.events import (
    Estimated,
    ItemPresented,
    NoteAdded,
    PoolChanged,
    ResponseGiven,
    SittingEnded,
    SittingHeld,
    SittingReleased,
    SittingStarted,
    SittingVoided,
)
from adaptest.engine.sitting import decide, evolve, final_estimate, replay, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.errors import PoolExhaustedError, ReplayError, SittingError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

J = 24
IDS = tuple(f"i{k:02d}" for k in range(J))
ONE = np.ones(J)
POOL = Pool(
    ItemParameters.of(LogisticItems(IDS, ONE, np.linspace(-2, 2, J), 0 * ONE, ONE)),
    {"domain": tuple("ABC"[k % 3] for k in range(J))},
    (frozenset({"i10", "i13"}), frozenset({"i11", "i12"})),
    options=(("A", "B", "C"),) * J,
)
VALUES = {
    "id": "e",
    "title": "E",
    "length": {"minimum": 3, "maximum": 6},
    "blueprint": {"domain": {name: {"minimum_percent": 20, "maximum_percent": 50} for name in "ABC"}},
    "selection": {"picker": {"name": "randomesque", "size": 3}},
    "stopping": [{"rule": "sem", "at_most": 0.1}],
}
DESIGN = build(exam_from_values(VALUES), POOL)
DRILL = build(exam_from_values({"id": "d", "title": "D"}), POOL.take(np.arange(3)))


def taken(design, started, answers, most=100):
    """Return a log: every item answered by `answers(number)`, at most so many items."""
    events, state = [started], evolve(None, started, design)
    while not state.is_over and sum(isinstance(e, ItemPresented) for e in events) < most:
        event = decide(state, design)
        events.append(event)
        state = evolve(state, event, design)
        if state.pending is not None:
            score = answers(len(state.scores))
            response = ResponseGiven(event.item, "A", score, 3.5)
            events.append(response)
            state = evolve(state, response, design)
    return events


def log(**facts):
    return taken(DESIGN, start(DESIGN, 7, **facts), lambda number: number % 2)


def test_start_names_what_the_sitting_runs_on_and_leaves_out_strangers():
    event = start(DESIGN, 7, excluded=("i03", "x99"), ineligible=("i04",), accommodations=(("time", "1.5"),))
    assert event == SittingStarted(
        7, DESIGN.fingerprint, POOL.fingerprint, ("i03",), ("i04",), (), (("time", "1.5"),)
    )


def test_start_refuses_a_sitting_that_cannot_be_finished():
    with pytest.raises(SittingError) as caught:
        start(DESIGN, 7, excluded=IDS[1::3])
    assert str(caught.value) == (
        "8 of 24 items are barred, and without them the exam's content rules cannot be kept to its end;"
        " bar fewer items"
    )
    assert DESIGN.can_run(IDS[1:12:3])


def test_the_decision_record_holds_estimate_short_list_draws_and_counts():
    events = log(excluded=("i00", "i01"), ineligible=("i01", "i02"))
    fourth = [event for event in events if isinstance(event, ItemPresented)][3]
    decision = fourth.decision
    assert decision.estimate.method == "eap"
    assert decision.estimate.theta == round(decision.estimate.theta, 6)
    assert 3 <= len(decision.shortlist) <= 10
    values = [value for _, value in decision.shortlist]
    assert values == sorted(values, reverse=True)
    assert fourth.item in dict(decision.shortlist)
    assert 0 <= decision.choice < 1
    assert 0 <= decision.tie < 1
    counts = dict(decision.ruled_out)
    assert counts["administered"] == 3
    assert counts["excluded"] == 2
    assert counts["ineligible"] == 1
    assert decision.eligible + sum(counts.values()) == J
    assert decision.next_stop == 4
    assert sorted(fourth.options) == ["A", "B", "C"]


def test_a_long_short_list_is_cut_and_what_is_left_out_is_counted():
    items = LogisticItems(IDS, ONE, 0 * ONE, 0 * ONE, ONE)
    design = build(exam_from_values({"id": "t", "title": "T"}), Pool(ItemParameters.of(items)))
    for seed in range(30):
        event = decide(evolve(None, start(design, seed), design), design)
        decision = event.decision
        assert len(decision.shortlist) + decision.more == J
        assert event.item in dict(decision.shortlist)
        assert len(decision.shortlist) in (10, 11)


def test_an_exam_without_a_maximum_ends_when_no_item_is_left():
    events = taken(DRILL, start(DRILL, 1), lambda _: 1)
    assert [type(event).__name__ for event in events].count("ItemPresented") == 3
    assert events[-1].reason == "pool_exhausted"
    assert events[-1].estimate == final_estimate(replay(events[:-1], DRILL), DRILL)


def test_a_sitting_that_runs_dry_before_it_may_end_says_what_to_do():
    values = {"id": "d", "title": "D", "length": {"minimum": 3}}
    design = build(exam_from_values(values), POOL.take(np.arange(3)))
    events = [SittingStarted(1, excluded=("i00",))]
    state = replay(events, design)
    for _ in range(2):
        event = decide(state, design)
        state = evolve(evolve(state, event, design), ResponseGiven(event.item, "A", 1), design)
    with pytest.raises(PoolExhaustedError) as caught:
        decide(state, design)
    assert str(caught.value) == (
        "none of 3 items is left after 2 and the exam may not stop there; exclude fewer items or use a"
        " larger pool"
    )


def test_items_withdrawn_in_the_middle_are_not_chosen_and_counted():
    events = log()[:3]
    state = evolve(replay(events, DESIGN), PoolChanged(("i09", "i14", "strange"), "key wrong"), DESIGN)
    event = decide(state, DESIGN)
    assert event.item not in ("i09", "i14")
    assert dict(event.decision.ruled_out)["withdrawn"] == 2
    with pytest.raises(PoolExhaustedError) as caught:
        decide(evolve(state, PoolChanged(IDS[1::3], "all of B"), DESIGN), DESIGN)
    assert str(caught.value).startswith("none of the ")
    assert str(caught.value).endswith(
        "items left after 1 lets the exam reach its next lengths with every content rule kept; exclude fewer"
        " items or use a larger pool"
    )


def test_pretest_items_come_at_their_places_and_touch_nothing():
    events = log(pretest=((0, "new1"), (3, "new2")))
    shown = [event for event in events if isinstance(event, ItemPresented)]
    assert [event.position for event in shown] == list(range(len(shown)))
    assert [(event.position, event.item) for event in shown if event.role == "pretest"] == [
        (0, "new1"),
        (3, "new2"),
    ]
    assert shown[0].decision is None
    state = replay(events, DESIGN)
    assert len(state.scores) == 6
    assert state.presented == 8
    assert disagreements(events, DESIGN) == ()
    assert explain(events, 1, DESIGN).sentences == (
        "item 1 is new1, a pretest item agreed for this place; it is not scored",
    )


def test_a_result_can_be_held_released_annotated_and_voided_after_the_end():
    state = replay(log(), DESIGN)
    assert (state.ended, state.held, state.voided) == ("maximum_length", None, None)
    state = evolve(state, SittingHeld("policy", "system"), DESIGN)
    assert state.held == "policy"
    state = evolve(state, NoteAdded("called the candidate", "ann"), DESIGN)
    state = evolve(state, SittingReleased("checked", "ann"), DESIGN)
    assert state.held is None
    state = evolve(state, SittingVoided("wrong person", "ann"), DESIGN)
    assert (state.voided, state.is_over) == ("wrong person", True)
    assert evolve(state, NoteAdded("filed", "ann"), DESIGN) == state


def test_a_sitting_can_be_voided_or_ended_while_an_item_waits():
    events = log()[:2]
    assert replay([*events, SittingVoided("fire alarm", "ann")], DESIGN).voided == "fire alarm"
    assert replay([*events, SittingEnded("finished_early")], DESIGN).ended == "finished_early"


@pytest.mark.parametrize(
    ("final", "expected"),
    [
        ("eap", Estimated("eap", 0.0, 1.0, "no_responses")),
        ("wle", Estimated("wle", None, None, "no_responses")),
        ("map", Estimated("map", None, None, "no_responses")),
    ],
)
def test_a_result_without_responses_says_so(final, expected):
    design = build(exam_from_values({**VALUES, "estimation": {"interim": "map", "final": final}}), POOL)
    state = evolve(None, start(design, 1), design)
    assert (state.theta, state.sem, state.outcome) == (0.0, 1.0, "no_responses")
    assert final_estimate(state, design) == expected


def test_a_maximum_that_is_no_number_is_logged_as_none():
    estimation = {"interim": "eap", "final": "mle"}
    design = build(exam_from_values({**VALUES, "estimation": estimation}), POOL)
    events = taken(design, start(design, 3), lambda _: 1)
    assert events[-1].estimate == Estimated("mle", None, None, "all_correct")


STARTED = SittingStarted(1)
FIRST = ItemPresented("i11", 0)


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([], "a log must begin with SittingStarted; got no event"),
        ([FIRST], "ItemPresented cannot follow nothing; a log must begin with SittingStarted"),
        ([NoteAdded("x", "y")], "NoteAdded cannot follow nothing; a log must begin with SittingStarted"),
        ([SittingStarted(-1)], "SittingStarted: seed must be in [0, 2**64); got -1"),
        (
            [SittingStarted(1, "abc")],
            f"SittingStarted: design must be the one of this log, abc; got {DESIGN.fingerprint[:12]}",
        ),
        (
            [SittingStarted(1, "", "abc")],
            f"SittingStarted: pool must be the one of this log, abc; got {POOL.fingerprint[:12]}",
        ),
        ([SittingStarted(1, excluded=("x",))], "SittingStarted: item 'x' must be in the pool"),
        (
            [SittingStarted(1, pretest=((2, "i01"),))],
            "SittingStarted: pretest item 'i01' must have a place from 0 and not be in the pool; got place 2",
        ),
        ([STARTED, ItemPresented("x", 0)], "ItemPresented: item 'x' must be in the pool"),
        ([STARTED, ItemPresented("i00", 1)], "item 'i00': must be presented at position 0; got 1"),
        (
            [STARTED, ItemPresented("new", 0, (), "pretest")],
            "item 'new': must be a pretest item whose place is reached; got it at 0",
        ),
        (
            [SittingStarted(1, excluded=("i11",)), FIRST],
            "item 'i11': must be available to be presented",
        ),
        (
            [STARTED, FIRST, ResponseGiven("i11", "A", 1), ItemPresented("i12", 1)],
            "item 'i12': must be available to be presented",
        ),
        (
            [STARTED, ResponseGiven("i11", "A", 1)],
            "ResponseGiven cannot follow 0 scored responses with no item waiting for one",
        ),
        (
            [STARTED, FIRST, ResponseGiven("i12", "A", 1)],
            "ResponseGiven cannot follow 0 scored responses with item 'i11' waiting for one",
        ),
        ([STARTED, FIRST, ResponseGiven("i11", "A", 2)], "item 'i11': score must be in 0..1; got 2"),
        ([STARTED, STARTED], "SittingStarted cannot follow 0 scored responses with no item waiting for one"),
        ([STARTED, SittingEnded("x"), FIRST], "ItemPresented cannot follow the end (x)"),
        ([STARTED, SittingEnded("x"), SittingEnded("x")], "SittingEnded cannot follow the end (x)"),
        (
            [STARTED, SittingVoided("x", "y"), SittingVoided("x", "y")],
            "SittingVoided cannot follow the voiding of the sitting (x)",
        ),
        (
            [STARTED, SittingReleased("x", "y")],
            "SittingReleased cannot follow 0 scored responses with no item waiting for one",
        ),
    ],
)
def test_an_illegal_log_is_refused_with_a_sentence(events, sentence):
    with pytest.raises(ReplayError) as caught:
        replay(events, DESIGN)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        ([FIRST], "nothing is to be decided after 0 scored responses with item 'i11' waiting for one"),
        ([SittingEnded("x")], "nothing is to be decided after the end (x)"),
        ([SittingVoided("x", "y")], "nothing is to be decided after the voiding of the sitting (x)"),
    ],
)
def test_nothing_is_decided_where_nothing_can_follow(after, sentence):
    with pytest.raises(SittingError) as caught:
        decide(replay([STARTED, *after], DESIGN), DESIGN)
    assert str(caught.value) == sentence


def test_an_audit_agrees_with_an_honest_log():
    assert disagreements(log(), DESIGN) == ()
    early = [*log()[:3], SittingEnded("finished_early", final_estimate(replay(log()[:3], DESIGN), DESIGN))]
    assert disagreements(early, DESIGN) == ()


def test_an_audit_finds_every_step_that_does_not_follow():
    events = log()
    shown = [k for k, event in enumerate(events) if isinstance(event, ItemPresented)]
    first, second = events[shown[0]], events[shown[1]]
    other = next(item for item in ("i06", "i05") if item != second.item)
    theta = replace(second.decision, choice=0.5)
    item, ending = second.item, events[-1]
    invented = Estimated("eap", 9.0, 0.1, "ok")
    tampered = [
        (
            shown[1],
            replace(second, decision=theta),
            f"the log has item {item!r} at position 1; decided again it has another decision",
        ),
        (
            shown[0],
            replace(first, options=first.options[::-1]),
            f"the log has item {first.item!r} at position 0; decided again it has another options",
        ),
        (
            shown[1],
            replace(second, item=other),
            f"the log has item {other!r} at position 1; decided again it is item {item!r} at position 1",
        ),
        (
            len(events) - 1,
            SittingEnded("sem", ending.estimate),
            "the log has the end (sem); decided again it is the end (maximum_length)",
        ),
        (
            len(events) - 1,
            SittingEnded("abandoned", invented),
            f"the log ends with {invented}; decided again it is {ending.estimate}",
        ),
    ]
    for sequence, event, sentence in tampered:
        found = disagreements([*events[:sequence], event, *events[sequence + 1 :]], DESIGN)
        assert (found[0].sequence, found[0].sentence) == (sequence, sentence)


def test_an_audit_reports_a_log_that_breaks_off():
    events = [*log()[:2], ItemPresented("i00", 1)]
    (found,) = disagreements(events, DESIGN)
    assert found.sequence == 2
    assert "decided again nothing follows: nothing is to be decided" in found.sentence
    (found,) = disagreements([*log()[:2], ResponseGiven("i00", "A", 1)], DESIGN)
    assert found.sentence.startswith("ResponseGiven cannot follow 0 scored responses with item")


def test_an_explanation_recomputes_the_whole_ranking():
    events = log(excluded=("i00",), ineligible=("i02",))
    told = explain(events, 3, DESIGN)
    assert (told.number, told.agrees, told.role) == (3, True, "scored")
    assert len(told.ranking) == J
    possible = [one for one in told.ranking if one.rank is not None]
    assert len(possible) == told.decision.eligible
    assert [one.criterion for one in possible] == sorted((o.criterion for o in possible), reverse=True)
    assert [(one.item, one.criterion) for one in possible[: len(told.decision.shortlist)]] == list(
        told.decision.shortlist
    )
    reasons = {}
    for one in told.ranking:
        if one.ruled_out:
            reasons[one.ruled_out] = reasons.get(one.ruled_out, 0) + 1
    assert reasons == dict(told.decision.ruled_out)
    assert [(rule.rule, rule.least, rule.most) for rule in told.rules] == [
        ("domain A", 1, 1),
        ("domain B", 1, 1),
        ("domain C", 1, 1),
    ]
    assert sum(rule.count for rule in told.rules) == 2
    assert told.sentences[0].startswith("item 3 is ")
    assert "the sitting may next end at 3 scored items" in told.sentences


def test_an_explanation_says_where_the_log_does_not_follow():
    events = log()
    second = [k for k, event in enumerate(events) if isinstance(event, ItemPresented)][1]
    wrong = replace(events[second], decision=replace(events[second].decision, choice=0.123))
    told = explain([*events[:second], wrong, *events[second + 1 :]], 2, DESIGN)
    assert not told.agrees
    assert told.sentences[-1] == (
        "decided again, the step comes out otherwise: this log does not follow from its design"
    )


@pytest.mark.parametrize("number", [0, 7])
def test_an_item_that_was_not_presented_cannot_be_explained(number):
    with pytest.raises(SittingError) as caught:
        explain(log(), number, DESIGN)
    assert str(caught.value) == (
        f"item number must be in 1..6, the items this sitting presented; got {number}"
    )
