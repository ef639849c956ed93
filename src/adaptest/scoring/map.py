"""Maximum a posteriori with a normal or a uniform prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Floats
from adaptest.numerics.quadrature import Prior
from adaptest.parameters import ItemParameters
from adaptest.scoring.mode import Sums


@dataclass(frozen=True, slots=True)
class MaximumAPosteriori:
    r"""Where the posterior density is largest.

    The standard error is :math:`1/\sqrt{I(\hat\theta) + 1/\sigma^2}` with a normal prior, and
    :math:`1/\sqrt{I(\hat\theta)}` with a uniform one, within whose ends theta stays.

    References
    ----------
    Bock & Aitkin (1981), Psychometrika 46(4), 443-459.
    """

    prior: Prior
    method: str = "map"
    sem_kind: str = "fisher_information_plus_prior"

    def objective(self, sums: Sums, theta: Floats) -> Floats:
        """Return the log-posterior."""
        return sums(ItemParameters.log_probability) + self.prior.log_density(theta)

    def slope(self, sums: Sums, theta: Floats) -> Floats:
        """Return its derivative."""
        return sums(ItemParameters.log_slope) + self.prior.slope(theta)

    def sem(self, sums: Sums, theta: Floats) -> Floats:
        """Return 1 / sqrt(I - the prior's curvature)."""
        return 1 / np.sqrt(sums(ItemParameters.information) - self.prior.curvature(theta))
