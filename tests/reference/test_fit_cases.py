"""Fit and DIF of other programs, number by number."""

import json

import numpy as np
import pytest

from adaptest import dif, fit
from adaptest.calibration import calibrate
from adaptest.calibration.population import population
from adaptest.fit.classical import classical
from adaptest.fit.theta_groups import q1
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.responses.core import core_of
from adaptest.responses.files import read_responses
from adaptest.scoring.matched import matched

GRID = (-6.0, 6.0, 61)
EXACT = 1e-6  # of a statistic: the cases print eight digits
GROUPS = {"reference": "0", "focal": "1", "volume": dif.NO_GATE}


@pytest.fixture(scope="module")
def cases(shared):
    text = (shared / "reference" / "calibration_cases.json").read_text(encoding="utf-8")
    return {case["id"]: case for case in json.loads(text)["cases"]}


@pytest.fixture(scope="module")
def lsat(shared):
    """LSAT section 7 (2PL), and section 6 (Rasch), fitted tightly on the other program's grid."""

    def fitted(name, model):
        responses = read_responses(shared / "data" / "packages" / name, id_columns=())
        items = calibrate(responses, model, grid=GRID, tolerance=1e-7, se="none").items
        data = matched(items, responses)
        return data, population(data), core_of(data.responses)

    return {7: fitted("LSAT7.csv", "2pl"), 6: fitted("LSAT6.csv", "rasch")}


@pytest.fixture(scope="module")
def verbal(shared):
    path = shared / "data" / "packages" / "difR_verbal.csv"
    return read_responses(path, id_columns=["Anger", "Gender"], groups="Gender")


def test_s_x2_and_the_standardised_likelihood_of_lsat7(cases, lsat):
    data, people, core = lsat[7]
    case = cases["mirt-test-LSAT7-itemfit"]
    found = fit.s_x2(data, people, core)
    assert found.statistic == pytest.approx(case["expected"]["S_X2"], abs=case["tolerance"]["abs"])
    assert found.df.tolist() == case["expected"]["df_S_X2"]
    zh = fit.zh(fit.residuals(data, people.eap))
    assert zh == pytest.approx(case["expected"]["Zh"], abs=case["tolerance"]["abs"])


def test_m2_of_lsat7_and_of_rasch_on_lsat6(cases, lsat):
    case = cases["mirt-test-LSAT7-M2"]
    expected, tolerance = case["expected"], case["tolerance"]["abs"]
    found = {section: fit.model_fit(*lsat[section]) for section in lsat}
    assert (found[7].statistic, found[7].df) == pytest.approx((expected["M2"], expected["df"]), abs=tolerance)
    assert (found[6].statistic, found[6].df) == pytest.approx(
        (expected["M2_Rasch"], expected["df_Rasch"]), abs=tolerance
    )


def test_local_dependence_of_lsat7(cases, lsat):
    data, people, core = lsat[7]
    found = fit.pairs(fit.residuals(data, people.eap), people, core)
    case = cases["mirt-test-LSAT7-LD"]
    mine = {f"{j + 1},{i + 1}": x for i, j, x in zip(found.first, found.second, found.ld_x2, strict=True)}
    assert mine == pytest.approx(case["expected"]["LD_X2"], abs=case["tolerance"]["abs"])


@pytest.mark.parametrize(("case", "correct"), [("difR-verbal-MH", True), ("difR-verbal-MH_nocorrect", False)])
def test_mantel_haenszel_of_verbal_aggression(cases, verbal, case, correct):
    expected = cases[case]["expected"]
    found = dif.mantel_haenszel(verbal, correct=correct, **GROUPS)
    assert found.statistic == pytest.approx(expected["MH"], abs=EXACT)
    assert found.extra["odds_ratio"] == pytest.approx(expected["alphaMH"], abs=EXACT)
    assert [k + 1 for k in np.flatnonzero(found.p < 0.05)] == expected["DIFitems"]
    if correct:
        assert found.p == pytest.approx(expected["p.value"], abs=EXACT)
        assert found.extra["log_odds_variance"] == pytest.approx(expected["varLambda"], abs=EXACT)


@pytest.mark.parametrize(
    ("case", "kind", "purify"),
    [("both", "both", False), ("udif", "uniform", False), ("both_purify", "both", True)],
)
def test_logistic_regression_of_verbal_aggression(cases, verbal, case, kind, purify):
    expected = cases[f"difR-verbal-Logistic_{case}"]["expected"]
    found = dif.logistic(verbal, kind, purify=purify, **GROUPS)
    assert found.statistic == pytest.approx(expected["Logistik"], abs=EXACT)
    assert found.effect == pytest.approx(expected["deltaR2"], abs=EXACT)
    flagged = np.flatnonzero(found.p < 0.05)
    assert [k + 1 for k in flagged] == expected["DIFitems"]
    assert found.rounds == expected.get("nrPur", 0)
    if not purify:
        assert found.p == pytest.approx(expected["p.value"], abs=EXACT)
        for k in flagged:  # the source prints the full model of these, and the restricted one of the others
            names = ("intercept", "slope_matching", "group", "interaction")
            mine = [found.extra[name][k] for name in names]
            assert mine == pytest.approx(expected["logitPar"][k], abs=1e-4)


def test_standardisation_of_verbal_aggression(cases, verbal):
    expected = cases["difR-verbal-Std"]["expected"]
    found = dif.standardisation(verbal, **GROUPS)
    assert found.effect == pytest.approx(expected["PDIF"], abs=EXACT)
    assert found.extra["standardised_odds_ratio"] == pytest.approx(expected["stdAlpha"], abs=EXACT)
    assert [k + 1 for k, word in enumerate(found.classes) if word == "C"] == expected["DIFitems"]


def test_breslow_day_trend_of_verbal_aggression(cases, verbal):
    case = cases["difR-verbal-BD_trend"]
    found = dif.breslow_day(verbal, **GROUPS)
    mine = np.column_stack([found.statistic, found.df, found.p])
    assert mine == pytest.approx(np.array(case["expected"]["BD"]), abs=1e-4)  # printed with four digits


def test_delta_plot_of_verbal_aggression(cases, verbal):
    expected = cases["difR-verbal-TID"]["expected"]
    found = dif.delta_plot(verbal, **GROUPS)
    assert found.effect == pytest.approx(np.ravel(expected["Dist"]), abs=EXACT)
    axis = found.extra["axis_intercept"][0], found.extra["axis_slope"][0]
    assert axis == pytest.approx(expected["axis.par"], abs=EXACT)


def printed(parameters, names, n):
    """One group's difficulties and standard errors as a program printed them."""
    b, se = np.array(parameters).T
    covariance = np.diag(np.concatenate([np.zeros(len(b)), se**2]))
    models = ("rasch",) * len(b)
    return dif.GroupItems(names, models, np.ones(len(b)), b[:, None], np.zeros(len(b)), covariance, float(n))


def test_lord_and_raju_on_the_estimates_that_the_source_printed(cases, verbal):
    """The source's own definition: item variances added, the linking taken as known."""
    lord, raju = (cases[f"difR-verbal-{name}_1PL"]["expected"] for name in ("Lord", "Raju"))
    both = [
        printed(lord["itemParInit"][:24], verbal.items, 243),
        printed(lord["itemParInit"][24:], verbal.items, 73),
    ]
    groups, plain = ("0", "1"), {"linking_error": False, "volume": dif.NO_GATE}
    found = dif.lord(*both, groups, **plain)
    assert found.statistic == pytest.approx(lord["LordChi"], abs=EXACT)
    assert found.p == pytest.approx(lord["p.value"], abs=EXACT)
    area = dif.raju(*both, groups, **plain)
    assert area.extra["z"] == pytest.approx(raju["RajuZ"], abs=EXACT)
    # the source doubles the upper tail of z itself, so that a negative z has p above 1: 2 - p is meant
    theirs = np.array(raju["p.value"])
    assert area.p == pytest.approx(np.minimum(theirs, 2 - theirs), abs=EXACT)


def test_lord_on_our_own_calibrations_agrees_with_mantel_haenszel_where_the_sources_is_conservative(
    cases, verbal
):
    """The source's variances count each group's origin twice; with the linking's error in it, Lord meets MH.

    Its difficulties are Laplace approximations: ours differ from them by up to .19, in the outermost item.
    """
    parts = [verbal.take_persons(np.flatnonzero(verbal.group == verbal.groups.index(g))) for g in "01"]
    both = [dif.GroupItems.of(calibrate(part, "rasch"), verbal.items) for part in parts]
    theirs = np.array(cases["difR-verbal-Lord_1PL"]["expected"]["LordChi"])
    plain = dif.lord(*both, ("0", "1"), linking_error=False, volume=dif.NO_GATE).statistic
    assert np.abs(plain - theirs).max() < 0.7
    assert np.corrcoef(plain, theirs)[0, 1] > 0.99
    exact = dif.lord(*both, ("0", "1"), volume=dif.NO_GATE).statistic
    uncorrected = dif.mantel_haenszel(verbal, correct=False, **GROUPS).statistic
    assert exact.mean() == pytest.approx(uncorrected.mean(), rel=0.1)
    assert plain.mean() < 0.85 * uncorrected.mean()


def test_yens_q1_of_lsat7_in_ten_groups(cases, lsat):
    """The source stops at 1e-4 of a parameter: what moving ours as far does to a statistic is allowed for."""
    data, people, _ = lsat[7]
    case = cases["mirt-test-LSAT7-itemfit"]
    found = q1(data, people.eap)
    assert found.df.tolist() == case["expected"]["df_X2"]
    (block,) = data.items.blocks
    moved = np.zeros(5)
    for sign in (1e-4, -1e-4):
        intercepts = -block.a * block.b + sign
        near = LogisticItems(block.ids, block.a + sign, -intercepts / (block.a + sign), block.c, block.d)
        again = matched(ItemParameters.of(near), data.responses)
        value = q1(again, population(again, moments={"all": (0.0, 1.0)}).eap).statistic
        moved = np.maximum(moved, np.abs(value - found.statistic))
    away = np.abs(found.statistic - case["expected"]["X2_Q1_10bins"])
    assert (away <= case["tolerance"]["abs"] + moved).all()


def test_classical_item_analysis_of_sat12(cases, shared):
    case = cases["gen-SAT12-itemstats"]
    responses = read_responses(shared / "data" / "packages" / "SAT12_scored.csv", id_columns=())
    found = classical(responses)
    tolerance = case["tolerance"]["abs"]
    columns = {
        "mean": found.p,
        "sd": found.sd,
        "total.r": found.item_total,
        "total.r_if_rm": found.item_rest,
        "alpha_if_rm": found.alpha_without,
    }
    for name, mine in columns.items():
        assert mine == pytest.approx([row[name] for row in case["expected"]["itemstats"]], abs=tolerance)
    overall = case["expected"]["overall"][0]
    whole = {
        "N": found.form_n,
        "mean_total.score": found.form_mean,
        "sd_total.score": found.form_sd,
        "ave.r": found.mean_correlation,
        "sd.r": found.sd_correlation,
        "alpha": found.alpha,
        "SEM.alpha": found.alpha_sem,
    }
    assert whole == pytest.approx({name: overall[name] for name in whole}, abs=tolerance)
    shares = np.column_stack([1 - found.p, found.p])
    assert shares == pytest.approx(
        np.array([[row["0"], row["1"]] for row in case["expected"]["proportions"]]), abs=tolerance
    )
