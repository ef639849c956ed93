"""Standardisation: the groups' difference in proportion right, averaged over the focal group's scores."""

from __future__ import annotations

import numpy as np
from scipy.special import erfc

from adaptest.dif.compared import Compared
from adaptest.dif.result import DifResult, Raw, Volume, raw_of
from adaptest.dif.screen import screened
from adaptest.models.base import Bools, Floats
from adaptest.responses import Responses

EFFECT = "STD P-DIF"
BOUNDS = (
    0.05,
    0.10,
)  # Dorans & Holland (1993): below .05 negligible, from .10 on to be looked at by all means


def standardisation(
    responses: Responses,
    *,
    reference: str | None = None,
    focal: str | None = None,
    purify: bool = False,
    volume: Volume = Volume(),  # noqa: B008 (frozen)
    adaptive: bool | None = None,
) -> DifResult:
    r"""Return STD P-DIF of each item, matched on the summed score with the item in it.

    .. math:: \sum_s N_{Fs} (P_{Fs} - P_{Rs}) / \sum_s N_{Fs}

    The statistic is the square of effect over error, on 1 df. Classes go by size alone: below .05 A, below
    .10 B. Of an item with more than two scores, proportions are mean scores over the highest one (Dorans &
    Schmitt 1991). Purification removes what is .10 or more.

    References
    ----------
    Dorans & Kulick (1986), Journal of Educational Measurement 23(4), 355-368; Dorans & Holland (1993), in
    Holland & Wainer (eds), Differential item functioning, 35-66.
    """
    return screened(
        "standardisation", responses, _test, effect_name=EFFECT, reference=reference, focal=focal,
        purify=purify, volume=volume, adaptive=adaptive, flags=_large,
    )  # fmt: skip


def _large(raw: Raw) -> Bools:
    return np.asarray(np.nan_to_num(np.abs(raw.effect)) >= BOUNDS[1])


def _test(data: Compared, anchors: Bools) -> Raw:
    count = len(data.highest)
    columns = raw_of(count)
    ratio = np.full(count, np.nan)
    classes, reason = [""] * count, [""] * count
    p = np.full(count, np.nan)
    for j in range(count):
        table = data.table(j, data.matching(j, anchors))
        table = table[(table.sum(axis=2) > 0).all(axis=1)]
        if not len(table):
            reason[j] = "no matching score has both groups"
            continue
        k = np.arange(table.shape[2]) / (table.shape[2] - 1)
        size = table.sum(axis=2)
        mean = (table * k).sum(axis=2) / size
        spread = (table * k**2).sum(axis=2) / size - mean**2
        share = size[:, 1] / size[:, 1].sum()
        effect = float((share * (mean[:, 1] - mean[:, 0])).sum())
        variance = float((share**2 * (spread[:, 0] / size[:, 0] + spread[:, 1] / size[:, 1])).sum())
        columns.effect[j], columns.effect_se[j] = effect, np.sqrt(variance)
        ratio[j] = _odds(mean, share)
        classes[j] = "A" if abs(effect) < BOUNDS[0] else "B" if abs(effect) < BOUNDS[1] else "C"
        if variance > 0:
            columns.statistic[j], columns.df[j] = effect**2 / variance, 1.0
            p[j] = float(erfc(abs(effect) / np.sqrt(2 * variance)))
    return columns.raw(
        p=p, classes=tuple(classes), reason=tuple(reason), extra={"standardised_odds_ratio": ratio}
    )


def _odds(mean: Floats, share: Floats) -> float:
    """Return the odds ratio of both groups' proportions at the focal group's scores."""
    ours, theirs = (share * mean[:, 0]).sum(), (share * mean[:, 1]).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.divide(ours * (1 - theirs), theirs * (1 - ours)))
