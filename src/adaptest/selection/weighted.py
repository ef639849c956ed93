r"""Information weighted by what is known of theta.

LikelihoodWeightedInformation : MLWI, by the likelihood of the responses so far
PosteriorWeightedInformation : MPWI, by the posterior
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from adaptest.models.base import Floats
from adaptest.selection.base import any_setting, no_bounds
from adaptest.selection.situation import Setting, Situation
from adaptest.selection.tables import average, check_interval, in_blocks, information, likelihood


@dataclass(frozen=True, slots=True)
class LikelihoodWeightedInformation:
    r"""The information to expect if theta were spread as its likelihood is.

    .. math:: \int_{low}^{high} L(\theta) I_j(\theta)\,d\theta \Big/ \int_{low}^{high} L(\theta)\,d\theta

    The division makes it an average, per squared logit, and leaves the order of the items as it is.

    References
    ----------
    Veerkamp & Berger (1997), Journal of Educational and Behavioral Statistics 22(2), 203-226.
    """

    low: float = -4.0
    high: float = 4.0
    words: ClassVar[str] = "Fisher information averaged over the likelihood of the responses so far"
    proportionate: ClassVar[bool] = True
    bounds = no_bounds

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        table = information(situation.setting)
        return in_blocks(situation, lambda some: average(likelihood(some, self.low, self.high), table))

    def check(self, setting: Setting) -> None:
        """Raise where the interval is none, or reaches beyond the nodes."""
        check_interval(setting, "likelihood_weighted_information", self.low, self.high)


@dataclass(frozen=True, slots=True)
class PosteriorWeightedInformation:
    r"""The information to expect from what is known of theta.

    .. math:: \int p(\theta \mid u) I_j(\theta)\,d\theta

    References
    ----------
    van der Linden (1998), Psychometrika 63(2), 201-216.
    """

    words: ClassVar[str] = "Fisher information averaged over the posterior of theta"
    proportionate: ClassVar[bool] = True
    bounds = no_bounds
    check = any_setting

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J); see Criterion."""
        table = information(situation.setting)
        return in_blocks(situation, lambda some: average(some.posterior, table))
