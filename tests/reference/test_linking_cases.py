"""Linking constants and their errors, as plink, SNSequate and equateIRT give them."""

import csv
import json

import numpy as np
import pytest

from adaptest.calibration import CovarianceBlock
from adaptest.linking import Form, link
from adaptest.linking.equating import true_score_equating
from adaptest.models import LogisticItems
from adaptest.numerics.quadrature import NormalPrior, fixed_grid, weighted_grid
from adaptest.parameters import ItemParameters

CURVES = ("haebara", "stocking-lord")
D = 1.7


@pytest.fixture(scope="module")
def kb04(shared):
    with (shared / "data" / "link_kb04_params.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["common"] == "1"]

    def forms(d=D, without=()):
        result = []
        for name in ("form.x", "form.y"):
            some = [row for row in rows if row["form"] == name and row["item"] not in without]
            a, b, c = (np.array([float(row[k]) for row in some]) for k in "abc")
            ids = tuple(row["item"] for row in some)
            result.append(Form(ItemParameters.of(LogisticItems(ids, d * a, b, c, np.ones(len(a))))))
        return result

    return forms


@pytest.fixture(scope="module")
def cases(shared):
    text = (shared / "reference" / "calibration_cases.json").read_text("utf-8")
    return {case["id"]: case for case in json.loads(text)["cases"]}


def even(low, high, n):
    return weighted_grid(np.linspace(low, high, n), np.zeros(n))


def test_moments_are_plinks(kb04, cases):
    for name, without in (("KB-linking-all12", ()), ("KB-linking-excl27", ("27",))):
        expected = cases[name]["expected"]
        expected = expected.get("plink_default", expected)
        for method in ("mean-mean", "mean-sigma"):
            found, want = link(*kb04(without=without), method), expected[method.replace("-", "_")]
            assert (found.A, found.B) == (
                pytest.approx(want["A"], abs=2e-6),
                pytest.approx(want["B"], abs=2e-6),
            )


@pytest.mark.parametrize(
    ("setting", "grid", "symmetric"),
    [("plink_default", even(-4, 4, 41), False), ("plink_symmetric", even(-4, 4, 41), True),
     ("SNSequate", even(-4, 4, 161), False)],
)  # fmt: skip
def test_curve_methods_are_theirs_on_their_grids(kb04, cases, setting, grid, symmetric):
    expected = cases["KB-linking-all12"]["expected"][setting]
    theirs = {"haebara": ("haebara", "Haebara"), "stocking-lord": ("stocking_lord", "StockLord")}
    for method in CURVES:
        want = next(expected[name] for name in theirs[method] if name in expected)
        found = link(*kb04(), method, grid=grid, symmetric=symmetric)
        # they stop on a relative change of the criterion of 1e-5 or so, near a flat minimum
        assert (found.A, found.B) == (pytest.approx(want["A"], abs=5e-5), pytest.approx(want["B"], abs=5e-5))


def test_without_item_27_the_scale_is_plinks(kb04, cases):
    expected = cases["KB-linking-excl27"]["expected"]
    for method in CURVES:
        found = link(*kb04(without=("27",)), method, grid=even(-4, 4, 41), symmetric=False)
        want = expected[method.replace("-", "_")]
        assert (found.A, found.B) == (pytest.approx(want["A"], abs=5e-5), pytest.approx(want["B"], abs=5e-5))


def test_symmetric_with_thirty_normal_points_is_the_published_table(kb04):
    # shared/data/README.md: these two rows were made with the a of D = 1.7 read as they stand
    grid = fixed_grid(-4, 4, 30, NormalPrior())
    want = {"haebara": (1.088233, -0.504619), "stocking-lord": (1.109529, -0.519901)}
    for method, constants in want.items():
        found = link(*kb04(d=1.0), method, grid=grid)
        assert (found.A, found.B) == tuple(pytest.approx(one, abs=2e-6) for one in constants)


@pytest.fixture(scope="module")
def est2pl(shared):
    with (shared / "data" / "link_equateIRT_est2pl.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    packages = shared / "data" / "packages"
    values = json.loads((packages / "equateIRT_est2pl_coef.json").read_text("utf-8"))
    covariance = json.loads((packages / "equateIRT_est2pl_var.json").read_text("utf-8"))

    def form(number):
        ids = tuple(row["item"] for row in rows if row["form"] == str(number + 1))
        d, a = np.array(values[number]).T
        n = len(a)
        jacobian = np.zeros((2 * n, 2 * n))  # from intercepts, then slopes, to a, then b = -d / a
        jacobian[:n, n:] = np.eye(n)
        jacobian[n:, :n], jacobian[n:, n:] = np.diag(-1 / a), np.diag(d / a**2)
        names = tuple((i, word) for word in ("discrimination", "difficulty") for i in ids)
        matrix = jacobian @ np.array(covariance[number]) @ jacobian.T
        items = ItemParameters.of(LogisticItems(ids, a, -d / a, np.zeros(n), np.ones(n)))
        return Form(items, (CovarianceBlock(names, matrix),))

    return form


def gauss_hermite(n):
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    return weighted_grid(nodes, np.log(weights))


def test_constants_and_standard_errors_are_equateirts(est2pl, cases):
    expected = {name.lower(): one for name, one in cases["equateIRT-2pl-1to2"]["expected"].items()}
    for method in ("mean-mean", "mean-gmean", "haebara", "stocking-lord"):
        found = link(est2pl(0), est2pl(1), method, grid=gauss_hermite(30), symmetric=False)
        want = expected[method]
        assert (found.A, found.B) == (pytest.approx(want["A"], abs=1e-7), pytest.approx(want["B"], abs=1e-7))
        assert found.se_A == pytest.approx(want["seA"], abs=1e-7)
        assert found.se_B == pytest.approx(want["seB"], abs=1e-7)


def test_the_error_of_mean_sigma_is_the_delta_methods(est2pl, cases):
    # equateIRT's slope of a standard deviation is (n - 1) / n of the true one: with 10 anchors its error of A
    # is .9 of ours, which finite differences bear out (test_linking_laws)
    want = cases["equateIRT-2pl-1to2"]["expected"]["mean-sigma"]
    found = link(est2pl(0), est2pl(1), "mean-sigma")
    assert (found.A, found.B) == (pytest.approx(want["A"], abs=1e-7), pytest.approx(want["B"], abs=1e-7))
    assert found.se_A * 9 / 10 == pytest.approx(want["seA"], abs=1e-7)


def test_the_fifth_form_of_the_table_is_on_the_first(est2pl):
    # shared/data/README.md: form1 to form5
    for method, want in {"mean-mean": (0.96497, -0.47418), "haebara": (0.97152, -0.47511)}.items():
        found = link(est2pl(0), est2pl(4), method, grid=gauss_hermite(30), symmetric=False)
        assert (found.A, found.B) == tuple(pytest.approx(one, abs=6e-6) for one in want)


def test_true_score_equating_is_kolen_and_brennans(cases):
    expected = cases["KB-true-score-equating"]["expected"]
    forms = []
    for end in ("", ".1"):
        a, b, c = (np.array([row[f"{name}{end}"] for row in expected["params"]]) for name in "abc")
        ids = tuple(str(row["Item"]) for row in expected["params"])
        forms.append(ItemParameters.of(LogisticItems(ids, D * a, b, c, np.ones(len(a)))))
    equated = true_score_equating(*forms)
    theta = np.array([np.nan if one is None else one for one in expected["theta_equivalent"]])
    assert equated.equivalent == pytest.approx(np.array(expected["tau_y"]), abs=2e-4)
    assert equated.theta == pytest.approx(theta, abs=5e-4, nan_ok=True)
