"""What exam files say about selection: every word, and the sentence for each that cannot work."""

import numpy as np
import pytest

from adaptest.engine.design import Design
from adaptest.engine.events import ResponseGiven, SittingEnded
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import CRITERIA, PICKERS, build, exam_from_values
from adaptest.errors import ExamError
from adaptest.models import GradedItems, LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

N = 30
RNG = np.random.default_rng(8)
BINARY = LogisticItems(
    tuple(f"i{k:02d}" for k in range(N)),
    RNG.lognormal(0, 0.3, N),
    RNG.normal(size=N),
    np.full(N, 0.2),
    np.ones(N),
)
GRADED = GradedItems(("g0", "g1"), [1.0, 1.5], [[-1.0, 1.0], [0.0, 0.5]])
POOL = Pool(ItemParameters.of(BINARY))
MIXED = Pool(ItemParameters.of(BINARY, GRADED))
CUT = {"reporting": {"cut": {"theta": 0.3}}}


def design_of(selection, pool=POOL, **more):
    values = {"id": "s", "title": "S", "length": {"minimum": 5, "maximum": 8}, "selection": selection}
    return build(exam_from_values(values | more), pool)


def run(design, seed=3):
    state, events = evolve(None, start(design, seed), design), []
    while not isinstance(event := decide(state, design), SittingEnded):
        events.append(event)
        score = int(len(events) % 3 < 2)
        state = evolve(evolve(state, event, design), ResponseGiven(event.item, "", score), design)
    return events


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("interim", ["eap", "map"])
def test_every_criterion_runs_a_sitting_by_its_name_and_lives_again_from_the_artifact(criterion, interim):
    estimation = {"estimation": {"interim": interim}}
    design = design_of({"criterion": criterion}, **CUT, **estimation)
    events = run(design)
    assert len({event.item for event in events}) == 8
    again = Design.from_artifact(design.artifact, design.pool.artifact)
    assert run(again) == events


@pytest.mark.parametrize("picker", PICKERS)
@pytest.mark.parametrize("criterion", ["information", "mutual_information"])
def test_every_picker_runs_a_sitting_in_every_stratum(criterion, picker):
    layers = {"strata": 3, "block_by_difficulty": True, "lengths": [2, 3, 3]}
    design = design_of({"criterion": criterion, "picker": picker, "stratification": layers})
    events = run(design)
    place = [int(design.strata.stratum[design.pool.row[event.item]]) for event in events]
    assert place == [0, 0, 1, 1, 1, 2, 2, 2]
    assert [event.decision.notes for event in events] == [()] * 8
    assert dict(events[0].decision.ruled_out)["other_stratum"] == 20
    assert events[0].decision.eligible == 10
    again = Design.from_artifact(design.artifact, design.pool.artifact)
    assert run(again) == events


def test_an_item_from_another_stratum_is_said_to_be():
    design = design_of(
        {"stratification": {"strata": 10, "lengths": [4, 1, 1, 1, 1, 1, 1, 1, 1, 1]}},
        length={"minimum": 5, "maximum": 13},
    )
    notes = [event.decision.notes for event in run(design)]
    sentence = "stratum 1 of 10 had no item that could come next; the item is from stratum 2"
    assert notes[:4] == [(), (), (), (sentence,)]


def test_without_stratification_the_artifact_is_as_it_always_was():
    assert (
        '"selection":{"criterion":{"name":"information"},"picker":{"name":"best"}}' in design_of({}).artifact
    )


@pytest.mark.parametrize(
    ("selection", "sentence"),
    [
        (
            {"criterion": {"name": "kullback_leibler", "width": 0}},
            "criterion kullback_leibler: width must be greater than 0; got 0",
        ),
        (
            {"criterion": {"name": "kullback_leibler", "delta": 1}},
            "selection.criterion: kullback_leibler takes width; got 'delta'",
        ),
        (
            {"criterion": {"name": "interval_information", "sems": -1}},
            (
                "criterion interval_information: sems and logits must be 0 or more, one of them greater;"
                " got -1 and 0"
            ),
        ),
        (
            {"criterion": {"name": "interval_information", "sems": 0}},
            (
                "criterion interval_information: sems and logits must be 0 or more, one of them greater;"
                " got 0 and 0"
            ),
        ),
        (
            {"criterion": {"name": "efficiency_balanced_information", "sems": 0}},
            "criterion efficiency_balanced_information: sems must be greater than 0; got 0",
        ),
        (
            {"criterion": "information_at_cut"},
            "criterion information_at_cut: needs a cut; give cuts, or the exam's own as reporting.cut",
        ),
        (
            {"criterion": {"name": "information_at_cut", "cuts": ["x"]}},
            "selection.criterion.cuts: must be a list of float; got ('x',)",
        ),
        (
            {"criterion": {"name": "likelihood_weighted_information", "low": 1, "high": 1}},
            "criterion likelihood_weighted_information: low must be below high; got 1 and 1",
        ),
        (
            {"criterion": {"name": "discrimination_index", "low": -9}},
            (
                "criterion discrimination_index: low and high must lie within the nodes of the posterior,"
                " -8 to 8; got -9 and 4"
            ),
        ),
        (
            {"criterion": {"name": "likelihood_weighted_kullback_leibler", "high": 9}},
            (
                "criterion likelihood_weighted_kullback_leibler: low and high must lie within the nodes of"
                " the posterior, -8 to 8; got -4 and 9"
            ),
        ),
        (
            {"criterion": {"name": "expected_information", "information": "total"}},
            "criterion expected_information: information must be one of fisher, observed; got 'total'",
        ),
        (
            {"criterion": {"name": "expected_information", "update": "wle"}},
            "criterion expected_information: update must be one of eap, map; got 'wle'",
        ),
        (
            {"criterion": {"name": "expected_information", "weight": "prior"}},
            "criterion expected_information: weight must be one of predictive, estimate; got 'prior'",
        ),
        (
            {"criterion": {"name": "expected_posterior_variance", "weight": "prior"}},
            "criterion expected_posterior_variance: weight must be one of predictive, estimate; got 'prior'",
        ),
        (
            {"criterion": "closest_difficulty", "picker": "proportional"},
            (
                "picker proportional: goes by how large criteria are and needs one that is never negative,"
                " such as information; got one that is minus the distance between the item's difficulty and"
                " the estimate, logits"
            ),
        ),
        (
            {"picker": {"name": "progressive", "acceleration": -1}},
            "picker progressive: acceleration must be 0 or more; got -1",
        ),
        (
            {"picker": {"name": "randomesque", "schedule": [5, 0]}},
            "picker randomesque: schedule must hold sizes of at least 1; got 0",
        ),
        (
            {"picker": {"name": "randomesque", "schedule": [5, 1.5]}},
            "selection.picker.schedule: must be a list of int; got (5, 1.5)",
        ),
        (
            {"stratification": {"strata": 9}},
            "stratification: strata must not exceed the maximum length, 8; got 9",
        ),
        (
            {"stratification": {"strata": 1}},
            "selection.stratification.strata: must be greater than or equal to 2; got 1",
        ),
    ],
)
def test_selection_that_cannot_work_is_refused(selection, sentence):
    with pytest.raises(ExamError) as caught:
        design_of(selection)
    place, _, told = str(caught.value).partition(": ")
    assert place.startswith("exam:")
    assert told == sentence


def test_up_and_down_needs_right_and_wrong():
    with pytest.raises(ExamError) as caught:
        design_of({"criterion": "up_and_down"}, MIXED)
    assert str(caught.value).partition(": ")[2] == (
        "criterion up_and_down: every item must be scored 0 or 1; got item 'g0' with 3 categories"
    )


@pytest.mark.parametrize("picker", ["progressive", "proportional"])
def test_pickers_that_go_by_the_place_need_a_last_one(picker):
    with pytest.raises(ExamError) as caught:
        design_of({"picker": picker}, length={"minimum": 5})
    assert str(caught.value).partition(": ")[2] == (
        f"picker {picker}: goes by the item's place and needs a maximum length; give length.maximum"
    )


def test_strata_need_a_length_to_share():
    with pytest.raises(ExamError) as caught:
        design_of({"stratification": {"strata": 3}}, length={"minimum": 5})
    assert str(caught.value).partition(": ")[2] == (
        "stratification: the strata share the maximum length; give length.maximum, or lengths"
    )
