"""The exact standard error of an estimator: its standard deviation over everything that could be answered."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from adaptest.errors import OptionError
from adaptest.models import LogisticItems, PartialCreditItems
from adaptest.models.base import Floats, Rows
from adaptest.numerics.quadrature import NormalPrior, Prior
from adaptest.parameters import ItemParameters
from adaptest.scoring.estimators import estimator
from adaptest.scoring.likelihood import Patterns
from adaptest.scoring.summed import score_distribution

PATTERNS = 2**16  # the most response patterns that are gone through one by one


def exact_sem(
    items: ItemParameters,
    theta: ArrayLike,
    method: str = "mle",
    *,
    prior: Prior = NormalPrior(),  # noqa: B008 (frozen)
    bounds: tuple[float, float] | None = None,
    tuning: float | None = None,
) -> Floats:
    r"""Return (N,) standard deviations of the estimator for persons at theta (N,) who answer all items.

    .. math:: \sqrt{\sum_s P(s \mid \theta)\,(\hat\theta_s - \bar\theta)^2}

    over the summed scores s where the score decides the estimate (eap_sum; or Rasch, 1PL, PCM and RSM
    items of one discrimination), else over all response patterns. The asymptotic 1 / sqrt(I) is only
    reached with many items.

    Parameters
    ----------
    method, prior, bounds, tuning : as for `estimator`; mle needs bounds, for some of its estimates are
        infinite

    Raises
    ------
    OptionError, if an estimate is infinite, or there are more than 65,536 patterns to go through.

    References
    ----------
    Magis (2014), Applied Psychological Measurement 38(2), 105-121.
    """
    at = np.atleast_1d(np.asarray(theta, dtype=np.float64))
    everything = np.arange(len(items))
    estimate = estimator(method, items, prior=prior, bounds=bounds, tuning=tuning)
    summed = method == "eap_sum" or sum_is_sufficient(items)
    scores = one_pattern_per_score(items) if summed else all_patterns(items)
    rows = np.broadcast_to(everything, scores.shape)
    values = estimate(rows, scores).theta
    if not np.isfinite(values).all():
        first = scores[np.flatnonzero(~np.isfinite(values))[0]]
        raise OptionError(
            f"the exact standard error of {method!r} needs bounds: "
            f"the estimate of the pattern {first.tolist()} is not finite"
        )
    if summed:
        probability = score_distribution(items, at)
    else:
        patterns = Patterns(items, rows, scores)
        probability = np.exp(
            patterns.on(patterns.prepare(at, np.arange(len(scores))), np.arange(len(scores)))
        ).T
    mean = (probability * values).sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt((probability * (values - mean) ** 2).sum(axis=1)))


def sum_is_sufficient(items: ItemParameters) -> bool:
    """Return whether the summed score alone decides every likelihood: exponential families of one slope."""
    for block in items.blocks:
        if isinstance(block, LogisticItems):
            if block.c.any() or (block.d < 1).any():
                return False
        elif not isinstance(block, PartialCreditItems):
            return False
    return len(items) > 0 and bool((items.discrimination == items.discrimination[0]).all())


def one_pattern_per_score(items: ItemParameters) -> Rows:
    """Return (S + 1, J) for each summed score a pattern that has it: items filled one after the other."""
    most = items.categories - 1
    before = np.concatenate([[0], most.cumsum()[:-1]])
    score = np.arange(int(most.sum()) + 1)
    return np.asarray(np.clip(score[:, None] - before, 0, most), dtype=np.intp)


def all_patterns(items: ItemParameters) -> Rows:
    """Return (R, J) every response pattern there is."""
    count = int(np.prod(items.categories.astype(float)))
    if count > PATTERNS:
        raise OptionError(
            f"the exact standard error goes through every response pattern, at most {PATTERNS:,}; "
            f"got {count:,} patterns of {len(items)} items; choose eap_sum, or fewer items"
        )
    axes = np.meshgrid(*(np.arange(k) for k in items.categories), indexing="ij")
    return np.asarray(np.stack([axis.ravel() for axis in axes], axis=1), dtype=np.intp)
