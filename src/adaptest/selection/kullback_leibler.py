r"""How far an item tells other thetas from the estimate.

.. math:: K_j(\theta) = \sum_k P_{jk}(\hat\theta) \ln\{P_{jk}(\hat\theta) / P_{jk}(\theta)\}

KullbackLeibler : over an interval about the estimate that shrinks with the length
LikelihoodWeightedKullbackLeibler : KL of some programs, by the likelihood
PosteriorWeightedKullbackLeibler : KLP, by the posterior
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Floats, sum_categories
from adaptest.selection.base import any_setting, no_bounds
from adaptest.selection.quadrature import legendre
from adaptest.selection.situation import Setting, Situation
from adaptest.selection.tables import average, check_interval, in_blocks, likelihood, log_probability


@dataclass(frozen=True, slots=True)
class KullbackLeibler:
    r"""The area under the information about an interval around the estimate.

    .. math:: \int_{\hat\theta - \delta_n}^{\hat\theta + \delta_n} K_j(\theta)\,d\theta,
        \quad \delta_n = width / \sqrt{n}

    with n the responses so far, counted as 1 before the first.

    References
    ----------
    Chang & Ying (1996), Applied Psychological Measurement 20(3), 213-229.
    """

    width: float = 3.0
    words: ClassVar[str] = "Kullback-Leibler information summed over an interval about the estimate"
    proportionate: ClassVar[bool] = True
    bounds = no_bounds

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        half = self.width / sqrt(max(situation.length, 1))
        return in_blocks(situation, lambda some: self._area(some, half))

    def check(self, setting: Setting) -> None:  # noqa: ARG002 (one signature for every criterion)
        """Raise unless the width is greater than 0."""
        if not self.width > 0:
            raise OptionError(f"criterion kullback_leibler: width must be greater than 0; got {self.width:g}")

    @staticmethod
    def _area(situation: Situation, half: float) -> Floats:
        items, theta = situation.setting.items, situation.theta
        p, own = items.probability(theta), _finite(items.log_probability(theta))
        total = np.zeros(p.shape[:2])
        for node, weight in zip(*legendre(half), strict=True):
            there = _finite(items.log_probability(theta + half * node))
            total += weight * sum_categories(p * (own - there))
        result: Floats = half * total
        return result


@dataclass(frozen=True, slots=True)
class LikelihoodWeightedKullbackLeibler:
    r"""The Kullback-Leibler information to expect if theta were spread as its likelihood is.

    .. math:: \int_{low}^{high} L(\theta) K_j(\theta)\,d\theta \Big/ \int_{low}^{high} L(\theta)\,d\theta

    The division makes it an average and leaves the order of the items as it is.

    References
    ----------
    Barrada, Olea, Ponsoda & Abad (2009), Methodology 5(1), 7-17.
    """

    low: float = -4.0
    high: float = 4.0
    words: ClassVar[str] = "Kullback-Leibler information averaged over the likelihood of the responses so far"
    proportionate: ClassVar[bool] = True
    bounds = no_bounds

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        return in_blocks(situation, lambda some: _averaged(some, likelihood(some, self.low, self.high)))

    def check(self, setting: Setting) -> None:
        """Raise where the interval is none, or reaches beyond the nodes."""
        check_interval(setting, "likelihood_weighted_kullback_leibler", self.low, self.high)


@dataclass(frozen=True, slots=True)
class PosteriorWeightedKullbackLeibler:
    r"""The Kullback-Leibler information to expect from what is known of theta.

    .. math:: \int p(\theta \mid u) K_j(\theta)\,d\theta

    References
    ----------
    Chang & Ying (1996), Applied Psychological Measurement 20(3), 213-229.
    """

    words: ClassVar[str] = "Kullback-Leibler information averaged over the posterior of theta"
    proportionate: ClassVar[bool] = True
    bounds = no_bounds
    check = any_setting

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        return in_blocks(situation, lambda some: _averaged(some, some.posterior))


def _averaged(situation: Situation, weight: Floats) -> Floats:
    """Return (N, J) the average of K over `weight` (N, Q), whose rows sum to 1."""
    items, table = situation.setting.items, log_probability(situation.setting)
    j, k, q = table.shape
    there = average(weight, table.reshape(j * k, q)).reshape(-1, j, k)
    p, own = items.probability(situation.theta), _finite(items.log_probability(situation.theta))
    return np.maximum(sum_categories(p * (own - there)), 0.0)  # its own rounding may be below 0


def _finite(log_probability: Floats) -> Floats:
    """Return log-probabilities with 0 for scores that an item does not have."""
    return np.where(np.isfinite(log_probability), log_probability, 0.0)
