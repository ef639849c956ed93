"""Next items, whole adaptive paths and classification rules that other programs gave."""

import json

import numpy as np
import pytest

from adaptest.engine.events import ItemPresented, ResponseGiven, SittingEnded
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.models import LogisticItems
from adaptest.numerics.quadrature import NormalPrior
from adaptest.numerics.random import Stream, uniform
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.selection import FisherInformation, Setting, Situation, shortlist
from adaptest.stopping import ConfidenceInterval, Sprt, Standing

ESTIMATION = {
    "BM": {"interim": "map", "final": "map"},
    "EAP": {"grid": {"low": -4.0, "high": 4.0, "nodes": 33}},
}
STOPPING = {
    "se0.35": [{"rule": "sem", "at_most": 0.35}],
    "minInfo": [{"rule": "minimum_information", "at_least": 0.25}],
}
REASON = {"length": "maximum_length", "precision": "sem", "minInfo": "minimum_information"}


@pytest.fixture(scope="module")
def cases(shared):
    return json.loads((shared / "reference" / "cat_cases.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def bank(cases):
    a, b, c, d = np.array(cases["banks"]["tcals"]["params"]).T
    return ItemParameters.of(LogisticItems(tuple(f"i{k}" for k in range(len(a))), a, b, c, d))


def of_kind(cases, kind, **inputs):
    return [
        case
        for case in cases["cases"]
        if case["kind"] == kind and all(case["inputs"].get(k) == v for k, v in inputs.items())
    ]


def situation(bank, theta, eligible):
    nodes = NormalPrior().grid()
    setting = Setting(bank, nodes.theta, nodes.log_weight, 1, None)
    none = np.zeros((1, 0), dtype=np.intp)
    one = np.array([theta]), np.array([1.0])
    seed = np.zeros(1, dtype=np.uint64)
    return Situation(setting, seed, *one, none, none, eligible, lambda: nodes.log_weight[None])


def test_maximum_information_chooses_the_items_that_catr_chose(cases, bank):
    found = of_kind(cases, "next_item", criterion="MFI")
    assert len(found) >= 5
    for case in found:
        eligible = np.ones((1, len(bank)), dtype=bool)
        eligible[0, case["inputs"]["administered_0based"]] = False
        now = situation(bank, float(case["inputs"]["theta"]), eligible)
        criterion = FisherInformation()
        best = shortlist(criterion, criterion.bounds(now.setting), now, 1)
        assert best.rows.tolist() == [[case["expected"]["item_0based"]]], case["id"]
        tolerance = case["tolerance"]["criterion_value"]
        assert best.value[0, 0] == pytest.approx(case["expected"]["criterion_value"], abs=tolerance)


def test_whole_exams_take_the_path_that_catr_took(cases, bank):
    found = of_kind(cases, "full_cat", selection="MFI")
    assert len(found) >= 3
    for case in found:
        inputs, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
        stop = inputs["stop"]
        length = {"minimum": 1, "maximum": int(stop.removeprefix("len")) if stop.startswith("len") else 85}
        values = {
            "id": "golden",
            "title": case["id"],
            "length": length,
            "estimation": ESTIMATION[inputs["method"]],
            "stopping": STOPPING.get(stop, []),
        }
        design = build(exam_from_values(values), Pool(bank))
        state, items, path = evolve(None, start(design, 1), design), [], []
        assert state.theta == inputs["start"]["theta"]
        while not isinstance(event := decide(state, design), SittingEnded):
            assert isinstance(event, ItemPresented)
            row = bank.row[event.item]
            score = inputs["full_response_vector"][row]
            state = evolve(state, event, design)
            state = evolve(state, ResponseGiven(event.item, str(score), score), design)
            items.append(row)
            path.append((state.theta, state.sem))
        assert items == expected["items_0based"], case["id"]
        assert list(state.scores) == expected["responses"]
        assert event.reason == REASON[expected["stop_reason"]]
        theta, sem = np.array(path).T
        np.testing.assert_allclose(theta, expected["theta_path"], rtol=0, atol=tolerance["theta_path"])
        np.testing.assert_allclose(sem, expected["se_path"], rtol=0, atol=tolerance["se_path"])
        assert event.estimate.theta == pytest.approx(expected["final_theta"], abs=tolerance["theta_path"])
        assert event.estimate.sem == pytest.approx(expected["final_se"], abs=tolerance["se_path"])


def test_the_converged_posterior_mean_chooses_the_same_items_as_the_coarse_one(cases, bank):
    (case,) = of_kind(cases, "full_cat", selection="MFI", method="EAP")
    values = {"id": "golden", "title": "converged", "length": {"minimum": 1, "maximum": 6}}
    design = build(exam_from_values(values), Pool(bank))
    state = evolve(None, start(design, 1), design)
    for row in case["expected"]["items_0based"]:
        event = decide(state, design)
        assert bank.row[event.item] == row
        score = case["inputs"]["full_response_vector"][row]
        state = evolve(evolve(state, event, design), ResponseGiven(event.item, "", score), design)


def standing(bank, rows, scores, theta=0.0, sem=1.0):
    return Standing(
        np.array([theta]),
        np.array([sem]),
        np.array([rows], dtype=np.intp),
        np.array([scores], dtype=np.intp),
        bank,
        lambda: np.array([-np.inf]),
        lambda points: bank.log_probability(np.array(points)),
    )


def test_the_sequential_probability_ratio_is_catirts(cases, bank):
    (case,) = of_kind(cases, "sprt")
    inputs, expected = case["inputs"], case["expected"]
    rows, scores = inputs["items_0based"], inputs["responses"]
    settings = {"delta": inputs["delta"], "alpha": inputs["alpha"], "beta": inputs["beta"]}
    rule = Sprt(inputs["cut"], **settings)
    np.testing.assert_allclose(rule.bounds, inputs["bounds"], rtol=1e-12)
    for cut, key in ((inputs["cut"], "log_LR_by_k"), (0.0, "log_LR_cut0")):
        ratios = [
            Sprt(cut, **settings).log_ratio(standing(bank, rows[:k], scores[:k]))[0]
            for k in range(1, len(rows) + 1)
        ]
        np.testing.assert_allclose(ratios, expected[key], rtol=0, atol=case["tolerance"]["log_LR_by_k"])
    fired = [rule.fires(standing(bank, rows[:k], scores[:k]))[0] for k in range(1, len(rows) + 1)]
    assert fired.index(True) + 1 == expected["first_k_above_upper"]


def test_the_confidence_interval_rule_is_catrs(cases, bank):
    (case,) = of_kind(cases, "ci_rule")
    rule = ConfidenceInterval(case["inputs"]["cut"], confidence=1 - case["inputs"]["alpha"])
    theta = case["inputs"]["theta"]
    fired = [bool(rule.fires(standing(bank, [], [], theta, one["se"]))[0]) for one in case["inputs"]["cases"]]
    assert fired == case["expected"]["stop"]


def test_a_draw_of_the_engine_is_the_named_draw(bank):
    values = {
        "id": "draws",
        "title": "draws",
        "length": {"minimum": 1, "maximum": 5},
        "selection": {"picker": {"name": "randomesque", "size": 5}},
    }
    design = build(exam_from_values(values), Pool(bank))
    decision = decide(evolve(None, start(design, 99), design), design).decision
    assert decision.choice == float(uniform(99, Stream.SELECTION, 0))
    assert decision.tie == float(uniform(99, Stream.TIE, 0))
