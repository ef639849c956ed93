r"""Information over an interval about the estimate.

IntervalInformation : its area
EfficiencyBalancedInformation : EBI, its area weighted by how near the item's best theta is
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Floats
from adaptest.selection.base import no_bounds
from adaptest.selection.peak import peak
from adaptest.selection.quadrature import legendre
from adaptest.selection.situation import Setting, Situation
from adaptest.selection.tables import in_blocks

WIDEST = 8.0  # logits either side, however large the sem


@dataclass(frozen=True, slots=True)
class IntervalInformation:
    r"""The area under the information within some standard errors of the estimate.

    .. math:: \int_{\hat\theta - h}^{\hat\theta + h} I_j(\theta)\,d\theta, \quad h = sems \cdot SEM + logits

    so that `sems: 0, logits: 0.5` is an interval of one logit, whatever the SEM.

    References
    ----------
    Veerkamp & Berger (1997), Journal of Educational and Behavioral Statistics 22(2), 203-226.
    """

    sems: float = 2.0
    logits: float = 0.0
    words: ClassVar[str] = "Fisher information summed over an interval about the estimate"
    proportionate: ClassVar[bool] = True
    bounds = no_bounds

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        return in_blocks(situation, lambda some: area(some, self.sems, self.logits))

    def check(self, setting: Setting) -> None:  # noqa: ARG002 (one signature for every criterion)
        """Raise unless the interval has a width."""
        if not (self.sems >= 0 and self.logits >= 0 and self.sems + self.logits > 0):
            raise OptionError(
                "criterion interval_information: sems and logits must be 0 or more, one of them greater;"
                f" got {self.sems:g} and {self.logits:g}"
            )


@dataclass(frozen=True, slots=True)
class EfficiencyBalancedInformation:
    r"""The area under the information, raised for items that are near their best at the estimate.

    .. math:: \Big\{1 + \frac{I_j(\hat\theta)}{I_j(\theta^*_j)}\Big\}
        \int_{\hat\theta - sems \cdot SEM}^{\hat\theta + sems \cdot SEM} I_j(\theta)\,d\theta

    with :math:`\theta^*_j` where the item's information is largest. A wide interval early favours items of
    low discrimination, a narrow one late those of high.

    References
    ----------
    Han (2012), Journal of Educational Measurement 49(3), 225-246.
    """

    sems: float = 2.0
    words: ClassVar[str] = (
        "Fisher information summed over an interval about the estimate, times 1 plus its share of the"
        " item's own largest"
    )
    proportionate: ClassVar[bool] = True
    bounds = no_bounds

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        return in_blocks(situation, self._value)

    def check(self, setting: Setting) -> None:  # noqa: ARG002 (one signature for every criterion)
        """Raise unless the interval has a width."""
        if not self.sems > 0:
            raise OptionError(
                f"criterion efficiency_balanced_information: sems must be greater than 0; got {self.sems:g}"
            )

    def _value(self, situation: Situation) -> Floats:
        setting = situation.setting
        efficiency = setting.items.information(situation.theta) / peak(setting).information
        result: Floats = (1 + efficiency) * area(situation, self.sems, 0.0)
        return result


def area(situation: Situation, sems: float, logits: float) -> Floats:
    """Return (N, J) the area under the information, `sems` standard errors plus `logits` either side."""
    items, theta = situation.setting.items, situation.theta
    sem = np.where(np.isfinite(situation.sem), situation.sem, WIDEST)
    half = np.minimum(sems * sem + logits, WIDEST)
    total = np.zeros((len(theta), len(items)))
    for node, weight in zip(*legendre(WIDEST), strict=True):
        total += weight * items.information(theta + half * node)
    total *= half[:, None]
    return total
