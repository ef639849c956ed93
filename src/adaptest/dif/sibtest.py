"""SIBTEST: the groups' difference at equal true scores on the other items."""

from __future__ import annotations

import numpy as np
from scipy.special import erfc

from adaptest.dif.compared import Compared
from adaptest.dif.effect_size import SIBTEST, size_classes
from adaptest.dif.result import DifResult, Raw, Volume, raw_of
from adaptest.dif.screen import screened
from adaptest.models.base import Bools, Floats
from adaptest.responses import Responses

EFFECT = "beta"
FEWEST = 2.0  # persons of each group at a matching score, by weight, for it to count


def sibtest(
    responses: Responses,
    *,
    reference: str | None = None,
    focal: str | None = None,
    purify: bool = False,
    volume: Volume = Volume(),  # noqa: B008 (frozen)
    adaptive: bool | None = None,
) -> DifResult:
    r"""Return SIBTEST's beta of each item, matched on the sum of the others with regression correction.

    .. math:: \hat\beta = \sum_s \hat p_s (\bar Y^*_{Rs} - \bar Y^*_{Fs}), \quad
        B = \hat\beta \Big/ \Big\{\sum_s \hat p_s^2 (s^2_{Rs} / n_{Rs} + s^2_{Fs} / n_{Fs})\Big\}^{1/2}

    with the focal group's shares p, and means moved along each group's own slope to the true score between
    the groups' (by coefficient alpha in each). Positive where the focal group is at a disadvantage. The
    statistic is B squared. Works for items of any number of scores: beta is then divided by the highest.

    References
    ----------
    Shealy & Stout (1993), Psychometrika 58(2), 159-194; Chang, Mazzeo & Roussos (1996), Journal of
    Educational Measurement 33(3), 333-353 (polytomous); Roussos & Stout (1996), ibid. 33(2), 215-230
    (classes).
    """
    return screened(
        "sibtest", responses, _test, effect_name=EFFECT, reference=reference, focal=focal, purify=purify,
        volume=volume, adaptive=adaptive,
    )  # fmt: skip


def _test(data: Compared, anchors: Bools) -> Raw:
    count = len(data.highest)
    columns = raw_of(count)
    reason = [""] * count
    p = np.full(count, np.nan)
    for j in range(count):
        others = anchors.copy()
        others[j] = False
        found = _one(data, j, others) if others.sum() > 1 else "fewer than two other items match the groups"
        if isinstance(found, str):
            reason[j] = found
            continue
        beta, se = found
        columns.effect[j], columns.effect_se[j] = beta, se
        columns.statistic[j], columns.df[j] = (beta / se) ** 2, 1.0
        p[j] = float(erfc(abs(beta / se) / np.sqrt(2)))
    classes = size_classes(columns.effect, p, SIBTEST)
    return columns.raw(p=p, classes=classes, reason=tuple(reason))


def _one(data: Compared, j: int, others: Bools) -> tuple[float, float] | str:
    matching = data.scores[:, others]
    true = [
        _true_scores(matching[own].astype(np.float64), data.weight[own]) for own in (~data.focal, data.focal)
    ]
    if not np.isfinite(np.concatenate([one[1:] for one in true])).all():
        return "the matching items do not vary, or have no positive reliability, in one of the groups"
    total = matching.sum(axis=1)
    table = data.table(j, total)
    k = np.arange(table.shape[2]) / (table.shape[2] - 1)
    size = table.sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (table * k).sum(axis=2) / size
        spread = ((table * k**2).sum(axis=2) / size - mean**2) * size / np.maximum(size - 1, 1e-300)
    usable = (size >= FEWEST).all(axis=1)
    if usable.sum() < 3:  # noqa: PLR2004 (a slope needs neighbours)
        return "fewer than three matching scores have two persons of each group"
    score = np.flatnonzero(usable).astype(np.float64)
    size, mean, spread = size[usable], mean[usable], spread[usable]
    if not (spread[:, 0] / size[:, 0] + spread[:, 1] / size[:, 1]).sum() > 0:
        return "the item does not vary at any matching score"
    own = np.stack([centre + reliability * (score - centre) for centre, reliability in true], axis=1)
    target = own.mean(axis=1)
    slope = _slopes(mean, own)
    moved = mean + slope * (target[:, None] - own)
    share = size[:, 1] / size[:, 1].sum()
    beta = float((share * (moved[:, 0] - moved[:, 1])).sum())
    variance = (share**2 * (spread[:, 0] / size[:, 0] + spread[:, 1] / size[:, 1])).sum()
    return beta, float(np.sqrt(variance))


def _true_scores(scores: Floats, weight: Floats) -> Floats:
    """Return the group's mean summed score and its coefficient alpha."""
    n = weight.sum()
    total = scores.sum(axis=1)
    mean = weight @ total / n
    variance = weight @ (total - mean) ** 2 / n
    single = (weight @ scores**2 / n - (weight @ scores / n) ** 2).sum()
    j = scores.shape[1]
    alpha = j / (j - 1) * (1 - single / variance) if variance > 0 else np.nan
    return np.array([mean, alpha if alpha > 0 else np.nan])


def _slopes(mean: Floats, own: Floats) -> Floats:
    """Return (S, 2) slopes of each group's mean on its true score: over both neighbours, one at the ends."""
    ahead = np.concatenate([np.arange(1, len(mean)), [len(mean) - 1]])
    behind = np.concatenate([[0], np.arange(len(mean) - 1)])
    return np.asarray((mean[ahead] - mean[behind]) / (own[ahead] - own[behind]))
