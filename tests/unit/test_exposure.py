"""Exposure rules: what they bar, what they draw, and what an exam file is told where they cannot work."""

import json
from dataclasses import replace

import numpy as np
import pytest

from adaptest.engine.audit import disagreements, explain
from adaptest.engine.codec import from_json, to_json
from adaptest.engine.design import Design
from adaptest.engine.events import ItemPresented, ResponseGiven
from adaptest.engine.exposing import barred_for, begun
from adaptest.engine.sitting import decide, evolve, replay, start
from adaptest.engine.spec import EXPOSURE, build, exam_from_values, read_exam
from adaptest.engine.tuned import tuned_for
from adaptest.errors import ExamError, OptionError, ReplayError
from adaptest.exposure import (
    Bands,
    Counters,
    Eligibility,
    MaximumUse,
    MeanOverlap,
    RecentOverlap,
    Restricted,
)
from adaptest.exposure.overlap import mean_overlap
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.simulation import simulate

J = 30
IDS = tuple(f"i{k:02d}" for k in range(J))


def pool_of(n=J):
    k = np.arange(n)
    items = LogisticItems(IDS[:n], 0.6 + 0.05 * (k % 9), -2 + 4 * k / n, 0.05 * (k % 4), np.ones(n))
    return Pool(ItemParameters.of(items), {"domain": tuple("AB"[j % 2] for j in k)})


def exam_of(exposure, tuned=None, **words):
    values = {
        "format": "adaptest-exam/1",
        "id": "e",
        "title": "E",
        "length": {"minimum": 8, "maximum": 8},
        "blueprint": {"domain": {"A": {"minimum_percent": 40}, "B": {"minimum_percent": 25}}},
        "exposure": exposure,
        **words,
    }
    return read_exam(json.dumps(values), "e.yaml", tuned)


def tuned_text(pool, rule, chance, bands=(), rate=0.25, **words):
    """A tuned file for `exam_of` with this one rule."""
    said = {"rule": rule, "rate": rate, **({"bands": list(bands)} if bands else {})}
    definition = json.loads(build(exam_of([]), pool).artifact)
    tuned = {
        "format": "adaptest-exposure/1",
        "rule": rule,
        "rate": rate,
        "bands": list(bands),
        "design": tuned_for(definition),
        "pool": pool.fingerprint,
        "seed": 1,
        "simulees": 2,
        "rounds": 3,
        "fresh_simulees": 4,
        "largest_rate": 0.2,
        "probabilities": {
            item: [float(p)] * (len(bands) + 1) for item, p in zip(pool.ids, chance, strict=True)
        },
        **words,
    }
    return [said], json.dumps(tuned)


def sympson_hetter(chance, bands=(), pool=None):
    pool = pool or pool_of()
    said, text = tuned_text(pool, "sympson_hetter", chance, bands)
    return build(exam_of(said, text), pool)


def right(_):
    return 1


def taken(design, started, answer=right):
    events, state = [started], evolve(None, started, design)
    while not state.is_over:
        event = decide(state, design)
        events.append(event)
        state = evolve(state, event, design)
        if isinstance(event, ItemPresented):
            events.append(ResponseGiven(event.item, "x", answer(event.item)))
            state = evolve(state, events[-1], design)
    return events, state


def seeds(n):
    return np.arange(n, dtype=np.uint64)


def test_a_band_holds_its_lower_edge():
    bands = Bands((-1.0, 1.0))
    assert bands.of(np.array([-1.1, -1.0, 0.0, 1.0])).tolist() == [0, 1, 1, 2]
    assert [bands.name(k) for k in range(3)] == ["theta below -1", "theta from -1 to 1", "theta from 1"]
    with pytest.raises(OptionError) as caught:
        Bands((0.0, 0.0))
    assert str(caught.value) == "bands must be finite edges in ascending order; got 0, 0"


def test_counting_sittings_at_once_is_counting_them_one_after_the_other():
    rng = np.random.default_rng(0)
    shown, visited = rng.random((40, 7)) < 0.4, rng.random((40, 3)) < 0.6
    barred = rng.random((40, 3, 7)) < 0.3
    together = Counters.none(7, 3).after(shown, visited, barred, 0.9, 5)
    one = Counters.none(7, 3)
    for n in range(40):
        one = one.after(shown[n : n + 1], visited[n : n + 1], barred[n : n + 1], 0.9, 5)
    assert together.sittings == one.sittings == 40
    for name in ("shown", "shown_anywhere", "visits", "barred", "taken"):
        assert np.allclose(getattr(together, name), getattr(one, name), rtol=1e-13)
    assert [r.tolist() for r in together.recent] == [r.tolist() for r in one.recent]
    assert len(one.recent) == 5


def test_an_item_is_spent_after_its_uses_and_rests_at_its_rate():
    shown = np.array([0.0, 3.0, 4.0, 5.0])
    counters = replace(Counters.none(4, 1), sittings=10, shown=shown, shown_anywhere=shown + 1)
    assert MaximumUse(5).bars(counters, seeds(1)).tolist() == [[False, False, False, True]]
    assert MaximumUse(5, "bank").bars(counters, seeds(1)).tolist() == [[False, False, True, True]]
    assert Restricted(0.4).bars(counters, seeds(1)).tolist() == [[False, False, True, True]]
    assert not Restricted(0.4).bars(Counters.none(4, 1), seeds(1)).any()


def test_mean_overlap_is_the_average_over_all_pairs():
    rng = np.random.default_rng(1)
    shown = np.argsort(rng.random((12, 9)), axis=1) < 4
    counters = Counters.none(9, 1).after(shown, np.ones((12, 1), bool), None, 1.0, 0)
    pairs = [(shown[a] & shown[b]).sum() / 4 for a in range(12) for b in range(a)]
    assert mean_overlap(counters) == pytest.approx(np.mean(pairs), rel=1e-14)
    assert mean_overlap(Counters.none(9, 1)) == 0.0
    # Chen, Ankenmann & Spray (2003): for many sittings J / L times the variance of the rates, plus L / J
    rates = np.array([0.9, 0.6, 0.3, 0.2])
    many = replace(Counters.none(4, 1), sittings=10**9, shown=rates * 10**9)
    length = rates.sum()
    assert mean_overlap(many) == pytest.approx(4 / length * rates.var() + length / 4, rel=1e-8)


def test_mean_overlap_falls_back_to_its_limit():
    rng = np.random.default_rng(2)
    popular = -np.arange(60.0)
    counters, rule = Counters.none(60, 1), MeanOverlap(0.3)
    for n in range(300):
        barred = rule.bars(counters, seeds(1))[0]
        value = np.where(barred, -np.inf, popular + rng.normal(0, 2, 60))
        shown = np.zeros((1, 60), dtype=bool)
        shown[0, np.argsort(-value)[:6]] = True
        counters = counters.after(shown, np.ones((1, 1), bool), None, 1.0, 0)
        # each sitting can raise the number of common items by 6 n at most, and only from below the limit
        assert mean_overlap(counters) <= 0.3 + 2 * (1 - 0.3) / max(n, 1)


def test_recent_sittings_share_no_more_than_the_limit():
    recent = (np.array([1, 2, 3, 4, 5]), np.array([4, 5, 6, 7]), np.array([9]))
    counters = replace(Counters.none(12, 1), recent=recent)
    barred = RecentOverlap(2, 2).bars(counters, seeds(500))
    open_ = ~barred
    assert (open_[:, recent[0]].sum(axis=1) <= 2).all()
    assert (open_[:, recent[1]].sum(axis=1) <= 2).all()
    assert open_[:, [0, 8, 9, 10, 11]].all()
    assert len(np.unique(barred, axis=0)) > 20
    assert (barred[3:5] == RecentOverlap(2, 2).bars(counters, seeds(500)[3:5])).all()


def test_eligibility_follows_its_counts():
    visits, barred, taken_ = np.array([100.0, 0.0]), np.zeros((2, 3)), np.zeros((2, 3))
    barred[0] = [0, 20, 60]
    taken_[0] = [10, 50, 40]
    counters = replace(Counters.none(3, 2), visits=visits, barred=barred, taken=taken_)
    rule = Eligibility(0.25, (0.0,))
    found = rule.probability(counters, None, 0.0)
    assert found.tolist() == [[1.0, 0.25 * 80 / 50, 0.25 * 40 / 40], [1.0, 1.0, 1.0]]
    tuned = np.full((2, 3), 0.5)
    begin = rule.probability(Counters.none(3, 2), tuned, 200.0)
    assert begin == pytest.approx(tuned, rel=1e-14)
    drawn = rule.draw(found, seeds(4000))
    eligible = 1 - drawn.mean(axis=0)
    assert (np.abs(eligible - found) <= 4 * np.sqrt(found * (1 - found) / 4000)).all()
    # one draw serves all bands: what is eligible in the narrower band is so in the wider
    assert not (drawn[:, 1] & ~drawn[:, 0]).any()


def test_a_rule_that_may_spare_items_leaves_what_the_exam_needs():
    design = build(exam_of([{"rule": "restricted", "rate": 0.2}]), pool_of())
    shown = np.arange(1.0, J + 1)
    counters = replace(Counters.none(J, 1), sittings=4, shown=shown, shown_anywhere=shown)
    one = begun(design.controls, counters, seeds(2), np.zeros((2, J), bool), design.runs_without)
    assert (one.barred ^ one.spared).all()  # every item was shown too often
    assert design.runs_without(one.barred[0])
    assert 8 <= one.spared[0].sum() <= 9
    assert one.spared[0][:8].all()  # the least shown are spared
    barred = barred_for(design.controls, counters, 0, design.pool, (), design.runs_without)
    assert barred.ineligible == tuple(np.array(IDS)[one.barred[0]])
    assert barred.spared == tuple(np.array(IDS)[one.spared[0]])


def test_an_item_that_fails_its_draw_is_not_shown_in_that_sitting():
    chance = np.where(np.arange(J) % 3 == 0, 0.0, 0.5)
    design = sympson_hetter(chance)
    never = {item for item, p in zip(IDS, chance, strict=True) if not p}
    passed = 0
    for seed in range(20):
        events, state = taken(design, start(design, seed))
        decisions = [event.decision for event in events if isinstance(event, ItemPresented)]
        over = [item for one in decisions for item in one.passed_over]
        shown = {IDS[row] for row in state.administered}
        forced = {e.item for e in events if isinstance(e, ItemPresented) and e.decision.waived}
        assert len(over) == len(set(over))
        assert not set(over) & shown
        assert not (never & shown) - forced
        passed += len(over)
        assert disagreements(events, design) == ()
        assert disagreements([from_json(to_json(event)) for event in events], design) == ()
        assert replay(events, design) == state
    assert passed > 100


def test_an_item_is_shown_as_often_as_it_passes():
    chance = np.linspace(0.2, 1, J)
    design = sympson_hetter(chance)
    done = simulate(np.zeros(3000), design, seeds(3000))
    first = done.rows[:, 0]
    alone = sympson_hetter(np.ones(J))
    best = int(simulate(np.zeros(1), alone, seeds(1)).rows[0, 0])
    share = (first == best).mean()
    assert abs(share - chance[best]) <= 4 * np.sqrt(chance[best] * (1 - chance[best]) / 3000)


@pytest.mark.parametrize("bands", [(), (-0.5, 0.5)])
def test_a_live_sitting_draws_as_it_does_among_others(bands):
    design = sympson_hetter(np.full(J, 0.4), bands)
    done = simulate(np.linspace(-2, 2, 50), design, seeds(50))
    for n in range(0, 50, 7):
        score = {IDS[row]: int(s) for row, s in zip(done.rows[n], done.scores[n], strict=True) if row >= 0}
        _, state = taken(design, start(design, n), score.__getitem__)
        assert list(state.administered) == [row for row in done.rows[n].tolist() if row >= 0]


def test_an_exam_that_cannot_go_on_without_an_item_shows_it_and_says_so():
    design = sympson_hetter(np.zeros(9), pool=pool_of(9))
    events, state = taken(design, start(design, 3))
    waived = [event.decision.waived for event in events if isinstance(event, ItemPresented)]
    assert state.ended == "maximum_length"
    assert set(waived[1:]) == {"sympson_hetter"}
    assert disagreements(events, design) == ()
    assert any(
        "although it failed its exposure draw" in line for line in explain(events, 8, design).sentences
    )


def test_eligibility_is_kept_in_its_band_and_content_comes_first():
    design = build(exam_of([{"rule": "eligibility", "rate": 0.25, "bands": [0.0]}]), pool_of())
    low, high = IDS[: J // 2], IDS[J // 2 :]
    events, state = taken(design, start(design, 5, barred_in_band=(low, high)))
    for event in events:
        if isinstance(event, ItemPresented):
            assert event.item not in (low, high)[event.decision.band]
            assert dict(event.decision.ruled_out)["ineligible_here"] > 0
    assert disagreements(events, design) == ()
    reasons = {one.ruled_out for one in explain(events, 2, design).ranking}
    assert "ineligible_here" in reasons
    events, state = taken(design, start(design, 5, barred_in_band=(IDS, IDS)))
    assert state.ended == "maximum_length"
    assert {e.decision.waived for e in events if isinstance(e, ItemPresented)} == {"eligibility"}


def test_a_log_with_other_bands_than_its_exam_is_refused():
    design = build(exam_of([{"rule": "eligibility", "rate": 0.25, "bands": [0.0]}]), pool_of())
    with pytest.raises(ReplayError) as caught:
        evolve(None, start(design, 5, barred_in_band=(("i01",),)), design)
    assert str(caught.value) == "SittingStarted: barred_in_band must have the exam's 2 bands; got 1"


def test_the_design_is_made_again_from_its_artifact():
    design = sympson_hetter(np.linspace(0.2, 1, J), (0.0,))
    again = Design.from_artifact(design.artifact, design.pool.artifact)
    assert again.fingerprint == design.fingerprint
    assert (again.controls.lottery.chance == design.controls.lottery.chance).all()


RULES = {
    "sympson_hetter": {"rate": 0.25},
    "eligibility": {"rate": 0.25, "bands": [-1, 0, 1], "fading": 0.999},
    "restricted": {"rate": 0.3},
    "progressive_restricted": {"rate": 0.3},
    "maximum_use": {"at_most": 100, "across": "bank"},
    "mean_overlap": {"at_most": 0.2},
    "recent_overlap": {"at_most": 5, "sittings": 3},
}


def test_every_rule_has_a_row_here():
    assert RULES.keys() == EXPOSURE.keys()


@pytest.mark.parametrize(
    ("exposure", "sentence"),
    [
        (
            [{"rule": "sympson_hetter", "rate": 0.25}],
            "exposure.0: sympson_hetter needs a tuned file; tune it with 'adaptest exam tune'",
        ),
        (
            [{"rule": "restricted", "rate": 1.5}],
            "exposure rule restricted: rate must be in (0, 1]; got 1.5",
        ),
        (
            [{"rule": "eligibility", "rate": 0.2, "fading": 0.0}],
            "exposure rule eligibility: fading must be in (0, 1]; got 0",
        ),
        (
            [{"rule": "eligibility", "rate": 0.2}, {"rule": "restricted", "rate": 0.2}],
            "exposure.1: restricted and eligibility both hold items to a rate; keep one of them",
        ),
        (
            [{"rule": "maximum_use", "at_most": 2}, {"rule": "maximum_use", "at_most": 3}],
            "exposure.1: must name each rule once; got maximum_use again",
        ),
        (
            [{"rule": "maximum_use", "at_most": 0}],
            "exposure rule maximum_use: at_most must be at least 1; got 0",
        ),
        (
            [{"rule": "maximum_use", "at_most": 2, "across": "world"}],
            "exposure rule maximum_use: across must be exam or bank; got 'world'",
        ),
        (
            [{"rule": "recent_overlap", "at_most": 3, "sittings": 0}],
            "exposure rule recent_overlap: sittings must be at least 1; got 0",
        ),
        (
            [{"rule": "progressive_restricted", "rate": 0.2}],
            (
                "exposure.0: progressive_restricted needs the progressive picker; got best; set"
                " selection.picker: progressive, or use restricted"
            ),
        ),
        (
            [{"rule": "luck"}],
            f"exposure.0: must be one of {', '.join(EXPOSURE)}; got 'luck'",
        ),
    ],
)
def test_a_rule_that_cannot_work_is_refused_with_a_sentence(exposure, sentence):
    with pytest.raises(ExamError) as caught:
        build(exam_of(exposure), pool_of())
    assert str(caught.value) == f"e.yaml:1: {sentence}"


def test_a_fixed_order_has_no_exposure_to_control():
    with pytest.raises(ExamError) as caught:
        build(
            exam_of([{"rule": "restricted", "rate": 0.2}], selection={"criterion": "fixed_order"}), pool_of()
        )
    assert str(caught.value) == (
        "e.yaml:1: exposure: a fixed order shows everybody the same items, so there is nothing to control;"
        " leave it out, or choose another selection.criterion"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            {"pool": "0" * 64},
            "must be tuned for the 30 items of this exam and their parameters; got another pool",
        ),
        ({"rate": 0.2}, "must be tuned for rate 0.25; got 0.2"),
        ({"rule": "eligibility"}, "must be tuned for rule sympson_hetter; got eligibility"),
        (
            {"design": "0" * 64},
            "must be tuned for this exam as it is; its length, blueprint, selection or stopping has changed",
        ),
    ],
)
def test_what_was_tuned_for_something_else_is_refused(words, sentence):
    pool = pool_of()
    said, text = tuned_text(pool, "sympson_hetter", np.ones(J))
    text = json.dumps({**json.loads(text), **words})
    with pytest.raises(ExamError) as caught:
        build(exam_of(said, text), pool)
    again = "tune it with 'adaptest exam tune' again"
    assert str(caught.value) == f"e.yaml:1: exposure.0: the tuned file {sentence}; {again}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "must be JSON; Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('{"format": "x"}', "format must be adaptest-exposure/1; got 'x'; tune the exam again"),
        ('{"format": "adaptest-exposure/1"}', "rule: field required; tune the exam again"),
    ],
)
def test_a_file_that_is_no_tuned_file_is_refused(text, sentence):
    with pytest.raises(ExamError) as caught:
        exam_of([], text)
    assert str(caught.value) == f"e.exposure.json: {sentence}"


@pytest.mark.parametrize("picker", ["progressive", "proportional"])
def test_a_picker_that_goes_by_size_is_refused_where_criteria_turn_negative(picker):
    selection = {"picker": picker, "content": "weighted_deviations"}
    with pytest.raises(ExamError) as caught:
        build(exam_of([], selection=selection), pool_of())
    assert str(caught.value) == (
        f"e.yaml:1: selection.picker: {picker} goes by how large criteria are, and the content method"
        " weighted_deviations makes some negative; use shadow_test or maximum_priority, or another picker"
    )


def test_an_exam_without_exposure_is_written_as_before():
    values = {"id": "e", "title": "E", "length": {"minimum": 8, "maximum": 8}}
    artifact = json.loads(build(exam_from_values(values), pool_of()).artifact)
    assert not {"exposure", "tuned"} & artifact.keys()
