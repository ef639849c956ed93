"""Theta, standard errors and score distributions of other programs, case by case.

Where a source's grid or solver was coarse, its setting reproduces its number, and ours is the converged one.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from adaptest.models import GradedItems, LogisticItems, PartialCreditItems
from adaptest.numerics.quadrature import NormalPrior, UniformPrior, fixed_grid
from adaptest.parameters import ItemParameters
from adaptest.scoring.estimate import Outcome
from adaptest.scoring.estimators import estimator
from adaptest.scoring.exact import exact_sem
from adaptest.scoring.expected_score import expected_score
from adaptest.scoring.summed import eap_sum_table, score_distribution
from adaptest.scoring.wright import next_level, wright_measure

FILE = Path(__file__).parents[3] / "shared" / "reference" / "cat_cases.json"
CASES = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"banks": {}, "cases": []}
METHODS = {
    "ML": "mle", "MAP": "map", "BM": "map", "EAP": "eap", "WLE_warm": "wle", "WL": "wle",
    "MAP N(0,1)": "map", "MAP Jeffreys": "jeffreys",
    "ROBUST_huber": "robust_huber", "ROBUST_tukey": "robust_tukey",
}  # fmt: skip
CATR = 33  # equally spaced nodes on [-4, 4], trapezoid: catR's default


def of_kind(*kinds):
    return [pytest.param(case, id=case["id"]) for case in CASES["cases"] if case["kind"] in kinds]


def bank(name):
    data = CASES["banks"][name]
    rows = [[np.inf if value is None else value for value in row] for row in data["params"]]
    table, ids = np.array(rows, dtype=float), tuple(f"i{k}" for k in range(len(rows)))
    family = {
        "4PL": lambda: LogisticItems(ids, *table.T),
        "GRM": lambda: GradedItems(ids, table[:, 0], table[:, 1:]),
        "PCM": lambda: PartialCreditItems(ids, np.ones(len(ids)), table, ("pcm",) * len(ids)),
    }
    return ItemParameters.of(family[data["model"]]())


def settings(inputs, method):
    """What the case's source used: prior, grid, bounds and tuning constant, as our options."""
    options = {}
    kind, *values = inputs.get("prior") or ["norm", 0, 1]
    if method in ("eap", "map"):
        options["prior"] = NormalPrior(*values) if kind == "norm" else UniformPrior(*values)
        if kind == "jeffreys":
            return settings(inputs, "jeffreys")
    if method == "eap" and "33" in str(inputs.get("quadrature")):
        options["grid"] = fixed_grid(-4, 4, CATR, options["prior"], trapezoid=True)
    if method.startswith("robust"):
        options["tuning"] = float(values[0])
    if method != "eap" and inputs.get("bounds"):
        options["bounds"] = tuple(inputs["bounds"])
    return options


def estimated(inputs, name):
    jeffreys = (inputs.get("prior") or [""])[0] == "jeffreys"
    method = "jeffreys" if name == "MAP" and jeffreys else METHODS[name]
    items = bank(inputs["bank"])
    rows = np.array([inputs.get("items_0based", list(range(len(inputs["responses"]))))])
    return estimator(method, items, **settings(inputs, method))(rows, np.array([inputs["responses"]]))


def tolerances(tolerance, name):
    if name in tolerance:
        return tolerance[name], tolerance[name]
    theta = tolerance.get("theta", tolerance.get("others"))
    return theta, tolerance.get("se", theta)


@pytest.mark.parametrize("case", of_kind("theta", "theta_and_se"))
def test_theta_and_sem_are_the_sources(case):
    inputs, expected = case["inputs"], case["expected"]
    asked = {key: value for key, value in expected.items() if isinstance(value, dict)}
    if not asked:
        theta = expected.get("theta", expected.get("theta_converged"))
        asked = {inputs["method"]: {"theta": theta, "se": expected.get("se", expected.get("catR_se"))}}
    for name, want in asked.items():
        got = estimated(inputs, name)
        of_theta, of_se = tolerances(case["tolerance"], name)
        assert got.theta[0] == pytest.approx(want["theta"], abs=of_theta), name
        if want.get("se") is not None:
            assert got.sem[0] == pytest.approx(want["se"], abs=of_se), name


@pytest.mark.parametrize("case", of_kind("exact_se"))
def test_the_exact_standard_error_is_the_sources(case):
    inputs, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    b = inputs["bank_inline_b"]
    n = len(b)
    ids = tuple(f"i{k}" for k in range(n))
    items = ItemParameters.of(LogisticItems(ids, np.full(n, float(inputs["a"])), b, np.zeros(n), np.ones(n)))
    bounds = tuple(inputs["bounds"])
    got = estimator("mle", items, bounds=bounds)(np.arange(n)[None], np.array([inputs["responses"]]))
    assert got.theta[0] == pytest.approx(expected["theta"], abs=tolerance["theta"])
    assert got.sem[0] == pytest.approx(expected["ase"], abs=tolerance["ase"])
    exact = exact_sem(items, got.theta, "mle", bounds=bounds)
    assert exact[0] == pytest.approx(expected["exact_se"], abs=tolerance["exact_se"])


@pytest.mark.parametrize("case", of_kind("score_distribution"))
def test_the_score_distribution_is_the_sources(case):
    inputs = case["inputs"]
    items = bank(inputs["bank"]).take(np.array(inputs["items_0based"]))
    (want,) = case["expected"].values()
    got = score_distribution(items, np.array([inputs["theta"]]))[0]
    np.testing.assert_allclose(got, want, rtol=0, atol=case["tolerance"]["all"])


@pytest.mark.parametrize("case", of_kind("expected_score"))
def test_the_expected_score_is_the_sources(case):
    inputs, params = case["inputs"], case["inputs"]["params"]
    a, b, c = ([params.get(name, default)] for name, default in (("a", 1.0), ("b", 0.0), ("c", 0.0)))
    steps = [params.get("deltas", params.get("b"))]
    family = {
        "1PL": lambda: LogisticItems(("i",), a, b, c, [1.0]),
        "2PL": lambda: LogisticItems(("i",), a, b, c, [1.0]),
        "3PL": lambda: LogisticItems(("i",), a, b, c, [1.0]),
        "PC": lambda: PartialCreditItems(("i",), a, steps, ("pcm",)),
        "GPC": lambda: PartialCreditItems(("i",), a, steps, ("gpcm",)),
        "GR": lambda: GradedItems(("i",), a, steps),
    }[inputs["model"]]
    got = np.log(expected_score(ItemParameters.of(family()), inputs["thetas"])).sum()
    (name,) = case["expected"]
    assert got == pytest.approx(case["expected"][name], abs=case["tolerance"][name])


@pytest.mark.parametrize("case", of_kind("wright_cat"))
def test_wrights_measure_is_the_sources(case):
    inputs, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    if "measure" in expected:
        got = wright_measure([inputs["difficulty_sum_logits"]], [inputs["right"]], [inputs["wrong"]])
        assert got.theta[0] == pytest.approx(expected["measure"], abs=tolerance["measure"])
        assert got.sem[0] == pytest.approx(expected["se_logits"], abs=tolerance["se"])
    else:
        for case_, want in zip(inputs["cases"], expected["next_level"], strict=True):
            got = next_level(case_["level"], case_["n"], case_["correct"], tuple(inputs["scale"]))
            assert got == want


def test_every_case_of_these_kinds_is_here(shared):
    kinds = {case["kind"] for case in CASES["cases"]}
    named = {"theta", "theta_and_se", "exact_se", "score_distribution", "expected_score", "wright_cat"}
    assert (shared / "reference").is_dir()
    assert named <= kinds


def test_the_scores_of_lsat7_are_mirts(shared):
    cases = json.loads((shared / "reference" / "calibration_cases.json").read_text(encoding="utf-8"))["cases"]
    (case,) = (case for case in cases if case["id"] == "mirt-test-LSAT7-scores")
    (fit,) = (case for case in cases if case["id"] == "gen-LSAT7-2PL")
    slopes = [item["par"] for item in fit["expected"]["slope_intercept"].values() if "d" in item["par"]]
    a, d = np.array([par["a1"] for par in slopes]), np.array([par["d"] for par in slopes])
    items = ItemParameters.of(LogisticItems(tuple("12345"), a, -d / a, np.zeros(5), np.ones(5)))
    with (shared / case["data_path"]).open(encoding="utf-8", newline="") as file:
        table = np.array(list(csv.reader(file))[1:], dtype=int)
    patterns = np.unique(table, axis=0)[:6]
    expected, close = case["expected"], {"atol": case["tolerance"]["abs"], "rtol": 0}
    rows = np.broadcast_to(np.arange(5), patterns.shape)
    np.testing.assert_allclose(
        estimator("eap", items)(rows, patterns).theta, expected["EAP_first6_patterns"], **close
    )
    np.testing.assert_allclose(
        estimator("map", items)(rows, patterns).theta, expected["MAP_first6_patterns"], **close
    )
    sums, want = eap_sum_table(items), expected["EAPsum"]
    np.testing.assert_allclose(sums.theta, want["theta"], **close)
    np.testing.assert_allclose(sums.sem, want["se"], **close)
    np.testing.assert_allclose(sums.probability * len(table), want["expected"], atol=len(table) * 1e-3)
    np.testing.assert_array_equal(np.bincount(table.sum(axis=1)), want["observed"])
    assert sums.reliability == pytest.approx(want["rxx"], abs=case["tolerance"]["abs"])
    assert (sums.outcome == Outcome.OK).all()


def test_all_wrong_eap_is_not_the_truncated_one(shared):
    (case,) = (case for case in CASES["cases"] if case["id"] == "catR_all0_EAP")
    assert shared.is_dir()
    inputs = {**case["inputs"], "quadrature": "converged"}
    assert estimated(inputs, "EAP").theta[0] == pytest.approx(-3.894682, abs=1e-6)


def test_each_way_of_a_case_that_names_several_is_reproduced(shared):
    (case,) = (case for case in CASES["cases"] if case["id"] == "adaptivetesting_EAP_4PL")
    assert shared.is_dir()
    coarse = estimated({**case["inputs"], "quadrature": "33"}, "EAP").theta[0]
    assert coarse == pytest.approx(case["expected"]["theta_catR_33pt"], abs=1e-12)
    assert estimated(case["inputs"], "EAP").theta[0] == pytest.approx(
        case["expected"]["theta_converged"], abs=1e-6
    )
