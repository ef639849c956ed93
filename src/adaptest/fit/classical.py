"""Classical item analysis on a common form: proportions, correlations with the rest, alpha, omega."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from adaptest.fit.omega import omega
from adaptest.fit.result import ADAPTIVE
from adaptest.models.base import Bools, Floats
from adaptest.responses import Responses
from adaptest.responses.core import Core, core_of

LOW_P, HIGH_P = 0.20, 0.96  # of the highest score: screening bounds of CALIBRATION section 4, changeable
LOW_CORRELATION = 0.20  # item with rest; likewise
FLAGS = {
    "low_p": "fewer than 20 % of the highest score on average",
    "high_p": "more than 96 % of the highest score on average",
    "low_correlation": "correlates less than .20 with the rest of the form",
    "negative_correlation": "correlates negatively with the rest of the form: check the key",
    "raises_alpha": "without it, coefficient alpha is higher",
}


@dataclass(frozen=True, slots=True, eq=False)
class Classical:
    """Classical statistics of J items and of their form; nan where `reason` says why there is none.

    Attributes
    ----------
    n : (J,) persons, by weight, with an answer
    p : (J,) mean score as a share of the highest
    sd : (J,) of the score
    item_total : (J,) correlation with the form's summed score, the item in it
    item_rest : (J,) corrected point-biserial: correlation with the summed score of the other items
    biserial : (J,) the same on the normal scale behind a dichotomous score
    alpha_without : (J,) coefficient alpha of the form without the item
    flags : (J,) tuples of FLAGS
    reason : (J,) why an item has no correlations, or ""
    form_n, form_mean, form_sd : persons who have the whole form, and their summed scores
    mean_correlation, sd_correlation : of all pairs of items
    alpha, alpha_sem : coefficient alpha, and the standard error of measurement by it
    omega : McDonald's, of one common factor
    omega_reason : why there is no omega, or ""
    design : what was seen of the common form
    """

    n: Floats
    p: Floats
    sd: Floats
    item_total: Floats
    item_rest: Floats
    biserial: Floats
    alpha_without: Floats
    flags: tuple[tuple[str, ...], ...]
    reason: tuple[str, ...]
    form_n: float
    form_mean: float
    form_sd: float
    mean_correlation: float
    sd_correlation: float
    alpha: float
    alpha_sem: float
    omega: float
    omega_reason: str
    design: str


def classical(responses: Responses, *, core: Core | None = None) -> Classical:
    r"""Return the classical statistics of resolved responses.

    .. math:: \alpha = \frac{J}{J - 1}\Big(1 - \frac{\sum_j s_j^2}{s_X^2}\Big), \quad
        r_{bis} = r\,\sqrt{p (1 - p)} / \phi\{\Phi^{-1}(p)\}

    with variances over n - 1. Items outside the common form are correlated with the whole form, for those
    who have both. Where there is no common form, all but n, p and sd are refused.

    Parameters
    ----------
    core : the common form, where it is known already

    References
    ----------
    Cronbach (1951), Psychometrika 16(3), 297-334; Lord & Novick (1968), Statistical theories of mental test
    scores, 331 (corrected correlations), 340 (biserial).
    """
    found = core_of(responses) if core is None else core
    cells = responses.dense().astype(np.float64)
    given, weight = cells >= 0, responses.weight
    count = len(responses.items)
    top = np.maximum(cells.max(axis=0, initial=1.0), 1.0)
    n = weight @ given
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = weight @ np.where(given, cells, 0) / n
        sd = np.sqrt(weight @ np.where(given, (cells - mean) ** 2, 0) / (n - 1))
    columns = {name: np.full(count, np.nan) for name in ("total", "rest", "biserial", "without")}
    if not found.is_fixed:
        refusal = f"{ADAPTIVE}: {found.reason}"
        nan = float("nan")
        return Classical(
            n, mean / top, sd, columns["total"], columns["rest"], columns["biserial"], columns["without"],
            _flags(mean / top, np.full(count, np.nan), None),
            (refusal,) * count, nan, nan, nan, nan, nan, nan, nan, nan, refusal, found.reason,
        )  # fmt: skip
    form = cells[found.persons][:, found.items]
    w = weight[found.persons]
    summed = form.sum(axis=1)
    covariance = _covariance(form, w)
    alpha = _alpha(covariance)
    own = set(found.items.tolist())
    place = {row: k for k, row in enumerate(found.items.tolist())}
    reason = [""] * count
    for row in range(count):
        if row in own:
            x, whole, ww = form[:, place[row]], summed, w
            rest = whole - x
        else:
            both = found.persons[given[found.persons, row]]
            x, ww = cells[both, row], weight[both]
            whole = rest = cells[both][:, found.items].sum(axis=1)
        if len(x) < 2 or np.ptp(x) == 0 or np.ptp(rest) == 0:  # noqa: PLR2004 (a correlation)
            reason[row] = "the score, or the score of the rest, does not vary"
            continue
        columns["total"][row] = _correlation(x, whole, ww)
        columns["rest"][row] = _correlation(x, rest, ww)
        if top[row] == 1:
            share = float(ww @ x / ww.sum())
            height = np.exp(-(ndtri(share) ** 2) / 2) / np.sqrt(2 * np.pi)
            columns["biserial"][row] = columns["rest"][row] * np.sqrt(share * (1 - share)) / height
        if row in own and len(own) > 2:  # noqa: PLR2004 (alpha of two items or more)
            kept = np.delete(np.arange(len(found.items)), place[row])
            columns["without"][row] = _alpha(covariance[np.ix_(kept, kept)])
    spread = float(np.sqrt(covariance.sum()))
    factor, why = omega(covariance)
    correlations = _to_correlation(covariance)[np.triu_indices(len(covariance), 1)]
    return Classical(
        n, mean / top, sd, columns["total"], columns["rest"], columns["biserial"], columns["without"],
        _flags(mean / top, columns["rest"], columns["without"] > alpha), tuple(reason),
        float(w.sum()), float(w @ summed / w.sum()), spread, float(np.nanmean(correlations)),
        float(np.nanstd(correlations, ddof=1)), alpha,
        spread * float(np.sqrt(max(1 - alpha, 0.0))), factor, why, found.reason,
    )  # fmt: skip


def _flags(p: Floats, rest: Floats, raises: Bools | None) -> tuple[tuple[str, ...], ...]:
    flags = []
    for j in range(len(p)):
        words = [
            ("low_p", p[j] < LOW_P),
            ("high_p", p[j] > HIGH_P),
            ("negative_correlation", rest[j] < 0),
            ("low_correlation", 0 <= rest[j] < LOW_CORRELATION),
            ("raises_alpha", raises is not None and raises[j]),
        ]
        flags.append(tuple(word for word, holds in words if holds))
    return tuple(flags)


def _covariance(form: Floats, weight: Floats) -> Floats:
    away = form - weight @ form / weight.sum()
    return np.asarray((away * weight[:, None]).T @ away / (weight.sum() - 1))


def _alpha(covariance: Floats) -> float:
    j, whole = len(covariance), covariance.sum()
    return float(j / (j - 1) * (1 - np.trace(covariance) / whole)) if whole > 0 else float("nan")


def _correlation(x: Floats, y: Floats, weight: Floats) -> float:
    covariance = _covariance(np.column_stack([x, y]), weight)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def _to_correlation(covariance: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(np.diag(covariance))
        return np.asarray(covariance / sd / sd[:, None])
