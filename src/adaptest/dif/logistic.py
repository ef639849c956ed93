"""Logistic regression of an item's score on a matching score and the group."""

from __future__ import annotations

from typing import Literal

import numpy as np

from adaptest.dif.compared import Compared
from adaptest.dif.cumulative import Regression, regress
from adaptest.dif.effect_size import JODOIN_GIERL, ZUMBO_THOMAS, size_classes
from adaptest.dif.result import DifResult, Raw, Volume, chi_square_p, raw_of
from adaptest.dif.screen import screened
from adaptest.models.base import Bools, Floats
from adaptest.responses import Responses

Kind = Literal["both", "uniform", "nonuniform"]
EFFECT = "Nagelkerke R2 change"
DF = {"both": 2.0, "uniform": 1.0, "nonuniform": 1.0}
SEPARATED = "the regression has no finite maximum: the groups or scores are separated"


def logistic(
    responses: Responses,
    kind: Kind = "both",
    *,
    reference: str | None = None,
    focal: str | None = None,
    purify: bool = False,
    volume: Volume = Volume(),  # noqa: B008 (frozen)
    adaptive: bool | None = None,
) -> DifResult:
    r"""Return the likelihood-ratio test of the group's terms in a logistic regression on the summed score.

    .. math:: \ln\frac{P}{1 - P} = \beta_0 + \beta_1 s + \beta_2 g + \beta_3 s g

    Uniform DIF is :math:`\beta_2` without :math:`\beta_3`, non-uniform :math:`\beta_3` beside it, "both" the
    two together (2 df). An item of more than two scores gets the cumulative logit model with common slopes.
    Classes are Jodoin and Gierl's; `extra["zumbo_thomas"]` has 1, 2, 3 for A, B, C by Zumbo and Thomas's
    bounds.

    References
    ----------
    Swaminathan & Rogers (1990), Journal of Educational Measurement 27(4), 361-370; Zumbo & Thomas (1997);
    Jodoin & Gierl (2001), Applied Measurement in Education 14(4), 329-349; Nagelkerke (1991), Biometrika
    78(3), 691-692; French & Miller (1996), Journal of Educational Measurement 33(3), 315-332 (polytomous).
    """

    def test(data: Compared, anchors: Bools) -> Raw:
        fits = [_fits(data, anchors, j) for j in range(len(data.highest))]
        return compared_fits(fits, kind, np.full(len(fits), data.weight.sum()))

    return screened(
        f"logistic_{kind}", responses, test, effect_name=EFFECT, reference=reference, focal=focal,
        purify=purify, volume=volume, adaptive=adaptive,
    )  # fmt: skip


def _fits(data: Compared, anchors: Bools, j: int) -> tuple[Regression, ...] | None:
    """Return the fits without, with uniform and with both terms, and the null; None where nothing varies."""
    table = data.table(j, data.matching(j, anchors))
    score, group = np.meshgrid(np.arange(len(table)), np.arange(2), indexing="ij")
    counts = table.reshape(-1, table.shape[2])
    return three_fits(score.ravel().astype(np.float64), group.ravel().astype(np.float64), counts)


def three_fits(match: Floats, group: Floats, counts: Floats) -> tuple[Regression, ...] | None:
    """Return the null fit, and those without, with uniform, and with both of the group's terms.

    Parameters
    ----------
    match, group : (R,) matching variable, and 0 reference or 1 focal
    counts : (R, K) weighted persons by item score
    """
    some = counts.sum(axis=1) > 0
    match, group, counts = match[some], group[some], counts[some]
    if (counts.sum(axis=0) > 0).sum() < 2 or np.ptp(match) == 0 or np.ptp(group) == 0:  # noqa: PLR2004 (two scores)
        return None
    columns = np.column_stack([match, group, match * group])
    return tuple(regress(columns[:, :width], counts) for width in range(4))


def compared_fits(fits: list[tuple[Regression, ...] | None], kind: Kind, n: Floats) -> Raw:
    """Return the test, the R2 change and the coefficients of the full model of each item.

    Parameters
    ----------
    fits : J of them, as `three_fits` returns
    n : (J,) persons, by weight
    """
    count = len(fits)
    columns = raw_of(count)
    names = ("slope_matching", "group", "interaction")
    extra = {name: np.full(count, np.nan) for name in ("intercept", *names, "zumbo_thomas")}
    reason = [""] * count
    for j, four in enumerate(fits):
        if four is None:
            reason[j] = "everyone has the same score, matching score or group"
            continue
        null, without, uniform, both = four
        low, high = {"both": (without, both), "uniform": (without, uniform), "nonuniform": (uniform, both)}[
            kind
        ]
        if not (low.converged and high.converged):
            reason[j] = SEPARATED
            continue
        columns.statistic[j] = max(2 * (high.log_likelihood - low.log_likelihood), 0.0)
        columns.df[j] = DF[kind]
        columns.effect[j] = _r2(high, null, n[j]) - _r2(low, null, n[j])
        shown = np.concatenate([high.coefficients[-_slopes(kind) :], np.zeros(3 - _slopes(kind))])
        extra["intercept"][j] = high.coefficients[0]
        for name, value in zip(names, shown, strict=True):
            extra[name][j] = value
    p = chi_square_p(columns.statistic, columns.df)
    words = size_classes(columns.effect, p, ZUMBO_THOMAS)
    extra["zumbo_thomas"] = np.array(
        ["_ABC".find(word) if word else np.nan for word in words], dtype=np.float64
    )
    classes = size_classes(columns.effect, p, JODOIN_GIERL)
    return columns.raw(p=p, classes=classes, reason=tuple(reason), extra=extra)


def _slopes(kind: Kind) -> int:
    return 2 if kind == "uniform" else 3


def _r2(fit: Regression, null: Regression, n: float) -> float:
    """Return Nagelkerke's R2."""
    most = -np.expm1(2 * null.log_likelihood / n)
    return float(-np.expm1(2 * (null.log_likelihood - fit.log_likelihood) / n) / most)
