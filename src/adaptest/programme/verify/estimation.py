"""Calibrations: log-likelihood, parameters, standard errors and group moments, name by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from adaptest.calibration import CalibrationResult, calibrate_conditional, calibrate_joint
from adaptest.models import LogisticItems, PartialCreditItems
from adaptest.parameters.columns import columns_of
from adaptest.programme.verify.beside import beside
from adaptest.programme.verify.case import Case, Context, NotComputedError, Number, number
from adaptest.programme.verify.data import responses_of
from adaptest.programme.verify.fits import fitted, model_of
from adaptest.programme.verify.slope_intercept import Printed, SlopeIntercept

Z95 = 1.959964
ERRORS = {"crossprod": "cross-product", "Louis": "louis", "sandwich": "sandwich"}
LIMITS = {"a_lo", "a_hi", "d_lo", "d_hi", "var_lo", "var_hi", "condnum"}


def calibration(case: Case, context: Context) -> list[Number]:
    """Return every number of a case that a marginal fit answers."""
    expected = case.expected
    if set(ERRORS) & set(expected):
        return _three_errors(case, context)
    # printed limits of the Rasch family are the cross-product's; supplemented EM has limits of its own
    own = any("crossprod" in key for key in expected) or (
        LIMITS & set(expected) and model_of(case) == "rasch"
    )
    fit = fitted(case, context, "cross-product" if own else "louis")
    found = [
        *_likelihood(case, fit),
        *_groups(case, fit),
        *_items(case, fit),
        *_lists(case, fit),
        *beside(case, fit),
    ]
    if LIMITS & set(expected) and "supplemented" not in case.model:
        found += _limits(case, fit)
    return found


def _param(case: Case, what: str, ours: ArrayLike, theirs: ArrayLike, *extra: str) -> Number:
    if "param_rel" in case.tolerance:
        return number(what, ours, theirs, case.tolerance["param_rel"], relative=True)
    return number(what, ours, theirs, case.close("param_abs", *extra, otherwise=1e-3))


def _se(case: Case, what: str, ours: ArrayLike, theirs: ArrayLike) -> Number:
    return number(what, ours, theirs, case.close("se_rel", "param_rel", otherwise=0.01), relative=True)


def _likelihood(case: Case, fit: CalibrationResult) -> list[Number]:
    value, k = fit.log_likelihood, fit.n_parameters
    n = np.log(fit.data.weight.sum())
    ours = {
        "logLik": value, "deviance": -2 * value, "npar": float(k), "AIC": -2 * value + 2 * k,
        "BIC": -2 * value + n * k, "LRT": value,
    }  # fmt: skip
    close = case.close("logLik_abs", otherwise=0.01)
    widths = {"logLik": close, "deviance": case.close("deviance_abs", otherwise=2 * close), "npar": 0.0,
              "AIC": 2 * close, "BIC": 2 * close}  # fmt: skip
    return [number(key, ours[key], case.expected[key], widths[key]) for key in widths if key in case.expected]


def _groups(case: Case, fit: CalibrationResult) -> list[Number]:
    expected, group = case.expected, fit.groups[0]
    found = []
    for key, ours, word in (
        ("var", group.variance, "var_abs"), ("latent_mean", group.mean, "mean_abs"),
        ("latent_var", group.variance, "var_abs"),
    ):  # fmt: skip
        if isinstance(expected.get(key), int | float):
            found.append(_param(case, key, ours, expected[key], word))
    return found


@dataclass(slots=True)
class _Pairs:
    """Ours and theirs by name, collected item after item; standard errors apart."""

    values: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    errors: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def value(self, word: str, ours: float | None, theirs: float) -> None:
        """Note a pair, where we have the number."""
        if ours is not None:
            self.values.setdefault(word, []).append((ours, theirs))

    def error(self, word: str, ours: float | None, theirs: float | None) -> None:
        """Note a pair of standard errors, where both have one."""
        if ours is not None and theirs is not None and np.isfinite(ours):
            self.errors.setdefault(word, []).append((ours, theirs))

    def numbers(self, case: Case) -> list[Number]:
        """Return the furthest pair of each name."""
        found = [_param(case, word, *np.transpose(pairs)) for word, pairs in self.values.items()]
        return found + [_se(case, f"se {word}", *np.transpose(pairs)) for word, pairs in self.errors.items()]


def _items(case: Case, fit: CalibrationResult) -> list[Number]:
    """Return tables of items: mirt's slope_intercept, irt and items, ltm's coef."""
    expected, pairs = case.expected, _Pairs()
    mine = SlopeIntercept.of(fit).items
    for k, (name, printed) in enumerate(expected.get("slope_intercept", {}).items()):
        if name == "GroupPars":
            _group_parameters(fit, printed, pairs)
        elif k < len(mine):
            for word, theirs in printed["par"].items():
                pairs.value(word, mine[k].value.get(word), theirs)
            for word, theirs in printed.get("se", {}).items():
                pairs.error(word, mine[k].se.get(word), theirs)
    _other_tables(expected, fit, mine, pairs)
    return pairs.numbers(case)


def _other_tables(
    expected: Mapping[str, Any], fit: CalibrationResult, mine: Sequence[Printed], pairs: _Pairs
) -> None:
    for k, row in enumerate(expected.get("items", ())):
        for word in ("a1", "d"):
            pairs.value(word, mine[k].value[word], row[word])
    for k, printed in enumerate(list(expected.get("irt", {}).values())[: len(mine)]):
        for word, name in (("a", "discrimination"), ("b", "difficulty"), ("g", "guessing")):
            if word in printed["par"] and name in fit.se:
                pairs.error(word, float(fit.se[name][k]), printed["se"].get(word))
    for ours, theirs, se, their_se, word in _coefficients(fit, expected.get("coef", ())):
        pairs.value(word, ours, theirs)
        pairs.error(word, se, their_se)


def _group_parameters(fit: CalibrationResult, printed: Mapping[str, Any], pairs: _Pairs) -> None:
    group = fit.groups[0]
    for word, value, se, free in (
        ("MEAN_1", group.mean, group.se_mean, group.mean_free),
        ("COV_11", group.variance, group.se_variance, group.variance_free),
    ):
        if word in printed["par"]:
            pairs.value(word, value, printed["par"][word])
        if free:
            pairs.error(word, se, printed.get("se", {}).get(word))


def _coefficients(
    fit: CalibrationResult, rows: Sequence[Mapping[str, Any]]
) -> list[tuple[float, float, float, float | None, str]]:
    """Return ltm's difficulties, then slopes; or one row an item of a graded model."""
    block = fit.items.blocks[0]
    if rows and "Dscrmn" in rows[0]:
        result: list[tuple[float, float, float, float | None, str]] = []
        for k, row in enumerate(rows):
            thresholds = [row[name] for name in sorted(row) if name.startswith("Extrmt")]
            own = block.b[k][: len(thresholds)].tolist()  # type: ignore[attr-defined]
            result += [(x, y, np.nan, None, "threshold") for x, y in zip(own, thresholds, strict=True)]
            result.append((float(block.a[k]), row["Dscrmn"], np.nan, None, "slope"))
        return result
    n = len(fit.item_ids)
    b, a = block.b if rows else (), block.a  # type: ignore[attr-defined]
    se = fit.se
    found = []
    for k, row in enumerate(rows):
        if k < n:
            found.append((float(b[k]), row["value"], float(se["difficulty"][k]), row.get("se"), "difficulty"))
        else:
            error = float(se["discrimination"][k - n]) if "discrimination" in se else np.nan
            found.append((float(a[k - n]), row["value"], error, row.get("se"), "slope"))
    return found


def _lists(case: Case, fit: CalibrationResult) -> list[Number]:
    """Return plain columns: a, b, d and xsi."""
    expected, block = case.expected, fit.items.blocks[0]
    mine = SlopeIntercept.of(fit)
    found = []
    if "a" in expected:
        theirs = np.atleast_1d(expected["a"])
        found.append(_param(case, "a", fit.items.discrimination[: len(theirs)], theirs))
    if "d" in expected:
        theirs = np.array(expected["d"], dtype=float)
        ours = [[v for w, v in item.value.items() if w.startswith("d")] for item in mine.items]
        found.append(_param(case, "d", ours, theirs.reshape(len(theirs), -1)))
    if "b" in expected and isinstance(block, LogisticItems):
        found.append(_param(case, "b", block.b, expected["b"]))
    if "xsi" in expected:
        steps = block.b if isinstance(block, LogisticItems | PartialCreditItems) else np.empty(0)
        found.append(_param(case, "xsi", steps, expected["xsi"]))
    found += _listed_errors(case, fit, mine)
    if "slope_intercept_guessing" in expected:
        ours = [[item.value["a1"], item.value["d"], item.value["g"]] for item in mine.items]
        found.append(_param(case, "a, d, g", ours, expected["slope_intercept_guessing"]))
    return found


def _listed_errors(case: Case, fit: CalibrationResult, mine: SlopeIntercept) -> list[Number]:
    """Return standard errors that stand as columns: of slopes and intercepts, of a, b, c, of the group."""
    expected, group = case.expected, fit.groups[0]
    found = [
        _se(case, f"se {word}", [item.se.get(name, np.nan) for item in mine.items], expected[f"se_{word}"])
        for word, name in (("a", "a1"), ("d", "d"))
        if f"se_{word}" in expected
    ]
    for word, name in (("a", "discrimination"), ("b", "difficulty"), ("g", "guessing")):
        if f"irt_{word}" in expected:
            column = columns_of(fit.items)[name]
            found.append(_param(case, word, column, expected[f"irt_{word}"]))
            found.append(_se(case, f"se {word}", fit.se[name], expected[f"se_irt_{word}"]))
    if "mean" in expected:
        found.append(_param(case, "mean", group.mean, expected["mean"]))
    for word, ours in (("se_mean", group.se_mean), ("se_var", group.se_variance)):
        if word in expected:
            found.append(_se(case, word, ours, expected[word]))
    return found


def _limits(case: Case, fit: CalibrationResult) -> list[Number]:
    """Return 95 % limits and the condition number of the covariance."""
    expected = case.expected
    mine = SlopeIntercept.of(fit)
    names = {"a": "a1", "d": "d"}
    found = []
    for word, name in names.items():
        value = np.array([item.value[name] for item in mine.items])
        half = Z95 * np.array([item.se.get(name, np.nan) for item in mine.items])
        for end, ours in (("lo", value - half), ("hi", value + half)):
            if f"{word}_{end}" in expected:
                theirs = np.atleast_1d(expected[f"{word}_{end}"])
                found.append(_limit(case, f"{word}_{end}", ours[: len(theirs)], theirs))
    group = fit.groups[0]
    for end, sign in (("lo", -1), ("hi", 1)):
        if f"var_{end}" in expected:
            ours = np.array([group.variance + sign * Z95 * group.se_variance])
            found.append(_limit(case, f"var_{end}", ours, np.array([expected[f"var_{end}"]])))
    if "condnum" in expected and mine.covariance is not None:
        found.append(_limit(case, "condition number", np.linalg.cond(mine.covariance), expected["condnum"]))
    return found


def _limit(case: Case, what: str, ours: ArrayLike, theirs: ArrayLike) -> Number:
    """Compare limits: relatively, but not closer than the three digits that they are printed with."""
    rel = case.close("param_rel", otherwise=0.01)
    smallest = float(np.abs(np.asarray(theirs)).min())
    return number(what, ours, theirs, max(rel, 1e-3 / max(smallest, 1e-9)), relative=True)


def _three_errors(case: Case, context: Context) -> list[Number]:
    found = []
    for word, method in ERRORS.items():
        if word not in case.expected:
            continue
        covariance = SlopeIntercept.of(fitted(case, context, method)).covariance
        if covariance is None:
            continue
        rel, given = case.close("var_rel", otherwise=0.02), case.expected[word]
        theirs = list(given["var"].values()) if isinstance(given["var"], dict) else given["var"]
        found.append(number(f"variances, {method}", np.diag(covariance), theirs, rel, relative=True))
        found.append(
            number(
                f"condition number, {method}",
                np.linalg.cond(covariance),
                given["condnum"],
                rel,
                relative=True,
            )
        )
    return found


def conditional(case: Case, context: Context) -> list[Number]:
    """Return conditional maximum likelihood: eRm's easiness sums to 0."""
    expected = case.expected
    fit = calibrate_conditional(responses_of(case, context), "rasch")
    b = fit.items.blocks[0].b  # type: ignore[attr-defined]
    close = case.close("loglik_abs", otherwise=0.01)
    found = [
        number("logLik", fit.log_likelihood, expected[key], close)
        for key in ("loglik", "logLik")
        if key in expected
    ]
    for key in ("easiness", "betapar_easiness"):
        if key in expected:
            ours = b.mean() - b
            found.append(_param(case, "easiness", ours, list(expected[key].values())))
    if "se" in expected:
        found.append(_param(case, "se", fit.se["difficulty"], expected["se"]))
    return found


def joint(case: Case, context: Context) -> list[Number]:
    """Return joint maximum likelihood as TAM has it: nothing here, for its correction is its own."""
    fit = calibrate_joint(responses_of(case, context), "rasch")
    if not fit.converged:
        raise NotComputedError("the joint fit did not converge")
    b = fit.items.blocks[0].b  # type: ignore[attr-defined]
    theirs = np.array(case.expected["xsi"])
    # TAM takes the same share of the number of items off, and centres persons instead of items
    ours = b - b.mean() + theirs.mean()
    return [_param(case, "xsi about their mean", ours, theirs)]


def likelihood_ratio(case: Case, context: Context) -> list[Number]:
    """Return the likelihood ratio of the 1PL and the 2PL."""
    ends = [fitted(case, context, "none", model) for model in ("1pl", "2pl")]
    ratio = 2 * (ends[1].log_likelihood - ends[0].log_likelihood)
    return [number("LRT", ratio, case.expected["LRT"], case.close(otherwise=1e-3))]


def score_tests(case: Case, context: Context) -> list[Number]:  # noqa: ARG001 (as every kind)
    """Say why score tests are not compared."""
    raise NotComputedError(
        "the source does not say which information matrix it uses, and none gives its number; "
        "ours is the observed one, checked by brute force in the test suite"
    )
