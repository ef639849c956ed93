r"""How differently an item is answered over what is known of theta.

DiscriminationIndex : GDI, weighted by the likelihood
PosteriorDiscriminationIndex : GDIP, weighted by the posterior
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.models.base import Floats, sum_categories
from adaptest.selection.base import any_setting, no_bounds
from adaptest.selection.situation import Setting, Situation
from adaptest.selection.tables import average, check_interval, in_blocks, likelihood, probability


@dataclass(frozen=True, slots=True)
class DiscriminationIndex:
    r"""The variance of the probability of a right answer if theta were spread as its likelihood is.

    .. math:: \tfrac12 \sum_k \int w(\theta)\{P_{jk}(\theta) - \bar P_{jk}\}^2 d\theta,
        \quad \bar P_{jk} = \int w(\theta) P_{jk}(\theta)\,d\theta

    with w the likelihood over [low, high], its integral 1. With two scores both terms of the sum are the
    same, and half of it is the variance of either.

    References
    ----------
    Kaplan, de la Torre & Barrada (2015), Applied Psychological Measurement 39(3), 167-188.
    """

    low: float = -4.0
    high: float = 4.0
    words: ClassVar[str] = (
        "variance of the probability of a score over the likelihood of the responses so far"
    )
    proportionate: ClassVar[bool] = True
    bounds = no_bounds

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        return in_blocks(situation, lambda some: _index(some, likelihood(some, self.low, self.high)))

    def check(self, setting: Setting) -> None:
        """Raise where the interval is none, or reaches beyond the nodes."""
        check_interval(setting, "discrimination_index", self.low, self.high)


@dataclass(frozen=True, slots=True)
class PosteriorDiscriminationIndex:
    r"""The variance of the probability of a right answer over the posterior of theta.

    As `DiscriminationIndex`, with the posterior for w.

    References
    ----------
    Kaplan, de la Torre & Barrada (2015), Applied Psychological Measurement 39(3), 167-188.
    """

    words: ClassVar[str] = "variance of the probability of a score over the posterior of theta"
    proportionate: ClassVar[bool] = True
    bounds = no_bounds
    check = any_setting

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        return in_blocks(situation, lambda some: _index(some, some.posterior))


def _index(situation: Situation, weight: Floats) -> Floats:
    """Return (N, J) half the sum over scores of the variances over `weight` (N, Q)."""
    setting = situation.setting
    table, squares = probability(setting), setting.kept("squared probability", lambda: _squares(setting))
    j, k, q = table.shape
    mean = average(weight, table.reshape(j * k, q)).reshape(-1, j, k)
    rest = 1.0 - sum_categories(mean)
    total: Floats = average(weight, squares) - sum_categories(mean * mean) - rest * rest
    return np.maximum(total / 2, 0.0)  # its own rounding may be below 0


def _squares(setting: Setting) -> Floats:
    """Return (J, Q) the sum over all scores of the squared probability."""
    p = setting.items.probability(setting.theta)
    return np.ascontiguousarray(sum_categories(p * p).T)
