"""Whether the odds ratio is the same at every score: Breslow and Day's test, and its trend form."""

from __future__ import annotations

import numpy as np

from adaptest.dif.compared import Compared
from adaptest.dif.result import DifResult, Raw, Volume, chi_square_p, raw_of
from adaptest.dif.screen import screened
from adaptest.models.base import Bools, Floats
from adaptest.responses import Responses


def breslow_day(
    responses: Responses,
    *,
    trend: bool = True,
    reference: str | None = None,
    focal: str | None = None,
    purify: bool = False,
    volume: Volume = Volume(),  # noqa: B008 (frozen)
    adaptive: bool | None = None,
) -> DifResult:
    r"""Return the test of a common odds ratio over the summed scores: it finds non-uniform DIF.

    .. math:: \chi^2 = \sum_s (A_s - E_s)^2 / V_s, \quad
        \chi^2_{trend} = \frac{\{\sum_s s (A_s - E_s)\}^2}{\sum_s s^2 V_s - (\sum_s s V_s)^2 / \sum_s V_s}

    with E and V (variance) under the Mantel-Haenszel odds ratio in each table. Dichotomous items only.

    Parameters
    ----------
    trend : whether a linear trend over the scores is tested (1 df), the more powerful form; else homogeneity

    References
    ----------
    Breslow & Day (1980), Statistical methods in cancer research I, 142-146; Breslow (1996), Journal of the
    American Statistical Association 91(433), 14-28 (trend); Penfield (2003), Alberta Journal of Educational
    Research 49(3), 231-243.
    """

    def test(data: Compared, anchors: Bools) -> Raw:
        return _test(data, anchors, trend=trend)

    return screened(
        "breslow_day_trend" if trend else "breslow_day", responses, test, effect_name="none",
        reference=reference, focal=focal, purify=purify, volume=volume, adaptive=adaptive,
    )  # fmt: skip


def _test(data: Compared, anchors: Bools, *, trend: bool) -> Raw:
    count = len(data.highest)
    columns = raw_of(count)
    reason = [""] * count
    for j in range(count):
        if data.highest[j] > 1:
            reason[j] = "Breslow and Day's test is for items of two categories"
            continue
        table = data.table(j, data.matching(j, anchors))
        score = np.arange(len(table))
        usable = (table.sum(axis=2) > 0).all(axis=1) & (table.sum(axis=1) > 0).all(axis=1)
        table, score = table[usable], score[usable]
        statistic, df, why = _tested(table, score, trend=trend)
        columns.statistic[j], columns.df[j], reason[j] = statistic, df, why
    p = chi_square_p(columns.statistic, columns.df)
    return columns.raw(p=p, classes=("",) * count, reason=tuple(reason))


def _tested(table: Floats, score: Floats, *, trend: bool) -> tuple[float, float, str]:
    nan = float("nan")
    if len(table) < 2:  # noqa: PLR2004 (scores to compare)
        return nan, nan, "fewer than two matching scores have both groups and both answers"
    total = table.sum(axis=(1, 2))
    a = table[:, 0, 1]
    down = float((table[:, 0, 0] * table[:, 1, 1] / total).sum())
    up = float((a * table[:, 1, 0] / total).sum())
    if not (up > 0 and down > 0):
        return nan, nan, "the odds ratio is 0 or infinite"
    alpha = up / down
    right, ours = table[:, :, 1].sum(axis=1), table[:, 0].sum(axis=1)
    expected = _expected(alpha, right, ours, total)
    cells = np.stack([expected, right - expected, ours - expected, total - right - ours + expected])
    variance = 1 / (1 / cells).sum(axis=0)
    away = a - expected
    if not trend:
        return float((away**2 / variance).sum()), float(len(table) - 1), ""
    spread = float((score**2 * variance).sum() - (score * variance).sum() ** 2 / variance.sum())
    return float((score * away).sum() ** 2 / spread), 1.0, ""


def _expected(alpha: float, right: Floats, ours: Floats, total: Floats) -> Floats:
    """Return the count of right answers in the reference group at which the table's odds ratio is alpha."""
    if alpha == 1:
        return right * ours / total
    # E (total - right - ours + E) = alpha (right - E)(ours - E): the root within the margins
    square, linear = 1 - alpha, total - right - ours + alpha * (right + ours)
    constant = -alpha * right * ours
    return np.asarray(-2 * constant / (linear + np.sqrt(linear**2 - 4 * square * constant)))
