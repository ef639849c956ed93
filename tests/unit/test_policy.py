"""The policy of an exam: clocks and their end, changed answers, breaks, and what is refused."""

import numpy as np
import pytest

from adaptest.engine.design import Design
from adaptest.engine.events import (
    BreakBegan,
    BreakEnded,
    ClockRead,
    ResponseChanged,
    ResponseGiven,
    SittingEnded,
)
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.errors import ExamError, OptionError, ReplayError
from adaptest.models import GradedItems, LogisticItems
from adaptest.numerics.random import Stream, uniform_one
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

J = 24
IDS = tuple(f"i{k:02d}" for k in range(J))
ONE = np.ones(J)
POOL = Pool(
    ItemParameters.of(LogisticItems(IDS, ONE, np.linspace(-2, 2, J), 0 * ONE, ONE)),
    options=(("A", "B", "C", "D"),) * J,
)
VALUES = {
    "id": "e",
    "title": "E",
    "length": {"minimum": 3, "maximum": 8},
    "estimation": {"interim": "eap", "final": "wle"},
    "reporting": {"cut": {"theta": 0.0}},
}


def design_of(pool=POOL, length=None, *, cut=True, **policy):
    values = VALUES | ({"length": length} if length else {}) | ({} if cut else {"reporting": {}})
    return build(exam_from_values({**values, "policy": policy}), pool)


def timed(**time):
    return design_of(time={"limit_s": 100, **time})


class Sitting:
    """A sitting by hand: every answer takes some seconds."""

    def __init__(self, design, **first):
        self.design = design
        self.events = [start(design, 7, **first)]
        self.state = evolve(None, self.events[0], design)
        self.at = 0.0

    def add(self, event):
        self.state = evolve(self.state, event, self.design)
        self.events.append(event)
        return event

    def wait(self, seconds, cause="step"):
        self.at += seconds
        return self.add(ClockRead(self.at, cause))

    def ask(self):
        return self.add(decide(self.state, self.design))

    def answer(self, score=1, seconds=10, *, late=""):
        self.ask()
        self.wait(seconds, "answer")
        return self.add(ResponseGiven(self.state.pending.item, "A", score, late=late))

    def run_out(self, scores):
        for score in scores:
            self.answer(score)
        self.wait(500)
        return self.ask()


def test_the_clock_begins_with_the_first_question():
    sitting = Sitting(timed())
    sitting.wait(900)
    assert sitting.state.clock.left_s(100) == 100
    sitting.answer(seconds=12.5)
    assert sitting.state.clock.left_s(100) == 87.5


def test_an_answer_after_the_deadline_is_recorded_and_not_scored():
    sitting = Sitting(timed())
    for _ in range(3):
        sitting.answer()
    before = sitting.state
    sitting.answer(seconds=71, late="exam")
    assert sitting.state.scores == before.scores
    assert (sitting.state.theta, sitting.state.presented) == (before.theta, before.presented + 1)
    assert sitting.ask() == SittingEnded("time_limit", sitting.events[-1].estimate)


def test_a_log_that_calls_a_late_answer_timely_does_not_replay():
    sitting = Sitting(timed())
    sitting.ask()
    sitting.wait(100, "answer")
    with pytest.raises(ReplayError) as caught:
        sitting.add(ResponseGiven(sitting.state.pending.item, "A", 1))
    item = sitting.state.pending.item
    assert str(caught.value) == f"item {item!r}: late must say which limit had run out, 'exam'; got ''"


def test_after_a_questions_own_limit_its_answer_counts_as_wrong():
    sitting = Sitting(timed(item_limit_s=30))
    sitting.answer(seconds=30, late="question")
    assert sitting.state.scores == (0,)
    sitting.answer(seconds=29.9)
    assert sitting.state.scores == (0, 1)


def test_a_multiplier_reaches_the_exams_clock_the_questions_and_the_breaks():
    design = design_of(
        time={"limit_s": 100, "item_limit_s": 30}, breaks={"number": 1, "length_s": 60, "clock": "stops"}
    )
    sitting = Sitting(design, accommodations=(("time_multiplier", "1.5"),))
    sitting.answer(seconds=44)
    assert sitting.state.scores == (1,)
    sitting.add(BreakBegan(sitting.at))
    sitting.at += 90
    sitting.add(BreakEnded(sitting.at))
    assert sitting.state.clock.left_s(100) == 106
    sitting.answer(seconds=44)
    sitting.answer(seconds=44)
    assert sitting.state.clock.left_s(100) == 18
    assert not sitting.state.clock.is_over(design.policy)


@pytest.mark.parametrize("value", ["0.5", "11", "nan", "double"])
def test_a_multiplier_that_is_none_is_refused(value):
    with pytest.raises(OptionError) as caught:
        start(timed(), 1, accommodations=(("time_multiplier", value),))
    sentence = f"accommodation time_multiplier: must be a number in [1, 10]; got {value!r}"
    assert str(caught.value) == sentence


@pytest.mark.parametrize(("clock", "left"), [("stops", 90.0), ("runs", 40.0)])
def test_an_interruption_stops_the_clock_or_does_not(clock, left):
    sitting = Sitting(timed(interruption=clock))
    sitting.answer()
    sitting.wait(50, "resumed")
    assert sitting.state.clock.left_s(100) == left
    assert (sitting.state.clock.interruptions, sitting.state.clock.interrupted_s) == (1, 50)


@pytest.mark.parametrize(("clock", "left"), [("stops", 75.0), ("runs", 45.0)])
def test_of_a_break_only_what_goes_beyond_its_length_counts_where_it_stops_the_clock(clock, left):
    sitting = Sitting(design_of(time={"limit_s": 100}, breaks={"number": 1, "length_s": 30, "clock": clock}))
    sitting.answer()
    sitting.add(BreakBegan(sitting.at))
    sitting.at += 45
    sitting.add(BreakEnded(sitting.at))
    assert sitting.state.clock.left_s(100) == left


def test_breaks_are_as_many_as_the_policy_says_and_between_questions():
    sitting = Sitting(design_of(breaks={"number": 1, "length_s": 30}))
    sitting.ask()
    with pytest.raises(ReplayError, match="BreakBegan: no break can begin here"):
        sitting.add(BreakBegan(0.0))
    sitting.add(ResponseGiven(sitting.state.pending.item, "A", 1))
    sitting.add(BreakBegan(0.0))
    with pytest.raises(ReplayError, match="item 'i05': must not be presented during a break"):
        sitting.add(type(sitting.events[1])("i05", 1))
    sitting.add(BreakEnded(5.0))
    with pytest.raises(ReplayError, match="BreakEnded: no break has begun"):
        sitting.add(BreakEnded(6.0))
    with pytest.raises(ReplayError, match="BreakBegan: no break can begin here"):
        sitting.add(BreakBegan(7.0))


def test_the_clock_never_goes_back():
    sitting = Sitting(timed())
    sitting.wait(5)
    with pytest.raises(ReplayError) as caught:
        sitting.add(ClockRead(4.0, "step"))
    assert str(caught.value) == "ClockRead: at_s must not be before the last reading, 5; got 4"


def test_before_the_minimum_length_the_time_limit_is_a_fail_without_a_score():
    for rule in ("final_estimate", "no_score", "random_fill", "last_k_all_above"):
        ended = Sitting(timed(run_out=rule, last_k=3)).run_out([1, 1])
        assert (ended.reason, ended.decision) == ("time_limit", "fail")
        assert (ended.estimate.theta, ended.estimate.outcome) == (None, "too_few_items")
    ended = Sitting(design_of(time={"limit_s": 100}, cut=False)).run_out([1])
    assert ended.decision == ""


def test_the_final_estimate_decides_where_the_policy_says_so():
    sitting = Sitting(timed())
    ended = sitting.run_out([1, 0, 1, 1])
    assert ended.decision == ""
    assert ended.estimate.theta == round(
        float(sitting.design.final_estimates(sitting.state.batch).theta[0]), 6
    )


def test_without_a_score_there_is_none():
    ended = Sitting(timed(run_out="no_score")).run_out([1, 0, 1, 1])
    assert (ended.estimate.theta, ended.estimate.outcome, ended.decision) == (None, "no_score", "")


def test_all_of_the_last_estimates_must_be_at_or_above_the_cut():
    ended = Sitting(timed(run_out="last_k_all_above", last_k=3)).run_out([1, 1, 1, 0])
    assert ended.decision == "pass"
    assert ended.estimate.theta > 0
    ended = Sitting(timed(run_out="last_k_all_above", last_k=3)).run_out([0, 0, 0, 0])
    assert ended.decision == "fail"
    assert ended.estimate.theta < 0


def test_an_estimate_that_would_contradict_the_decision_is_withheld():
    sitting = Sitting(timed(run_out="last_k_all_above", last_k=3))
    ended = sitting.run_out([0, 1, 1])
    assert sitting.design.final_estimates(sitting.state.batch).theta[0] > 0
    assert sitting.state.batch.path[0, -3] < 0
    assert (ended.decision, ended.estimate.theta, ended.estimate.outcome) == ("fail", None, "withheld")


def test_what_is_left_is_answered_by_chance_to_the_sittings_own_end():
    sitting = Sitting(timed(run_out="random_fill"))
    ended = sitting.run_out([1, 1, 1, 1])
    batch, design = sitting.state.batch, sitting.design
    while batch.length < 8:
        right = uniform_one(7, Stream.RANDOM_FILL, batch.length) < 0.25
        batch = design.record(batch, design.choose(batch).row, np.array([int(right)]))
    assert ended.estimate.theta == round(float(design.final_estimates(batch).theta[0]), 6)
    assert ended.estimate.theta < design.final_estimates(sitting.state.batch).theta[0]


def test_a_changed_answer_counts_as_if_it_had_been_given_and_no_choice_is_unmade():
    design = design_of(review="free")
    sitting = Sitting(design)
    batch = sitting.state.batch
    for score in (1, 0, 1):
        sitting.answer(score)
    sitting.add(ResponseChanged(sitting.state.answered[0], "B", 0))
    for item, score in zip(sitting.state.answered, (0, 0, 1), strict=True):
        batch = design.record(batch, np.array([POOL.row[item]]), np.array([score]))
    assert sitting.state.theta == batch.theta[0]
    assert sitting.state.scores == (0, 0, 1)
    assert len(sitting.state.administered) == 3


def test_changes_are_as_many_as_the_policy_says():
    sitting = Sitting(design_of(review={"mode": "edit_k", "edits": 1}))
    sitting.answer()
    item = sitting.state.answered[0]
    sitting.add(ResponseChanged(item, "B", 0))
    with pytest.raises(ReplayError) as caught:
        sitting.add(ResponseChanged(item, "A", 1))
    assert str(caught.value) == "ResponseChanged: all 1 changes that the exam allows were made"


def test_final_answers_are_final():
    sitting = Sitting(design_of())
    sitting.answer()
    with pytest.raises(ReplayError) as caught:
        sitting.add(ResponseChanged(sitting.state.answered[0], "B", 0))
    assert str(caught.value) == "ResponseChanged: the exam's answers are final"


def test_a_change_can_make_a_sitting_go_on():
    values = {**VALUES, "stopping": [{"rule": "confidence_interval", "confidence": 0.8}]}
    design = build(exam_from_values({**values, "policy": {"review": "free"}}), POOL)
    sitting = Sitting(design)
    while sitting.state.pending is None and not isinstance(decide(sitting.state, design), SittingEnded):
        sitting.answer(1)
    assert decide(sitting.state, design).reason == "confidence_interval"
    sitting.add(ResponseChanged(sitting.state.answered[0], "B", 0))
    assert not isinstance(decide(sitting.state, design), SittingEnded)


def test_a_prior_of_ones_own_moves_the_start_and_not_the_exams():
    design = design_of()
    sitting = Sitting(design, prior=(1.2, 0.4))
    assert (sitting.state.theta, sitting.state.sem) == (1.2, 0.4)
    assert Sitting(design).state.theta == 0.0
    assert abs(POOL.parameters.blocks[0].b[POOL.row[sitting.ask().item]] - 1.2) < 0.1
    with pytest.raises(OptionError) as caught:
        start(design, 1, prior=(0.0, 0.0))
    assert str(caught.value) == "a prior must be a finite mean and a standard deviation > 0; got (0.0, 0.0)"


def start_of(**first):
    return build(exam_from_values({**VALUES, "selection": {"start": first}}), POOL)


def test_the_first_items_are_of_the_band_and_the_others_as_ever():
    design = start_of(items=2, difficulty={"from": -2, "to": -1.2})
    b = POOL.parameters.blocks[0].b
    sitting = Sitting(design)
    for _ in range(4):
        sitting.answer()
    asked = b[list(sitting.state.administered)]
    assert (asked[:2] <= -1.2).all()
    assert (asked[2:] > -1.2).all()
    assert dict(sitting.events[1].decision.ruled_out)["start_band"] == (b > -1.2).sum()


def test_the_first_items_can_be_drawn_evenly_within_the_band():
    design = start_of(items=1, difficulty={"from": -1, "to": 1}, criterion="random")
    inside = np.abs(POOL.parameters.blocks[0].b) <= 1
    batch = design.begin(np.arange(2400, dtype=np.uint64), np.zeros((2400, J), dtype=bool))
    counts = np.bincount(design.choose(batch).row, minlength=J)
    assert counts[~inside].sum() == 0
    expected = 2400 / inside.sum()
    # chi-square with 11 degrees of freedom, .001
    assert ((counts[inside] - expected) ** 2 / expected).sum() < 31.3


def test_a_graded_item_lies_at_the_mean_of_its_thresholds():
    graded = GradedItems(("g0", "g1"), [1.0, 1.0], [[-2.0, -1.0], [1.0, 2.0]])
    values = {"id": "e", "title": "E", "length": {"maximum": 2}}
    first = {"items": 1, "difficulty": {"from": 1.4, "to": 1.6}}
    pool = Pool(ItemParameters.of(graded))
    design = build(exam_from_values({**values, "selection": {"start": first}}), pool)
    assert design.opening.inside.tolist() == [False, True]


def test_the_policy_is_one_object_of_the_design_and_comes_back_with_it():
    design = design_of(version="2026-12", time={"limit_s": 100}, attempts={"maximum": 2, "window_days": 365})
    again = Design.from_artifact(design.artifact, design.pool.artifact)
    assert again.policy == design.policy
    assert again.policy.fingerprint == design.policy.fingerprint
    body = design.policy.to_json()
    assert (body["format"], body["version"]) == ("adaptest-policy/1", "2026-12")
    assert (body["cut"], body["maximum"]) == (0.0, 8)
    assert design_of(version="2027-01").policy.fingerprint != design.policy.fingerprint
    assert "policy" not in build(exam_from_values(VALUES), POOL).artifact


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (
            {"time": {"limit_s": 0}},
            "policy.time.limit_s: must be greater than 0; got 0",
        ),
        (
            {"time": {"limit_s": 60, "run_out": "last_k_all_above", "last_k": 4}},
            "policy.time.last_k must not exceed length.minimum, 3; got 4",
        ),
        ({"review": "edit_k"}, "policy.review: edit_k needs edits"),
        ({"review": {"mode": "free", "edits": 2}}, "policy.review: free takes no edits; got 2"),
        ({"review": "some"}, "policy.review.mode: must be 'none', 'edit_k' or 'free'; got 'some'"),
        ({"breaks": {"number": 1}}, "policy.breaks: must have a length_s; got none"),
        (
            {"breaks": {"number": 1, "length_s": 60, "after": [8]}},
            "policy.breaks.after: must be numbers of questions after which others follow, 1 to 7; got 8",
        ),
        (
            {"attempts": {"window_days": 30}},
            "policy.attempts: window_days must come with a maximum; got none",
        ),
        (
            {"time": {"limit": 5}},
            "policy.time.limit: is not a word of exam files; leave it out or correct it",
        ),
    ],
)
def test_a_policy_that_cannot_work_is_refused_with_a_sentence(policy, sentence):
    with pytest.raises(ExamError) as caught:
        design_of(**policy)
    assert str(caught.value).partition(": ")[2] == sentence


def test_more_that_cannot_work():
    cases = [
        (
            lambda: design_of(cut=False, time={"limit_s": 9, "run_out": "last_k_all_above", "last_k": 2}),
            "policy.time.run_out: last_k_all_above needs a cut; give reporting.cut",
        ),
        (
            lambda: design_of(length={"minimum": 3}, time={"limit_s": 9, "run_out": "random_fill"}),
            "policy.time.run_out: random_fill needs a maximum length; give length.maximum",
        ),
        (
            lambda: build(
                exam_from_values(
                    {**VALUES, "policy": {"review": "free"}, "feedback": {"explanation": "after_each"}}
                ),
                POOL,
            ),
            (
                "policy.review: answers that are explained right away cannot be changed; set"
                " feedback.explanation to at_end or none"
            ),
        ),
        (
            lambda: start_of(items=2, difficulty={"from": 5, "to": 6}),
            "selection.start.difficulty: must hold at least one item; got none from 5 to 6",
        ),
        (lambda: start_of(items=2), "selection.start: must have a difficulty or a criterion; got neither"),
    ]
    for make, sentence in cases:
        with pytest.raises(ExamError) as caught:
            make()
        assert str(caught.value).partition(": ")[2] == sentence
