"""Calibrations of other programs, number by number, on their grid of 61 nodes on [-6, 6]."""

import csv
import json

import numpy as np
import pytest

from adaptest.calibration import calibrate
from adaptest.calibration.score_tests import score_test
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses

GRID = (-6.0, 6.0, 61)
FREE = {"prior_discrimination": "none", "prior_guessing": "none"}
WORDS = {"very concerned": 0, "slightly concerned": 1, "not very concerned": 2}
TIGHT = 1e-6  # logits: the sources' own numbers are the larger error


@pytest.fixture(scope="module")
def cases(shared):
    text = (shared / "reference" / "calibration_cases.json").read_text(encoding="utf-8")
    return {case["id"]: case for case in json.loads(text)["cases"]}


@pytest.fixture(scope="module")
def fitted(shared, cases):
    done = {}

    def fit(case, model, **options):
        path = cases[case]["data_path"].removeprefix("../")
        key = (path, model, str(options))
        if key not in done:
            settings = {"grid": GRID, "tolerance": TIGHT} | FREE | options
            done[key] = calibrate(read(shared / path), model, **settings)
        return done[key]

    return fit


def read(path):
    with path.open(encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    cells = [[-1 if v in {"", "NA"} else WORDS[v] if v in WORDS else int(v) for v in row] for row in rows]
    return Responses.of(np.array(cells), tuple(header))


def slope_intercept(fit):
    """Return names, values and covariance of slopes, intercepts and logits of c, item by item."""
    values, blocks = [], []
    rows = {}
    if fit.covariance:
        rows = {name: k for k, name in enumerate(fit.covariance[0].parameters)}
    names = []
    for family in fit.items.blocks:
        for k, item in enumerate(family.ids):
            a = family.a[k]
            if isinstance(family, LogisticItems):
                b, words = family.b[k : k + 1], ["difficulty"]
            else:
                b = family.b[k][np.isfinite(family.b[k])]
                word = "threshold" if family.models[k] == "grm" else "step"
                words = [f"{word}_{h}" for h in range(1, len(b) + 1)]
            sums = (
                np.tril(np.ones((len(b), len(b)))) if family.models[k] in {"gpcm", "pcm"} else np.eye(len(b))
            )
            values += [a, *(-a * (sums @ b))]
            jacobian = np.zeros((1 + len(b), 1 + len(b)))
            jacobian[0, 0], jacobian[1:, 0], jacobian[1:, 1:] = 1, -sums @ b, -a * sums
            names += [(item, "a")] + [(item, f"d{h}") for h in range(1, len(b) + 1)]
            blocks.append(([rows.get((item, word)) for word in ("discrimination", *words)], jacobian))
    if not fit.covariance:
        return names, np.array(values), None
    size = len(fit.covariance[0].parameters)
    whole = np.zeros((len(values), size))
    at = 0
    for places, jacobian in blocks:
        for column, place in enumerate(places):
            if place is not None:
                whole[at : at + len(jacobian), place] = jacobian[:, column]
        at += len(jacobian)
    return names, np.array(values), whole @ fit.covariance[0].matrix @ whole.T


def item_of(fit, k):
    return fit.item_ids[k]


def check_mirt(fit, case):
    """Compare with a case that prints mirt's slopes and intercepts, standard errors and group moments."""
    expected, tolerance = case["expected"], case["tolerance"]
    assert fit.log_likelihood == pytest.approx(expected["logLik"], abs=tolerance["logLik_abs"])
    assert fit.n_parameters == expected["npar"]
    assert -2 * fit.log_likelihood + 2 * fit.n_parameters == pytest.approx(
        expected["AIC"], abs=2 * tolerance["logLik_abs"]
    )
    names, values, covariance = slope_intercept(fit)
    place = {name: k for k, name in enumerate(names)}
    for k, (name, printed) in enumerate(expected["slope_intercept"].items()):
        if name == "GroupPars":
            group = fit.groups[0]
            for word, value, se in (
                ("MEAN_1", group.mean, group.se_mean),
                ("COV_11", group.variance, group.se_variance),
            ):
                assert value == pytest.approx(printed["par"][word], abs=tolerance["param_abs"])
                if word in printed["se"]:
                    assert se == pytest.approx(printed["se"][word], rel=tolerance["se_rel"])
            continue
        for word, value in printed["par"].items():
            key = (item_of(fit, k), {"a1": "a", "d": "d1"}.get(word, word))
            if key not in place:
                continue
            assert values[place[key]] == pytest.approx(value, abs=tolerance["param_abs"]), (name, word)
            if word in printed["se"]:
                se = np.sqrt(covariance[place[key], place[key]])
                assert se == pytest.approx(printed["se"][word], rel=tolerance["se_rel"]), (name, word)


@pytest.mark.parametrize(
    ("case", "model"),
    [
        ("gen-LSAT6-2PL", "2pl"),
        ("gen-LSAT6-Rasch", "rasch"),
        ("gen-LSAT7-2PL", "2pl"),
        ("gen-LSAT7-Rasch", "rasch"),
        ("gen-SAT12-2PL", "2pl"),
        ("gen-SAT12-Rasch", "rasch"),
        ("gen-Science-GRM", "grm"),
        ("gen-Science-PCM", "pcm"),
    ],
)
def test_mirt_prints_the_same_parameters_errors_and_log_likelihood(fitted, cases, case, model):
    check_mirt(fitted(case, model), cases[case])


def test_a_guessing_prior_on_the_logit_gives_mirts_numbers(fitted, cases):
    case = cases["gen-LSAT7-3PL-gprior"]
    fit = fitted(case["id"], "3pl", prior_guessing="normal:-1.1,2")
    expected, tolerance = case["expected"], case["tolerance"]
    assert fit.log_likelihood == pytest.approx(expected["logLik"], abs=tolerance["logLik_abs"])
    family = fit.items.blocks[0]
    for k, printed in enumerate(expected["irt"].values()):
        if k == len(family.ids):
            break
        for word, values, name in (
            ("a", family.a, "discrimination"),
            ("b", family.b, "difficulty"),
            ("g", family.c, "guessing"),
        ):
            assert values[k] == pytest.approx(printed["par"][word], abs=tolerance["param_abs"])
            assert fit.se[name][k] == pytest.approx(printed["se"][word], rel=tolerance["se_rel"])


def test_anchored_items_stay_and_the_group_moves_as_in_mirt(fitted, cases):
    case = cases["gen-LSAT7-2PL-FIPC"]
    ids = ("Item.1", "Item.2", "Item.3")
    a, d = np.array([0.9, 1.0, 1.6]), np.array([1.5, 0.5, 1.4])
    anchors = ItemParameters.of(LogisticItems(ids, a, -d / a, np.zeros(3), np.ones(3)))
    fit = fitted(case["id"], "2pl", anchors=anchors)
    check_mirt(fit, case)
    assert fit.basis == ("anchored",) * 3 + ("calibrated",) * 2
    assert fit.se_includes_anchor_error is False


def test_the_nominal_model_of_mirt(fitted, cases):
    case = cases["gen-Science-NRM"]
    fit = fitted(case["id"], "nrm")
    expected, tolerance = case["expected"], case["tolerance"]
    assert fit.log_likelihood == pytest.approx(expected["logLik"], abs=tolerance["logLik_abs"])
    family = fit.items.blocks[0]
    rows = {name: k for k, name in enumerate(fit.covariance[0].parameters)}
    for k, item in enumerate(fit.item_ids):
        printed = expected["slope_intercept"][item]
        top = family.slope[k, 3]
        mine = {"a1": top / 3, "ak1": 3 * family.slope[k, 1] / top, "ak2": 3 * family.slope[k, 2] / top}
        mine |= {f"d{h}": family.intercept[k, h] for h in (1, 2, 3)}
        # the derivatives of mirt's parameters in the three slopes and three intercepts
        jacobian = np.zeros((6, 6))
        jacobian[0, 2] = 1 / 3
        for row, h in ((1, 1), (2, 2)):
            jacobian[row, h - 1], jacobian[row, 2] = 3 / top, -3 * family.slope[k, h] / top**2
        jacobian[3:, 3:] = np.eye(3)
        words = [f"category_slope_{h}" for h in (1, 2, 3)] + [f"category_intercept_{h}" for h in (1, 2, 3)]
        places = [rows[item, word] for word in words]
        covariance = fit.covariance[0].matrix[np.ix_(places, places)]
        se = dict(zip(mine, np.sqrt(np.diag(jacobian @ covariance @ jacobian.T)), strict=True))
        for word, value in mine.items():
            assert value == pytest.approx(printed["par"][word], abs=tolerance["param_abs"])
            assert se[word] == pytest.approx(printed["se"][word], rel=tolerance["se_rel"])


@pytest.mark.parametrize(
    ("method", "word"), [("louis", "Louis"), ("cross-product", "crossprod"), ("sandwich", "sandwich")]
)
def test_three_kinds_of_standard_error(fitted, cases, method, word):
    case = cases["gen-LSAT7-2PL-SE-methods"]
    fit = fitted(case["id"], "2pl", se=method)
    covariance = slope_intercept(fit)[2]
    expected = case["expected"][word]
    assert np.diag(covariance) == pytest.approx(
        list(expected["var"].values()), rel=case["tolerance"]["var_rel"]
    )
    assert np.linalg.cond(covariance) == pytest.approx(expected["condnum"], rel=case["tolerance"]["var_rel"])


def test_louis_agrees_with_the_observed_information_by_differences(fitted, cases):
    case = cases["mirt-test-LSAT7-2PL-Richardson-CI"]
    _, values, covariance = slope_intercept(fitted(case["id"], "2pl"))
    half = 1.959964 * np.sqrt(np.diag(covariance))
    expected, rel = case["expected"], case["tolerance"]["param_rel"]
    for column, word in ((0, "a"), (1, "d")):
        assert (values - half)[column::2] == pytest.approx(expected[f"{word}_lo"], rel=rel)
        assert (values + half)[column::2] == pytest.approx(expected[f"{word}_hi"], rel=rel)
    assert np.linalg.cond(covariance) == pytest.approx(expected["condnum"], rel=rel)


@pytest.mark.parametrize("case", ["mirt-test-LSAT7-2PL", "mirt-test-LSAT7-2PL-SEM-CI"])
def test_mirts_own_tests_of_lsat7(fitted, cases, case):
    expected = cases[case]["expected"]
    fit = fitted(case, "2pl")
    _, values, covariance = slope_intercept(fit)
    assert values[::2] == pytest.approx(expected["a"], rel=0.01)
    assert values[1::2] == pytest.approx(expected["d"], rel=0.01)
    if "logLik" in expected:
        assert fit.log_likelihood == pytest.approx(expected["logLik"], abs=0.01)
        n = np.log(1000)
        assert -2 * fit.log_likelihood + n * fit.n_parameters == pytest.approx(expected["BIC"], abs=0.02)
    else:  # its limits come from a supplemented EM that is itself 1.4 % off; the condition number agrees
        assert np.linalg.cond(covariance) == pytest.approx(expected["condnum"], rel=0.01)


def test_mirts_confidence_limits_under_rasch_and_1pl(fitted, cases):
    rasch = cases["mirt-test-LSAT6-Rasch-CI"]["expected"]
    # the printed interval of the variance is the cross-product's: Louis' begins at .365 (see gen-LSAT6-Rasch)
    fit = fitted("mirt-test-LSAT6-Rasch-CI", "rasch", se="cross-product")
    half = 1.959964 * fit.se["difficulty"]
    close = {"rel": 0.01, "abs": 0.001}  # the case's own, and its three digits
    assert -fit.items.blocks[0].b == pytest.approx(rasch["d"], **close)
    assert -fit.items.blocks[0].b - half == pytest.approx(rasch["d_lo"], **close)
    assert -fit.items.blocks[0].b + half == pytest.approx(rasch["d_hi"], **close)
    group = fit.groups[0]
    assert group.variance == pytest.approx(rasch["var"], rel=0.01)
    assert group.variance - 1.959964 * group.se_variance == pytest.approx(rasch["var_lo"], rel=0.01)
    one = cases["mirt-test-LSAT7-1PL"]["expected"]
    fit = fitted("mirt-test-LSAT7-1PL", "1pl", se="cross-product")
    assert fit.items.discrimination == pytest.approx(one["a"], rel=0.01)
    half = 1.959964 * fit.se["discrimination"][0]
    assert fit.items.discrimination[0] - half == pytest.approx(one["a_lo"], rel=0.01)
    assert fit.items.discrimination[0] + half == pytest.approx(one["a_hi"], rel=0.01)
    family = fit.items.blocks[0]
    assert -family.a * family.b == pytest.approx(one["d"], rel=0.01)


def test_lsat7_without_a_prior_on_guessing_is_at_its_bounds_and_says_so(fitted, cases):
    case = cases["mirt-test-LSAT7-3PL"]
    fit = fitted(case["id"], "3pl")
    family, expected = fit.items.blocks[0], case["expected"]
    assert -family.a * family.b == pytest.approx(expected["d"], abs=case["tolerance"]["param_abs"])
    assert family.b == pytest.approx(expected["b"], abs=case["tolerance"]["param_abs"])
    assert fit.log_likelihood >= -2658.055
    assert fit.status == ("at_bound", "estimated", "at_bound", "at_bound", "at_bound")
    assert not fit.converged
    assert fit.reason.startswith("item 'Item.1' (and 3 more) at a bound")


def test_a_beta_prior_has_its_density_in_c(fitted, cases):
    case = cases["LSAT7-3PL-betaprior-exact"]
    fit = fitted(case["id"], "3pl", prior_guessing="beta:10,40")
    family, expected, tolerance = fit.items.blocks[0], case["expected"], case["tolerance"]
    mine = np.stack([family.a, -family.a * family.b, family.c], axis=1)
    assert mine == pytest.approx(np.array(expected["slope_intercept_guessing"]), abs=tolerance["param_abs"])
    without = fit.log_likelihood + (9 * np.log(family.c) + 39 * np.log1p(-family.c)).sum()
    assert -without == pytest.approx(
        expected["neg_log_posterior_without_beta_constant"], abs=tolerance["log_posterior_abs"]
    )


def test_sequential_and_graded_models_of_mirts_tests(fitted, cases):
    case = cases["mirt-test-Science-sequential"]
    fit = fitted(case["id"], "sequential")
    assert fit.log_likelihood == pytest.approx(case["expected"]["logLik"], abs=0.01)
    assert fit.items.discrimination == pytest.approx(case["expected"]["a"], rel=0.01)
    expected = cases["mirt-test-Science-GRM"]["expected"]
    for method, word in (("louis", "Louis_se_item1"), ("sandwich", "sandwich_se_item1")):
        fit = fitted("mirt-test-Science-GRM", "grm", se=method)
        se = np.sqrt(np.diag(slope_intercept(fit)[2]))[:4]
        assert se == pytest.approx(list(expected[word].values()), rel=0.01)
    values = slope_intercept(fit)[1].reshape(4, 4)
    assert values[:, 0] == pytest.approx(expected["a"], rel=0.01)
    assert values[:, 1:] == pytest.approx(np.array(expected["d"]), rel=0.01)
    assert fit.log_likelihood == pytest.approx(expected["logLik"], abs=0.01)


@pytest.mark.parametrize(
    ("case", "model", "options"),
    [
        ("ltm-LSAT_rasch_a1", "rasch", {"latent_variance": "fixed"}),
        ("ltm-LSAT_1PL", "1pl", {}),
        ("ltm-LSAT_2PL", "2pl", {}),
        ("ltm-WIRS_2PL", "2pl", {}),
        ("ltm-WIRS_1PL", "1pl", {}),
        # here ltm's 21 Gauss-Hermite nodes are not the integral: its nodes give its numbers
        ("ltm-Abortion_1PL", "1pl", {"grid": 21}),
        ("ltm-Mobility_2PL", "2pl", {"grid": 21}),
    ],
)
def test_ltm_prints_the_same_difficulties_and_slopes(fitted, cases, case, model, options):
    fit = fitted(case, model, **options)
    expected, tolerance = cases[case]["expected"], cases[case]["tolerance"]
    assert fit.log_likelihood == pytest.approx(expected["logLik"], abs=tolerance["logLik_abs"])
    printed = expected["coef"]
    n = len(fit.item_ids)
    family = fit.items.blocks[0]
    slopes = printed[n:]
    mine = zip(family.b, fit.se["difficulty"], printed, strict=False)
    for value, se, row in mine:
        assert value == pytest.approx(row["value"], abs=tolerance["param_abs"])
        assert se == pytest.approx(row["se"], rel=tolerance["se_rel"])
    for k, row in enumerate(slopes):
        assert family.a[k] == pytest.approx(row["value"], abs=tolerance["param_abs"])
        if row["se"] is not None:
            assert fit.se["discrimination"][k] == pytest.approx(row["se"], rel=tolerance["se_rel"])


def test_ltms_graded_model_and_likelihood_ratio(fitted, cases):
    case = cases["ltm-Environment-GRM"]
    fit = fitted(case["id"], "grm", grid=21)
    expected = case["expected"]
    assert fit.log_likelihood == pytest.approx(expected["logLik"], abs=case["tolerance"]["logLik_abs"])
    family = fit.items.blocks[0]
    for k, row in enumerate(expected["coef"]):
        mine = [*family.b[k], family.a[k]]
        printed = [row["Extrmt1"], row["Extrmt2"], row["Dscrmn"]]
        assert mine == pytest.approx(printed, abs=case["tolerance"]["param_abs"])
    ratio = 2 * (fitted("ltm-LSAT_2PL", "2pl").log_likelihood - fitted("ltm-LSAT_1PL", "1pl").log_likelihood)
    assert ratio == pytest.approx(cases["ltm-LSAT-anova"]["expected"]["LRT"], abs=0.001)


def test_lsat6_under_the_2pl_reaches_the_likelihood_of_other_methods(fitted, cases):
    expected = cases["mirt-test-LSAT6-2PL-logLik"]["expected"]["logLik"]
    assert fitted("mirt-test-LSAT6-2PL-logLik", "2pl").log_likelihood == pytest.approx(expected, abs=0.01)


def test_tam_prints_the_same_rasch_and_partial_credit_models(fitted, cases):
    case = cases["TAM-sim_rasch_1PL"]
    fit = fitted(case["id"], "rasch")
    expected = case["expected"]
    assert -2 * fit.log_likelihood == pytest.approx(expected["deviance"], abs=0.02)
    assert fit.groups[0].variance == pytest.approx(expected["var"], abs=0.005)
    assert fit.items.blocks[0].b == pytest.approx(expected["xsi"], abs=0.005)
    case = cases["TAM-gpcm_PCM"]
    fit = fitted(case["id"], "pcm")
    expected = case["expected"]
    assert -2 * fit.log_likelihood == pytest.approx(expected["deviance"], abs=0.02)
    assert fit.groups[0].variance == pytest.approx(expected["var"], abs=0.005)
    steps = fit.items.blocks[0].b
    assert steps.ravel() == pytest.approx(expected["xsi"], abs=0.005)


def test_kolen_and_brennans_forms_and_fixed_parameter_calibration(shared, fitted, cases):
    for case in ("gen-KB36_formX_2PL", "gen-KB36_formY_2PL"):
        fit = fitted(case, "2pl")
        expected, tolerance = cases[case]["expected"], cases[case]["tolerance"]
        assert fit.log_likelihood == pytest.approx(expected["logLik"], abs=tolerance["logLik_abs"])
        family = fit.items.blocks[0]
        assert family.a == pytest.approx([row["a1"] for row in expected["items"]], abs=tolerance["param_abs"])
        d = [row["d"] for row in expected["items"]]
        assert -family.a * family.b == pytest.approx(d, abs=tolerance["param_abs"])
    case = cases["gen-KB36-FIPC-2PL"]
    y = fitted("gen-KB36_formY_2PL", "2pl").items
    common = [k for k, row in enumerate(case["expected"]["items"]) if row["_row"].startswith("C")]
    data = read(shared / case["data_path"].removeprefix("../"))
    for with_error in (False, True):
        table = y.take(np.array(common))
        covariance = fitted("gen-KB36_formY_2PL", "2pl").covariance if with_error else ()
        fit = calibrate(data, "2pl", anchors=table, anchor_covariance=covariance, grid=GRID, tolerance=TIGHT)
        expected, tolerance = case["expected"], case["tolerance"]
        assert fit.log_likelihood == pytest.approx(expected["logLik"], abs=tolerance["logLik_abs"])
        assert fit.n_parameters == expected["npar"]
        for k, row in enumerate(expected["items"]):
            item = fit.items.take(np.array([k])).blocks[0]
            assert item.a[0] == pytest.approx(row["a1"], abs=tolerance["param_abs"])
            assert -item.a[0] * item.b[0] == pytest.approx(row["d"], abs=tolerance["param_abs"])
        assert fit.se_includes_anchor_error is with_error
        group = fit.groups[0]
        assert group.mean == pytest.approx(expected["latent_mean"], abs=tolerance["mean_abs"])
        assert group.variance == pytest.approx(expected["latent_var"], abs=tolerance["var_abs"])
        ratio = np.array([group.se_mean, group.se_variance]) / expected["group"]["SE"]
        assert (ratio > 1.01).all() if with_error else ratio == pytest.approx(1, rel=0.02)


def test_a_score_test_foretells_the_likelihood_ratio(fitted):
    rasch = fitted("gen-SAT12-Rasch", "rasch")
    freed = dict.fromkeys(rasch.item_ids, "rasch") | {rasch.item_ids[1]: "2pl"}
    whole = calibrate(rasch.data, freed, grid=GRID, tolerance=TIGHT, prior_discrimination="none", se="none")
    ratio = 2 * (whole.log_likelihood - rasch.log_likelihood)
    found = score_test(rasch, [rasch.item_ids[1]])
    # both are chi-square to first order; a change of the slope by half moves them apart by its third order
    assert found.statistic == pytest.approx(ratio, rel=0.35)
    assert found.df == 1
