r"""What is to be expected after the next response, each score weighted by how likely it is.

ExpectedInformation : MEI, the item's information at the estimate that would follow
ExpectedPosteriorVariance : MEPV, minus the variance that would be left
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Floats, sum_categories
from adaptest.selection.base import no_bounds
from adaptest.selection.situation import Setting, Situation
from adaptest.selection.tables import average, in_blocks, log_probability, probability

INFORMATION, UPDATE, WEIGHT = ("fisher", "observed"), ("eap", "map"), ("predictive", "estimate")
NEWTON = 6  # steps from the highest node: quadratic convergence ends long before
TINY = 1e-300  # instead of a probability that is 0: its share of the sum is none


@dataclass(frozen=True, slots=True)
class ExpectedInformation:
    r"""The information of the item to expect once it is answered.

    .. math:: \sum_k p_{jk}\, I_j(\hat\theta_{u, k})

    `information` is Fisher's or the observed one of that score; `update` is how the estimate would follow
    (posterior mean or mode); `weight` is how likely a score is: `predictive`, over the posterior, or
    `estimate`, at the estimate now. In the source the information is observed, the weight predictive.

    References
    ----------
    van der Linden (1998), Psychometrika 63(2), 201-216; van der Linden & Pashley (2000), in van der Linden
    & Glas, Computerized adaptive testing, ch. 1.
    """

    information: str = "observed"
    update: str = "eap"
    weight: str = "predictive"
    words: ClassVar[str] = "information of the item expected at the estimate that its response would lead to"
    proportionate: ClassVar[bool] = False  # the observed one may be negative
    bounds = no_bounds

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        return in_blocks(situation, self._value)

    def check(self, setting: Setting) -> None:  # noqa: ARG002 (one signature for every criterion)
        """Raise unless every option is one of its words."""
        _check_word("expected_information", "information", self.information, INFORMATION)
        _check_word("expected_information", "update", self.update, UPDATE)
        _check_word("expected_information", "weight", self.weight, WEIGHT)

    def _value(self, situation: Situation) -> Floats:
        items = situation.setting.items
        mass, first, *_ = _moments(situation, 1)
        theta = _means(situation, mass, first) if self.update == "eap" else _modes(situation)
        p = _weights(situation, self.weight, mass)
        n, j, k = p.shape
        total = np.zeros((n, j))
        for score in range(k):
            at = np.ascontiguousarray(theta[..., score])
            if self.information == "fisher":
                there = items.information(at)
            else:
                there = -items.log_curvature(at)[..., score]
            total += p[..., score] * there
        return total


@dataclass(frozen=True, slots=True)
class ExpectedPosteriorVariance:
    r"""Minus the posterior variance to expect once the item is answered.

    .. math:: -\sum_k p_{jk}\, Var(\theta \mid u, k)

    `weight` is how likely a score is: `predictive`, over the posterior, as in the source, or `estimate`, at
    the estimate now.

    References
    ----------
    Owen (1975), Journal of the American Statistical Association 70(350), 351-356; van der Linden (1998),
    Psychometrika 63(2), 201-216.
    """

    weight: str = "predictive"
    words: ClassVar[str] = "minus the posterior variance of theta expected after the response"
    proportionate: ClassVar[bool] = False
    bounds = no_bounds

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        return in_blocks(situation, self._value)

    def check(self, setting: Setting) -> None:  # noqa: ARG002 (one signature for every criterion)
        """Raise unless the weight is one of its words."""
        _check_word("expected_posterior_variance", "weight", self.weight, WEIGHT)

    def _value(self, situation: Situation) -> Floats:
        if self.weight == "estimate":
            mass, first, second = _moments(situation, 2)
            safe = np.maximum(mass, TINY)
            variance = second / safe - (first / safe) ** 2
            return -sum_categories(_weights(situation, self.weight, mass) * variance)
        mass, first = _moments(situation, 1)
        now = np.add.reduce(situation.posterior * _centred(situation) ** 2, axis=1)
        gain: Floats = sum_categories(first**2 / np.maximum(mass, TINY)) - now[:, None]
        return gain


def _check_word(criterion: str, option: str, got: str, known: tuple[str, ...]) -> None:
    """Raise unless an option is one of its words."""
    if got not in known:
        raise OptionError(f"criterion {criterion}: {option} must be one of {', '.join(known)}; got {got!r}")


def _mean(situation: Situation) -> Floats:
    """Return (N,) the means of the posteriors."""
    mean: Floats = np.add.reduce(situation.posterior * situation.setting.theta, axis=1)
    return mean


def _centred(situation: Situation) -> Floats:
    """Return (N, Q) the nodes from each posterior's own mean: moments about it lose the fewest digits."""
    result: Floats = situation.setting.theta - _mean(situation)[:, None]
    return result


def _moments(situation: Situation, highest: int) -> tuple[Floats, ...]:
    """Return (N, J, K) sums over the posterior of P times powers 0 to `highest` of theta from its mean.

    The sum of P itself is how likely each score is. That of score 0 is what the others leave.
    """
    table, centred, weight = probability(situation.setting), _centred(situation), situation.posterior
    j, k, q = table.shape
    result = []
    for _ in range(highest + 1):
        sums = np.empty((len(weight), j, k + 1))
        sums[..., 1:] = average(weight, table.reshape(j * k, q)).reshape(-1, j, k)
        sums[..., 0] = np.add.reduce(weight, axis=1)[:, None] - sum_categories(sums[..., 1:])
        result.append(sums)
        weight = weight * centred
    np.maximum(result[0], 0.0, out=result[0])  # what is left may be below 0 by rounding
    return tuple(result)


def _weights(situation: Situation, weight: str, predictive: Floats) -> Floats:
    """Return (N, J, K) how likely each score is."""
    return predictive if weight == "predictive" else situation.setting.items.probability(situation.theta)


def _means(situation: Situation, mass: Floats, first: Floats) -> Floats:
    """Return (N, J, K) the posterior means that would follow."""
    nodes = situation.setting.theta
    mean = _mean(situation)[:, None, None] + first / np.maximum(mass, TINY)
    return np.clip(mean, nodes[0], nodes[-1])


def _modes(situation: Situation) -> Floats:
    """Return (N, J, K) the posterior modes that would follow.

    Of the quartic through the five nodes about the highest one: on the nodes of live posteriors the
    fifth derivative left out moves it by some 1e-6.
    """
    table, theta = log_probability(situation.setting), situation.setting.theta
    spacing, last = theta[1] - theta[0], len(theta) - 3
    modes = np.empty((len(situation), *table.shape[:2]))
    for n, log_posterior in enumerate(situation.log_posterior):  # N x J x K x Q would not fit
        density = log_posterior + table
        top = np.clip(density.argmax(axis=-1), 2, last)
        f = [np.take_along_axis(density, (top + k)[..., None], axis=-1)[..., 0] for k in range(-2, 3)]
        modes[n] = theta[top] + spacing * _top_of_quartic(*f)
    return modes


def _top_of_quartic(f0: Floats, f1: Floats, f2: Floats, f3: Floats, f4: Floats) -> Floats:
    """Return where the quartic through values at -2, -1, 0, 1, 2 is highest within [-1, 1]."""
    first = (f0 - 8 * f1 + 8 * f3 - f4) / 12
    second = (-f0 + 16 * f1 - 30 * f2 + 16 * f3 - f4) / 12
    third, fourth = (-f0 + 2 * f1 - 2 * f3 + f4) / 2, f0 - 4 * f1 + 6 * f2 - 4 * f3 + f4
    x = np.zeros_like(first)
    for _ in range(NEWTON):
        slope = first + x * (second + x * (third / 2 + x * fourth / 6))
        bend = np.minimum(second + x * (third + x * fourth / 2), -TINY)
        x = np.clip(x - slope / bend, -1.0, 1.0)
    return x
