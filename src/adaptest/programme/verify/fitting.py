"""Fit, differential item functioning and classical statistics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from adaptest import dif, fit
from adaptest.calibration.population import population
from adaptest.fit.classical import classical
from adaptest.programme.verify.case import Case, Context, NotComputedError, Number, number
from adaptest.programme.verify.data import responses_of
from adaptest.programme.verify.fits import fitted
from adaptest.responses import Responses
from adaptest.responses.core import core_of
from adaptest.scoring.estimators import estimator
from adaptest.scoring.matched import matched
from adaptest.scoring.summed import eap_sum_table

PRINTED = 1e-6  # of a statistic: the cases print eight digits
FOUR_DIGITS = 1e-4


def item_fit(case: Case, context: Context) -> list[Number]:
    """Return S-X2, its degrees of freedom and the standardised likelihood of items."""
    result = fitted(case, context, "none")
    data = matched(result.items, result.data)
    people, expected, close = population(data), case.expected, case.close(otherwise=0.01)
    found = []
    if "S_X2" in expected:
        s = fit.s_x2(data, people, core_of(data.responses))
        found.append(number("S-X2", s.statistic, expected["S_X2"], close))
        if "df_S_X2" in expected:
            found.append(number("df", s.df, expected["df_S_X2"], 0.0))
    if "Zh" in expected:
        found.append(number("Zh", fit.zh(fit.residuals(data, people.eap)), expected["Zh"], close))
    return found


def whole_model(case: Case, context: Context) -> list[Number]:
    """Return M2 and its degrees of freedom."""
    result = fitted(case, context, "none")
    data = matched(result.items, result.data)
    m2 = fit.model_fit(data, population(data), core_of(data.responses))
    close = case.close("M2_abs", otherwise=0.01)
    found = [number("M2", m2.statistic, case.expected["M2"], close)]
    if "df" in case.expected:
        found.append(number("df", m2.df, case.expected["df"], 0.0))
    return found


def local_dependence(case: Case, context: Context) -> list[Number]:
    """Return LD-X2 of pairs; the case names them 2,1."""
    result = fitted(case, context, "none")
    data = matched(result.items, result.data)
    people = population(data)
    pairs = fit.pairs(fit.residuals(data, people.eap), people, core_of(data.responses))
    mine = {f"{j + 1},{i + 1}": x for i, j, x in zip(pairs.first, pairs.second, pairs.ld_x2, strict=True)}
    wanted = case.expected["LD_X2"]
    return [
        number("LD-X2", [mine[pair] for pair in wanted], list(wanted.values()), case.close(otherwise=0.01))
    ]


def scores(case: Case, context: Context) -> list[Number]:
    """Return EAP and MAP of the first patterns, and what each summed score means."""
    items = fitted(case, context, "none").items
    table = responses_of(case, context).dense()
    patterns = np.unique(table, axis=0)[:6].astype(np.intp)
    rows = np.broadcast_to(np.arange(len(items)), patterns.shape)
    expected, close = case.expected, case.close(otherwise=0.01)
    found = [
        number(f"theta {method}", estimator(method, items)(rows, patterns).theta, expected[key], close)
        for method, key in (("eap", "EAP_first6_patterns"), ("map", "MAP_first6_patterns"))
        if key in expected
    ]
    if "EAPsum" in expected:
        sums, want = eap_sum_table(items), expected["EAPsum"]
        found.append(number("theta eap_sum", sums.theta, want["theta"], close))
        found.append(number("se eap_sum", sums.sem, want["se"], close))
        if "rxx" in want:
            found.append(number("reliability", sums.reliability, want["rxx"], close))
    return found


def items_alone(case: Case, context: Context) -> list[Number]:
    """Return the classical statistics of items and of their form."""
    found = classical(responses_of(case, context))
    expected, close = case.expected, case.close(otherwise=1e-3)
    overall, rows = expected["overall"][0], expected["itemstats"]
    whole = {
        "mean_total.score": found.form_mean, "sd_total.score": found.form_sd, "ave.r": found.mean_correlation,
        "sd.r": found.sd_correlation, "alpha": found.alpha, "SEM.alpha": found.alpha_sem,
    }  # fmt: skip
    each = {
        "mean": found.p, "sd": found.sd, "total.r": found.item_total, "total.r_if_rm": found.item_rest,
        "alpha_if_rm": found.alpha_without,
    }  # fmt: skip
    numbers = [number(word, ours, overall[word], close) for word, ours in whole.items() if word in overall]
    return numbers + [number(word, ours, [row[word] for row in rows], close) for word, ours in each.items()]


def contingency(case: Case, context: Context) -> list[Number]:  # noqa: ARG001 (as every kind)
    """Return the Mantel-Haenszel test of 2 x 2 tables, one a stratum.

    Stratum k becomes the persons with a summed score of k: who has the first item right has k - 1 others
    right, who has it wrong has k.
    """
    strata = case.inputs["strata"]  # (S, 2, 2): reference, focal; right, wrong
    rows, group = [], []
    for k, table in enumerate(strata, start=1):
        for g, counts in enumerate(table):
            for right, n in zip((1, 0), counts, strict=True):
                others = [1] * (k - right) + [0] * (len(strata) - k + right)
                rows += [[right, *others]] * n
                group += [g] * n
    responses = Responses.of(np.array(rows), group=np.array(group), groups=("0", "1"))
    found = []
    for correct, word in ((True, "MH"), (False, "MH_uncorrected")):
        got = dif.mantel_haenszel(responses, reference="0", focal="1", correct=correct, volume=dif.NO_GATE)
        for key, ours in ((word, got.statistic), ("odds_ratio", got.extra["odds_ratio"]), ("p", got.p)):
            if key in case.expected and (correct or key == word):
                found.append(number(key, ours[0], case.expected[key], case.close(key)))
    return found


def _groups(case: Case, context: Context) -> Responses:
    """Return a table's items with its Gender or last column as groups."""
    whole = responses_of(case, context)
    named = [name for name in ("Gender", "gender", "group") if name in whole.items]
    if not named:
        raise NotComputedError("its data have no column Gender or group")
    covariates = {*named, "Anger"}
    keep = np.array([k for k, name in enumerate(whole.items) if name not in covariates], dtype=np.intp)
    column = whole.dense()[:, whole.items.index(named[0])].astype(np.intp)
    part = whole.take_items(keep)
    return Responses.of(part.dense(), part.items, group=column, groups=("0", "1"))


def differential(case: Case, context: Context) -> list[Number]:
    """Return a test of differential item functioning by the method that the model names."""
    name = case.model.removeprefix("DIF ").strip()
    if name not in _DIF:
        raise NotComputedError(f"{name} starts from estimates of its own: it is in the test suite")
    return _DIF[name](case, _groups(case, context))


def _mantel_haenszel(case: Case, responses: Responses, *, correct: bool) -> list[Number]:
    found = dif.mantel_haenszel(responses, reference="0", focal="1", correct=correct, volume=dif.NO_GATE)
    numbers = [number("MH", found.statistic, case.expected["MH"], PRINTED)]
    if "alphaMH" in case.expected:
        numbers.append(number("odds ratio", found.extra["odds_ratio"], case.expected["alphaMH"], PRINTED))
    return numbers


def _logistic(case: Case, responses: Responses, *, kind: str, purify: bool) -> list[Number]:
    found = dif.logistic(
        responses, kind, purify=purify, reference="0", focal="1", volume=dif.NO_GATE  # type: ignore[arg-type]
    )  # fmt: skip
    numbers = [number("LR", found.statistic, case.expected["Logistik"], PRINTED)]
    if "deltaR2" in case.expected:
        numbers.append(number("R2 change", found.effect, case.expected["deltaR2"], PRINTED))
    return numbers


def _standardisation(case: Case, responses: Responses) -> list[Number]:
    found = dif.standardisation(responses, reference="0", focal="1", volume=dif.NO_GATE)
    return [number("P-DIF", found.effect, case.expected["PDIF"], PRINTED)]


def _breslow_day(case: Case, responses: Responses) -> list[Number]:
    found = dif.breslow_day(responses, reference="0", focal="1", volume=dif.NO_GATE)
    ours = np.column_stack([found.statistic, found.df, found.p])
    return [number("BD trend, df, p", ours, case.expected["BD"], FOUR_DIGITS)]


def _delta_plot(case: Case, responses: Responses) -> list[Number]:
    found = dif.delta_plot(responses, reference="0", focal="1", volume=dif.NO_GATE)
    return [number("distance", found.effect, np.ravel(case.expected["Dist"]), PRINTED)]


_DIF: dict[str, Callable[[Case, Responses], list[Number]]] = {
    "MH": lambda case, data: _mantel_haenszel(case, data, correct=True),
    "MH_nocorrect": lambda case, data: _mantel_haenszel(case, data, correct=False),
    "Logistic_both": lambda case, data: _logistic(case, data, kind="both", purify=False),
    "Logistic_udif": lambda case, data: _logistic(case, data, kind="uniform", purify=False),
    "Logistic_nudif": lambda case, data: _logistic(case, data, kind="nonuniform", purify=False),
    "Logistic_both_purify": lambda case, data: _logistic(case, data, kind="both", purify=True),
    "Std": _standardisation,
    "BD_trend": _breslow_day,
    "TID": _delta_plot,
}
