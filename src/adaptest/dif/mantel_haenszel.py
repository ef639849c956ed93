"""Mantel-Haenszel for items of two categories, Mantel's test for more."""

from __future__ import annotations

import numpy as np

from adaptest.dif.compared import Compared
from adaptest.dif.effect_size import DELTA, MEAN_DIFFERENCE, ets_classes, size_classes
from adaptest.dif.result import DifResult, Raw, Volume, chi_square_p, raw_of
from adaptest.dif.screen import screened
from adaptest.models.base import Bools, Floats
from adaptest.responses import Responses

CONTINUITY = 0.5
EFFECT = "MH D-DIF"
NO_STRATUM = "no matching score has both groups and two item scores"


def mantel_haenszel(
    responses: Responses,
    *,
    reference: str | None = None,
    focal: str | None = None,
    correct: bool = True,
    purify: bool = False,
    volume: Volume = Volume(),  # noqa: B008 (frozen)
    adaptive: bool | None = None,
) -> DifResult:
    r"""Return the Mantel-Haenszel test of each item, matched on the summed score with the item in it.

    .. math:: \chi^2 = \frac{(|\sum A_s - \sum E A_s| - 1/2)^2}{\sum Var A_s}, \quad
        \hat\alpha = \frac{\sum A_s D_s / T_s}{\sum B_s C_s / T_s}

    The effect is D = -2.35 ln(alpha): negative where the item is harder for the focal group; classes are
    ETS's. An item of more than two scores gets Mantel's test; its effect is the standardised mean difference
    over the item's SD (focal less reference), its classes those of Zwick, Thayer and Mazzeo.

    Parameters
    ----------
    reference, focal : group names; by default the first and the other
    correct : whether 1/2 is taken off (dichotomous items only). Corrected, the test is conservative without
        impact and inflated with it; see the study in `calibration/studies`
    purify : items with p below .05 leave the matching score, and the test is made again, until none changes
    volume : persons needed for a verdict
    adaptive : True says that items were chosen by earlier answers, where the method is refused

    Raises
    ------
    OptionError, where the groups are not two.

    References
    ----------
    Mantel & Haenszel (1959), Journal of the National Cancer Institute 22(4), 719-748; Holland & Thayer
    (1988), in Wainer & Braun (eds), Test validity, 129-145; Phillips & Holland (1987), Biometrics 43(2),
    425-431 (the variance); Mantel (1963), Journal of the American Statistical Association 58(303), 690-700;
    Zwick, Donoghue & Grima (1993), Journal of Educational Measurement 30(3), 233-251 (polytomous items).
    """

    def test(data: Compared, anchors: Bools) -> Raw:
        return _test(data, anchors, correct=correct)

    return screened(
        "mantel_haenszel" if correct else "mantel_haenszel_uncorrected",
        responses, test, effect_name=EFFECT, reference=reference, focal=focal, purify=purify, volume=volume,
        adaptive=adaptive,
    )  # fmt: skip


def _test(data: Compared, anchors: Bools, *, correct: bool) -> Raw:
    count = len(data.highest)
    columns = raw_of(count)
    extra = {name: np.full(count, np.nan) for name in ("odds_ratio", "log_odds_variance")}
    reason = [""] * count
    polytomous = data.highest > 1
    for j in range(count):
        table = data.table(j, data.matching(j, anchors))
        usable = (table.sum(axis=2) > 0).all(axis=1) & ((table.sum(axis=1) > 0).sum(axis=1) > 1)
        table = table[usable]
        if not len(table):
            reason[j] = NO_STRATUM
        elif polytomous[j]:
            statistic, effect, se = _mantel(table, data, j)
            columns.statistic[j], columns.effect[j], columns.effect_se[j] = statistic, effect, se
        else:
            statistic, alpha, variance = two_by_two(table, correct=correct)
            columns.statistic[j] = statistic
            extra["odds_ratio"][j], extra["log_odds_variance"][j] = alpha, variance
            with np.errstate(divide="ignore", invalid="ignore"):
                columns.effect[j] = DELTA * np.log(alpha)
                columns.effect_se[j] = abs(DELTA) * np.sqrt(variance)
    columns.df[np.isfinite(columns.statistic)] = 1.0
    p = chi_square_p(columns.statistic, columns.df)
    with np.errstate(divide="ignore", invalid="ignore"):
        ets = ets_classes(np.log(extra["odds_ratio"]), np.sqrt(extra["log_odds_variance"]), p)
    sized = size_classes(columns.effect, p, MEAN_DIFFERENCE)
    classes = tuple(sized[j] if polytomous[j] else ets[j] for j in range(count))
    return columns.raw(p=p, classes=classes, reason=tuple(reason), extra=extra)


def two_by_two(table: Floats, *, correct: bool) -> tuple[float, float, float]:
    """Return the statistic, the common odds ratio, and the variance of its logarithm.

    Parameters
    ----------
    table : (S, 2, 2) counts: reference and focal; wrong and right; neither margin empty
    """
    b, a, d, c = table[:, 0, 0], table[:, 0, 1], table[:, 1, 0], table[:, 1, 1]
    total = table.sum(axis=(1, 2))
    right, wrong, ours, theirs = a + c, b + d, a + b, c + d
    expected = ours * right / total
    variance = ours * theirs * right * wrong / (total**2 * np.maximum(total - 1, 1e-300))
    away = abs(float((a - expected).sum()))
    if correct:
        away = max(away - CONTINUITY, 0.0)
    spread = float(variance[total > 1].sum())
    statistic = away**2 / spread if spread > 0 else np.nan
    up, down = float((a * d / total).sum()), float((b * c / total).sum())
    alpha = up / down if down > 0 else np.inf
    if not (up > 0 and down > 0):
        return statistic, alpha, np.nan
    log_variance = ((a * d + alpha * b * c) * (a + d + alpha * (b + c)) / total**2).sum() / (2 * up**2)
    return statistic, alpha, float(log_variance)


def _mantel(table: Floats, data: Compared, j: int) -> tuple[float, float, float]:
    """Return Mantel's statistic, the standardised mean difference over the item's SD, and its error."""
    k = np.arange(table.shape[2])
    size = table.sum(axis=2)
    ours, theirs = size[:, 0], size[:, 1]
    total = ours + theirs
    sums = (table.sum(axis=1) * k).sum(axis=1)
    squares = (table.sum(axis=1) * k**2).sum(axis=1)
    seen = (table[:, 1] * k).sum(axis=1)
    expected = theirs * sums / total
    variance = ours * theirs * (total * squares - sums**2) / (total**2 * np.maximum(total - 1, 1e-300))
    spread = float(variance[total > 1].sum())
    statistic = float((seen - expected).sum()) ** 2 / spread if spread > 0 else np.nan
    share = theirs / theirs.sum()
    means = (table * k).sum(axis=2) / size
    smd = float((share * (means[:, 1] - means[:, 0])).sum())
    # Var(focal sum) under no DIF, as Zwick & Thayer (1996): SMD is a linear function of F given the margins
    se = float(np.sqrt((share**2 * (1 / theirs + 1 / ours) ** 2 * variance).sum()))
    score, weight = data.scores[:, j], data.weight
    mean = (weight * score).sum() / weight.sum()
    sd = float(np.sqrt((weight * (score - mean) ** 2).sum() / weight.sum()))
    return statistic, smd / sd, se / sd
