"""Raju's areas between an item's curves in two groups."""

from __future__ import annotations

import numpy as np
from scipy.special import erfc, log1p

from adaptest.dif.purify import purified
from adaptest.dif.result import ALPHA, DifResult, Raw, Volume, concluded, raw_of
from adaptest.dif.separate import GroupItems, differences
from adaptest.models.base import Bools, Floats

EFFECT = "signed area, logits"
ALIKE = 1e-8  # relative difference of slopes below which the curves are parallel


def raju(
    reference: GroupItems,
    focal: GroupItems,
    groups: tuple[str, str],
    *,
    signed: bool = True,
    linking_error: bool = True,
    purify: bool = False,
    volume: Volume = Volume(),  # noqa: B008 (frozen)
) -> DifResult:
    r"""Return the area between the curves of each dichotomous item, over its standard error.

    .. math:: SA = (1 - c)(b_F - b_R), \quad
        UA = (1 - c)\left|\frac{2 (a_F - a_R)}{a_R a_F}
             \ln\{1 + e^{a_R a_F (b_F - b_R) / (a_F - a_R)}\} - (b_F - b_R)\right|

    The statistic is the square of area over error (1 df); positive areas are to the focal group's
    disadvantage. Under a common slope UA = |SA|, and the test is that of SA. Guessing must be that of the
    reference group in both.

    Parameters
    ----------
    signed : SA, or UA
    linking_error : as for `lord`

    References
    ----------
    Raju (1988), Psychometrika 53(4), 495-502; Raju (1990), Applied Psychological Measurement 14(2), 197-207.
    """

    def test(anchors: Bools) -> Raw:
        found = differences(reference, focal, anchors, linking_error=linking_error)
        count = len(reference.ids)
        columns = raw_of(count)
        z = np.full(count, np.nan)
        p = np.full(count, np.nan)
        reason = [""] * count
        for j in range(count):
            if np.isfinite(reference.b[j]).sum() != 1:
                reason[j] = "areas with a test are for items of two categories"
                continue
            at = np.array([reference.a[j], reference.b[j, 0], found.a[j], found.b[j, 0]])
            rows = [0, 1, found.joint.shape[1] // 2, found.joint.shape[1] // 2 + 1]
            matrix = found.joint[j][np.ix_(rows, rows)]
            area, gradient = _area(at, float(reference.c[j]), signed=signed)
            variance = float(gradient @ matrix @ gradient)
            if not variance > 0:
                reason[j] = "the area has no sampling variance"
                continue
            columns.effect[j], columns.effect_se[j] = area, np.sqrt(variance)
            z[j] = area / np.sqrt(variance)
            columns.statistic[j], columns.df[j] = z[j] ** 2, 1.0
            p[j] = float(erfc(abs(z[j]) / np.sqrt(2)))
        return columns.raw(p=p, classes=("",) * count, reason=tuple(reason), extra={"z": z})

    raw, anchors, rounds, settled = purified(test, _significant, len(reference.ids), on=purify)
    sizes = (np.full(len(reference.ids), reference.n), np.full(len(reference.ids), focal.n))
    return concluded(
        "raju" if signed else "raju_unsigned", raw, items=reference.ids, groups=groups, sizes=sizes,
        effect_name=EFFECT, volume=volume, anchors=anchors, rounds=rounds, settled=settled,
    )  # fmt: skip


def _significant(raw: Raw) -> Bools:
    return np.asarray(np.nan_to_num(raw.p, nan=1.0) < ALPHA)


def _area(at: Floats, c: float, *, signed: bool) -> tuple[float, Floats]:
    """Return the area and its derivatives in a_R, b_R, a_F, b_F."""
    a_r, b_r, a_f, b_f = at.tolist()
    gap = b_f - b_r
    if signed or abs(a_f - a_r) < ALIKE * abs(a_r):
        return (1 - c) * gap, (1 - c) * np.array([0.0, -1.0, 0.0, 1.0])
    y = a_r * a_f * gap / (a_f - a_r)
    soft = y if y > 500 else float(log1p(np.exp(y)))  # noqa: PLR2004 (beyond it exp overflows)
    steep = 1 / (1 + np.exp(-np.clip(y, -500, 500)))
    h = 2 * (a_f - a_r) / (a_r * a_f) * soft - gap
    # dH/db_F = 2 steep - 1; dH/da = 2 / a^2 (soft - y steep) with the sign of the slope that moves
    turn = 2 * (soft - y * steep)
    gradient = np.array([-turn / a_r**2, 1 - 2 * steep, turn / a_f**2, 2 * steep - 1])
    sign = 1.0 if h >= 0 else -1.0
    return (1 - c) * abs(h), (1 - c) * sign * gradient
