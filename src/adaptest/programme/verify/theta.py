"""Estimates of theta with their standard errors, and the rules that classify by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adaptest.models import LogisticItems
from adaptest.models.base import Floats
from adaptest.numerics.quadrature import NormalPrior, UniformPrior, fixed_grid
from adaptest.parameters import ItemParameters
from adaptest.programme.verify.banks import items_of, names
from adaptest.programme.verify.case import Case, Context, NotComputedError, Number, number
from adaptest.scoring import Estimates
from adaptest.scoring.estimators import estimator
from adaptest.scoring.exact import exact_sem
from adaptest.scoring.wright import next_level, wright_measure
from adaptest.stopping import ConfidenceInterval, Sprt, Standing

METHODS = {
    "ML": "mle", "MLE": "mle", "MAP": "map", "BM": "map", "EAP": "eap", "WLE_warm": "wle", "WL": "wle",
    "WLE": "wle", "MAP N(0,1)": "map", "MAP Jeffreys": "jeffreys", "JF": "jeffreys",
    "ROBUST_huber": "robust_huber", "ROBUST_tukey": "robust_tukey",
}  # fmt: skip
COARSE = 33  # equally spaced nodes on [-4, 4], trapezoid: catR's default


def estimates(case: Case, context: Context) -> list[Number]:
    """Return theta and its standard error by each method that the case names."""
    inputs, expected = case.inputs, case.expected
    asked = {key: value for key, value in expected.items() if isinstance(value, dict)}
    if not asked:
        theta = expected.get("theta", expected.get("theta_converged"))
        asked = {inputs["method"]: {"theta": theta, "se": expected.get("se", expected.get("catR_se"))}}
    found = []
    for name, want in asked.items():
        got = _estimated(case, context, name)
        of_theta = case.close(name, "theta", "others")
        of_se = case.close(name, "se", "theta", "others")
        found.append(number(f"theta {METHODS[name]}", got.theta[0], want["theta"], of_theta))
        if want.get("se") is not None:
            found.append(number(f"se {METHODS[name]}", got.sem[0], want["se"], of_se))
    return found


def _estimated(case: Case, context: Context, name: str) -> Estimates:
    inputs = case.inputs
    if name not in METHODS:
        raise NotComputedError(f"method {name!r} is none of ours")
    jeffreys = (inputs.get("prior") or [""])[0] == "jeffreys"
    method = "jeffreys" if METHODS[name] == "map" and jeffreys else METHODS[name]
    items = items_of(context, {"bank": inputs["bank"]})
    rows = np.array([inputs.get("items_0based", list(range(len(inputs["responses"]))))])
    chosen = estimator(method, items, **_settings(inputs, method))
    return chosen(rows, np.array([inputs["responses"]]))


def _settings(inputs: Mapping[str, Any], method: str) -> dict[str, Any]:
    """Return what the case's source used: prior, grid, bounds and tuning constant, as our options."""
    options: dict[str, Any] = {}
    kind, *values = inputs.get("prior") or ["norm", 0, 1]
    if method in {"eap", "map"}:
        options["prior"] = NormalPrior(*values) if kind == "norm" else UniformPrior(*values)
    if method == "eap" and str(COARSE) in str(inputs.get("quadrature")):
        options["grid"] = fixed_grid(-4, 4, COARSE, options["prior"], trapezoid=True)
    if method.startswith("robust"):
        options["tuning"] = float(values[0])
    if method != "eap" and inputs.get("bounds"):
        options["bounds"] = tuple(inputs["bounds"])
    return options


def exact_errors(case: Case, context: Context) -> list[Number]:  # noqa: ARG001 (as every kind)
    """Return the maximum likelihood estimate with its asymptotic and its exact standard error."""
    inputs, expected = case.inputs, case.expected
    b = np.array(inputs["bank_inline_b"], dtype=float)
    n = len(b)
    a = np.full(n, float(inputs["a"]))
    items = ItemParameters.of(LogisticItems(names(n), a, b, np.zeros(n), np.ones(n)))
    bounds = tuple(inputs["bounds"])
    got = estimator("mle", items, bounds=bounds)(np.arange(n)[None], np.array([inputs["responses"]]))
    exact = exact_sem(items, got.theta, "mle", bounds=bounds)
    ours = {"theta": got.theta, "ase": got.sem, "exact_se": exact}
    return [
        number(key, ours[key], wanted, case.close(key)) for key, wanted in expected.items() if key in ours
    ]


def wright(case: Case, context: Context) -> list[Number]:  # noqa: ARG001 (as every kind)
    """Return Wright's measure, or the level that he would ask next."""
    inputs, expected = case.inputs, case.expected
    if "measure" in expected:
        got = wright_measure([inputs["difficulty_sum_logits"]], [inputs["right"]], [inputs["wrong"]])
        return [
            number("measure", got.theta, [expected["measure"]], case.close("measure")),
            number("se", got.sem, [expected["se_logits"]], case.close("se")),
        ]
    scale = tuple(inputs["scale"])
    levels = [next_level(one["level"], one["n"], one["correct"], scale) for one in inputs["cases"]]
    return [number("next level", levels, expected["next_level"], 0.0)]


def _standing(
    items: ItemParameters, rows: list[int], scores: list[int], theta: float = 0.0, sem: float = 1.0
) -> Standing:
    def nothing() -> Floats:
        return np.array([-np.inf])

    return Standing(
        np.array([theta]), np.array([sem]), np.array([rows], dtype=np.intp),
        np.array([scores], dtype=np.intp), items, nothing,
        lambda points: items.log_probability(np.array(points)),
    )  # fmt: skip


def sequential_ratio(case: Case, context: Context) -> list[Number]:
    """Return the log-likelihood ratio after each item, and when it first passes its bound."""
    inputs, expected = case.inputs, case.expected
    items = items_of(context, {"bank": inputs["bank"]})
    rows, scores = inputs["items_0based"], inputs["responses"]
    settings = {"delta": inputs["delta"], "alpha": inputs["alpha"], "beta": inputs["beta"]}
    steps = range(1, len(rows) + 1)
    found = []
    for cut, key in ((inputs["cut"], "log_LR_by_k"), (0.0, "log_LR_cut0")):
        if key in expected:
            rule = Sprt(cut, **settings)
            ratios = [rule.log_ratio(_standing(items, rows[:k], scores[:k]))[0] for k in steps]
            found.append(number(key, ratios, expected[key], case.close("log_LR_by_k")))
    rule = Sprt(inputs["cut"], **settings)
    fired = [bool(rule.fires(_standing(items, rows[:k], scores[:k]))[0]) for k in steps]
    if "first_k_above_upper" in expected:
        first = fired.index(True) + 1 if any(fired) else len(rows) + 1
        found.append(number("first k", first, expected["first_k_above_upper"], 0.0))
    return found


def confidence_rule(case: Case, context: Context) -> list[Number]:  # noqa: ARG001 (as every kind)
    """Return whether the interval is clear of the cut."""
    inputs = case.inputs
    rule = ConfidenceInterval(inputs["cut"], confidence=1 - inputs["alpha"])
    one = ItemParameters.of(LogisticItems(("i0",), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1)))
    fired = [float(rule.fires(_standing(one, [], [], inputs["theta"], s["se"]))[0]) for s in inputs["cases"]]
    return [number("stops", fired, [float(stop) for stop in case.expected["stop"]], 0.0)]
