"""Lord's chi-square: whether an item's parameters are the same in groups calibrated apart."""

from __future__ import annotations

import numpy as np

from adaptest.dif.purify import purified
from adaptest.dif.result import ALPHA, DifResult, Raw, Volume, chi_square_p, concluded, raw_of
from adaptest.dif.separate import GroupItems, differences
from adaptest.models.base import Bools

EFFECT = "difficulty difference, focal less reference, logits"


def lord(
    reference: GroupItems,
    focal: GroupItems,
    groups: tuple[str, str],
    *,
    linking_error: bool = True,
    purify: bool = False,
    volume: Volume = Volume(),  # noqa: B008 (frozen)
) -> DifResult:
    r"""Return Lord's chi-square of each item.

    .. math:: \chi^2_j = (\hat\xi_{Fj} - \hat\xi_{Rj})' \Sigma_j^{-1} (\hat\xi_{Fj} - \hat\xi_{Rj})

    over the item's difficulty or thresholds, and its discrimination where each item has its own. Guessing is
    not compared: each group estimates it too badly.

    Parameters
    ----------
    reference, focal : the same items, calibrated in each group
    linking_error : whether the linking's error is in the covariance; False is the published statistic, which
        also counts the error of each group's origin twice, and so is conservative
    purify : items with p below .05 leave the linking

    References
    ----------
    Lord (1980), Applications of item response theory, 217-224; Kim, Cohen & Park (1995), Journal of
    Educational Measurement 32(3), 261-276.
    """

    def test(anchors: Bools) -> Raw:
        found = differences(reference, focal, anchors, linking_error=linking_error)
        count = len(reference.ids)
        columns = raw_of(count)
        reason = [""] * count
        for j in range(count):
            some = found.free[j]
            matrix, change = found.covariance[j][np.ix_(some, some)], found.change[j][some]
            if not some.any() or np.linalg.cond(matrix) > 1 / np.finfo(float).eps:
                reason[j] = "the covariance of the difference is singular"
                continue
            columns.statistic[j] = float(change @ np.linalg.solve(matrix, change))
            columns.df[j] = float(some.sum())
            own = found.free[j][1:]
            columns.effect[j] = float(found.change[j][1:][own].mean())
            mean = np.concatenate([[0.0], own / own.sum()])
            columns.effect_se[j] = float(np.sqrt(mean @ found.covariance[j] @ mean))
        p = chi_square_p(columns.statistic, columns.df)
        return columns.raw(p=p, classes=("",) * count, reason=tuple(reason))

    raw, anchors, rounds, settled = purified(test, _significant, len(reference.ids), on=purify)
    sizes = (np.full(len(reference.ids), reference.n), np.full(len(reference.ids), focal.n))
    return concluded(
        "lord", raw, items=reference.ids, groups=groups, sizes=sizes, effect_name=EFFECT, volume=volume,
        anchors=anchors, rounds=rounds, settled=settled,
    )  # fmt: skip


def _significant(raw: Raw) -> Bools:
    return np.asarray(np.nan_to_num(raw.p, nan=1.0) < ALPHA)
