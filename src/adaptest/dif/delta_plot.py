"""Transformed item difficulties: Angoff's delta plot, which matches nobody."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from adaptest.dif.compared import Compared
from adaptest.dif.result import DifResult, Raw, Volume, raw_of
from adaptest.dif.screen import screened
from adaptest.models.base import Bools
from adaptest.responses import Responses

EFFECT = "distance from the major axis, deltas"
FAR = 1.5  # deltas: Angoff & Ford (1973)
UNIT, CENTRE = 4.0, 13.0  # ETS delta


def delta_plot(
    responses: Responses,
    *,
    reference: str | None = None,
    focal: str | None = None,
    purify: bool = False,
    volume: Volume = Volume(),  # noqa: B008 (frozen)
    adaptive: bool | None = None,
) -> DifResult:
    r"""Return each item's distance from the major axis of the two groups' deltas.

    .. math:: \Delta = 4\,\Phi^{-1}(1 - p) + 13, \quad
        D_j = (b \Delta_{Rj} + a - \Delta_{Fj}) / \sqrt{b^2 + 1}

    Class C from 1.5 on, else A; there is no test, and where the groups differ an item that discriminates
    better lies off the axis without any DIF: a look, not a finding. `extra` has the axis, a and b. The
    items have two categories; one that all of a group get right or wrong has no delta.

    References
    ----------
    Angoff & Ford (1973), Journal of Educational Measurement 10(2), 95-106.
    """
    return screened(
        "delta_plot", responses, _test, effect_name=EFFECT, reference=reference, focal=focal, purify=purify,
        volume=volume, adaptive=adaptive, flags=_far,
    )  # fmt: skip


def _far(raw: Raw) -> Bools:
    return np.asarray(np.nan_to_num(np.abs(raw.effect)) >= FAR)


def _test(data: Compared, anchors: Bools) -> Raw:
    count = len(data.highest)
    columns = raw_of(count)
    weight = np.where(data.focal[:, None], [0.0, 1.0], [1.0, 0.0]) * data.weight[:, None]
    p = (weight.T @ np.minimum(data.scores, 1)) / weight.sum(axis=0)[:, None]  # (2, J)
    usable = ((p > 0) & (p < 1)).all(axis=0) & (data.highest == 1)
    reason = [
        "" if good else "needs two categories, and some right and some wrong in each group" for good in usable
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = CENTRE + UNIT * ndtri(1 - p)
    fitted = usable & anchors
    a = b = np.nan
    if fitted.sum() > 2:  # noqa: PLR2004 (two points make any axis fit)
        covariance = np.cov(x[fitted], y[fitted])
        gap = covariance[1, 1] - covariance[0, 0]
        b = (gap + np.sqrt(gap**2 + 4 * covariance[0, 1] ** 2)) / (2 * covariance[0, 1])
        a = y[fitted].mean() - b * x[fitted].mean()
    else:
        reason = [why or "fewer than three items make the axis" for why in reason]
    columns.effect[:] = np.where(usable, (b * x + a - y) / np.sqrt(b**2 + 1), np.nan)
    classes = tuple(
        "" if not np.isfinite(value) else "C" if abs(value) >= FAR else "A" for value in columns.effect
    )
    extra = {"axis_intercept": np.full(count, a), "axis_slope": np.full(count, b)}
    return columns.raw(p=np.full(count, np.nan), classes=classes, reason=tuple(reason), extra=extra)
